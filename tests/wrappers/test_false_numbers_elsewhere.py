"""No example for another CI reports a deployment that was not made, whatever its jobs do."""

import json
import re

import pytest

from devlake_ci.cli.wrappers import gitlab_step, orb
from tests import gitlab
from tests.support import SHA
from tests.wrappers import pipelines
from tests.wrappers.circleci import ORB, RUN, Job, of_config, script
from tests.wrappers.test_examples import CIRCLECI
from tests.wrappers.test_gitlab import PIPELINE
from tests.wrappers.test_gitlab_examples import EXAMPLES as GITLAB
from tests.wrappers.test_gitlab_examples import example, reports

SHOWN = {"DEVLAKE_DRY_RUN": "true", "DEVLAKE_FORMAT": "json", "DEVLAKE_URL": "http://lake/api",
         "DEVLAKE_CONNECTION": "1", "DEVLAKE_SHA": SHA,
         "DEVLAKE_REPO_URL": "https://git.example.com/acme/shop"}  # fmt: skip
HAS_NO_PULL_REQUESTS = {"argo", "tekton"}
"""What starts these hands over a commit, and must not hand over a pull request's."""

each_ci = pytest.mark.parametrize("name", pipelines.ALL)


def bodies(out):
    """Return what a dry run shows: a JSON document each."""
    documents = re.findall(r"^{$.*?^}$", out, re.DOTALL | re.MULTILINE)
    return [each["body"] for text in documents for each in json.loads(text)["requests"]]


@pytest.fixture
def sent(tmp_path, devlake_ci):
    """Run an example's pipeline; return what the program would send."""

    def ran(name, record="branch", times=1, **situation):
        found = []
        record = "deployment-job" if (name, record) == ("azure", "branch") else record
        for _ in range(times):
            env = pipelines.variables(name, record, tmp_path)
            machine = pipelines.Machine(tmp_path, env=env, **situation)
            pipelines.ALL[name](machine)
            for arguments, env in machine.heard:
                found += bodies(devlake_ci(*arguments, env=env | SHOWN).out)
        return found

    return ran


@each_ci
@pytest.mark.parametrize(("deploy", "result"), [("success", "SUCCESS"), ("failure", "FAILURE")])
def test_a_deployment_that_was_made_is_reported_as_it_ended(sent, name, deploy, result):
    found = sent(name, deploy=deploy)

    assert [(each["result"], each["environment"]) for each in found] == [(result, "PRODUCTION")]


@each_ci
@pytest.mark.parametrize("situation", [{"deploy": "skipped"}, {"before": "failure"}],
                         ids=["skipped", "failed before"])  # fmt: skip
def test_nothing_is_reported_of_a_deployment_that_was_not_made(sent, name, situation):
    assert sent(name, **situation) == []


@pytest.mark.parametrize("name", sorted(pipelines.ALL.keys() - HAS_NO_PULL_REQUESTS))
def test_a_pull_request_deploys_nothing_to_production(sent, name):
    assert sent(name, "pull-request") == []


@each_ci
def test_a_report_made_twice_in_one_job_is_one_deployment(sent, name):
    assert len({each["id"] for each in sent(name, times=2)}) == 1


# --- CircleCI: the orb's commands in the examples -------------------------------------------------

STEPS = {f"{name}: {job}": (config, job) for name, config in CIRCLECI.items()
         if not name.startswith("orb") for job, each in config["jobs"].items()
         if "devlake-ci/report" in str(each)}  # fmt: skip
FIXED = {"pipeline.trigger.received_at": "2026-03-01T10:00:00.000Z"}

each_job = pytest.mark.parametrize("name", STEPS)


@pytest.fixture
def circleci(tmp_path, make_runtime, capsys):
    """Run a job of an example whose checkout ends like this; return what the orb would send."""

    def ran(name, checkout="true", deploy="true", times=1, **env):
        config, job = STEPS[name]
        machine = pipelines.Machine(tmp_path)
        (tmp_path / "bin/devlake-ci-circleci").write_text(
            f"#!/bin/sh\n[ $# = 0 ] || exit 0\n{pipelines.NOTE.partition(chr(10))[2]}"
        )
        (tmp_path / "bin/devlake-ci-circleci").chmod(0o755)
        script(tmp_path / "bin/date", "echo 2026-03-01T10:00:00Z")
        machine.env = RUN | {"HOME": str(tmp_path), "SERVICE": "api", **env}
        steps = list(of_config(config, job, ORB, FIXED, state_folder=str(tmp_path / "state")))
        steps = json.loads(json.dumps(steps).replace("<< parameters.service >>", "api"))
        steps = [{"run": checkout} if "checkout" in each else each for each in steps]
        for each in steps:
            if isinstance(each.get("run"), str) and each["run"].startswith("./"):
                each["run"] = deploy
        last = [each for each in steps if "DEVLAKE_ORB_PARAM_URL" in str(each)]
        path = f"{tmp_path}/bin:{pipelines.os.environ['PATH']}"
        one = Job(machine.env | {"PATH": path, "NOTES": str(tmp_path / "notes")}, tmp_path / "work")
        one.run([*steps, *last * (times - 1)])
        machine.sh("true")
        capsys.readouterr()
        for _, said in machine.heard:
            orb(make_runtime(said | SHOWN))
        return bodies(capsys.readouterr().out)

    return ran


@each_job
def test_a_job_that_fails_before_start_reports_nothing_on_circleci(circleci, name):
    assert circleci(name, checkout="false") == []


@each_job
def test_a_pull_requests_job_reports_nothing_of_production_on_circleci(circleci, name):
    found = circleci(
        name, deploy="false", CIRCLE_PULL_REQUEST="https://github.com/acme/shop/pull/7"
    )

    assert found == []


@each_job
def test_a_job_that_reports_twice_on_circleci_is_one_deployment(circleci, name):
    ids = [each.get("id") or each["issueKey"] for each in circleci(name, deploy="false", times=2)]

    assert (len(ids), len(set(ids))) == (2, 1)


# --- GitLab: the jobs that the template makes -----------------------------------------------------

INCLUDED = {f"{path.stem}-{number}": inputs for path in GITLAB
            for number, inputs in enumerate(example(path)[1]) if reports(inputs)}  # fmt: skip

each_inclusion = pytest.mark.parametrize("name", INCLUDED)


@pytest.fixture
def on_gitlab(make_runtime, capsys):
    """Run the jobs that report, where the job that deploys stands like this."""

    def ran(name, status, **env):
        inputs = {key.replace("-", "_"): text for key, text in INCLUDED[name].items()}
        jobs, _ = gitlab.included(**inputs)
        project = gitlab.GitLab()
        project.jobs = [gitlab.job(501, inputs["deploy_job"], status)]
        if "environment" not in inputs:
            project.deploys(501, "production", "production")
        if check := inputs.get("verify_job"):
            project.jobs.append(gitlab.job(502, check, "failed" if status == "success" else status))
        found = []
        with project.served() as url:
            for job in jobs.values():
                about = {"CI_API_V4_URL": url, "CI_JOB_STATUS": "running"}
                runtime = make_runtime(PIPELINE | gitlab.variables(job) | about | SHOWN | env)
                gitlab_step(runtime)
                found += bodies(capsys.readouterr().out)
        return [each for each in found if "deploymentCommits" in each], found

    return ran


@each_inclusion
def test_what_the_job_that_deploys_did_is_reported_on_gitlab(on_gitlab, name):
    deployments, _ = on_gitlab(name, "failed")

    assert {each["result"] for each in deployments} == {"FAILURE"}
    assert len({each["id"] for each in deployments}) == 1


@each_inclusion
@pytest.mark.parametrize("status", ["skipped", "manual", "created"])
def test_a_job_that_did_not_deploy_is_not_reported_on_gitlab(on_gitlab, name, status):
    assert on_gitlab(name, status) == ([], [])


@each_inclusion
def test_a_merge_request_deploys_nothing_to_production_on_gitlab(on_gitlab, name):
    deployments, _ = on_gitlab(name, "success", CI_PIPELINE_SOURCE="merge_request_event",
                               CI_MERGE_REQUEST_IID="7", CI_COMMIT_BRANCH="")  # fmt: skip

    assert deployments == []
