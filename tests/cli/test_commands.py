"""The commands beside `report`, and what GitHub's jobs make of ids."""

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from devlake_ci import __version__
from tests.support import GITHUB, SHA

SHOWN = [
    "provider", "sha", "ref", "repo_url", "run_id", "attempt", "job", "run_url", "message",
    "actor", "environment", "created_at", "started_at", "result", "sources",
]  # fmt: skip


def test_context_shows_every_value_and_its_source(devlake_ci):
    shown = devlake_ci("context", env=GITHUB).json

    assert list(shown) == SHOWN
    assert (shown["sha"], shown["sources"]["sha"]) == (SHA, "GITHUB_SHA")
    assert shown["environment"] is None


def test_context_never_fails_for_what_is_missing(devlake_ci):
    ran = devlake_ci("context", env={})

    assert ran.code == 0
    assert {name for name, value in ran.json.items() if value} == {"provider", "sources"}


def test_context_asks_git_where_the_ci_says_nothing(devlake_ci):
    said = {
        ("rev-parse", "HEAD"): SHA,
        ("rev-parse", "--verify", "--quiet", f"{SHA}^{{commit}}"): SHA,
        ("config", "-z", "--get-regexp", r"^remote\..*\.url$"): (
            "remote.origin.url\nhttps://me:s3cr3t@github.com/acme/shop.git\0"
        ),
    }

    ran = devlake_ci("context", env={}, git=lambda *arguments: said.get(arguments))

    assert (ran.json["sha"], ran.json["sources"]["sha"]) == (SHA, "git rev-parse HEAD")
    assert ran.json["repo_url"] == "https://github.com/acme/shop"
    assert "s3cr3t" not in ran.out


def test_context_refuses_an_unknown_ci(devlake_ci):
    ran = devlake_ci("context", env={"DEVLAKE_CI": "hudson"})

    assert ran.code == 2
    assert "hudson" in ran.err
    assert "gitlab" in ran.err


@pytest.mark.parametrize(
    "url",
    [
        "https://me:s3cr3t@github.com/acme/shop.git",
        "https://s3cr3t@github.com:8443/acme/shop",
        "https://x-access-token:s3cr3t@github.com/acme/shop",
        "https://me:p@s3cr3t@github.com/acme/shop",
        "https://me:p/s3cr3t@github.com/acme/shop",
        "ssh://me:s3cr3t@github.com:22/acme/shop.git",
        "me:s3cr3t@github.com:acme/shop.git",
        "git://s3cr3t@github.com/acme/shop",
    ],
)
def test_no_clone_url_gives_its_credentials_away(devlake_ci, url):
    env = {"CIRCLECI": "true", "CIRCLE_SHA1": SHA, "CIRCLE_REPOSITORY_URL": url,
           "CIRCLE_WORKFLOW_ID": "w"}  # fmt: skip
    dry = ["report", "--dry-run", "--verbose", "--url=http://lake", "--connection=1",
           "--environment=production", "--result=success"]  # fmt: skip

    for ran in (
        devlake_ci("context", env=env),
        devlake_ci(*dry, env=env),
        devlake_ci(*dry, "--format=json", env=env),
        devlake_ci(*dry, env={**env, "DEVLAKE_REPO_URL": url}),
    ):
        assert "s3cr3t" not in ran.out + ran.err


def report_id(devlake_ci, *arguments, **env):
    required = ["--url=http://lake", "--connection=1", "--result=success", "--environment=prod"]
    ran = devlake_ci(
        "report", "--dry-run", "--format=json", *required, *arguments, env=GITHUB | env
    )
    return ran.json["deployment-id"]


def test_a_job_has_one_id_and_its_neighbours_have_others(devlake_ci, tmp_path):
    """Legs of a matrix, and a reusable workflow called twice, have the same variables."""
    one, two = ({"RUNNER_TEMP": str(tmp_path / name)} for name in ("one", "two"))

    assert report_id(devlake_ci, **one) == report_id(devlake_ci, **one)
    assert report_id(devlake_ci, **one) != report_id(devlake_ci, **two)
    assert report_id(devlake_ci, "--service=a", **one) != report_id(devlake_ci, **one)


def test_github_names_a_job_itself_where_it_says_which_it_is(devlake_ci, tmp_path):
    ids = {
        report_id(devlake_ci, RUNNER_TEMP=str(tmp_path / str(run)), DEVLAKE_CHECK_RUN_ID=run)
        for run in ("7", "7", "8")
    }

    assert len(ids) == 2


def test_start_is_remembered_by_github_until_the_end_of_the_job(devlake_ci, tmp_path):
    file = tmp_path / "env"

    ran = devlake_ci("start", env={**GITHUB, "GITHUB_ENV": str(file)})

    assert ran.code == 0
    assert file.read_text() == "DEVLAKE_STARTED_AT=2026-03-01T12:00:00Z\n"


def test_start_is_remembered_by_circleci_in_a_form_that_bash_reads(devlake_ci, tmp_path):
    file = tmp_path / "bash env"

    devlake_ci("start", env={"CIRCLECI": "true", "BASH_ENV": str(file)})
    said = subprocess.run(
        ["bash", "-c", 'echo "$DEVLAKE_STARTED_AT"'], env={**os.environ, "BASH_ENV": str(file)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert said.stdout == "2026-03-01T12:00:00Z\n"


@pytest.mark.parametrize("env", [{}, {"GITLAB_CI": "true"}, {"GITHUB_ACTIONS": "true"}])
def test_start_says_so_where_there_is_nothing_to_remember(devlake_ci, env):
    ran = devlake_ci("start", env=env)

    assert ran.code == 0
    assert "Nothing is stored: there is no place for it" in ran.out
    assert "DEVLAKE_STARTED_AT=2026-03-01T12:00:00Z" in ran.out


def test_start_says_so_where_the_ci_knows_when_the_job_began(devlake_ci):
    env = {"GITLAB_CI": "true", "CI_JOB_STARTED_AT": "2026-03-01T11:59:00Z"}

    ran = devlake_ci("start", env=env)

    assert ran.out == "Nothing is stored: gitlab says itself when the job began.\n"


def test_start_never_fails_a_job(devlake_ci):
    ran = devlake_ci("start", env={**GITHUB, "GITHUB_ENV": "/no/such/folder/env"})

    assert ran.code == 0
    assert "can't be written" in ran.err


def test_start_fails_no_job_for_an_unknown_ci(devlake_ci):
    ran = devlake_ci("start", env={"DEVLAKE_CI": "hudson"})

    assert ran.code == 0
    assert 'devlake-ci: warning: DEVLAKE_CI: "hudson" is not a CI that devlake-ci knows.' in ran.err


def program(*arguments, **env):
    return subprocess.run(
        [sys.executable, "-m", "devlake_ci", *arguments], env={**os.environ, **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("script", "prefix"), [("action-post", "INPUT_"), ("plugin", "PLUGIN_")])
def test_what_is_said_needs_no_machine_that_speaks_its_language(server, script, prefix):
    """What a Windows runner takes for the language of a pipe has no such letters."""
    given = {"URL": server.url, "CONNECTION": "1", "SERVICE": "商店", "RESULT": "success",
             "ENVIRONMENT": "production"}  # fmt: skip
    env = GITHUB | {f"{prefix}{name}": text for name, text in given.items()}

    ran = subprocess.run(
        [Path(sys.executable).parent / f"devlake-ci-{script}"],
        env={**os.environ, **env, "PYTHONIOENCODING": "cp1252"}, capture_output=True, check=True,
    )  # fmt: skip

    assert "Deploy 商店 of acme/shop" in ran.stdout.decode()


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_report_needs_nobody_who_listens(server, closed):
    given = {"URL": server.url, "CONNECTION": "1", "RESULT": "success", "ENVIRONMENT": "prod"}
    env = GITHUB | {f"DEVLAKE_{name}": text for name, text in given.items()}

    ran = subprocess.run(
        ["sh", "-c", f'"$0" -m devlake_ci report {closed}', sys.executable],
        env={**os.environ, **env}, capture_output=True, check=False,
    )  # fmt: skip

    assert (ran.returncode, len(server.received)) == (0, 1)


def test_demo_begins_with_setup_and_tells_a_story_of_three_cis_that_ends_in_four_numbers(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "devlake_ci", "demo"], cwd=tmp_path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    assert re.findall(r"^  ([+~] .*)", ran.stdout, re.MULTILINE) == [
        '+ connection "shop"', '+ project "shop" with dora', '~ blueprint of "shop": with "shop"',
        '+ key "devlake-ci-shop"',
    ]  # fmt: skip
    assert re.search(r"\n  Counted: the metrics were recalculated \d\.\d s after", ran.stdout)
    assert re.findall(r"Reported: (.*)\.", ran.stdout) == [
        "SUCCESS in STAGING (staging)", "SUCCESS in PRODUCTION (production)",
        "FAILURE in PRODUCTION (production/eu)", "SUCCESS in PRODUCTION (production)",
        "the incident is open", "the incident is closed", "SUCCESS in PRODUCTION (production)",
    ]  # fmt: skip
    assert re.findall(r"Shipped .*\((#\d+)\)", ran.stdout) == ["#41", "#42", "#43"]
    shown = ran.stdout.partition("dashboard shows:")[2]
    assert re.findall(r" (\S+%|\S+ h|\d+)  ", shown) == ["3", "8.0 h", "33%", "0.5 h"]
    lines = ran.stdout.splitlines()
    assert lines[-1] == "python -m devlake_ci sandbox"
    assert "add-mask" not in ran.stdout
    assert "Nothing on the dashboard?" not in ran.stdout


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_where_the_stand_in_server_is_left_out_it_says_how_to_get_it(
    devlake_ci, monkeypatch, command
):
    monkeypatch.delitem(sys.modules, f"devlake_ci.cli.{command}", raising=False)
    monkeypatch.setitem(sys.modules, "devlake_sandbox", None)

    ran = devlake_ci(command)

    assert ran.code == 2
    assert "not part of this image or executable" in ran.err
    assert f"pip install devlake-ci, then devlake-ci {command}" in ran.err


def test_sandbox_prints_what_a_report_needs_and_ends_at_a_signal():
    command = [sys.executable, "-m", "devlake_ci", "sandbox", "--port=0", "--as=v0.21.0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        title = process.stdout.readline()
        settings = [process.stdout.readline().removeprefix("export ").strip() for _ in range(3)]
        env = dict(each.split("=", 1) for each in settings if each)

        reported = program(
            "report", "--sha", SHA, "--repo-url=https://g.example/a/b", "--environment=prod",
            "--result=success", "--format=json", **env,
        )  # fmt: skip
        process.terminate()

    assert "DevLake v0.21.0" in title
    assert json.loads(reported.stdout)["reported"] is True


def test_sandbox_says_how_to_make_a_second_project_while_the_keys_of_the_first_are_set():
    command = [sys.executable, "-m", "devlake_ci", "sandbox", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = list(itertools.takewhile(lambda line: "setup" not in line, process.stdout))
        settings = dict(
            each.removeprefix("export ").strip().split("=", 1) for each in said if "=" in each
        )
        refused = program("setup", "--project=cart", **settings)
        base = settings["DEVLAKE_URL"].partition("/rest/")[0]

        made = program(
            "setup", f"--url={base}", "--project=cart", **settings | {"DEVLAKE_TOKEN": ""}
        )
        process.terminate()

    assert "unset DEVLAKE_TOKEN" in refused.stderr
    assert "connections/2/" in made.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "0", "--host", "192.0.2.1"], "Port 0 of 192.0.2.1 can't be used"),
        (["--store", "/no/such/folder/file"], "--store /no/such/folder/file can't be used"),
        (["--as", "v9"], "'v9'"),
    ],
)
def test_sandbox_says_what_it_cannot_use(devlake_ci, arguments, says):
    ran = devlake_ci("sandbox", *arguments)

    assert ran.code == 2
    assert says in ran.err


def test_the_program_says_its_version_and_its_commands():
    assert program("--version").stdout.strip() == f"devlake-ci, version {__version__}"
    assert "report" in program("--help").stdout
    assert "Exit codes" in program("--help").stdout


def test_an_unknown_command_is_a_usage_error():
    ran = program("reprot")

    assert ran.returncode == 2
    assert "No such command 'reprot'" in ran.stderr


def test_without_a_command_of_incident_one_line_says_so(devlake_ci):
    ran = devlake_ci("incident")

    assert ran.code == 2
    assert ran.err.startswith("devlake-ci: error: Missing command.\n")


def test_a_key_that_the_shell_took_for_another_word_is_not_shown(devlake_ci):
    ran = devlake_ci("report", "--token", "Bearer", "s3cr3t")

    assert ran.code == 2
    assert "s3cr3t" not in ran.out + ran.err
    assert "quotes" in ran.err


AGENT = """#!/bin/sh
echo "$*" >> "$AGENT_LOG"
cat >> "$AGENT_LOG"
env >> "$AGENT_LOG"
exit "${AGENT_EXIT:-0}"
"""
BUILDKITE = {
    "BUILDKITE": "true",
    "BUILDKITE_AGENT_ACCESS_TOKEN": "secret",
    "BUILDKITE_JOB_ID": "e44f9784",
    "BUILDKITE_REPO": "git@github.com:acme/shop.git",
    "BUILDKITE_COMMIT": SHA,
}


@pytest.fixture
def agent(tmp_path, monkeypatch):
    """Put a stand-in for Buildkite's agent on the PATH, and give the file that it writes to."""
    program = tmp_path / "bin" / "buildkite-agent"
    program.parent.mkdir()
    program.write_text(AGENT)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("AGENT_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def test_buildkites_agent_is_told_without_a_shell(devlake_ci, agent):
    odd = "$(touch evil) `id`"

    ran = devlake_ci("report", f"--result={odd}", "--environment=prod", env=BUILDKITE)

    assert ran.code == 2
    assert (
        "annotate --style error --context devlake-e44f9784\n### Not reported" in agent.read_text()
    )
    assert "meta-data set devlake-reported\nfalse" in agent.read_text()
    assert not Path("evil").exists()


@pytest.mark.parametrize("name", ["DEVLAKE_TOKEN", "INPUT_TOKEN", "PLUGIN_TOKEN"])
def test_buildkites_agent_is_not_given_our_token(devlake_ci, agent, monkeypatch, name):
    monkeypatch.setenv(name, "s3cr3t")

    devlake_ci("report", "--environment=prod", env=BUILDKITE)

    told = agent.read_text()
    assert "AGENT_LOG=" in told
    assert "s3cr3t" not in told


@pytest.mark.usefixtures("agent")
def test_an_agent_that_fails_is_named_and_changes_nothing(devlake_ci, monkeypatch):
    monkeypatch.setenv("AGENT_EXIT", "7")

    ran = devlake_ci("report", "--result=odd", "--environment=prod", env=BUILDKITE)

    assert ran.code == 2
    assert "buildkite-agent meta-data set devlake-reported failed: exit code 7" in ran.err


def test_a_signal_after_it_is_stored_does_not_undo_that(agent, server):
    program_ = agent.parent / "bin" / "buildkite-agent"
    signals = '[ -e "$AGENT_LOG" ] || { : > "$AGENT_LOG"; kill -TERM $PPID; sleep 0.3; }'
    program_.write_text(AGENT.replace("\n", f"\n{signals}\n", 1))

    ran = program("report", "--url", server.url, "--connection=1", "--environment=prod",
                  "--result=success", **BUILDKITE)  # fmt: skip

    assert ran.returncode == 0
    assert "meta-data set devlake-reported\ntrue" in agent.read_text()
    assert "Stopped" not in ran.stdout + ran.stderr


def test_json_on_the_standard_output_stays_json_in_teamcity(devlake_ci):
    env = {"TEAMCITY_VERSION": "2025.11"}

    as_json = devlake_ci("report", "--format=json", env=env)
    as_text = devlake_ci("report", env=env)

    assert as_json.json["reported"] is False
    assert "##teamcity[setParameter name='env.DEVLAKE_OUT_REPORTED' value='false']" in as_text.out
