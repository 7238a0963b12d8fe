"""No example that deploys in `devlake-ci run` reports a deployment that was not made."""

import pytest

from tests.wrappers import pipelines, running
from tests.wrappers.test_false_numbers_elsewhere import HAS_NO_PULL_REQUESTS, SHOWN, bodies

RECORDS = {
    ("azure", "branch"): "deployment-job",
    ("circleci", "branch"): "oauth",
    ("circleci", "pull-request"): "fork-pull-request",
    ("gitlab", "pull-request"): "merge-request-detached",
}
"""Where what was recorded isn't called like the others."""

each_ci = pytest.mark.parametrize("name", running.ALL)


@pytest.fixture
def ran(tmp_path):
    """Run an example's job; return its exit code, and what the program would send."""

    def run(name, record="branch", times=1, **situation):
        env = pipelines.variables(name, RECORDS.get((name, record), record), tmp_path)
        machine = running.Machine(tmp_path, env=env, **situation)
        machine.show(SHOWN)
        codes = [running.ALL[name](machine) for _ in range(times)]
        return codes[-1], bodies(machine.said)

    return run


@each_ci
def test_a_deployment_that_fails_is_reported_as_such_and_its_job_fails(ran, name):
    code, found = ran(name, deploy="failure")

    assert code == 1
    assert [(each["result"], each["environment"]) for each in found] == [("FAILURE", "PRODUCTION")]


@each_ci
def test_a_job_whose_command_runs_twice_is_one_deployment_and_a_success(ran, name):
    code, found = ran(name, times=2)

    assert code == 0
    assert len(found) == 2
    assert {(each["result"], each["environment"]) for each in found} == {("SUCCESS", "PRODUCTION")}
    assert len({each["id"] for each in found}) == 1


@each_ci
@pytest.mark.parametrize("situation", [{"deploy": "skipped"}, {"before": "failure"}],
                         ids=["skipped", "failed before"])  # fmt: skip
def test_nothing_is_reported_of_a_deployment_that_was_not_made(ran, name, situation):
    _, found = ran(name, **situation)

    assert found == []


@pytest.mark.parametrize("name", sorted(running.ALL.keys() - HAS_NO_PULL_REQUESTS))
def test_a_pull_request_deploys_nothing_to_production(ran, name):
    code, found = ran(name, "pull-request")

    assert (code, found) == (0, [])
