"""An incident of a CircleCI project from its beginning to its end, told by the real program."""

import pytest

from devlake_sandbox import Sandbox
from tests.wrappers.circleci import JOB, Job


@pytest.fixture
def devlake():
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def pipeline(job, devlake, tmp_path):
    """Return a job of the next pipeline: nothing is left but the cache of the project."""
    first = job(DEVLAKE_INCIDENT_BRANCHES="main", DEVLAKE_TOKEN=devlake.token,
                DEVLAKE_URL=devlake.connection_url)  # fmt: skip
    numbers = iter(range(63, 80))

    def started(name="verify"):
        for each in (tmp_path / "state").glob("*/*"):
            each.unlink()
        own = {
            "CIRCLE_JOB": name,
            "CIRCLE_BUILD_NUM": str(number := next(numbers)),
            "CIRCLE_WORKFLOW_JOB_ID": f"job-{number}",
            "CIRCLE_WORKFLOW_ID": f"run-{number}",
        }
        return Job(first.env | own, first.folder, first.project)

    return started


def test_a_check_that_fails_opens_an_incident_and_one_that_passes_closes_it(
    pipeline, start, report, devlake
):
    for outcome in ("true", "false", "false", "true", "true"):
        pipeline().run([*start(), {"run": outcome}, *report(mode="incident")])

    (issue,) = devlake.rows("issues")
    assert issue["status"] == "DONE"
    assert issue["resolution_date"]
    assert len(devlake.rows("incidents")) == 1


def test_jobs_of_the_workflow_open_and_close_the_same_one(pipeline, start, report, devlake):
    for word in ("success", "failed", "failed", "canceled", "success", "failed"):
        check = pipeline(f"report-{word}").run(start(cache=True, environment="production"))
        check.run(report(JOB, mode="incident", result=word))

    first, second = devlake.rows("issues")
    assert (first["status"], second["status"]) == ("DONE", "TODO")


def test_both_of_a_job_put_the_incident_after_its_deployment(pipeline, report, devlake):
    pipeline().run([{"run": "false"}, *report(mode="both", result="success")])

    (deployment,) = devlake.rows("cicd_deployments")
    (issue,) = devlake.rows("issues")
    assert deployment["result"] == "SUCCESS"
    assert issue["created_date"] > deployment["finished_date"]
