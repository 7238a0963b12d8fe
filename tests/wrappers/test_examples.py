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


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_an_example_for_github_gives_declared_inputs_only(path):
    workflow = yaml.safe_load(path.read_text())

    for step in ours(workflow):
        assert set(step["with"]) <= set(INPUTS)
        assert {"url", "token", "environment"} <= set(step["with"])
        assert step["with"]["token"] == "${{ secrets.DEVLAKE_TOKEN }}"


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_an_example_for_github_reports_first_in_the_job_or_whatever_happened(path):
    workflow = yaml.safe_load(path.read_text())

    for job in workflow["jobs"].values():
        for step in ours({"jobs": {"one": job}}):
            at_the_end = step["with"].get("at", "job-end") == "job-end"
            assert job["steps"][0] is step if at_the_end else job.get("if") == "always()"


def test_there_is_an_example_that_reports():
    assert sum(bool(ours(yaml.safe_load(path.read_text()))) for path in GITHUB) == len(GITHUB) - 1
