"""Incidents of jobs on GitLab, found in its deployments and jobs: stand-ins for it and DevLake.

A job is told as it happens: it is running while the program runs in its `after_script`, and has
ended six seconds later. Times are minutes after NOON; GitLab's have milliseconds (722).
"""

from datetime import timedelta

import pytest

from devlake_sandbox import Sandbox
from tests.ci.recorded import RECORDED
from tests.incidents.gitlab_api import PROJECT, GitLab, Job
from tests.support import NOON

BRANCH = RECORDED["gitlab-after_script-failed"]["env"]
DEPLOY = {"CI_ENVIRONMENT_NAME": "production", "CI_ENVIRONMENT_TIER": "production",
          "CI_ENVIRONMENT_ACTION": "start"}  # fmt: skip
VERIFY = {"CI_ENVIRONMENT_NAME": "production", "CI_ENVIRONMENT_TIER": "production",
          "CI_ENVIRONMENT_ACTION": "verify"}  # fmt: skip

END = 0.1
"""Minutes from the report to the end of its job."""


class Pipelines:
    """Runs jobs of pipelines on GitLab, in each of which the program reports to DevLake."""

    def __init__(self, devlake_ci, ticking, devlake, gitlab):
        self.devlake_ci, self.ticking = devlake_ci, ticking
        self.devlake, self.gitlab = devlake, gitlab

    def ends(self, status, number, ended, *arguments, env=DEPLOY, job=None, **of):
        """Let a job (a new one of pipeline `number`) end; give how the program in it ended."""
        job = job or self.begins(number, env=env, **of)
        job.began, job.status = ended - 5, "running"
        self.ticking.now = NOON + timedelta(minutes=ended)
        done = self.devlake_ci("report", "--mode=incident", *arguments,
                               env=self.variables(job, status) | env)  # fmt: skip
        job.ended, job.status = ended + END, status
        return done

    def begins(self, number, *, name="deploy", env=DEPLOY, status="manual", **of):
        """Make a job of pipeline `number` that somebody may play."""
        environment = env.get("CI_ENVIRONMENT_NAME") if env is DEPLOY else None
        job = Job(100 + len(self.gitlab.jobs), number, name, status, None,
                  environment=environment, **of)  # fmt: skip
        self.gitlab.jobs.append(job)
        return job

    def was(self, status, number, ended, began=None, **of):
        """Let a job end in which nothing is reported."""
        job = self.begins(number, **of)
        job.began, job.ended, job.status = began or ended - 5, ended, status

    def variables(self, job, status):
        began = NOON + timedelta(minutes=job.began)
        return BRANCH | {
            "DEVLAKE_URL": self.devlake.connection_url,
            "DEVLAKE_TOKEN": self.devlake.token,
            "CI_API_V4_URL": f"{self.gitlab.url}/api/v4",
            "CI_COMMIT_BRANCH": "" if job.tag else job.ref,
            "CI_COMMIT_TAG": job.ref if job.tag else "",
            "CI_JOB_ID": str(job.id),
            "CI_JOB_NAME": job.name,
            "CI_JOB_STARTED_AT": began.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "CI_JOB_STATUS": status,
            "CI_JOB_TOKEN": "job-t0ken",
            "CI_PIPELINE_ID": str(job.pipeline),
            "CI_PIPELINE_IID": str(job.pipeline),
            "CI_PIPELINE_NAME": f"Pipeline {job.pipeline} of its own name",
            "CI_PIPELINE_URL": f"https://gitlab.com/acme/shop/-/pipelines/{job.pipeline}",
            "CI_PROJECT_DIR": "",
            "CI_PROJECT_ID": PROJECT,
        }

    @property
    def incidents(self):
        """What DevLake has: for each incident when it began and ended, in minutes after NOON."""
        return [
            (minute(row["created_date"]), minute(row.get("resolution_date")))
            for row in self.devlake.rows("incidents")
        ]


def minute(text):
    """Read a time of the database; None if it is empty."""
    if not text:
        return None
    when = NOON.fromisoformat(f"{text}+00:00").replace(microsecond=0)
    return round((when - NOON) / timedelta(minutes=1), 1)


@pytest.fixture
def ci(devlake_ci, ticking):
    with Sandbox() as devlake, GitLab().serving() as gitlab:
        yield Pipelines(devlake_ci, ticking, devlake, gitlab)


@pytest.fixture(params=[DEPLOY, VERIFY], ids=["deploy", "verify"])
def env(request):
    return request.param


def test_a_first_failure_opens_an_incident(ci):
    ran = ci.ends("failed", 1, 10)

    assert ran.code == 0
    (row,) = ci.devlake.rows("incidents")
    assert ci.incidents == [(10, None)]
    assert (row["status"], row["original_status"]) == ("TODO", "FAILURE")
    assert row["title"] == "acme/shop: deploy failed in production"
    assert row["url"] == "https://gitlab.com/acme/shop/-/pipelines/1"
    assert ci.gitlab.tokens == [{"job-token": "job-t0ken"}]
    assert [what for what, _ in ci.gitlab.asked] == ["deployments"]


def test_a_failing_check_is_found_in_the_jobs_of_the_project(ci):
    ci.ends("failed", 1, 10, name="verify", env=VERIFY)

    assert ci.incidents == [(10, None)]
    assert [what for what, _ in ci.gitlab.asked] == ["jobs"]


def test_a_recovery_closes_the_incident_of_the_first_failure_as_it_was_opened(ci, env):
    results = ["success", "failed", "failed", "success", "success"]
    for number, result in enumerate(results, 1):
        ci.ends(result, number, number * 10, env=env)

    assert ci.incidents == [(20 + END, 40)]
    (row,) = ci.devlake.rows("incidents")
    assert (row["status"], row["original_status"]) == ("DONE", "SUCCESS")
    assert row["title"] == "acme/shop: deploy failed in production"
    assert row["url"].endswith("/pipelines/2")


def test_a_job_that_is_retried_is_another_job_of_the_same_pipeline(ci, env):
    ci.ends("failed", 1, 10, env=env)
    ci.ends("failed", 1, 20, env=env)

    ci.ends("success", 1, 30, env=env)

    assert ci.incidents == [(10 + END, 30)]


def test_a_manual_job_that_is_played_after_newer_pipelines_is_the_newest(ci, env):
    old = ci.begins(1, env=env)
    ci.ends("success", 2, 20, env=env)
    ci.ends("failed", 1, 30, job=old, env=env)
    ci.ends("failed", 3, 40, env=env)

    ci.ends("success", 4, 50, env=env)

    assert ci.incidents == [(30 + END, 50)]


def test_a_deployment_that_was_never_played_or_cancelled_says_nothing(ci, env):
    ci.ends("failed", 1, 10, env=env)
    ci.begins(2, env=env)
    ci.was("canceled", 3, 15, env=env)
    ran = ci.ends("canceled", 4, 20, env=env)

    ci.ends("success", 5, 30, env=env)

    assert "the job ended as ABORT" in ran.err
    assert ci.incidents == [(10 + END, 30)]


def test_tags_are_one_streak_and_other_branches_and_jobs_are_none(ci, env):
    ci.was("failed", 1, 10, ref="feature/a", env=env)
    ci.was("failed", 2, 10, ref="refs/merge-requests/7/head", env=env)
    ci.was("failed", 3, 10, name="another", env=env)
    ci.ends("failed", 4, 20, ref="v1.0.0", tag=True, env=env)

    ci.ends("success", 5, 30, ref="v1.0.1", tag=True, env=env)

    assert ci.incidents == [(20 + END, 30)]


def test_branches_that_are_named_count(ci, env):
    ci.ends("failed", 1, 10, "--incident-branches=release/*", ref="release/1", env=env)
    ci.ends("success", 2, 20, ref="main", env=env)

    ci.ends("success", 3, 30, "--incident-branches=release/*", ref="release/2", env=env)

    assert ci.incidents == [(10 + END, 30)]


def test_a_merge_request_is_no_branch_that_any_pattern_names(ci, env):
    ci.was("success", 1, 10, env=env)
    ci.was("failed", 2, 20, env=env, ref="refs/merge-requests/15/head")

    ci.ends("failed", 3, 30, "--incident-branches=*", env=env)

    assert ci.incidents == [(30, None)]


def test_an_environment_of_another_name_is_another_streak(ci):
    for job in (ci.begins(1), ci.begins(2)):
        job.environment = "staging"
        job.began, job.ended, job.status = 1, 2, "failed"

    ci.ends("success", 3, 10)

    assert ci.incidents == []


def test_an_environment_is_what_its_tier_says(ci):
    staging = DEPLOY | {"CI_ENVIRONMENT_NAME": "eu-1", "CI_ENVIRONMENT_TIER": "staging"}
    ran = ci.ends("failed", 1, 10, env=staging)
    ci.ends("failed", 2, 20, env=staging | {"CI_ENVIRONMENT_TIER": "production"})

    assert "this is STAGING" in ran.err
    assert ci.incidents == [(20, None)]


def test_a_failure_many_pages_ago_is_found(ci, env):
    ci.ends("failed", 1, 10, env=env)
    for number in range(2, 250):
        ci.was("success", number, 10 + number, ref="feature", env=env)

    ci.ends("success", 250, 300, env=env)

    assert ci.incidents == [(10 + END, 300)]


def test_a_success_on_the_first_page_is_enough(ci, env):
    for number in range(1, 250):
        ci.was("success", number, 10 * number, env=env)

    ci.ends("failed", 250, 3000, env=env)

    assert len(ci.gitlab.asked) == 1
    assert ci.incidents == [(3000, None)]


OWN_TOKEN = {"DEVLAKE_GITLAB_TOKEN": "own-t0ken"}


@pytest.mark.parametrize("env", [DEPLOY, VERIFY | OWN_TOKEN], ids=["deploy", "verify"])
def test_behind_ten_thousand_jobs_of_others_an_incident_is_opened_kept_and_closed(ci, env):
    for number, result in ((1, "success"), (4000, "failed"), (8000, "failed"), (12000, "success")):
        others(ci, number + 1, 3300)
        ci.gitlab.asked.clear()

        ci.ends(result, number, 10 * number, env=env, name="smoke")

        assert len(ci.gitlab.asked) <= 12
    assert ci.incidents == [(40000 + END, 120000)]


def test_with_the_jobs_own_token_the_pipelines_that_deployed_are_read(ci):
    for number, result in ((1, "success"), (4000, "failed"), (8000, "failed"), (12000, "success")):
        others(ci, number + 1, 3300)
        ci.was("success", number, 10 * number - 6)
        ci.gitlab.asked.clear()

        ci.ends(result, number, 10 * number, env=VERIFY, name="smoke")

        assert len(ci.gitlab.asked) <= 12
    assert ci.incidents == [(40000 + END, 120000)]


def test_a_check_without_deployments_in_a_busy_project_needs_a_token(ci):
    others(ci, 2, 1000)

    ran = ci.ends("failed", 1, 10, env=VERIFY, name="smoke")

    assert ran.code == 3
    assert "read_api" in ran.err
    assert ci.incidents == []


@pytest.mark.parametrize("branch", ["release/1", "release/2"])
def test_behind_ten_thousand_jobs_of_others_a_pattern_finds_its_branches(ci, branch):
    pattern = "--incident-branches=release/*"
    for number, result in ((1, "failed"), (4000, "success")):
        ref = "release/1" if number == 1 else branch
        others(ci, number + 1, 3300)
        ci.gitlab.asked.clear()

        ci.ends(result, number, 10 * number, pattern, env=VERIFY | OWN_TOKEN, ref=ref)

        assert len(ci.gitlab.asked) <= 12
    assert ci.incidents == [(10 + END, 40000)]


@pytest.mark.parametrize(("branches", "lists"), [(4, 5), (5, 1)])
def test_four_branches_are_asked_for_by_name_and_more_in_one_list(ci, branches, lists):
    for number in range(branches):
        ci.was("success", number, 10, name="verify", env=VERIFY, ref=f"release/{number}")

    ci.ends("failed", 10, 20, "--incident-branches=release/*", name="verify",
            env=VERIFY | OWN_TOKEN, ref="release/0")  # fmt: skip

    assert sum(what == "pipelines" for what, _ in ci.gitlab.asked) == lists


@pytest.mark.parametrize(("others", "code"), [(48, 0), (50, 3)])
def test_the_jobs_of_fifty_pipelines_are_listed_at_most(ci, others, code):
    ci.was("success", 1, 1, name="verify", env=VERIFY)
    for number in range(others):
        ci.was("success", 10 + number, 10 + number, name="test", env=VERIFY)

    ran = ci.ends("failed", 100, 200, name="verify", env=VERIFY | OWN_TOKEN)

    assert ran.code == code
    assert sum(what.endswith("/jobs") for what, _ in ci.gitlab.asked) == 50


def test_each_tag_is_a_ref_of_its_own_and_all_are_found_with_a_token(ci):
    env = VERIFY | OWN_TOKEN
    ci.ends("failed", 1, 10, ref="v1.0.0", tag=True, env=env)

    ci.ends("success", 2, 20, ref="v1.0.1", tag=True, env=env)

    assert ci.incidents == [(10 + END, 20)]


def others(ci, number, count):
    """Let pipelines of feature branches have their jobs."""
    for each in range(count):
        ci.was("success", number + each, 10 * number, name="test", env=VERIFY,
               ref=f"feature/{each % 300}")  # fmt: skip


@pytest.mark.parametrize(
    "answer", [{"message": "hello"}, ["a"], [{"id": "x", "deployable": 1}], None]
)
def test_an_answer_of_another_kind_is_a_refusal(ci, env, answer):
    ci.gitlab.refusals = dict.fromkeys(("jobs", "deployments"), (200, answer))

    ran = ci.ends("failed", 1, 10, env=env)

    assert ran.code == 3
    assert "not what its documentation says" in ran.err


def test_too_many_failures_in_a_row_are_told_as_such(ci, env):
    for number in range(1, 2010):
        ci.was("failed", number, 10 * number, env=env)

    ran = ci.ends("failed", 2010, 30000, env=env)

    assert ran.code == 3
    assert "no success of this job is among" in ran.err
    assert ci.incidents == []


@pytest.mark.parametrize(
    "refusal",
    [
        (401, {"message": "401 Unauthorized"}),
        (403, {"message": "403 Forbidden"}),
        (404, {"message": "404 Project Not Found"}),
        (404, {"error": "404 Not Found"}),
    ],
)
def test_what_gitlab_refuses_is_an_error_that_says_what_to_do(ci, env, refusal):
    ci.gitlab.refusals = dict.fromkeys(("jobs", "deployments"), refusal)

    ran = ci.ends("failed", 1, 10, env=env)

    assert ran.code == 3
    assert f"GitLab answered {refusal[0]}" in ran.err
    assert "read_api" in ran.err
    assert "job-t0ken" not in ran.out + ran.err
    assert ci.incidents == []


def test_a_gitlab_that_is_not_reached_is_an_error(ci):
    ran = ci.ends("failed", 1, 10, env=DEPLOY | {"CI_API_V4_URL": "http://127.0.0.1:9/api/v4"})

    assert ran.code == 3
    assert "GitLab was not reached" in ran.err


def test_a_token_of_ones_own_is_asked_with(ci):
    ci.ends("failed", 1, 10, env=DEPLOY | {"DEVLAKE_GITLAB_TOKEN": "own-t0ken"})

    assert ci.gitlab.tokens == [{"private-token": "own-t0ken"}]


REPORT = {"DEVLAKE_VERIFY_JOB": "smoke", "DEVLAKE_DEPLOY_JOB": "deploy", "CI_JOB_STATUS": "running",
          "DEVLAKE_ENVIRONMENT": "production"}  # fmt: skip


def verified(ci, number, ended, *, deploy, smoke):
    """Let a pipeline deploy and verify, and report what it found in a job after it."""
    for name, status, minute in (("deploy", deploy, ended - 3), ("smoke", smoke, ended)):
        if status:
            ci.was(status, number, minute, name=name, began=minute - 1)
    return ci.ends("success", number, ended + 2, env=REPORT, name="devlake-ci:smoke")


def test_a_job_that_verifies_opens_an_incident_only_after_a_good_deployment(ci):
    ran = verified(ci, 1, 10, deploy="failed", smoke="failed")
    verified(ci, 2, 20, deploy="success", smoke="failed")
    verified(ci, 3, 30, deploy="failed", smoke="failed")
    verified(ci, 4, 40, deploy="success", smoke="success")

    assert "No incident begins" in ran.shown
    assert ci.incidents == [(20, 40)]


def test_a_failed_deployment_between_two_good_ones_leaves_no_incident(ci):
    for number, deploy in enumerate(("success", "failed", "success"), 1):
        verified(ci, number, 10 * number, deploy=deploy, smoke=deploy)

    assert ci.incidents == []


def test_a_deployment_that_was_retried_with_success_opens_nothing_afterwards(ci):
    verified(ci, 1, 10, deploy="failed", smoke="failed")
    verified(ci, 1, 20, deploy="success", smoke="success")

    assert ci.incidents == []


def test_a_scheduled_check_of_production_opens_an_incident_without_a_deployment(ci):
    verified(ci, 1, 10, deploy="success", smoke="success")
    verified(ci, 2, 20, deploy=None, smoke="failed")
    verified(ci, 3, 30, deploy=None, smoke="success")

    assert ci.incidents == [(20, 30)]
