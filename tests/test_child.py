"""A command that `run` runs, at moments that hardly ever come: made to come, one by one."""

import os
import signal
import subprocess
import sys
import time

import pytest

from devlake_ci import child
from devlake_ci.child import Child, original_env
from tests.support import signals_restored


@pytest.fixture(autouse=True)
def _signals_restored():
    with signals_restored():
        yield


def command(script):
    return Child(["sh", "-c", script], os.environ)


@pytest.mark.parametrize(("late", "is_cancelled"), [(60, True), (-1, False)])
def test_only_a_signal_that_comes_before_the_end_or_just_after_is_a_cancel(
    monkeypatch, late, is_cancelled
):
    monkeypatch.setattr(child, "LATE_SECONDS", late)
    ran = command("exit 1")
    while ran.ended is None:
        time.sleep(0.01)

    os.kill(os.getpid(), signal.SIGTERM)

    assert ran.wait() == 1
    assert (ran.is_stopped, ran.is_cancelled) == (True, is_cancelled)


def test_the_end_of_a_command_that_is_quicker_than_we_is_noted_at_once(monkeypatch):
    def spawn(words, env, _group):
        process = subprocess.Popen(words, env=env)
        process.wait()
        return process

    monkeypatch.setattr(child, "_spawn", spawn)

    ran = command("true")

    assert ran.ended is not None
    assert ran.wait() == 0


def test_a_signal_that_comes_while_we_start_is_forwarded_once(monkeypatch):
    sent = []

    def companion(*_, **__):
        os.kill(os.getpid(), signal.SIGTERM)
        raise OSError

    monkeypatch.setattr(child, "Companion", companion)
    monkeypatch.setattr(child, "_has_terminal", lambda: False)
    monkeypatch.setattr(os, "killpg", lambda _, number: sent.append(number))

    ran = command("sleep 0.2")

    assert ran.wait() == 0
    assert sent == [signal.SIGTERM]


def test_who_asks_again_how_it_ended_is_told_the_same():
    ran = command("exit 3")

    assert (ran.wait(), ran.wait()) == (3, 3)


@pytest.mark.parametrize("before", [{}, {"LD_LIBRARY_PATH": "/opt/lib"}])
def test_the_libraries_of_our_executable_are_not_its_command_s(monkeypatch, before):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    kept = {f"{name}_ORIG": text for name, text in before.items()}
    ours = {"LD_LIBRARY_PATH": "/bundle/lib", "_PYI_ARCHIVE_FILE": "x", **kept}
    monkeypatch.setattr(os, "environ", {"PATH": "/bin", **ours})

    assert original_env() == {"PATH": "/bin", **before}
