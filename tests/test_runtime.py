"""The edge: the real git, files, signals and network."""

import os
import signal
import ssl
import subprocess
import sys

import pytest

from devlake_ci import runtime
from devlake_ci.ci.provider import Append, Replace, RunProgram
from devlake_ci.devlake.request import NotSentError, Request
from devlake_ci.errors import StoppedError
from devlake_ci.options import Options
from devlake_ci.runtime import files, programs
from devlake_ci.runtime.network import LONGEST_ANSWER, Connections
from devlake_ci.runtime.signals import SIGNALS, defer_signals, stop_at_signals, stoppable
from tests.support import DATA, SHA, SILENCE, Reply, git, signals_restored

CERTIFICATE = str(DATA / "tls" / "server.pem")


def test_a_nonce_stays_the_same_for_a_job_and_differs_between_jobs(tmp_path):
    one, two = str(tmp_path / "one"), str(tmp_path / "two")

    first = files.nonce(one)

    assert first == files.nonce(one)
    assert first != files.nonce(two)


def test_a_nonce_that_cannot_be_kept_is_none():
    assert files.nonce("/proc/nowhere") is None


def test_files_are_appended_to_and_replaced(tmp_path):
    path = str(tmp_path / "file")

    for effect in (Append(path, "a\n"), Append(path, "b\n")):
        runtime.write(effect)
    appended = files.read_file(path)
    runtime.write(Replace(path, "c\n"))

    assert appended == "a\nb\n"
    assert files.read_file(path) == "c\n"


@pytest.mark.parametrize("path", ["/", "/no/such/file", "", "\0"])
def test_what_is_no_file_reads_as_none(path):
    assert files.read_file(path) is None


def test_a_file_that_is_too_large_reads_as_none(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 3)
    path = tmp_path / "file"
    path.write_text("1234")

    assert files.read_file(str(path)) is None


def test_a_commit_is_what_its_name_says_whatever_stands_in_for_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "--quiet")
    for message in ("one", "two"):
        git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", message)
    git(tmp_path, "replace", "HEAD", "HEAD~")

    assert runtime.run_git("show", "--no-patch", "--format=%B", "HEAD") == "two"


SIGNED = """tree {tree}
author Ada <ada@example.com> 1772000000 +0000
committer Ada <ada@example.com> 1772000000 +0000
gpgsig -----BEGIN PGP SIGNATURE-----
 x
 -----END PGP SIGNATURE-----

x
"""


def test_git_runs_nothing_that_a_checkout_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "--quiet")
    (tmp_path / "signed").write_text(SIGNED.format(tree=git(tmp_path, "write-tree")))
    git(tmp_path, "reset", "--soft", git(tmp_path, "hash-object", "-t", "commit", "-w", "signed"))
    (tmp_path / "run").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "run").chmod(0o755)
    for setting in ("core.fsmonitor", "core.pager", "core.sshCommand", "gpg.program"):
        git(tmp_path, "config", setting, f"{tmp_path}/run")
    git(tmp_path, "config", "log.showSignature", "true")

    message = runtime.run_git("show", "--no-patch", "--format=%B", "HEAD")
    runtime.run_git("status")

    assert message == "x"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("folders", ["", ".", "{usual}:", "{usual}::bin", ".:{usual}", "bin:."])
def test_no_program_of_the_working_directory_is_run(tmp_path, monkeypatch, folders):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    for name in ("git", "bin/git", "buildkite-agent", "bin/buildkite-agent"):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", folders.format(usual="/usr/bin:/bin"))

    version = runtime.run_git("version")
    with pytest.raises(FileNotFoundError):
        runtime.write(RunProgram(("buildkite-agent", "annotate"), "x"))

    assert version.startswith("git version")
    assert not (tmp_path / "ran").exists()


def test_the_program_runs_itself_without_a_module_of_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("devlake_ci", "click", "runpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a stranger')")

    code, said = programs.run_self(["--version"], {})

    assert code == 0, said


def test_bytes_that_are_no_text_do_not_break_what_is_printed():
    code = "from devlake_ci import runtime; print(runtime.environment()['ODD'])"

    ran = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"ODD": b"\xff\xfe"}, capture_output=True,
        check=True,
    )  # fmt: skip

    assert ran.stdout.decode().strip() == "\ufffd\ufffd"


def send(url, seconds=10, **options):
    return Connections(Options(**options), {}).send(Request(url, {"a": 1}), seconds)


def test_an_answer_that_never_comes_is_waited_for_no_longer_than_allowed(server):
    server.script = [SILENCE]

    with pytest.raises(NotSentError) as raised:
        send(server.url, seconds=0.2)

    assert raised.value.passing


def test_what_is_left_behind_holds_up_nothing_after_it(server):
    server.script = [SILENCE, Reply(), Reply(201)]
    connections = Connections(Options(), {})

    with pytest.raises(NotSentError):
        connections.send(Request(server.url, {}), 0.2)
    statuses = [connections.send(Request(server.url, {}), 10).status for _ in range(2)]

    assert statuses == [200, 201]


def test_a_login_in_the_url_of_a_cis_api_does_not_replace_its_token(server):
    url = server.url.replace("http://", "http://me:s3cr3t@")

    Connections(Options(), {}).get(url, {"Authorization": "Bearer token"}, 10)

    assert server.received[0].headers["authorization"] == "Bearer token"


def test_of_an_endless_answer_only_the_beginning_is_read(server):
    server.script = [Reply(200, "x" * (LONGEST_ANSWER * 3))]

    assert len(send(server.url).text) == LONGEST_ANSWER


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("http://no-such-host.invalid", {}, "name can't be resolved"),
        ("https://127.0.0.1:{port}", {}, "TLS failed"),
        ("https://127.0.0.1:{port}", {"ca_bundle": "/no/file"}, "certificates can't be read"),
        ("https://127.0.0.1:{port}", {"client_cert": "/no/file"}, "certificates can't be read"),
    ],
)
def test_an_error_is_explained_in_words_for_a_person(server, url, options, says):
    with pytest.raises(NotSentError) as raised:
        send(url.format(port=server.server_address[1]), **options)

    assert says in raised.value.reason


@pytest.fixture
def tls(server):
    """Put the server behind a certificate that no machine trusts; gives its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server.url.replace("http:", "https:")


def test_a_cis_api_is_trusted_by_the_ca_that_gitlab_hands_out(tls):
    trusting = Connections(Options(client_cert="/no/file"), {"CI_SERVER_TLS_CA_FILE": CERTIFICATE})

    assert trusting.get(tls, {}, 10).status == 200


def test_that_ca_says_nothing_of_devlake(tls):
    trusting = Connections(Options(), {"CI_SERVER_TLS_CA_FILE": CERTIFICATE})

    with pytest.raises(NotSentError) as raised:
        trusting.send(Request(tls, {}), 10)

    assert "TLS failed" in raised.value.reason


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_cancelled_job_is_not_held_up(server, number):
    server.script = [SILENCE]
    arguments = [
        *("report", "--url", server.url, "--connection", "1", "--environment", "production"),
        *("--result", "success", "--sha", SHA, "--repo-url", "https://g.example/a/b"),
    ]

    with subprocess.Popen(
        [sys.executable, "-m", "devlake_ci", *arguments], stderr=subprocess.PIPE, text=True
    ) as process:
        server.asked.wait()
        process.send_signal(number)
        _, said = process.communicate()

    assert process.returncode == 5
    assert f"Stopped by {number.name} before DevLake confirmed" in said


def test_a_signal_ends_both_halves_of_a_report(server, tmp_path):
    server.script = [SILENCE]
    arguments = [
        *("report", "--url", server.url, "--connection", "1", "--environment", "production"),
        *("--result", "success", "--sha", SHA, "--repo-url", "https://g.example/a/b"),
        *("--mode", "both", "--incident-result", "failed", "--incident-branches", "*"),
        *("--incident-state", f"file:{tmp_path}/state", "--ref", "main", "--deadline", "5"),
    ]

    with subprocess.Popen(
        [sys.executable, "-m", "devlake_ci", *arguments], stderr=subprocess.PIPE, text=True
    ) as process:
        server.asked.wait()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate()

    assert process.returncode == 5
    assert "Stopped by SIGTERM" in said
    assert [each.path.rpartition("/")[2] for each in server.received] == ["deployments"]


def test_a_second_signal_does_not_stop_what_the_first_one_makes_us_save():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        stop_at_signals()
        with pytest.raises(StoppedError, match="Stopped by SIGTERM"):
            signal.raise_signal(signal.SIGTERM)

        assert {signal.getsignal(number) for number in SIGNALS} == {signal.SIG_IGN}
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_signal_that_comes_while_nothing_is_waited_for_stops_the_next_wait():
    with signals_restored():
        defer_signals()
        signal.raise_signal(signal.SIGTERM)

        with pytest.raises(StoppedError, match="Stopped by SIGTERM"), stoppable():
            pytest.fail("it waited")


def test_under_nohup_a_closed_terminal_stops_nothing_but_a_cancel_does():
    with signals_restored():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

        stop_at_signals()

        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
