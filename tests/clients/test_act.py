"""The GitHub actions in workflows, run by act (https://github.com/nektos/act)."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devlake_ci.sandbox import Sandbox

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ACT = Path(sys.executable).parent / "act"


class Ran:
    """A workflow that act has run: how each job ended, what it said, and what DevLake stored."""

    def __init__(self, lines, deployments):
        self.lines = lines
        self.deployments = deployments

    def result(self, job):
        return {each["jobID"]: each["jobResult"] for each in self.lines if "jobResult" in each}[job]

    def log(self, job):
        return "\n".join(each["msg"] for each in self.lines if each.get("jobID") == job)

    def stored(self, job):
        return [
            (row["result"], row["environment"], row["original_environment"])
            for row in self.deployments
            if row["id"].split(":")[4] == job
        ]


def checkout(folder):
    """Copy what git knows of this project into a repository of its own."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["remote", "add", "origin", "https://github.com/acme/shop.git"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "Sell more"],
    ):
        subprocess.run([*git, *words], check=True)


@pytest.fixture(scope="module", params=["container", "native"])
def ran(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    checkout(folder)
    with Sandbox() as devlake:
        done = subprocess.run(
            [
                *(ACT, "push", "--json", "--pull=false", "--network=host", "--rm"),
                *("--platform", "ubuntu-latest=ci-runner:latest"),
                *("--workflows", HERE / "workflows" / f"{request.param}.yml"),
                *("--local-repository", f"devlake-ci/devlake-ci@main={folder}"),
                *("--var", f"DEVLAKE_URL={devlake.connection_url}"),
                *("--secret", f"DEVLAKE_TOKEN={devlake.token}"),
            ],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert any("jobResult" in each for each in lines), done.stdout + done.stderr
        return Ran(lines, devlake.rows("cicd_deployments"))


def test_a_report_now_has_outputs_for_the_steps_after_it(ran):
    assert ran.result("now") == "success"
    assert ran.stored("now") == [("SUCCESS", "PRODUCTION", "production")]


def test_a_report_at_the_end_of_a_job_that_succeeded(ran):
    assert ran.result("job-end") == "success"
    assert ran.stored("job-end") == [("SUCCESS", "PRODUCTION", "production")]


def test_a_report_at_the_end_of_a_job_that_failed(ran):
    assert ran.result("job-end-failing") == "failure"
    assert ran.stored("job-end-failing") == [("FAILURE", "PRODUCTION", "production")]


def test_each_leg_of_a_matrix_is_a_deployment(ran):
    assert ran.result("matrix") == "success"
    assert sorted(ran.stored("matrix")) == [
        ("SUCCESS", "PRODUCTION", "prod-eu"),
        ("SUCCESS", "PRODUCTION", "prod-us"),
    ]


def test_a_wrong_token_is_green_but_loud(ran):
    assert ran.result("wrong-token") == "success"
    assert ran.stored("wrong-token") == []
    assert "::warning title=DevLake::DevLake answered 403: api key is invalid" in ran.log(
        "wrong-token"
    )


def test_a_wrong_token_fails_the_job_if_asked_to(ran):
    assert ran.result("wrong-token-hard") == "failure"
    assert ran.stored("wrong-token-hard") == []


def test_no_checkout_is_needed(ran):
    assert ran.result("no-checkout") == "success"
    assert ran.stored("no-checkout") == [("SUCCESS", "PRODUCTION", "production")]
