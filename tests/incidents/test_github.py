"""Incidents of jobs on GitHub, found in its runs: a stand-in for its API, and one for DevLake.

A job is told as it happens: it is in progress while the program runs in it, and has ended six
seconds later. Times are minutes after NOON.
"""

import json
from datetime import timedelta

import pytest

from devlake_sandbox import Sandbox
from tests.ci.recorded import RECORDED
from tests.incidents.github_api import DENIED, FORK, GitHub, Job, Run
from tests.support import NOON

PUSH = RECORDED["github-push"]
END = 0.1
"""Minutes from the report to the end of its job."""


class Pipelines:
    """Runs jobs of workflows on GitHub, in each of which the program reports to DevLake."""

    def __init__(self, devlake_ci, ticking, devlake, github, folder):
        self.devlake_ci, self.ticking = devlake_ci, ticking
        self.devlake, self.github, self.folder = devlake, github, folder
        self.ids = 0

    def ends(self, result, number, ended, *arguments, began=None, env=None, event=None, **of):
        """Let the job of run `number` end: report in it, and give how the program ended."""
        run, job = self.begins(number, ended - 5 if began is None else began, **of)
        self.ticking.now = NOON + timedelta(minutes=ended)
        variables = self.variables(run, job, result, event) | (env or {})
        done = self.devlake_ci(
            "report", "--mode=incident", "--environment=production", *arguments, env=variables
        )
        self.over(job, result, ended + END)
        return done

    def begins(self, number, began, *, name="deploy", branch="main", attempt=1, **of):
        runs = self.github.runs
        run = next((one for one in runs if one.id == number), None)
        if run is None:
            run = Run(number, [], branch=branch, **of)
            runs.append(run)
        self.ids += 1
        job = Job(name, began, None, None, attempt=attempt, id=self.ids)
        run.jobs.append(job)
        return run, job

    def over(self, job, result, ended):
        job.conclusion, job.ended = result, ended

    def was(self, result, number, ended, began=None, **of):
        """Let a job end in which nothing is reported, and give its run."""
        run, job = self.begins(number, ended - 5 if began is None else began, **of)
        self.over(job, result, ended)
        return run

    def variables(self, run, job, result, event):
        path = self.folder / "event.json"
        path.write_text(json.dumps(event or PUSH["event"]))
        kind = "tag" if run.branch in self.github.tags else "branch"
        return PUSH["env"] | {
            "DEVLAKE_URL": self.devlake.connection_url,
            "DEVLAKE_TOKEN": self.devlake.token,
            "DEVLAKE_GITHUB_TOKEN": "gh-t0ken",
            "DEVLAKE_JOB_STATUS": result,
            "DEVLAKE_CHECK_RUN_ID": str(job.id),
            "GITHUB_API_URL": self.github.url,
            "GITHUB_EVENT_NAME": run.event,
            "GITHUB_EVENT_PATH": str(path),
            "GITHUB_REF_NAME": run.branch,
            "GITHUB_REF_TYPE": kind,
            "GITHUB_RUN_ATTEMPT": str(job.attempt),
            "GITHUB_RUN_ID": str(run.id),
            "GITHUB_RUN_NUMBER": str(run.id),
            "GITHUB_WORKFLOW": run.name,
            "GITHUB_WORKFLOW_REF": f"octo-org/octo-repo/.github/workflows/{run.file}@refs/heads/x",
        }

    @property
    def incidents(self):
        """What DevLake has: for each incident when it began and ended, in minutes after NOON."""
        return [
            (minute(row["created_date"]), minute(row.get("resolution_date")))
            for row in self.devlake.rows("incidents")
        ]

    @property
    def keys(self):
        return [row["incident_key"] for row in self.devlake.rows("incidents")]


def minute(text):
    """Read a time of the database; None if it is empty."""
    if not text:
        return None
    when = NOON.fromisoformat(f"{text}+00:00")
    return round((when - NOON) / timedelta(minutes=1), 1)


@pytest.fixture
def ci(devlake_ci, ticking, tmp_path):
    with Sandbox() as devlake, GitHub().serving() as github:
        yield Pipelines(devlake_ci, ticking, devlake, github, tmp_path)


def test_a_first_failure_opens_an_incident(ci):
    ran = ci.ends("failure", 1, 10)

    assert ran.code == 0
    (row,) = ci.devlake.rows("incidents")
    assert ci.incidents == [(10, None)]
    assert (row["status"], row["original_status"]) == ("TODO", "FAILURE")
    assert row["title"] == "octo-org/octo-repo: Deploy / deploy failed in production"
    assert row["url"] == "https://github.com/octo-org/octo-repo/actions/runs/1"
    assert ci.devlake.requests[-1]["ignored"] == []


def test_a_success_with_none_open_tells_nothing(ci):
    ran = ci.ends("success", 1, 10)

    assert ran.code == 0
    assert "none is open" in ran.err
    assert ci.devlake.requests == []


def test_each_further_failure_is_the_same_incident_from_the_end_of_the_first(ci):
    for number in (1, 2, 3):
        ci.ends("failure", number, number * 10)

    assert ci.incidents == [(10 + END, None)]


def test_a_recovery_closes_the_incident_as_it_was_opened(ci):
    ci.ends("success", 1, 10)
    ci.ends("failure", 2, 20)
    (key,) = ci.keys
    ci.ends("failure", 3, 30)

    ci.ends("success", 4, 40)

    assert ci.incidents == [(20 + END, 40)]
    assert ci.keys == [key]
    (row,) = ci.devlake.rows("incidents")
    assert (row["status"], row["original_status"]) == ("DONE", "SUCCESS")
    assert row["lead_time_minutes"] == "19"


def test_the_next_failure_after_a_recovery_is_another_incident(ci):
    for number, result in enumerate(["failure", "success", "failure", "success"], 1):
        ci.ends(result, number, number * 10)

    assert ci.incidents == [(10 + END, 20), (30 + END, 40)]


def test_a_recovery_that_devlake_could_not_be_told_is_to_be_told_by_hand(ci, devlake_ci):
    ci.ends("failure", 1, 10)
    (key,) = ci.keys
    lost = ci.ends("success", 2, 20, "--deadline=1", env={"DEVLAKE_URL": "http://127.0.0.1:9/api",
                                                          "DEVLAKE_CONNECTION": "1"})  # fmt: skip
    env = {"DEVLAKE_URL": ci.devlake.connection_url, "DEVLAKE_TOKEN": ci.devlake.token}

    devlake_ci("incident", "close", key, "--title=Down", "--created-at=2026-03-01T12:10:06Z",
               "--resolved-at=2026-03-01T12:20:00Z", env=env)  # fmt: skip

    assert lost.code == 5
    assert f'Close "{key}" by hand' in lost.err
    assert "--created-at 2026-03-01T12:10:06Z --resolved-at 2026-03-01T12:20:00Z" in lost.err
    assert ci.incidents == [(10 + END, 20)]


def test_a_job_that_is_run_again_and_succeeds_closes_the_incident_of_its_first_attempt(ci):
    ci.ends("failure", 1, 10)

    ci.ends("success", 1, 20, attempt=2)

    assert ci.incidents == [(10 + END, 20)]


def test_a_job_that_is_listed_again_because_others_were_run_again_is_one_failure(ci):
    ci.ends("failure", 1, 10)
    (run,) = ci.github.runs
    run.jobs.insert(0, Job("deploy", 5, 10 + END, "failure", attempt=2, id=70))
    run.jobs.insert(1, Job("lint", 30, 31, "success", attempt=2, id=71))

    ci.ends("failure", 2, 40)

    assert ci.incidents == [(10 + END, None)]


def test_a_roll_back_that_runs_an_old_run_again_closes_the_incident(ci):
    ci.ends("success", 1, 10)
    ci.ends("failure", 2, 20)

    ci.ends("success", 1, 30, attempt=2)
    ci.ends("failure", 3, 40)

    assert ci.incidents == [(20 + END, 30), (40, None)]


def test_a_roll_back_is_found_though_a_hundred_runs_are_younger_than_what_it_ran_again(ci):
    ci.was("success", 1, 10)
    for number in range(2, 122):
        ci.was("success", number, 10 + number)
    ci.ends("failure", 122, 210)
    ci.ends("success", 1, 220, attempt=2)

    ci.ends("failure", 123, 230)

    assert ci.incidents == [(210 + END, 220), (230, None)]


def test_an_old_run_that_ends_later_than_a_newer_one_says_nothing_of_how_it_is(ci):
    _, slow = ci.begins(1, 0)
    ci.ends("success", 2, 10, began=5)
    ran = ci.ends("failure", 3, 20, began=1)
    ci.over(slow, "failure", 30)

    ci.ends("success", 4, 40)

    assert "a run that began after this one was already reported" in ran.err
    assert ci.incidents == []


def test_an_old_success_that_ends_later_does_not_close_a_newer_failure(ci):
    ci.ends("failure", 2, 10, began=5)

    ci.ends("success", 1, 20, began=1)

    assert ci.incidents == [(10, None)]


def test_a_failure_counts_though_its_run_is_still_going_and_seems_older_than_a_success(ci):
    run, _ = ci.begins(1, 0, name="a long test")
    run.updated = 0
    ci.was("failure", 1, 15, began=10)
    ci.was("success", 2, 14, began=9)

    ci.ends("failure", 3, 30)

    assert ci.incidents == [(15, None)]


def test_runs_that_wait_for_an_approval_are_not_all_asked_for_their_jobs(ci):
    for number in range(1, 130):
        ci.begins(number, number, status="waiting")
    ci.was("success", 130, 200)

    ci.ends("failure", 131, 210)

    assert ci.incidents == [(210, None)]
    assert sum(path.endswith("/jobs") for path in ci.github.asked) == 1


def test_tag_releases_on_refs_of_their_own_are_one_streak(ci):
    ci.github.tags = {"v1.0.0", "v1.0.1", "pkg@2.0.0", "releases/3"}
    ci.ends("failure", 1, 10, branch="v1.0.0")
    ci.ends("failure", 2, 20, branch="v1.0.1")
    ci.ends("failure", 3, 30, branch="pkg@2.0.0")

    ci.ends("success", 4, 40, branch="releases/3")

    assert ci.incidents == [(10 + END, 40)]


def test_failures_of_feature_branches_pull_requests_and_forks_do_not_count(ci):
    ci.was("failure", 1, 10, branch="feature/a")
    ci.was("failure", 2, 20, event="pull_request", branch="main")
    ci.was("failure", 3, 30, event="pull_request_target", branch="main")
    ci.was("failure", 4, 40, branch="main", head_repository=FORK)
    ci.was("failure", 5, 50, branch="main", head_repository=None)

    assert ci.ends("success", 6, 60).code == 0
    assert ci.incidents == []


def test_a_feature_branchs_own_failure_is_no_incident_unless_it_is_named(ci):
    ran = ci.ends("failure", 1, 10, branch="feature/a")
    ci.ends("failure", 2, 20, "--incident-branches=feature/*", branch="feature/a")

    assert "No incident is reported: it runs for" in ran.err
    assert ci.incidents == [(10 + END, None)]


def test_branches_that_are_named_need_no_look_up(ci):
    ci.was("failure", 1, 10, branch="feature/a")

    ci.ends("failure", 2, 20, "--incident-branches=main")

    assert not any("/git/" in path for path in ci.github.asked)


def test_other_jobs_of_the_run_do_not_matter(ci):
    run = ci.was("success", 1, 10)
    run.jobs.append(Job("notify", 11, 12, "failure", id=70))

    ci.ends("success", 2, 20)

    assert ci.incidents == []


@pytest.mark.parametrize("between", ["cancelled", "skipped", "neutral", "action_required"])
def test_a_job_that_was_stopped_or_skipped_neither_ends_nor_begins_anything(ci, between):
    ci.was(between, 1, 5)
    ci.ends("failure", 2, 10)
    ci.was(between, 3, 15)

    ci.ends("success", 4, 20)

    assert ci.incidents == [(10 + END, 20)]


def test_a_cancelled_job_reports_nothing(ci):
    ci.ends("failure", 1, 10)
    ran = ci.ends("cancelled", 2, 20)

    assert "the job ended as ABORT" in ran.err
    assert ci.incidents == [(10, None)]


def test_a_new_display_name_of_the_workflow_changes_nothing_of_the_incident(ci):
    ci.ends("failure", 1, 10, name="deploy")
    for run in ci.github.runs:
        run.name = "Ship it"

    ci.begins(2, 15)
    run = ci.github.runs[-1]
    run.name = "Ship it"
    ci.ends("success", 2, 20)

    assert ci.incidents == [(10 + END, 20)]


def test_a_workflow_in_a_renamed_file_is_another_one(ci):
    ci.ends("failure", 1, 10)

    ran = ci.ends("success", 2, 20, file="ship.yml")

    assert "none is open" in ran.err
    assert ci.incidents == [(10, None)]


def test_legs_of_a_matrix_are_streaks_of_their_own(ci):
    ci.ends("failure", 1, 10, name="deploy (eu)")
    ci.ends("failure", 1, 11, name="deploy (us)")

    ci.ends("success", 2, 20, name="deploy (eu)")

    assert ci.incidents == [(10 + END, 20), (11, None)]
    assert [row["title"].partition(" failed")[0] for row in ci.devlake.rows("incidents")] == [
        "octo-org/octo-repo: Deploy / deploy (eu)",
        "octo-org/octo-repo: Deploy / deploy (us)",
    ]


def test_legs_of_a_matrix_that_share_a_state_file_are_streaks_of_their_own(ci, tmp_path):
    kept = f"--incident-state=file:{tmp_path}/state.json"
    ci.ends("failure", 1, 10, kept, env={"DEVLAKE_MATRIX_INDEX": "0"})
    ci.ends("failure", 1, 11, kept, env={"DEVLAKE_MATRIX_INDEX": "1"})

    ci.ends("success", 2, 20, kept, env={"DEVLAKE_MATRIX_INDEX": "1"})

    assert ci.incidents == [(10, None), (11, 20)]
    assert ci.github.asked == []


def test_a_job_of_a_reusable_workflow_is_found_by_its_callers_name(ci):
    ci.ends("failure", 1, 10, name="call / deploy")
    ci.was("success", 2, 15, name="deploy")

    ci.ends("success", 3, 20, name="call / deploy")

    assert ci.incidents == [(10 + END, 20)]


def test_a_large_matrix_takes_several_pages(ci):
    run = ci.was("failure", 1, 10, name="deploy (0)")
    run.jobs += [Job(f"deploy ({leg})", 5, 10, "success", id=1000 + leg) for leg in range(1, 150)]
    run.jobs += [Job("deploy (150)", 5, 11, "failure", id=2000)]

    ci.ends("success", 2, 20, name="deploy (150)")

    assert ci.incidents == [(11, 20)]


def test_a_failure_more_than_a_page_of_runs_ago_is_found(ci):
    ci.ends("failure", 1, 10)
    for number in range(2, 150):
        ci.was("success", number, 10 + number, branch="feature", event="pull_request")

    ci.ends("success", 150, 200)

    assert ci.incidents == [(10 + END, 200)]


def test_too_many_failures_in_a_row_are_told_as_such(ci):
    for number in range(1, 120):
        ci.was("failure", number, 10 * number)

    ran = ci.ends("failure", 120, 2000)

    assert ran.code == 3
    assert 'no success of the job "deploy"' in ran.err
    assert "(100 of those that count)" in ran.err
    assert "incident close" in ran.err
    assert ci.incidents == []


def test_a_job_that_was_only_skipped_for_a_hundred_runs_is_not_taken_for_a_new_one(ci):
    ci.ends("failure", 1, 10, name="call / deploy (eu)")
    for number in range(2, 110):
        ci.was("skipped", number, 10 * number, name="call")

    assert ci.ends("failure", 120, 2000, name="call / deploy (eu)").code == 3
    assert ci.incidents == [(10, None)]


def test_a_job_that_is_new_in_an_old_workflow_has_nothing_open(ci):
    for number in range(1, 120):
        ci.was("failure", number, 10 * number, name="build")

    ci.ends("failure", 120, 2000, name="verify")

    assert ci.incidents == [(2000, None)]


@pytest.mark.parametrize("tags", [0, 3, 20])
def test_behind_500_runs_of_300_other_branches_an_incident_is_opened_kept_and_closed(ci, tags):
    ci.github.tags = {f"v1.{number}" for number in range(tags)}
    for number, result in ((1, "success"), (1000, "failure"), (2000, "failure"), (3000, "success")):
        ci.github.asked.clear()

        ci.ends(result, number, 10 * number)
        others(ci, number + 1, 500)

        assert len(ci.github.asked) <= 12
    assert ci.incidents == [(10000 + END, 30000)]


@pytest.mark.parametrize(("tags", "lists"), [(4, 5), (5, 2)])
def test_four_tags_are_asked_for_by_name_and_more_in_one_list(ci, tags, lists):
    ci.github.tags = {f"v1.{number}" for number in range(tags)}

    ci.ends("success", 1, 10)

    assert sum(path.endswith("/runs") for path in ci.github.asked) == lists


@pytest.mark.parametrize("branch", ["release/1", "release/2"])
def test_behind_500_runs_of_300_other_branches_a_pattern_finds_its_branches(ci, branch):
    for number, result in ((1, "failure"), (1000, "success")):
        ci.github.asked.clear()

        ci.ends(result, number, 10 * number, "--incident-branches=release/*",
                branch="release/1" if number == 1 else branch)  # fmt: skip
        others(ci, number + 1, 500)

        assert len(ci.github.asked) <= 12
    assert ci.incidents == [(10 + END, 10000)]


def test_thousands_of_runs_of_other_branches_do_not_hide_the_own_one(ci):
    ci.ends("failure", 1, 10)
    others(ci, 2, 3000)
    ci.github.asked.clear()

    ci.ends("success", 4000, 50000)

    assert len(ci.github.asked) <= 12
    assert ci.incidents == [(10 + END, 50000)]


def others(ci, number, count):
    """Let feature branches have runs of the workflow."""
    for each in range(number, number + count):
        ci.was("success", each, 10 * each, branch=f"feature/{each % 300}")


DAY = 24 * 60


@pytest.mark.parametrize(("days", "is_found"), [(29, True), (32, False)])
def test_runs_are_read_back_as_far_as_one_may_have_been_run_again(ci, days, is_found):
    now = 100 * DAY
    for number in range(1, 151):
        run = ci.was("success", number, now - 300 + number)
        run.created = now - days * DAY + number / 100

    ci.ends("success", 200, now)

    pages = [path for path in ci.github.asked if path.endswith("/runs")]
    assert len(pages) == (2 if is_found else 1)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/runs$", {"workflow_runs": 7}),
        ("/runs$", {"workflow_runs": [{"id": "x"}]}),
        ("/runs$", ["runs"]),
        ("/runs$", {"workflow_runs": [{"id": 1, "event": "push", "created_at": "soon"}]}),
        ("/runs$", {"workflow_runs": [{"id": 1, "event": "push", "repository": "x",
                                       "created_at": "2026-03-01T12:00:00Z"}]}),
        ("/runs$", {"workflow_runs": [{"id": 1, "event": "push", "actor": "x",
                                       "created_at": "2026-03-01T12:00:00Z"}]}),
        (r"/actions/jobs/\d+$", {"id": 1}),
        (r"/actions/jobs/\d+$", None),
        ("/matching-refs/", {"ref": "x"}),
    ],
)  # fmt: skip
def test_an_answer_of_another_kind_is_a_refusal(ci, path, answer):
    ci.github.refusals[path] = (200, answer)

    ran = ci.ends("failure", 1, 10)

    assert ran.code == 3
    assert "not what its documentation says" in ran.err
    assert ci.incidents == []


@pytest.mark.parametrize(("path", "list_"), [("/runs$", "workflow_runs"), ("/jobs$", "jobs")])
def test_a_list_that_is_missing_is_named_as_github_names_it(ci, path, list_):
    ci.was("failure", 1, 10)
    ci.github.refusals[path] = (200, {"total_count": 0})

    ran = ci.ends("success", 2, 20)

    assert f'(at "{list_}")' in ran.err


@pytest.mark.parametrize("path", ["/runs$", "/jobs$", r"/actions/jobs/\d+$", "/git/matching-refs/"])
@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (DENIED, "actions: read"),
        ((429, {"message": "Too many"}), "1,000 requests an hour"),
        ((403, {"message": "API rate limit exceeded for installation."}), "1,000 requests an hour"),
        ((500, {"message": "Server Error"}), "GitHub answered 500"),
    ],
)
def test_what_github_refuses_is_an_error_that_says_what_to_do(ci, path, refusal, says):
    ci.was("failure", 1, 10)
    ci.github.refusals[path] = refusal

    ran = ci.ends("failure", 2, 20)

    assert ran.code == 3
    assert "Which incident is open is not known" in ran.err
    assert says in ran.err
    assert "gh-t0ken" not in ran.shown
    assert ci.incidents == []


@pytest.mark.parametrize("path", ["/runs$", "/jobs$", r"/actions/jobs/\d+$"])
def test_a_repository_that_cannot_be_seen_is_an_error(ci, path):
    ci.was("failure", 2, 5)
    ci.github.refusals[path] = (404, {"message": "Not Found"})

    ran = ci.ends("failure", 1, 10)

    assert ran.code == 3
    assert "404" in ran.err
    assert ci.incidents == []


def test_a_github_that_is_not_reached_is_an_error(ci):
    ran = ci.ends("failure", 1, 10, env={"GITHUB_API_URL": "http://127.0.0.1:9"})

    assert ran.code == 3
    assert "GitHub was not reached" in ran.err
    assert ci.incidents == []


def test_without_the_workflows_file_nothing_can_be_found(ci):
    ran = ci.ends("failure", 1, 10, env={"GITHUB_WORKFLOW_REF": ""})

    assert ran.code == 3
    assert "GITHUB_WORKFLOW_REF, which names the workflow, is not set" in ran.err


GHES = {"DEVLAKE_CHECK_RUN_ID": ""}


def test_on_an_enterprise_server_the_job_is_the_one_that_runs_on_this_runner(ci):
    for number, result, ended in ((1, "failure", 10), (2, "success", 20)):
        _, other = ci.begins(number, ended - 5, name="deploy (us)")
        other.runner = "another"
        ci.ends(result, number, ended, name="deploy (eu)", env=GHES)
        ci.over(other, "success", ended)

    assert ci.incidents == [(10 + END, 20)]


def test_on_an_enterprise_server_the_job_may_be_on_a_further_page(ci):
    for number, result, ended in ((1, "failure", 10), (2, "success", 20)):
        run = ci.was("success", number, ended - 5, name="deploy (0)")
        legs = range(1, 150)
        run.jobs += [Job(f"deploy ({leg})", 1, 2, "success", id=1000 + leg) for leg in legs]
        ci.ends(result, number, ended, name="deploy (150)", env=GHES)

    assert ci.incidents == [(10 + END, 20)]


def test_on_an_enterprise_server_a_job_that_cannot_be_told_from_others_is_an_error(ci):
    ci.begins(1, 5, name="deploy (us)")

    ran = ci.ends("failure", 1, 10, name="deploy (eu)", env=GHES)

    assert ran.code == 3
    assert "Could not identify this job" in ran.err


def test_a_result_that_is_not_the_jobs_own_is_refused(ci):
    for own, given in (("success", "failure"), ("failure", "success"), ("cancelled", "failure")):
        ran = ci.ends(own, 1, 10, f"--incident-result={given}")

        assert ran.code == 2
        assert "later runs would" in ran.err
    assert ci.incidents == []


def test_a_deployments_status_is_not_taken_for_the_jobs_own(ci):
    event = RECORDED["github-deployment_status"]["event"]

    for chosen in ("auto", "github"):
        ran = ci.ends("failure", 1, 10, f"--incident-state={chosen}", "--incident-branches=*",
                      event=event, env={"GITHUB_EVENT_NAME": "deployment_status"})  # fmt: skip

        assert ran.code == 2
        assert "that of a deployment" in ran.err


def test_runs_that_other_runs_set_off_may_be_for_any_branch(ci):
    event = RECORDED["github-workflow_run"]["event"]
    of = {"event": event, "env": {"GITHUB_EVENT_NAME": "workflow_run"}}

    unsure = ci.ends("failure", 1, 10, "--incident-branches=*", **of)
    ci.ends("failure", 2, 20, "--incident-branches=*", "--incident-state=github", **of)

    assert unsure.code == 3
    assert "workflow_run" in unsure.err
    assert ci.incidents == [(10 + END, None)]


@pytest.mark.parametrize(
    "chosen",
    [
        {"inputs": {"environment": "production", "force": True}},
        {"client_payload": {"target": "production"}},
        {"deployment": {"environment": "production", "id": 1}},
    ],
)
def test_an_environment_that_is_chosen_for_each_run_must_be_in_the_jobs_name(ci, chosen):
    event = PUSH["event"] | chosen

    unsure = ci.ends("failure", 1, 10, event=event, name="deploy to preproduction")
    ci.ends("failure", 2, 20, event=event, name="deploy to production")

    assert unsure.code == 3
    assert '"production" was chosen for this run' in unsure.err
    assert ci.incidents == [(20, None)]


def test_a_service_that_is_chosen_for_each_run_must_be_in_the_jobs_name(ci):
    event = PUSH["event"] | {"inputs": {"service": "api"}}

    unsure = ci.ends("failure", 1, 10, "--service=api", event=event)

    assert unsure.code == 3
    assert '"api" was chosen for this run' in unsure.err


def test_branch_and_tags_of_one_job_may_go_to_different_environments(ci):
    ci.github.tags = {"v1"}
    ci.was("failure", 1, 10)

    unsure = ci.ends("success", 2, 20, branch="v1")
    sure = ci.ends("success", 3, 30, "--incident-branches=v*", branch="v1")

    assert unsure.code == 3
    assert "--incident-branches" in unsure.err
    assert "none is open" in sure.err
    assert ci.incidents == []


def test_staging_has_no_incidents(ci):
    ran = ci.ends("failure", 1, 10, "--environment=staging")

    assert "this is STAGING" in ran.err
    assert ci.incidents == []


@pytest.mark.parametrize("unsure", ["non-prod", "prod-like", "somewhere"])
def test_an_environment_that_may_not_be_production_is_an_error(ci, unsure):
    ran = ci.ends("failure", 1, 10, f"--environment={unsure}")

    assert ran.code == 3
    assert "--environment-map" in ran.err
    assert ci.incidents == []


@pytest.mark.parametrize("state", ["auto", "github"])
def test_with_both_a_file_is_asked_for_since_runs_do_not_say_how_a_deployment_ended(ci, state):
    ran = ci.ends("failure", 1, 10, "--mode=both", "--result=success", f"--incident-state={state}")

    assert ran.code == 3
    assert "--incident-state file:PATH" in ran.err
    assert [row["result"] for row in ci.devlake.rows("cicd_deployments")] == ["SUCCESS"]
    assert ci.incidents == []
