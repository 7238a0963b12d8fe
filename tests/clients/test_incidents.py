"""Incidents in workflows run by act, which has no API: it is pointed at a stand-in for GitHub's."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from devlake_sandbox import Sandbox
from tests.clients import act
from tests.incidents.api import Api
from tests.incidents.github_api import GitHub, Job, Run
from tests.support import NOON

pytestmark = pytest.mark.timeout(1800)

JOBS = ("container", "native")
EVENT = {"repository": {"default_branch": "main"}}


def run(folder, devlake, github, number, code):
    """Run the workflow so that its jobs exit with `code`, and let GitHub know of it."""
    jobs = [Job(name, minute(), None, None) for name in JOBS]
    github.runs.append(Run(number, jobs, file="incident.yml"))
    file = "octo-org/octo-repo/.github/workflows/incident.yml@refs/heads/main"
    lines = act.run(
        folder, "incident", devlake, "--eventpath", folder / "event.json",
        "--var", f"CODE={code}", "--env", f"GITHUB_API_URL={github.url}",
        "--env", f"GITHUB_RUN_ID={number}", "--env", f"GITHUB_WORKFLOW_REF={file}",
    )  # fmt: skip
    for job in jobs:
        job.conclusion, job.ended = act.results(lines)[job.name], minute()
    return lines


@contextmanager
def served(github):
    """Let programs outside of this process ask it."""
    api = Api()
    api.answer, github.url = github.answer, api.url
    with api.serving():
        yield


def minute():
    return (datetime.now(UTC) - NOON) / timedelta(minutes=1)


@pytest.fixture(scope="module")
def told(tmp_path_factory, image):  # noqa: ARG001 (its layers are there for each job)
    """Let the jobs fail, then succeed; give DevLake's incidents after each."""
    folder = tmp_path_factory.mktemp("incident")
    act.checkout(folder)
    (folder / "event.json").write_text(json.dumps(EVENT))
    github = GitHub()
    with Sandbox() as devlake, served(github):
        told = []
        for number, code in ((1, 1), (2, 0)):
            run(folder, devlake, github, number, code)
            told.append({named(row): row for row in devlake.rows("incidents")})
        return told


def named(row):
    return next(name for name in JOBS if f" / {name} " in row["title"])


@pytest.mark.parametrize("job", JOBS)
def test_a_job_that_fails_opens_an_incident_and_closes_it_when_it_succeeds(told, job):
    failed, fixed = told[0][job], told[1][job]

    assert (failed["status"], fixed["status"]) == ("TODO", "DONE")
    assert failed["incident_key"] == fixed["incident_key"]
    assert failed.get("resolution_date") is None
    assert fixed["resolution_date"] >= fixed["created_date"] >= failed["created_date"]


def test_there_is_one_incident_for_each_job(told):
    assert [sorted(each) for each in told] == [sorted(JOBS)] * 2
