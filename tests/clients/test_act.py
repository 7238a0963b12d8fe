"""The GitHub actions in workflows, run by act (https://github.com/nektos/act)."""

import json

import pytest

from devlake_sandbox import Sandbox
from tests.clients import act

pytestmark = pytest.mark.timeout(1800)  # a whole workflow runs in the setup of the first test


class Ran:
    """A workflow that act has run: how each job ended, what it said, and what DevLake stored."""

    def __init__(self, lines, deployments):
        self.lines = lines
        self.deployments = deployments

    def result(self, job):
        return act.results(self.lines)[job]

    def log(self, job):
        return "\n".join(each["msg"] for each in self.lines if each.get("jobID") == job)

    def stored(self, job):
        return [
            (row["result"], row["environment"], row["original_environment"])
            for row in self.deployments
            if row["id"].split(":")[4] == job
        ]


@pytest.fixture(scope="module", params=["container", "native"])
def ran(request, tmp_path_factory, image):  # noqa: ARG001 (its layers are there for each job)
    folder = tmp_path_factory.mktemp(request.param)
    act.checkout(folder)
    with Sandbox() as devlake:
        lines = act.run(folder, request.param, devlake)
        return Ran(lines, devlake.rows("cicd_deployments"))


in_the_container = pytest.mark.parametrize("ran", ["container"], indirect=True)
"""What is decided by the program that both actions start, and so is tried in one of them."""


def test_a_report_now_has_outputs_for_the_steps_after_it(ran):
    assert ran.result("now") == "success"
    assert ran.stored("now") == [("SUCCESS", "PRODUCTION", "production")]


def test_a_report_at_the_end_of_a_job_that_succeeded(ran):
    assert ran.result("job-end") == "success"
    assert ran.stored("job-end") == [("SUCCESS", "PRODUCTION", "production")]


def test_a_report_at_the_end_of_a_job_that_failed(ran):
    assert ran.result("job-end-failing") == "failure"
    assert ran.stored("job-end-failing") == [("FAILURE", "PRODUCTION", "production")]


@in_the_container
def test_each_leg_of_a_matrix_is_a_deployment(ran):
    assert ran.result("matrix") == "success"
    assert sorted(ran.stored("matrix")) == [
        ("SUCCESS", "PRODUCTION", "prod-eu"),
        ("SUCCESS", "PRODUCTION", "prod-us"),
    ]


@in_the_container
def test_a_wrong_token_is_green_but_loud(ran):
    assert ran.result("now") == "success"
    assert "::warning title=DevLake::DevLake answered 403: api key is invalid" in ran.log("now")


@in_the_container
def test_a_wrong_token_fails_the_job_if_asked_to(ran):
    assert ran.result("job-end-failing") == "failure"
    assert "::error title=DevLake::DevLake answered 403: api key is invalid" in ran.log(
        "job-end-failing"
    )


def test_no_checkout_is_needed(ran):
    assert ran.result("no-checkout") == "success"
    assert ran.stored("no-checkout") == [("SUCCESS", "PRODUCTION", "production")]


def test_a_deployment_that_is_skipped_is_not_reported(ran):
    assert ran.result("skipped-deployment") == "success"
    assert ran.stored("skipped-deployment") == []


@in_the_container
def test_a_test_that_fails_before_the_deployment_is_not_reported(ran):
    assert ran.result("failed-test") == "failure"
    assert ran.stored("failed-test") == []


@in_the_container
def test_a_check_that_fails_after_the_deployment_leaves_it_a_success(ran):
    assert ran.result("failed-check") == "failure"
    assert ran.stored("failed-check") == [("SUCCESS", "PRODUCTION", "production")]


def test_a_step_id_that_is_misspelled_reports_nothing_loudly(ran):
    assert ran.stored("skipped-deployment") == []
    assert "::warning title=DevLake::result is empty" in ran.log("skipped-deployment")


@in_the_container
def test_a_report_now_without_a_result_reports_nothing_loudly(ran):
    assert len(ran.stored("now")) == 1
    assert "::warning title=DevLake::at: now needs the input result" in ran.log("now")


@pytest.fixture(scope="module")
def of_a_pull_request(tmp_path_factory, image):  # noqa: ARG001
    folder = tmp_path_factory.mktemp("pull-request")
    act.checkout(folder)
    head = {"ref": "add-cart", "sha": "6dcb09b5b57875f334f61aebed695e2e4193db5e"}
    event = {"number": 7, "pull_request": {"number": 7, "head": head, "base": {"ref": "main"}}}
    (folder / "event.json").write_text(json.dumps(event))
    with Sandbox() as devlake:
        lines = act.run(
            folder, "pull-request", devlake, "--eventpath", folder / "event.json",
            event="pull_request",
        )  # fmt: skip
        return Ran(lines, devlake.rows("cicd_deployments"))


@pytest.mark.parametrize("job", ["container", "native"])
def test_a_pull_request_reports_nothing_to_production(of_a_pull_request, job):
    assert of_a_pull_request.result(job) == "success"
    assert of_a_pull_request.deployments == []
    assert "pull request" in of_a_pull_request.log(job)


@pytest.fixture(scope="module")
def wrapped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    act.checkout(folder)
    with Sandbox() as devlake:
        lines = act.run(folder, "run", devlake)
        return Ran(lines, devlake.rows("cicd_deployments"))


@pytest.mark.parametrize(("job", "result"), [("succeeding", "SUCCESS"), ("failing", "FAILURE")])
def test_a_command_that_run_runs_is_reported_as_it_ended(wrapped, job, result):
    assert wrapped.result(job) == {"SUCCESS": "success", "FAILURE": "failure"}[result]
    assert wrapped.stored(job) == [(result, "PRODUCTION", "production")]
