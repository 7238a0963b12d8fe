"""Whatever goes wrong on the way: a report says so, ends in time, and nothing is lost.

Each row says how DevLake, or what stands for it, goes wrong, the exit code and what is said. With
exit code 5 the event is in the spool, with any other code it is not: it was stored, or refused.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests import faulty
from tests.faulty import Faulty, NeverAccepts
from tests.support import CUT, GITHUB, NOON, PIPELINE, SHA, SILENCE, Reply

PAGE = "<!DOCTYPE html><title>DevLake</title>"
IN_AN_HOUR = format_datetime(NOON + timedelta(hours=1), usegmt=True)
NOT_STORED = "Not stored within the deadline, after 10 attempts. "
LATE = "Not stored within the deadline"
UNREACHED = 5
BOUND = 400 * 1024 * 1024
"""Bytes that the program may map: the answers here are endless, or larger."""
AT_ONCE = 64 * 1024 * 1024
"""Bytes that the system may take off a server before anybody reads or hangs up, generously."""
PATIENCE = 20
"""Seconds after which a program with a deadline of one second hangs, however slow the machine."""


def spooled(folder):
    return len(list(folder.glob("*.json"))) if folder.exists() else 0


@pytest.fixture
def answered(devlake_ci, server, tmp_path):
    """Report to a server that gives one answer; give how that ended and how much is kept."""

    def ran(reply):
        server.script = [reply]
        env = PIPELINE | {"DEVLAKE_URL": server.url, "DEVLAKE_SPOOL": str(tmp_path / "spool")}
        return devlake_ci("report", env=env), spooled(tmp_path / "spool")

    return ran


@pytest.mark.parametrize(
    ("reply", "code", "says"),
    [
        (Reply(400, {"message": "deployment_commits is empty (400)"}), 4, "deployment_commits"),
        (Reply(400, '"a bare string"'), 4, "a bare string"),
        (Reply(401, {"message": "token is missing"}), 4, "DEVLAKE_TOKEN"),
        (Reply(403, {"message": "api key has expired"}), 4, "create a new one"),
        (Reply(403, {"message": "path doesn't match api key's scope"}), 4, "NUMBER"),
        (Reply(404, {"message": "record not found (404)"}), 4, "no webhook connection"),
        (Reply(404, "404 page not found"), 4, "the address is wrong"),
        (Reply(428, "migration"), 5, "confirm a database migration"),
        (Reply(429, "slow down"), 5, "slow down"),
        (Reply(500, "Error 1406 (22001): Data too long for column 'id'"), 4, "Data too long"),
        (Reply(500, "invalid character 'n'"), 4, "invalid character"),
        (Reply(500, "the database is gone"), 5, "the database is gone"),
        (Reply(502, PAGE), 5, "502"),
        (Reply(504, ""), 5, "504"),
        (Reply(307, "", {"Location": "/elsewhere/"}), 4, "redirects (307) to /elsewhere/"),
        (Reply(200, PAGE, {"Content-Type": "text/html"}), 4, "/api ?"),
        (Reply(200, {"success": False, "message": "no"}), 4, "did not confirm"),
        (Reply(204, ""), 4, "did not confirm"),
        (CUT, 5, "no connection"),
        (Reply(401, {"message": "token is not present or malformed"}), 4, "wants an API key"),
        (Reply(401, PAGE), 4, "asks for a login"),
        (Reply(403, {"message": "api key is invalid"}), 4, "no such API key"),
        (Reply(403, PAGE), 4, "Something in front of DevLake refuses"),
        (Reply(404, {"message": "could not find project [x] in DB"}), 4, "Create the project"),
        (Reply(400, {"message": "you sent: Bearer s3cr3t"}), 4, "you sent: ***"),
        (Reply(400, {"message": "x" * 495 + "s3cr3t"}), 4, "xx***"),
        (Reply(302, "", {"Location": "/login/s3cr3t/"}), 4, "redirects (302) to /login/***/"),
        (Reply(501, "not made yet"), 4, "not made yet"),
        (Reply(408, ""), 5, "408"),
        (Reply(425, ""), 5, "425"),
        (Reply(407, ""), 4, "HTTPS_PROXY"),
        (Reply(413, ""), 4, "too large"),
        (Reply(500, {"message": "commit_sha or repo_url is required"}), 4, "required"),
        (Reply(200, '{"success": "true"}'), 4, "did not confirm"),
        (Reply(200, "[" * 50000), 4, "did not confirm"),
        (Reply(503, "", {"Retry-After": "3600"}), 5, "wait 3600 s"),
        (Reply(503, "", {"Retry-After": IN_AN_HOUR}), 5, "wait 3600 s"),
        (Reply(503, "", {"Retry-After": "Sun, 01 Mar 2020 12:00:00 GMT"}), 5, "503"),
        (Reply(503, "", {"Retry-After": "in a while"}), 5, "503"),
        (Reply(503, "", {"Retry-After": "9" * 400}), 5, "503"),
        (Reply(503, "", {"Retry-After": f"Mon, 01 Jan {'9' * 30} 00:00:00 GMT"}), 5, "503"),
        (Reply(503, "", {"Retry-After": "Mon, 01 Jan 2026 00:00:00 +99999999999"}), 5, "503"),
        (Reply(503, "", {"Retry-After": "-1"}), 5, "503"),
        (Reply(302, "", {"Location": "/plugins/webhook/connections/1/deployments"}), 4, "to /plug"),
        (Reply(302, "", {"Location": "https://[nonsense"}), 4, "to what is no URL"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_a_success(answered, reply, code, says):
    ran, kept = answered(reply)

    assert ran.code == code
    assert says in ran.err
    assert "Reported" not in ran.out
    assert "s3cr3t" not in ran.out + ran.err
    assert kept == (code == UNREACHED)


def test_the_answer_that_is_a_success(answered):
    ran, kept = answered(Reply())

    assert (ran.code, kept) == (0, 0)
    assert "Reported: SUCCESS in PRODUCTION" in ran.out


@pytest.mark.parametrize("reply", [Reply(403, {"message": "api key is invalid"}), Reply(503, "x")])
def test_a_soft_failure_is_green_and_loud(devlake_ci, server, tmp_path, reply):
    server.script = [reply]
    files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    env = PIPELINE | {
        "CIRCLECI": "", "GITHUB_ACTIONS": "true", "GITHUB_SHA": PIPELINE["CIRCLE_SHA1"],
        "DEVLAKE_REPO_URL": "https://github.com/acme/shop", "DEVLAKE_URL": server.url,
    } | {name: str(path) for name, path in files.items()}  # fmt: skip

    ran = devlake_ci("report", "--on-failure=warn", env=env)

    reason = f"DevLake answered {reply.status}"
    assert ran.code == 0
    assert reason in ran.err
    assert f"::warning title=DevLake::{reason}" in ran.err.replace(NOT_STORED, "")
    assert "\nfalse\n" in files["GITHUB_OUTPUT"].read_text()
    assert "Not reported to DevLake" in files["GITHUB_STEP_SUMMARY"].read_text()


def report(url, spool, **env):
    """Run the program with a deadline of a second, and within bounds of its own."""

    def bounded():
        resource.setrlimit(resource.RLIMIT_AS, (BOUND, BOUND))

    env = {"DEVLAKE_DEADLINE": "1", "DEVLAKE_SPOOL": str(spool), "DEVLAKE_URL": url} | env
    return subprocess.run(
        [sys.executable, "-m", "devlake_ci", "report"], env=PIPELINE | env, timeout=PATIENCE,
        capture_output=True, text=True, check=False, preexec_fn=bounded,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("behaviour", "code", "says"),
    [
        (faulty.never_answers, 5, LATE),
        (faulty.drips_headers, 5, LATE),
        (faulty.drips_a_body, 5, LATE),
        (faulty.resets, 5, LATE),
        (faulty.hangs_up, 5, LATE),
        (faulty.talks_nonsense, 5, LATE),
        (faulty.sends_endless_headers, 5, LATE),
        (faulty.sends_an_endless_header, 5, LATE),
        (faulty.continues_for_ever, 5, LATE),
        (faulty.sends_an_endless_body, 4, "did not confirm"),
        (faulty.sends_endless_chunks, 4, "did not confirm"),
        (faulty.sends_a_chunk_of_less_than_nothing, 5, LATE),
        (faulty.informs_for_ever, 5, LATE),
        (faulty.sends_a_gigabyte, 4, "did not confirm"),
        (faulty.sends_a_bomb, 4, "did not confirm"),
        (faulty.redirects_with_an_endless_body, 4, "redirects (302) to /elsewhere"),
        (faulty.redirects_with_a_bomb, 4, "redirects (302) to /elsewhere"),
    ],
)
def test_a_server_that_misbehaves_delays_no_job(tmp_path, behaviour, code, says):
    with Faulty(behaviour) as server:
        ran = report(server.url, tmp_path)
        tried = server.connections

    assert (ran.returncode, says in ran.stderr) == (code, True), ran.stderr
    assert spooled(tmp_path) == (code == UNREACHED)
    assert server.sent < AT_ONCE * tried


@pytest.mark.parametrize(
    "behaviour", [faulty.never_answers, faulty.hangs_up, faulty.resets, faulty.talks_nonsense]
)
def test_a_server_that_misbehaves_before_tls_delays_no_job(tmp_path, behaviour):
    with Faulty(behaviour) as server:
        ran = report(server.url.replace("http:", "https:"), tmp_path)

    assert ran.returncode == UNREACHED, ran.stderr
    assert spooled(tmp_path) == 1


def test_a_server_that_never_accepts_delays_no_job(tmp_path):
    with NeverAccepts() as server:
        ran = report(server.url, tmp_path)

    assert ran.returncode == UNREACHED, ran.stderr
    assert spooled(tmp_path) == 1


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://127.0.0.1:1", "Connection refused"),
        ("https://127.0.0.1:1", "Connection refused"),
        ("http://no-such-host.invalid", "its name can't be resolved"),
        (f"http://{'a' * 300}.invalid", "no connection"),
    ],
)
def test_a_server_that_is_not_there(tmp_path, url, says):
    ran = report(url, tmp_path)

    assert ran.returncode == UNREACHED
    assert says in ran.stderr
    assert spooled(tmp_path) == 1


@pytest.mark.parametrize("slow", ["GitHub's API", "git"])
def test_looking_things_up_leaves_time_to_send(server, tmp_path, slow):
    fake = tmp_path / "git"
    fake.write_text("#!/bin/sh\nexec sleep 60\n" if slow == "git" else "#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    env = {
        "CIRCLECI": "", "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": PIPELINE["CIRCLE_SHA1"],
        "GITHUB_RUN_ID": "42", "GITHUB_JOB": "deploy", "DEVLAKE_CHECK_RUN_ID": "7",
        "DEVLAKE_GITHUB_TOKEN": "gh-s3cr3t", "PATH": f"{tmp_path}:/usr/bin:/bin",
        "DEVLAKE_DEADLINE": "6",
    }  # fmt: skip

    with Faulty(faulty.never_answers) as api:
        ran = report(server.url, tmp_path, GITHUB_API_URL=api.url, **env)

    assert ran.returncode == 0, ran.stderr
    assert len(server.received) == 1


def started(url, spool, **env):
    env = {"DEVLAKE_URL": url, "DEVLAKE_SPOOL": str(spool), "DEVLAKE_DEADLINE": "600"} | env
    return subprocess.Popen(
        [sys.executable, "-m", "devlake_ci", "report"], env=PIPELINE | env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_cancelled_job_leaves_its_event_in_the_spool(server, tmp_path, number):
    server.script = [SILENCE]

    with started(server.url, tmp_path) as process:
        server.asked.wait()
        process.send_signal(number)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == UNREACHED, said
    assert "devlake-ci replay" in said
    assert spooled(tmp_path) == 1


def test_a_job_that_is_cancelled_while_things_are_looked_up_leaves_its_event_too(server, tmp_path):
    env = {
        "CIRCLECI": "", "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": PIPELINE["CIRCLE_SHA1"],
        "GITHUB_RUN_ID": "42", "GITHUB_JOB": "deploy", "DEVLAKE_CHECK_RUN_ID": "7",
        "DEVLAKE_GITHUB_TOKEN": "gh-s3cr3t",
    }  # fmt: skip

    with (
        Faulty(faulty.never_answers) as api,
        started(server.url, tmp_path, GITHUB_API_URL=api.url, **env) as process,
    ):
        api.asked.wait()
        process.terminate()
        _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == UNREACHED, said
    assert "Stopped by SIGTERM" in said
    assert spooled(tmp_path) == 1
    assert server.received == []


def test_what_cannot_be_known_without_asking_is_said_not_to_be_kept(server, tmp_path):
    env = {
        "CIRCLECI": "", "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/shop", "DEVLAKE_SHA": "v1.2.3", "GITHUB_RUN_ID": "42",
    }  # fmt: skip

    with (
        Faulty(faulty.never_answers) as api,
        started(server.url, tmp_path, GITHUB_API_URL=api.url, **env) as process,
    ):
        api.asked.wait()
        process.terminate()
        _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == UNREACHED
    assert "Stopped by SIGTERM" in said
    assert 'Nothing of it is kept: DEVLAKE_SHA: could not find the commit that "v1.2.3"' in said
    assert spooled(tmp_path) == 0


@pytest.mark.parametrize("stage", ["deployment", "both"])
def test_both_halves_of_a_cancelled_report_are_kept(server, tmp_path, stage):
    server.script = [SILENCE]
    env = {
        "DEVLAKE_MODE": stage, "DEVLAKE_RESULT": "success", "DEVLAKE_INCIDENT_RESULT": "failed",
        "DEVLAKE_INCIDENT_BRANCHES": "main", "DEVLAKE_INCIDENT_STATE": f"file:{tmp_path}/state",
    }  # fmt: skip

    with started(server.url, tmp_path, **env) as process:
        server.asked.wait()
        process.terminate()
        process.communicate(timeout=PATIENCE)

    assert process.returncode == UNREACHED
    assert spooled(tmp_path) == (2 if stage == "both" else 1)
    assert len(server.received) == 1


@pytest.mark.parametrize("arguments", [(), ("--on-failure", "warn")])
def test_a_spool_that_cannot_be_written_does_not_hide_why_it_was_wanted(
    devlake_ci, server, arguments
):
    server.script = [Reply(503, "busy")]
    env = PIPELINE | {"DEVLAKE_URL": server.url, "DEVLAKE_SPOOL": "/proc/nowhere"}

    ran = devlake_ci("report", *arguments, env=env)

    assert ran.code == (0 if arguments else UNREACHED)
    assert "DevLake answered 503: busy" in ran.err
    assert 'Nor could it be kept in --spool "/proc/nowhere": No such file or directory' in ran.err


def test_a_full_disk_leaves_no_half_of_an_event(tmp_path):
    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    env = {"DEVLAKE_URL": "http://127.0.0.1:1", "DEVLAKE_SPOOL": str(tmp_path),
           "DEVLAKE_DEADLINE": "1"}  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-B", "-m", "devlake_ci", "report"], env=PIPELINE | env,
        capture_output=True, text=True, check=False, preexec_fn=full,
    )  # fmt: skip

    assert ran.returncode == UNREACHED
    assert "Connection refused" in ran.stderr
    assert "Nor could it be kept" in ran.stderr
    assert "File too large" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def run_report(url, spool, *, code="", **given):
    """Run the program in a process of its own, after some `code`."""
    program = f"{code}\nimport sys; sys.argv = ['devlake-ci', 'report']\n"
    program += "from devlake_ci.__main__ import main; main()"
    env = PIPELINE | {"DEVLAKE_URL": url, "DEVLAKE_SPOOL": str(spool), "DEVLAKE_DEADLINE": "2"}
    env |= given.pop("env", {})
    return subprocess.run(
        [sys.executable, "-c", program], env=env, check=False, timeout=PATIENCE,
        **({"capture_output": True} | given),
    )  # fmt: skip


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.parametrize("where", ["/dev/full", "a closed pipe"])
def test_output_that_cannot_be_written_keeps_no_report_from_devlake(
    server, tmp_path, stream, where
):
    if where == "/dev/full":
        output = os.open(where, os.O_WRONLY)
    else:
        reader, output = os.pipe()
        os.close(reader)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: output}

    ran = run_report(
        server.url, tmp_path, capture_output=False, env={"DEVLAKE_VERBOSE": "true"}, **streams
    )
    os.close(output)

    assert len(server.received) == 1
    assert ran.returncode == (0 if stream == "stderr" else 1)
    assert spooled(tmp_path) == 0


NO_THREADS = """
import threading
def start(thread): raise RuntimeError("can't start new thread")
threading.Thread.start = start
"""


def test_without_a_thread_a_report_is_sent_all_the_same(server, tmp_path):
    ran = run_report(server.url, tmp_path, code=NO_THREADS)

    assert (ran.returncode, len(server.received)) == (0, 1), ran.stderr


@pytest.mark.parametrize("behaviour", [faulty.never_answers, faulty.drips_headers])
def test_without_a_thread_a_server_delays_no_job_either(tmp_path, behaviour):
    with Faulty(behaviour) as server:
        ran = run_report(server.url, tmp_path, code=NO_THREADS)

    assert (ran.returncode, spooled(tmp_path)) == (UNREACHED, 1), ran.stderr


def at_first(number):
    """Be sent a signal when nothing is made of the job's event yet."""
    return f"""
import os
from devlake_ci.cli import session
begin = session.Session.__init__
def signalled(*given):
    os.kill(os.getpid(), {int(number)})
    begin(*given)
session.Session.__init__ = signalled
"""


def while_importing(number):
    """Be sent a signal when the program is not imported yet."""
    return f"""
import importlib, os
imported = importlib.import_module
def signalled(name):
    importlib.import_module = imported
    os.kill(os.getpid(), {int(number)})
    return imported(name)
importlib.import_module = signalled
"""


@pytest.mark.parametrize("when", [at_first, while_importing])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_job_that_is_cancelled_at_the_very_beginning_leaves_its_event(
    server, tmp_path, number, when
):
    ran = run_report(server.url, tmp_path, code=when(number))

    assert ran.returncode == UNREACHED, ran.stderr
    assert f"Stopped by {number.name}".encode() in ran.stderr
    assert (len(server.received), spooled(tmp_path)) == (0, 1)


def test_what_nohup_lets_live_on_lives_on(server, tmp_path):
    code = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{at_first(signal.SIGHUP)}"

    ran = run_report(server.url, tmp_path, code=code)

    assert (ran.returncode, len(server.received)) == (0, 1), ran.stderr


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "HTTP_PROXY", "CIRCLE_BUILD_URL", "NO_PROXY"])
def test_what_is_no_url_in_a_variable_loses_no_event(server, tmp_path, name):
    ran = run_report(server.url, tmp_path, env={name: "http://[bad]/x"})

    assert b"Traceback" not in ran.stderr
    assert b" has a bug " not in ran.stderr
    assert spooled(tmp_path) + (ran.returncode == 0) == 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"DEVLAKE_CONNECTION": "", "DEVLAKE_PROJECT": "team/"}, "has an empty part"),
        ({"DEVLAKE_CONNECTION": "", "DEVLAKE_PROJECT": "a/../b"}, "has an empty part"),
        ({"DEVLAKE_CONNECTION": "1" * 19}, "is not the number of a webhook connection"),
        ({"DEVLAKE_FINISHED_AT": "1999-12-31T23:59:59Z"}, "DEVLAKE_FINISHED_AT"),
        (
            {"DEVLAKE_COMMITS": f"- {{repo_url: 'http://[bad]/a/b', sha: {SHA}}}"},
            "is not the URL of a repository",
        ),
    ],
)
def test_what_a_replay_would_not_take_is_refused_before_it_is_kept(
    devlake_ci, tmp_path, wrong, says
):
    env = {
        "DEVLAKE_URL": "http://127.0.0.1:1",
        "DEVLAKE_SPOOL": str(tmp_path),
        "DEVLAKE_DEADLINE": "1",
    }

    ran = devlake_ci("report", env=PIPELINE | env | wrong)

    assert ran.code == 2, ran.err
    assert says in ran.err
    assert spooled(tmp_path) == 0


def test_a_clock_that_is_decades_slow_makes_no_number(devlake_ci, server, tmp_path, ticking):
    ticking.now = datetime(1990, 1, 1, tzinfo=UTC)

    ran = devlake_ci(
        "report", env=PIPELINE | {"DEVLAKE_URL": server.url, "DEVLAKE_SPOOL": str(tmp_path)}
    )

    assert ran.code == 2
    assert "the clock of this machine is wrong" in ran.err
    assert (server.received, spooled(tmp_path)) == ([], 0)


def test_a_name_of_150_letters_is_kept_and_replayed(devlake_ci, server, tmp_path):
    server.script = [Reply(503, "busy")]
    env = PIPELINE | {
        "DEVLAKE_CONNECTION": "",
        "DEVLAKE_PROJECT": "購" * 150,
        "DEVLAKE_DEADLINE": "1",
    }
    kept = devlake_ci(
        "report", env=env | {"DEVLAKE_URL": server.url, "DEVLAKE_SPOOL": str(tmp_path)}
    )
    server.script = [Reply()]

    ran = devlake_ci("replay", str(tmp_path), env={"DEVLAKE_URL": server.url})

    assert (kept.code, ran.code, spooled(tmp_path)) == (UNREACHED, 0, 0)


def test_a_pipe_for_a_spool_delays_no_job(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    sent = report("http://127.0.0.1:1", tmp_path / "pipe")
    replayed = subprocess.run(
        [sys.executable, "-m", "devlake_ci", "replay", str(tmp_path / "pipe")], check=False,
        env={"DEVLAKE_URL": "http://127.0.0.1:1"}, timeout=PATIENCE, capture_output=True, text=True,
    )  # fmt: skip

    assert sent.returncode == UNREACHED
    assert "Nor could it be kept" in sent.stderr
    assert (replayed.returncode, "can't be used: Not a directory" in replayed.stderr) == (2, True)


@pytest.mark.parametrize("name", ["GITHUB_EVENT_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_pipe_for_a_file_of_the_ci_delays_no_job(server, tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    env = GITHUB | {"CIRCLECI": "", "DEVLAKE_CHECK_RUN_ID": "7", name: str(tmp_path / "pipe")}

    ran = report(server.url, tmp_path / "spool", **env)

    assert (ran.returncode, len(server.received)) == (0, 1), ran.stderr


@pytest.mark.parametrize("program", ["git", "buildkite-agent"])
def test_a_program_whose_child_hangs_delays_no_job(server, tmp_path, program):
    script = f"#!/bin/sh\nsleep 987 & echo $! >> {tmp_path}/children\nwait\n"
    (tmp_path / program).write_text(script)
    (tmp_path / program).chmod(0o755)
    env = {
        "CIRCLECI": "", "BUILDKITE": "true", "BUILDKITE_COMMIT": SHA, "BUILDKITE_BRANCH": "main",
        "BUILDKITE_REPO": "https://github.com/acme/shop", "BUILDKITE_BUILD_ID": "1",
        "BUILDKITE_JOB_ID": "2", "DEVLAKE_DEADLINE": "4", "PATH": f"{tmp_path}:/usr/bin:/bin",
        "BUILDKITE_AGENT_ACCESS_TOKEN": "t",
    }  # fmt: skip

    ran = report(server.url, tmp_path / "spool", **env)

    assert (ran.returncode, len(server.received)) == (0, 1), ran.stderr
    children = (tmp_path / "children").read_text().split()
    assert children
    assert not any(is_alive(int(child)) for child in children)


def is_alive(number):
    status = Path(f"/proc/{number}/stat")
    return status.exists() and status.read_text().rpartition(") ")[2][0] != "Z"


LOGIN = b64encode(b"me:pr0xy-s3cr3t").decode()


@pytest.mark.parametrize("quoted", ["Basic {login}", "Bearer s3cr3t-key", "{encoded}", "{json}"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_whatever_is_quoted_no_secret_is_printed(devlake_ci, server, quoted, form):
    said = quoted.format(
        login=LOGIN, encoded=b64encode(b"Authorization: Bearer s3cr3t-key").decode(),
        json=json.dumps("s3cr3t/key"),
    )  # fmt: skip
    server.script = [Reply(403, {"message": f"{'x' * 480} you sent {said}"})]
    env = PIPELINE | {
        "DEVLAKE_URL": server.url, "DEVLAKE_TOKEN": "Bearer s3cr3t-key", "NO_PROXY": "127.0.0.1",
        "HTTPS_PROXY": "http://me:pr0xy-s3cr3t@proxy:3128", "CI_JOB_TOKEN": "s3cr3t/key",
    }  # fmt: skip

    ran = devlake_ci("report", "--verbose", f"--format={form}", env=env)

    assert ran.code == 4
    shown = ran.out + ran.err
    assert not any(
        part in shown for part in ("s3cr3t", LOGIN[6:], "czNjcjN0", "MzY3IzdC", "M2NyM3")
    )


def test_a_cis_api_that_quotes_its_token_shows_it_to_nobody(devlake_ci, server):
    server.script = [
        Reply(401, {"message": f"{'x' * 180} CI_JOB_TOKEN glcbt-64_s3cr3t is no good"})
    ]
    env = PIPELINE | {
        "CIRCLECI": "", "GITLAB_CI": "true", "CI_API_V4_URL": server.url, "CI_PROJECT_ID": "1",
        "CI_JOB_ID": "2", "CI_JOB_TOKEN": "glcbt-64_s3cr3t", "CI_PROJECT_URL": "https://g.example/a/b",
        "CI_COMMIT_SHA": SHA, "CI_COMMIT_REF_NAME": "main", "CI_COMMIT_BRANCH": "main",
        "CI_DEFAULT_BRANCH": "main", "CI_SERVER_HOST": "g.example", "CI_PIPELINE_ID": "3",
        "CI_ENVIRONMENT_NAME": "production", "CI_JOB_NAME": "deploy", "DEVLAKE_RESULT": "failed",
    }  # fmt: skip

    ran = devlake_ci(
        "report", "--mode=incident", "--verbose", "--url", server.url, "--connection=1", env=env
    )

    assert server.received
    assert "glcbt" not in ran.out + ran.err
