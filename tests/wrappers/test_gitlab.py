"""The inputs of the GitLab template, from their declaration to what they do."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from devlake_ci.cli.wrappers import gitlab_step
from devlake_ci.options import declared, kebab
from devlake_sandbox import Sandbox
from tests import gitlab
from tests.support import SHA, Ran, Reply

WILD = """it's "quoted" $( id ) `id` $HOME ${HOME} \\1 \\n"; rm -rf ~ ü 🚀\n- script: [x]"""
ONE_LINE = WILD.replace("\n", " ")
OTHER_SHA = "1234567890abcdef1234567890abcdef12345678"
OWN = {"deploy-job", "artifacts", "rules", "stage", "job-prefix", "image", "verify-job"}
PIPELINE = {
    "GITLAB_CI": "true",
    "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_MESSAGE": "Sell more\n",
    "CI_DEFAULT_BRANCH": "main",
    "CI_JOB_ID": "900",
    "CI_JOB_NAME": "devlake-ci:deploy:success",
    "CI_JOB_STARTED_AT": "2026-03-01T11:59:00Z",
    "CI_JOB_STATUS": "running",
    "CI_PIPELINE_CREATED_AT": "2026-03-01T11:00:00Z",
    "CI_PIPELINE_ID": "42",
    "CI_PROJECT_ID": "5",
    "CI_PROJECT_URL": "https://gitlab.example.com/acme/shop",
    "CI_JOB_TOKEN": "j0b-t0ken",
    "DEVLAKE_TOKEN": "s3cr3t",
}
WHOLE = {
    "id": "gitlab:gitlab.example.com/acme/shop:42:501::production",
    "name": "Deploy acme/shop to production",
    "displayTitle": "Sell more",
    "result": "SUCCESS",
    "environment": "PRODUCTION",
    "originalEnvironment": "production",
    "createdDate": "2026-03-01T11:00:00.123Z",
    "startedDate": "2026-03-01T11:10:00.456Z",
    "finishedDate": "2026-03-01T11:20:00.789Z",
}


@pytest.fixture
def api():
    """Return a pipeline in which the job deploy succeeded in production."""
    project = gitlab.GitLab()
    project.jobs = [gitlab.job()]
    project.deploys(501, "production", "production")
    return project


@pytest.fixture
def job(api, server):
    """Return a job of the template and its variables, while the API answers."""

    @contextmanager
    def made(which="success", env=(), **inputs):
        jobs, _ = gitlab.included(**{"url": server.url, "connection": "1"} | inputs)
        found = jobs[f"devlake-ci:{inputs.get('deploy_job', 'deploy')}:{which}"]
        with api.served() as url:
            # The project's own variables go before those in YAML.
            yield found, PIPELINE | gitlab.variables(found) | {"CI_API_V4_URL": url} | dict(env)

    return made


@pytest.fixture
def run(job, make_runtime, capsys):
    """Run what the script of a job calls, in this process: `run("success", input=value)`."""

    def ran(*which, **more):
        with job(*which, **more) as (_, env):
            capsys.readouterr()
            code = gitlab_step(make_runtime(env))
        return Ran(code, *capsys.readouterr())

    return ran


@pytest.fixture
def shell(job, tmp_path):
    """Run the script of a job as a runner does: in a shell."""

    def ran(*which, typed="", **more):
        with job(*which, **more) as (made, env):
            path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
            done = subprocess.run(
                ["bash", "-eo", "pipefail", "-c", "\n".join(made["script"]) + typed],
                env=env | {"PATH": path, "HOME": str(tmp_path)}, cwd=tmp_path,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    return ran


@pytest.fixture
def sent(run, server):
    """Run the same, and give what DevLake got: path, headers, body."""

    def ran(*arguments, **more):
        told = run(*arguments, **more)
        assert server.received, told
        return server.received[-1]

    return ran


def test_what_the_job_did_is_reported_as_its_own(shell, server):
    ran = shell()

    (received,) = server.received
    commits = received.body.pop("deploymentCommits")
    assert (ran.code, received.body) == (0, WHOLE)
    assert [(each["commitSha"], each["refName"], each["result"]) for each in commits] == [
        (SHA, "main", "SUCCESS")
    ]
    assert "Reported: SUCCESS in PRODUCTION (production)." in ran.out


def test_devlake_stores_it(run):
    with Sandbox() as devlake:
        ran = run(url=devlake.connection_url, connection="", env={"DEVLAKE_TOKEN": devlake.token})

        (row,) = devlake.rows("cicd_deployments")
    assert ran.code == 0
    assert (row["result"], row["environment"]) == ("SUCCESS", "PRODUCTION")


def test_inputs_reach_the_body_through_the_shell_of_the_job(shell, server):
    given = {"service": WILD, "environment": ONE_LINE, "environment_map": f"{ONE_LINE}=STAGING"}

    shell(**given, connection="it's $( id )")

    (body,) = (each.body for each in server.received)
    assert body["name"] == f"Deploy {WILD} of acme/shop to {ONE_LINE}"
    assert (body["environment"], body["originalEnvironment"]) == ("STAGING", ONE_LINE)


@pytest.mark.parametrize(("hard", "code"), [(False, 0), (True, 4)])
def test_only_fail_on_error_lets_the_job_fail(shell, server, hard, code):
    server.script = [Reply(403, {"message": "api key is invalid"})]

    ran = shell(fail_on_error=hard)

    assert ran.code == code
    assert "api key is invalid" in ran.err


def test_what_is_typed_behind_the_command_goes_to_report(shell, server):
    ran = shell(typed=" --dry-run --service 'a b'")

    assert (ran.code, server.received) == (0, [])
    assert "Deploy a b of acme/shop" in ran.out


def test_a_machine_that_speaks_no_unicode_is_no_obstacle(shell, server):
    shell(service="🚀", env={"PYTHONIOENCODING": "ascii"})

    assert server.received[0].body["name"].startswith("Deploy 🚀")


def test_every_option_is_an_input_but_what_is_secret():
    secret = {each.name for each in declared() if each.metadata.get("secret")}
    options = {kebab(each.name) for each in declared() if each.name not in secret}

    assert set(gitlab.declared()) == options - {"on-failure"} | {"fail-on-error"} | OWN
    assert not {"token", "header", "gitlab-token"} & set(gitlab.declared())


@pytest.mark.parametrize(
    ("status", "result"), [("success", "SUCCESS"), ("failed", "FAILURE"), ("canceled", "ABORT")]
)
@pytest.mark.parametrize("name", ["success", "failure"])
def test_the_job_s_own_end_counts_whichever_of_the_two_runs(sent, api, name, status, result):
    api.jobs = [gitlab.job(status=status, allow_failure=True)]

    body = sent(name).body

    assert (body["result"], body["deploymentCommits"][0]["result"]) == (result, result)


def test_an_empty_result_is_a_mistake(run, server):
    ran = run(result="", fail_on_error=True)

    assert (ran.code, server.received) == (2, [])
    assert "result is empty, so nothing is reported." in ran.err


@pytest.mark.parametrize("status", ["manual", "skipped", "created", "running", "canceling"])
def test_a_job_that_has_not_ended_is_nothing_to_report(run, api, server, status):
    api.jobs = [gitlab.job(status=status, started_at=None, finished_at=None)]

    ran = run(fail_on_error=True)

    assert (ran.code, server.received) == (0, [])
    assert f'devlake-ci: Nothing is reported: the job "deploy" is {status}.' in ran.err


def test_a_report_run_again_is_the_same_deployment(sent):
    first, again = (sent(env={"CI_JOB_ID": number}).body for number in ("900", "901"))

    assert first == again


def test_the_token_of_the_project_goes_before_the_job_s(sent, api):
    api.token = "own"

    assert sent(env={"DEVLAKE_GITLAB_TOKEN": "own"}).body["result"] == "SUCCESS"


def test_the_report_jobs_wait_for_the_job_that_deploys_and_for_nothing_else():
    rules = [{"if": '$CI_COMMIT_TAG =~ /^v"/'}]

    jobs, _ = gitlab.included(deploy_job="ship it", artifacts=True, rules=rules, stage="report",
                              image="registry.example.com/ci@sha256:12")  # fmt: skip

    for name, when in (("success", "on_success"), ("failure", "on_failure")):
        job = jobs[f"devlake-ci:ship it:{name}"]
        assert job["needs"] == [{"job": "ship it", "optional": True, "artifacts": True}]
        assert (job["when"], job["rules"], job["stage"]) == (when, rules, "report")
        assert (job["allow_failure"], job["image"]) == (True, "registry.example.com/ci@sha256:12")


def test_a_deployment_that_failed_begins_no_incident(api, run, server):
    earlier = {"started_at": "2026-02-01T11:00:00Z", "finished_at": "2026-02-01T11:01:00Z"}
    api.jobs = [gitlab.job(status="failed"), gitlab.job(400, pipeline=41, **earlier)]
    api.deploys(400, "production", "production")

    ran = run("failure", mode="both")

    (deployment,) = server.received
    assert (ran.code, deployment.body["result"]) == (0, "FAILURE")


def ended(number, job, name, status, minute):
    """Return a job of a pipeline that ran an hour after the pipeline before."""
    at = f"2026-03-01T0{number - 40}:{minute}"
    return gitlab.job(job, name, status, pipeline=number,
                      started_at=f"{at}:00Z", finished_at=f"{at}:30Z")  # fmt: skip


@pytest.fixture
def verified(api, run, server):
    """Run the report of a check in a pipeline of its own: `verified(42, "failed")`."""
    api.jobs = []

    def ran(number, status, deploy="success"):
        before = len(server.received)
        if deploy:
            api.jobs.append(ended(number, number * 10, "deploy", deploy, "10"))
        api.jobs.append(ended(number, number * 10 + 1, "smoke test", status, "20"))
        which = "verify-failure" if status == "failed" else "verify-success"
        env = {"CI_JOB_ID": str(number * 10 + 2), "CI_PIPELINE_ID": str(number)}
        told = run(which, env=env, verify_job="smoke test", environment="production")
        assert told.code == 0, told
        return [each.body for each in server.received[before:]]

    return ran


def test_a_check_that_fails_opens_an_incident_and_the_next_that_succeeds_closes_it(verified):
    assert verified(41, "success") == []

    bodies = [body for number, status in ((42, "failed"), (43, "failed"), (44, "success"))
              for body in verified(number, status)]  # fmt: skip

    assert [each["status"] for each in bodies] == ["TODO", "TODO", "DONE"]
    assert len({each["issueKey"] for each in bodies}) == 1


@pytest.mark.parametrize("deploy", ["failed", "manual", "skipped", "canceled"])
def test_no_incident_begins_if_the_pipeline_deployed_nothing_good(verified, deploy):
    assert verified(41, "success") == []

    assert verified(42, "failed", deploy=deploy) == []


def test_a_check_in_a_pipeline_that_deploys_nothing_may_open_an_incident(verified):
    assert verified(41, "success") == []

    (opened,) = verified(42, "failed", deploy=None)

    assert opened["status"] == "TODO"


def test_incidents_are_the_checks_whatever_inputs_say_of_a_deployment():
    given = {"result": "canceled", "mode": "both", "incident_result": "canceled"}
    rules = [{"if": "$CI_COMMIT_TAG"}]
    jobs, _ = gitlab.included(verify_job="smoke test", stage="report", rules=rules, **given)

    for name in ("success", "failure"):
        job = jobs[f"devlake-ci:deploy:verify-{name}"]
        variables = gitlab.variables(job)
        assert (job["when"], job["stage"]) == (f"on_{name}", "report")
        assert job["needs"] == [{"job": "smoke test", "optional": True, "artifacts": False}]
        assert job["rules"] == [{"if": '"smoke test" == "none"', "when": "never"}, rules]
        assert variables.items() >= {
            "DEVLAKE_INPUT_MODE": "incident", "DEVLAKE_INPUT_RESULT": "job",
            "DEVLAKE_INPUT_INCIDENT_RESULT": "job", "DEVLAKE_VERIFY_JOB": "smoke test",
            "DEVLAKE_DEPLOY_JOB": "deploy",
        }.items()  # fmt: skip


def test_a_misspelled_job_is_a_warning_that_names_the_jobs_there_are(run, server):
    ran = run(deploy_job="deplyo")

    assert (ran.code, server.received) == (0, [])
    assert (
        'warning: not reported: This pipeline has no job "deplyo". Its jobs are "deploy".'
        in ran.err
    )


def test_the_template_included_twice_without_a_prefix_keeps_both_deployments():
    """GitLab merges jobs of one name, and the last file's remain."""
    one, all_of_one = gitlab.included(deploy_job="to-eu", service="eu")
    two, all_of_two = gitlab.included(deploy_job="to-us", service="us")

    assert not one.keys() & two.keys()
    assert all_of_one.keys() & all_of_two.keys() == {".devlake-ci"}
    for jobs, service in ((one, "eu"), (two, "us")):
        for job in jobs.values():
            assert gitlab.variables(job)["DEVLAKE_INPUT_SERVICE"] == service
    merged = all_of_one | all_of_two
    for name, job in one.items():
        assert gitlab.extended(merged, name) == job


def test_a_job_that_reports_by_itself_needs_no_api(api, server, tmp_path):
    _, all_of_it = gitlab.included(url=server.url, connection="1", service="$( id )")
    base = all_of_it[".devlake-ci"]
    told = {"CI_JOB_ID": "501", "CI_JOB_NAME": "deploy", "CI_JOB_STATUS": "canceled",
            "CI_ENVIRONMENT_NAME": "production", "CI_ENVIRONMENT_TIER": "production"}  # fmt: skip

    done = subprocess.run(
        ["bash", "-c", "\n".join(base["after_script"])], cwd=tmp_path, check=False,
        env=PIPELINE | gitlab.variables(base) | told
        | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )  # fmt: skip

    (received,) = server.received
    assert (done.returncode, api.asked) == (0, [])
    assert received.body["result"] == "ABORT"
    assert received.body["name"] == "Deploy $( id ) of acme/shop to production"


def test_no_input_is_put_where_a_shell_would_read_it():
    content = list(yaml.safe_load_all(gitlab.TEMPLATE.read_text()))[1]

    scripts = [line for job in content.values() for key in ("script", "after_script")
               for line in job.get(key, [])]  # fmt: skip
    assert set(scripts) == {"devlake-ci-gitlab"}


def test_no_global_keyword_is_used():
    content = list(yaml.safe_load_all(gitlab.TEMPLATE.read_text()))[1]

    assert all(re.match(r"\.?\$\[\[ inputs\.job-prefix \]\]", name) for name in content)
