"""A command imports only what it needs: what a job waits for is mostly the reading of modules."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from devlake_ci.ci import KNOWN
from tests.support import PIPELINE, SHA

NOT_SENDING = {
    "base64", "email", "hashlib", "http.client", "http.server", "importlib.metadata", "logging",
    "pydantic", "random", "requests", "devlake_sandbox", "secrets", "shutil", "socket", "sqlite3",
    "ssl", "string", "subprocess", "tempfile", "traceback", "urllib3", "yaml", "zipfile",
}  # fmt: skip
NOT_LOOKING = {"child", "launch", "devlake.answers", "devlake.delivery", "deployment", "incidents"}
"""What is ours and only for a report, beside the CIs that don't run us."""
NOT_PARSING = {"http.server", "pydantic", "devlake_sandbox", "sqlite3", "yaml"}
ENV = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_SHA": SHA,
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_RUN_ID": "42",
    "GITHUB_EVENT_NAME": "push",
    "DEVLAKE_ENVIRONMENT": "production",
    "DEVLAKE_RESULT": "success",
    "DEVLAKE_TOKEN": "t0ken",
    "PATH": "",
}


@pytest.fixture
def imported(tmp_path):
    """Run the program in a job that has an event, as each has, and return what it imported."""
    event = {
        "head_commit": {"id": SHA, "message": "Sell"},
        "repository": {"default_branch": "main"},
    }
    (tmp_path / "event.json").write_text(json.dumps(event))
    return lambda *arguments, url="http://127.0.0.1:9": _imported(
        arguments, {"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "DEVLAKE_URL": url}
    )


def _imported(arguments, given):
    """Name what a run imported, a part of our own by its first name."""
    where = f"{given['DEVLAKE_URL']}/plugins/webhook/connections/1/deployments"
    ran = subprocess.run(
        [sys.executable, "-v", "-m", "devlake_ci", *arguments],
        env=ENV | given | {"DEVLAKE_URL": where}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = re.findall(r"^import '(\S+)' #", ran.stderr, re.MULTILINE)
    assert {"devlake_ci.cli", "click"} <= set(names)
    return {name.removeprefix("devlake_ci.") for name in names}


@pytest.mark.parametrize("command", ["--help", "--version", "report --dry-run", "context", "start"])
def test_what_sends_nothing_imports_nothing_to_send_with(imported, command):
    needed = {"shutil"} if command == "--help" else set()  # for the width of the terminal

    assert imported(*command.split()) & NOT_SENDING == needed


def test_looking_at_a_job_imports_nothing_to_report_with_and_no_other_ci(imported):
    modules = imported("context")

    assert modules & NOT_LOOKING == set()
    assert {f"ci.{name}" for name in KNOWN} & modules == {"ci.github"}


def test_a_deployment_is_shown_without_what_incidents_need(imported):
    modules = imported("report", "--dry-run")

    assert {name for name in modules if name.split(".")[0] == "incidents"} == set()


def test_leaving_at_once_loses_nothing_that_was_printed():
    talk = "import sys; sys.stderr.write('e' * 70000); print('o' * 70000, end='')"
    code = f"from devlake_ci import runtime; {talk}; runtime.exit_process(3)"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert (ran.returncode, len(ran.stdout), len(ran.stderr)) == (3, 70000, 70000)


def test_what_could_not_be_printed_is_no_success():
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "devlake_ci", "--version"], stdout=full, check=False
        )

    assert ran.returncode == 1


@pytest.mark.parametrize(("on_failure", "code"), [("fail", 1), ("warn", 0)])
def test_what_could_not_be_printed_is_told_as_stored_if_it_is(server, on_failure, code):
    env = {**PIPELINE, "DEVLAKE_URL": server.url, "DEVLAKE_ON_FAILURE": on_failure}
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "devlake_ci", "report"], env=env, stdout=full,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip

    assert (ran.returncode, len(server.received)) == (code, 1)
    assert "DevLake has stored it" in ran.stderr
    assert "bug" not in ran.stderr


def test_a_plain_report_imports_nothing_to_parse_or_to_serve_with(imported, server):
    modules = imported("report", url=server.url)

    assert "requests" in modules
    assert modules & NOT_PARSING == set()


@pytest.mark.parametrize("command", ["report --dry-run", "context", "start", "replay --help"])
def test_no_other_command_imports_anything_of_setup(imported, command):
    modules = imported(*command.split())

    assert not {name for name in modules if name.split(".")[0] == "setup" or name == "cli.setup"}
    assert "devlake.refresh" not in modules
