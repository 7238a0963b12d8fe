"""The examples use what the wrappers declare."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
INPUTS = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
GITHUB = sorted((ROOT / "examples" / "github").glob("*.yml"))


def steps(workflow):
    return [step for job in workflow["jobs"].values() for step in job.get("steps", [])]


def ours(workflow):
    return [each for each in steps(workflow) if each.get("uses", "").startswith("devlake-ci/")]


def mode(step):
    return step["with"].get("mode", "deployment")


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_an_example_for_github_gives_declared_inputs_only(path):
    workflow = yaml.safe_load(path.read_text())

    for step in ours(workflow):
        needed = {"url", "token"} if mode(step) == "incident" else {"url", "token", "environment"}
        assert set(step["with"]) <= set(INPUTS)
        assert needed <= set(step["with"])
        assert step["with"]["token"] == "${{ secrets.DEVLAKE_TOKEN }}"


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_an_example_for_github_reports_first_in_the_job_or_whatever_happened(path):
    workflow = yaml.safe_load(path.read_text())

    for job in workflow["jobs"].values():
        for step in ours({"jobs": {"one": job}}):
            at_the_end = step["with"].get("at", "job-end") == "job-end"
            assert job["steps"][0] is step if at_the_end else job.get("if") == "always()"


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_a_job_that_reports_incidents_may_read_runs_and_is_no_report_of_another_jobs_end(path):
    workflow = yaml.safe_load(path.read_text())

    for job in workflow["jobs"].values():
        for step in ours({"jobs": {"one": job}}):
            if mode(step) != "deployment":
                assert job["permissions"] == {"actions": "read", "contents": "read"}
                assert workflow["concurrency"]
                assert "needs." not in step["with"].get("result", "")


def test_a_pipeline_that_was_cancelled_is_no_recovery():
    workflow = yaml.safe_load((ROOT / "examples/github/pipeline-failure.yml").read_text())

    assert "!contains(needs.*.result, 'cancelled')" in workflow["jobs"]["pipeline"]["if"]


def test_every_mode_has_an_example():
    modes = {mode(step) for path in GITHUB for step in ours(yaml.safe_load(path.read_text()))}

    assert modes == {"deployment", "incident", "both"}


def test_there_is_an_example_that_reports():
    assert sum(bool(ours(yaml.safe_load(path.read_text()))) for path in GITHUB) == len(GITHUB) - 1
