"""What GitLab is asked about the job that deploys, and what is made of its answers."""

from datetime import UTC, datetime

import pytest

from devlake_ci import ci
from devlake_ci.ci.provider import Reply
from devlake_ci.errors import MissingError, NothingToReport
from devlake_ci.model import Result
from tests.gitlab import GitLab, job

ENV = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_JOB_ID": "900",
    "CI_JOB_NAME": "devlake-ci:success",
    "CI_JOB_STARTED_AT": "2026-03-01T11:59:00Z",
    "CI_JOB_TOKEN": "j0b-t0ken",
    "CI_PIPELINE_CREATED_AT": "2026-03-01T11:00:00Z",
    "CI_PIPELINE_ID": "42",
    "CI_PROJECT_ID": "5",
    "DEVLAKE_DEPLOY_JOB": "deploy",
}
LATER = {"started_at": "2026-03-01T11:30:00Z", "finished_at": "2026-03-01T11:40:00Z"}
UNTOUCHED = {"started_at": None, "finished_at": None}


@pytest.fixture
def project():
    """Return a project in whose pipeline the job deploy succeeded in production."""
    gitlab = GitLab()
    gitlab.jobs = [job(400, "build"), job()]
    gitlab.deploys(501, "shop/live", "production")
    return gitlab


def asked(project, where=True, **env):
    """Ask for what the job did."""
    env = ENV | env
    context = ci.read_context(env, lambda _: None, lambda *_: None)
    return ci.provider_of(env).reported_job(context, env, project.ask, where)


def at(minute, second=0, micro=0):
    return datetime(2026, 3, 1, 11, minute, second, micro, tzinfo=UTC)


def test_the_job_speaks_instead_of_ours(project):
    context = asked(project)

    assert (context.job, context.job_id, context.result) == ("deploy", "501", Result.SUCCESS)
    assert (context.environment, context.tier) == ("shop/live", "production")
    assert context.created_at == at(0, 0, 123000)
    assert context.started_at == at(10, 0, 456000)
    assert context.finished_at == at(20, 0, 789000)
    assert context.run_id == "42"
    assert context.sources["result"] == "GitLab's answer about the job deploy"


def test_without_a_job_to_ask_about_no_api_is_asked(project):
    context = asked(project, DEVLAKE_DEPLOY_JOB="")

    assert (context.job, project.asked) == ("devlake-ci:success", [])


VERIFY = {"DEVLAKE_VERIFY_JOB": "smoke test"}


def test_the_job_that_verifies_speaks_instead_of_ours(project):
    project.jobs.append(job(502, "smoke test", status="failed", **LATER))

    context = asked(project, **VERIFY)

    assert (context.job, context.job_id, context.result) == ("smoke test", "502", Result.FAILURE)
    assert (context.started_at, context.finished_at) == (at(30), at(40))
    assert context.no_incident is None
    assert project.asked == ["/api/v4/projects/5/pipelines/42/jobs"]


@pytest.mark.parametrize("status", ["failed", "canceled", "skipped", "manual", "running"])
def test_no_incident_begins_where_the_job_that_deploys_did_not_succeed(project, status):
    project.jobs = [job(status=status), job(502, "smoke test", status="failed")]

    context = asked(project, **VERIFY)

    assert context.no_incident == f'the job "deploy" of this pipeline is {status}'


def test_the_newest_attempt_to_deploy_decides_whether_an_incident_may_begin(project):
    project.jobs = [job(500, status="failed"), job(501), job(502, "smoke test", status="failed")]

    assert asked(project, **VERIFY).no_incident is None


def test_an_incident_may_begin_in_a_pipeline_that_deploys_nothing(project):
    project.jobs = [job(502, "smoke test", status="failed")]

    assert asked(project, **VERIFY).no_incident is None
    assert asked(project, **VERIFY, DEVLAKE_DEPLOY_JOB="").no_incident is None


def test_a_job_that_verifies_nothing_yet_is_nothing_to_report(project):
    project.jobs.append(job(502, "smoke test", status="skipped", **UNTOUCHED))

    with pytest.raises(NothingToReport, match='the job "smoke test" is skipped'):
        asked(project, **VERIFY)


def test_another_ci_is_not_asked(project):
    assert asked(project, DEVLAKE_CI="circleci").provider == "circleci"
    assert project.asked == []


def test_where_it_went_is_not_asked_if_somebody_says_it(project):
    context = asked(project, where=False)

    assert context.environment is None
    assert project.asked == ["/api/v4/projects/5/pipelines/42/jobs"]


def test_nothing_is_asked_for_a_merge_request_that_deploys_nowhere(project):
    context = asked(project, CI_PIPELINE_SOURCE="merge_request_event")

    assert (context.pull_request, project.asked) == ("it runs for a merge request", [])


@pytest.mark.parametrize(
    "odd", [{"id": True}, {"name": 7}, {"status": None}, {"status": {}}, {"finished_at": [5]}]
)
def test_an_oddly_typed_answer_is_said_to_be_unknown(project, odd):
    project.jobs = [job(**odd)]

    with pytest.raises((MissingError, NothingToReport)):
        asked(project)


@pytest.mark.parametrize(
    ("status", "result"),
    [("success", Result.SUCCESS), ("failed", Result.FAILURE), ("canceled", Result.ABORT)],
)
def test_its_status_is_the_result_whatever_the_pipeline_makes_of_it(project, status, result):
    project.jobs = [job(status=status, allow_failure=True)]

    assert asked(project).result is result


@pytest.mark.parametrize(
    "status",
    ["created", "waiting_for_resource", "waiting_for_callback", "preparing", "pending", "running",
     "scheduled", "manual", "skipped", "canceling"],
)  # fmt: skip
def test_what_has_not_ended_is_nothing_to_report(project, status):
    project.jobs = [job(status=status, **UNTOUCHED)]

    with pytest.raises(NothingToReport, match=f'the job "deploy" is {status}'):
        asked(project)


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_what_never_ran_deployed_nothing(project, status):
    project.jobs = [job(status=status, started_at=None)]

    with pytest.raises(NothingToReport, match=rf"never ran \({status}\)"):
        asked(project)


def test_a_job_that_is_not_there_is_told_with_the_jobs_that_are(project):
    project.jobs.append(job(502, "smoke test"))

    with pytest.raises(MissingError) as raised:
        asked(project, DEVLAKE_DEPLOY_JOB="deplyo")

    assert 'no job "deplyo". Its jobs are "build, deploy, smoke test".' in raised.value.message
    assert "starts another pipeline" in raised.value.hint


@pytest.mark.parametrize("name", ["deploy-eu", "deploy eu", "my deploy", "deploy 1/2 x", "Deploy"])
def test_a_job_of_a_similar_name_is_another_one(project, name):
    project.jobs = [job(name=name)]

    with pytest.raises(MissingError):
        asked(project)


def test_a_job_of_another_pipeline_is_another_one(project):
    project.jobs = [job(pipeline=41)]

    with pytest.raises(MissingError):
        asked(project)


def test_the_newest_attempt_counts(project):
    project.retried = [job(501, status="failed")]
    project.jobs = [job(502, **LATER)]
    project.deploys(502, "shop/live", "production")

    context = asked(project)

    assert (context.job_id, context.result, context.finished_at) == ("502", Result.SUCCESS, at(40))


def test_a_job_among_hundreds_is_found(project):
    project.jobs += [job(number, f"test {number}") for number in range(1000, 1250)]

    assert asked(project).job_id == "501"


def test_a_deployment_among_hundreds_is_found(project):
    project.jobs += [job(number, f"review {number}") for number in range(1000, 1250)]
    for number in range(1000, 1250):
        project.deploys(number, f"review/{number}", "development", place=number)

    assert asked(project).environment == "shop/live"


def parallel(*statuses):
    return [job(600 + number, f"deploy {number}/{len(statuses)}", status)
            for number, status in enumerate(statuses, 1)]  # fmt: skip


@pytest.mark.parametrize(
    ("statuses", "result"),
    [
        (("success", "success"), Result.SUCCESS),
        (("success", "failed"), Result.FAILURE),
        (("canceled", "failed"), Result.FAILURE),
        (("canceled", "success"), Result.ABORT),
    ],
)
def test_parallel_legs_are_one_deployment_that_is_as_good_as_the_worst(project, statuses, result):
    project.jobs = parallel(*statuses)
    project.jobs[0] |= LATER
    for each in project.jobs:
        project.deploys(each["id"], "shop/live", "production")

    context = asked(project)

    assert (context.result, context.job, context.job_id) == (result, "deploy", "602")
    assert (context.started_at, context.finished_at) == (at(10, 0, 456000), at(40))
    assert context.environment == "shop/live"


def test_legs_that_were_cancelled_before_they_began_do_not_hide_one_that_deployed(project):
    project.jobs = parallel("success", "canceled")
    project.jobs[1]["started_at"] = None
    for each in project.jobs:
        project.deploys(each["id"], "shop/live", "production")

    context = asked(project)

    assert (context.result, context.started_at) == (Result.ABORT, at(10, 0, 456000))


def test_parallel_legs_are_waited_for(project):
    project.jobs = parallel("success", "running")

    with pytest.raises(NothingToReport, match='"deploy 2/2" is running'):
        asked(project)


def test_parallel_legs_in_several_environments_are_no_single_deployment(project):
    project.jobs = parallel("success", "success")
    project.deploys(601, "eu", "production", place=1)
    project.deploys(602, "us", "staging", place=2)

    with pytest.raises(MissingError, match='GitLab names "eu, us"'):
        asked(project)


def test_a_parallel_leg_that_went_nobody_knows_where_is_not_guessed(project):
    project.jobs = parallel("success", "success")
    project.deploys(601, "shop/live", "production")

    with pytest.raises(MissingError, match="is not known"):
        asked(project)


def test_the_legs_of_a_matrix_may_be_a_deployment_each(project):
    project.jobs = [job(601, "deploy: [eu, 1]"), job(602, "deploy: [us, 1]")]

    with pytest.raises(MissingError, match=r'"deploy: \[eu, 1\], deploy: \[us, 1\]"') as raised:
        asked(project)

    assert "with that leg's whole name" in raised.value.hint


def test_one_leg_of_a_matrix_speaks_for_itself(project):
    project.jobs = [job(601, "deploy: [eu, 1]"), job(602, "deploy: [us, 1]", "failed")]
    project.deploys(602, "us", "production", place=2)

    context = asked(project, DEVLAKE_DEPLOY_JOB="deploy: [us, 1]")

    assert (context.result, context.environment) == (Result.FAILURE, "us")


def test_an_unknown_status_is_not_guessed(project):
    project.jobs = [job(status="splendid")]

    with pytest.raises(MissingError, match='"splendid"'):
        asked(project)


@pytest.mark.parametrize("odd", [None, "", "soon", 1])
def test_an_end_without_a_time_is_not_guessed(project, odd):
    project.jobs = [job(finished_at=odd)]

    with pytest.raises(MissingError, match="when the job"):
        asked(project)


def test_a_job_without_an_environment_asks_for_one(project):
    project.places.clear()

    with pytest.raises(MissingError, match="no environment") as raised:
        asked(project)

    assert "DEVLAKE_ENVIRONMENT" in raised.value.hint


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_older_gitlab_that_hides_jobs_tells_of_deployments(project, status):
    project.refused["jobs"] = status
    project.retried = [job(500, status="failed")]
    project.deploys(500, "shop/live", "production")

    context = asked(project)

    assert (context.job_id, context.result) == ("501", Result.SUCCESS)
    assert (context.environment, context.tier) == ("shop/live", "production")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_who_may_ask_nothing_is_told_what_it_takes(project, status):
    project.refused = {"jobs": status, "deployments": status}

    with pytest.raises(MissingError, match=f"GitLab answered {status} for deployments") as raised:
        asked(project)

    assert "DEVLAKE_GITLAB_TOKEN" in raised.value.hint


def test_a_later_pipeline_s_deployment_is_not_taken_for_this_one_s(project):
    project.refused["jobs"] = 403
    project.jobs.append(job(502, status="failed", pipeline=43))
    project.deploys(502, "shop/live", "production")

    assert asked(project).job_id == "501"


def test_a_job_that_does_not_say_when_it_was_made_is_found_all_the_same(project):
    project.jobs = [job(created_at=None)]

    assert asked(project).environment == "shop/live"


def test_that_no_deployment_is_seen_proves_nothing_where_jobs_are_hidden(project):
    project.refused["jobs"] = 403
    project.places.clear()

    with pytest.raises(MissingError, match="GitLab answered 403"):
        asked(project)


def test_parallel_legs_of_which_some_are_hidden_are_not_guessed(project):
    project.refused["jobs"] = 403
    project.jobs = parallel("success", "failed")
    project.deploys(601, "shop/live", "production")

    with pytest.raises(MissingError, match="deploy 1/2"):
        asked(project)


@pytest.mark.parametrize("route", ["deployments", "environments"])
def test_a_name_is_not_taken_for_a_tier_because_the_tier_was_not_told(project, route):
    project.refused[route] = 502

    with pytest.raises(MissingError, match="GitLab answered 502"):
        asked(project)


def test_a_gitlab_that_is_not_reached_is_said(project):
    project.ask = lambda *_: Reply(None, message="no answer in time")

    with pytest.raises(MissingError, match="for pipelines/42/jobs of the project: no answer in"):
        asked(project)


@pytest.mark.parametrize("odd", [None, {}, "x", 1, {"message": "200"}])
def test_an_odd_answer_is_not_taken_for_a_list_of_jobs(project, odd):
    project.ask = lambda *_: Reply(200, odd)

    with pytest.raises(MissingError, match="GitLab answered 200"):
        asked(project)


def test_an_endless_answer_is_not_read_forever(project):
    project.ask = lambda *_: Reply(200, [job(1, "other")] * 100)

    with pytest.raises(MissingError, match="more than"):
        asked(project)


@pytest.mark.parametrize("missing", ["CI_API_V4_URL", "CI_PROJECT_ID", "CI_PIPELINE_ID"])
def test_without_an_address_no_server_is_asked(project, missing):
    with pytest.raises(MissingError, match=missing):
        asked(project, **{missing: ""})

    assert project.asked == []


def test_the_user_s_own_token_goes_first(project):
    project.token = "own"

    assert asked(project, DEVLAKE_GITLAB_TOKEN="own").result is Result.SUCCESS
