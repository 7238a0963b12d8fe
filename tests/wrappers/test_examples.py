"""The examples use what the wrappers declare."""

from pathlib import Path

import pytest
import yaml

from tests.wrappers.circleci import ORB, arguments, of_config, script

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
            whenever = job.get("if", step.get("if", ""))
            assert job["steps"][0] is step if at_the_end else "always()" in whenever


@pytest.mark.parametrize("path", GITHUB, ids=lambda path: path.name)
def test_a_job_that_reports_incidents_may_read_runs_and_is_no_report_of_another_jobs_end(path):
    workflow = yaml.safe_load(path.read_text())

    for job in workflow["jobs"].values():
        for step in ours({"jobs": {"one": job}}):
            if mode(step) != "deployment":
                asks_github = "incident-state" not in step["with"]
                assert not asks_github or job["permissions"]["actions"] == "read"
                assert workflow["concurrency"]
                assert "needs." not in step["with"].get("result", "")


def test_every_mode_has_an_example():
    modes = {mode(step) for path in GITHUB for step in ours(yaml.safe_load(path.read_text()))}

    assert modes == {"deployment", "incident", "both"}


def test_there_is_an_example_that_reports():
    assert sum(bool(ours(yaml.safe_load(path.read_text()))) for path in GITHUB) == len(GITHUB) - 1


CIRCLECI = {path.name: yaml.safe_load(path.read_text())
            for path in sorted((ROOT / "examples" / "circleci").glob("*.yml"))}  # fmt: skip
CIRCLECI |= {f"orb: {name}": each["usage"] for name, each in ORB["examples"].items()}


def used(config):
    """Find every use of the orb: which part of it, and with which parameters."""
    for job in config.get("jobs", {}).values():
        for step in job["steps"]:
            ((name, given),) = step.items() if isinstance(step, dict) else [(step, {})]
            if name.startswith("devlake-ci/"):
                yield ORB["commands"][name.removeprefix("devlake-ci/")], given
    for workflow in config["workflows"].values():
        for job in workflow["jobs"]:
            ((name, given),) = job.items() if isinstance(job, dict) else [(job, {})]
            if name.startswith("devlake-ci/"):
                own = {"name", "requires", "context", "filters", "matrix"}
                assert {"name", "requires"} <= set(given)
                yield (ORB["jobs"][name.removeprefix("devlake-ci/")],
                       {key: each for key, each in given.items() if key not in own})  # fmt: skip


@pytest.mark.parametrize("name", CIRCLECI)
def test_an_example_for_circleci_gives_declared_parameters_only(name):
    uses = list(used(CIRCLECI[name]))

    assert uses
    for part, given in uses:
        arguments(part, given)


@pytest.mark.parametrize("name", CIRCLECI)
def test_an_example_with_the_job_hears_of_every_end_that_the_job_may_have(name):
    jobs = [each for workflow in CIRCLECI[name]["workflows"].values() for each in workflow["jobs"]
            if isinstance(each, dict) and "devlake-ci/report" in each]  # fmt: skip

    heard = {each["devlake-ci/report"]["result"] for each in jobs}
    assert heard in (set(), {"success", "failed", "canceled"})
    for each in jobs:
        given = each["devlake-ci/report"]
        assert given["requires"] == [{"deploy": [given["result"]]}]


@pytest.mark.parametrize(("deploys", "result"), [("true", "SUCCESS"), ("false", "FAILURE")])
def test_the_first_example_for_circleci_works(job, server, tmp_path, deploys, result):
    one = job()
    script(one.folder / "deploy.sh", deploys)
    fixed = {"pipeline.trigger.received_at": "2026-03-01T10:00:00.000Z"}

    one.run(
        of_config(CIRCLECI["deploy.yml"], "deploy", ORB, fixed, state_folder=str(tmp_path / "s"))
    )

    assert [each.body["result"] for each in server.received] == [result]
    assert server.received[-1].body["createdDate"] == "2026-03-01T10:00:00Z"
    assert one.failed == (deploys == "false")
