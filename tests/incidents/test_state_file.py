"""The state file, as several processes use it at once, and as somebody may have left it."""

import json
import os
import subprocess
import sys

import pytest

from devlake_ci.incidents.state_file import parse
from devlake_ci.incidents.streak import Streak
from devlake_ci.runtime.files import lock_folder_of
from devlake_sandbox import Sandbox

AT_ONCE = 8


def test_all_incidents_that_are_opened_at_once_are_remembered(tmp_path):
    path = tmp_path / "kept" / "incidents.json"

    with Sandbox() as devlake:
        env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "devlake_ci", "incident", "open", f"db-{number}",
                 "--title=Down", f"--incident-state=file:{path}"],
                env=env, stdout=subprocess.DEVNULL,
            )
            for number in range(AT_ONCE)
        ]  # fmt: skip
        codes = [process.wait() for process in processes]

    text = path.read_text()
    remembered = [parse(text, Streak(job=f"db-{number}")).open for number in range(AT_ONCE)]
    assert codes == [0] * AT_ONCE
    assert [each.key for each in remembered] == [f"db-{number}" for number in range(AT_ONCE)]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_file_that_another_process_does_not_let_go_of_is_left_as_it_is(devlake_ci, tmp_path):
    path = tmp_path / "incidents.json"

    with Sandbox() as devlake, lock_folder_of(str(path), 0):
        env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
        ran = devlake_ci("incident", "open", "db-1", "--title=Down", "--deadline=1",
                         f"--incident-state=file:{path}", env=env)  # fmt: skip

    assert ran.code == 3
    assert "can't be written (another process uses it)" in ran.shown
    assert "The incident is stored." in ran.shown
    assert not path.exists()


@pytest.mark.parametrize("command", [["open", "--title=Down"], ["close"]])
def test_a_pipe_is_not_waited_for(devlake_ci, tmp_path, command):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    env = {"DEVLAKE_URL": "http://127.0.0.1:9/api", "DEVLAKE_TOKEN": "t"}
    name, *arguments = command

    ran = devlake_ci("incident", name, "db-1", *arguments, f"--incident-state=file:{path}", env=env)

    assert ran.code == 2
    assert "it is not a regular file" in ran.err


@pytest.mark.parametrize(
    "change",
    [
        {"open": "x"},
        {"open": {"key": 7}},
        {"unsent": {}},
        {"newest_start": "2026-03-01T12:00:00"},
        {"newest_number": "many"},
    ],
)
def test_a_file_of_other_types_is_set_aside(devlake_ci, tmp_path, change):
    path = tmp_path / "incidents.json"
    streak = {"open": None, "unsent": [], "newest_start": None, "newest_number": None} | change
    text = json.dumps({"devlake-ci": 1, "streaks": {Streak(job="db-1").name: streak}})
    path.write_text(text)

    with Sandbox() as devlake:
        env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
        ran = devlake_ci("incident", "open", "db-1", "--title=Down",
                         f"--incident-state=file:{path}", env=env)  # fmt: skip

    (aside,) = tmp_path.glob("*.aside")
    assert (ran.code, aside.read_text()) == (0, text)
    assert parse(path.read_text(), Streak(job="db-1")).open.key == "db-1"
