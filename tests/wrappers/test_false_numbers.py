"""No example for GitHub reports a deployment that was not made, whatever else its jobs do."""

from pathlib import Path

import pytest
import yaml

from devlake_ci.cli.wrappers import action_end, action_main
from tests.wrappers import workflow
from tests.wrappers.test_github import act  # noqa: F401 (a fixture)

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = {path.name: yaml.safe_load(path.read_text())
            for path in sorted((ROOT / "examples/github").glob("*.yml"))
            if path.name != "organisation-caller.yml"}  # fmt: skip
EXAMPLES |= {f"{ci}/deploy.yml": yaml.safe_load((ROOT / f"examples/{ci}/deploy.yml").read_text())
             for ci in ("gitea", "forgejo")}  # fmt: skip
CONTEXTS = {"vars": {"DEVLAKE_URL": "http://lake"}, "secrets": {"DEVLAKE_TOKEN": "key"},
            "inputs": {"environment": "production", "sha": "", "version": ""}}  # fmt: skip
DEPLOYS = {"deploy", "release"}
"""The ids of the steps that deploy."""


def steps(example):
    return [step for job in example["jobs"].values() for step in job.get("steps", [])]


def is_deploying(step):
    return step.get("id") in DEPLOYS


def skipped(example):
    """Let the step that deploys be skipped by its own `if`."""
    for step in filter(is_deploying, steps(example)):
        step["if"] = "false"


def failed_before(example):
    """Let a step before the one that deploys fail, such as a unit test."""
    for job in example["jobs"].values():
        if found := [step for step in job.get("steps", []) if is_deploying(step)]:
            job["steps"].insert(job["steps"].index(found[0]), {"id": "test"})
    return {"test": "failure"}


def failed(example):
    return {step["id"]: "failure" for step in filter(is_deploying, steps(example))}


def reported(name, server, act, change=lambda _: {}, env=()):  # noqa: F811
    """Run an example, changed like this; return what DevLake heard of."""
    example = yaml.safe_load(yaml.safe_dump(EXAMPLES[name]))
    for inputs in workflow.run(example, change(example) or {}, CONTEXTS):
        stage = action_main if inputs.get("at") == "now" else action_end
        known = {"at", "environment", "incident-result", "mode", "result", "job-status"}
        act(stage, env, **{key: text for key, text in inputs.items() if key in known})
    return [each.body for each in server.received]


each_example = pytest.mark.parametrize("name", EXAMPLES)


@each_example
def test_a_deployment_that_succeeds_is_reported(name, server, act):  # noqa: F811
    results = {each["result"] for each in reported(name, server, act) if "result" in each}

    assert results == {"SUCCESS"}


@each_example
def test_a_deployment_that_fails_is_reported(name, server, act):  # noqa: F811
    bodies = reported(name, server, act, failed)

    assert {each.get("result") for each in bodies} == {"FAILURE"}


@each_example
@pytest.mark.parametrize("change", [skipped, failed_before])
def test_nothing_is_reported_of_a_deployment_that_was_not_made(name, server, act, change):  # noqa: F811
    assert reported(name, server, act, change) == []


@each_example
def test_a_pull_request_deploys_nothing_to_production(name, server, act):  # noqa: F811
    env = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge"}

    assert reported(name, server, act, env=env) == []


@each_example
def test_a_report_made_twice_in_one_job_is_one_deployment(name, server, act):  # noqa: F811
    reported(name, server, act)
    ids = {each["id"] for each in reported(name, server, act) if "id" in each}

    assert len(ids) == 1
