"""Incidents as a pipeline reports them, in the rows of a DevLake that is old or new."""

import json
from datetime import datetime, timedelta

import pytest

from devlake_sandbox import Sandbox, dora
from tests.support import DATA, NOON, SHA, Reply

VERIFY = {
    "CIRCLECI": "true",
    "CIRCLE_SHA1": SHA,
    "CIRCLE_BRANCH": "main",
    "CIRCLE_REPOSITORY_URL": "git@github.com:acme/shop.git",
    "CIRCLE_BUILD_URL": "https://ci.example/42",
    "CIRCLE_USERNAME": "ada",
    "CIRCLE_JOB": "verify",
    "DEVLAKE_ENVIRONMENT": "production",
    "DEVLAKE_INCIDENT_BRANCHES": "main",
}
MONTHS = json.loads((DATA / "contract" / "dora-month.json").read_text())


class Pipeline:
    """A pipeline whose job runs again and again, at the times that a test says."""

    def __init__(self, devlake_ci, ticking, devlake, path):
        self.devlake_ci = devlake_ci
        self.ticking = ticking
        self.env = {
            **VERIFY,
            "DEVLAKE_URL": devlake.connection_url,
            "DEVLAKE_TOKEN": devlake.token,
            "DEVLAKE_INCIDENT_STATE": f"file:{path}",
        }
        self.runs = 0

    def run(self, result, when, *arguments, mode="incident", **env):
        self.runs += 1
        self.ticking.now = when
        run = {"CIRCLE_WORKFLOW_ID": f"w{self.runs}", "CIRCLE_WORKFLOW_JOB_ID": f"j{self.runs}"}
        given = [f"--mode={mode}", f"--incident-result={result}", *arguments]
        return self.devlake_ci("report", *given, env=self.env | run | env)


@pytest.fixture(params=["v0.21.0", "v1.0.3"])
def devlake(request):
    with Sandbox(request.param) as sandbox:
        yield sandbox


@pytest.fixture
def pipeline(devlake_ci, ticking, devlake, tmp_path):
    return Pipeline(devlake_ci, ticking, devlake, tmp_path / "kept" / "state.json")


def after(**more):
    return NOON + timedelta(**more)


def test_the_rows_after_open_repeat_close_and_reopen(pipeline, devlake):
    seen = []
    for result, minutes in (("failed", 0), ("failed", 30), ("success", 95), ("success", 100),
                            ("failed", 200)):  # fmt: skip
        assert pipeline.run(result, after(minutes=minutes)).code == 0
        seen.append(devlake.rows("issues")[-1])

    opened, repeated, closed, quiet, reopened = seen
    assert (opened["status"], opened["type"]) == ("TODO", "INCIDENT")
    assert opened["created_date"] == "2026-03-01 12:00:00.000"
    assert "resolution_date" not in {key for key, value in opened.items() if value}
    assert repeated == opened | {"updated_date": "2026-03-01 12:30:00.000"}
    assert closed == opened | {
        "status": "DONE",
        "original_status": "SUCCESS",
        "updated_date": "2026-03-01 13:35:00.000",
        "resolution_date": "2026-03-01 13:35:00.000",
        "lead_time_minutes": "95",
    }
    assert quiet == closed
    assert len(devlake.rows("issues")) == 2
    assert reopened["issue_key"] != opened["issue_key"]
    assert reopened["created_date"] == "2026-03-01 15:20:00.000"


def test_an_incident_says_what_failed_where_and_by_whom(pipeline, devlake):
    pipeline.run("failed", NOON, "--service", "api")

    (issue,) = devlake.rows("issues")
    assert issue["title"] == "api of acme/shop: verify failed in production"
    assert issue["url"] == "https://ci.example/42"
    assert issue["component"] == "api"
    assert issue["description"] == (
        "Job: verify\nEnvironment: production\nService: api\nBranch or tag: main\n"
        f"Commit: https://github.com/acme/shop/commit/{SHA}\nStarted by: ada\n"
        "Run: https://ci.example/42"
    )


def test_both_puts_the_incident_on_the_deployment_beside_it(pipeline, devlake):
    ran = pipeline.run("failed", NOON, "--result=success", mode="both")

    commits, (incident,) = devlake.rows("cicd_deployment_commits"), dora_incidents(devlake)
    assert ran.code == 0
    assert dora.cause(commits, incident) == commits[0]["cicd_deployment_id"]
    assert "Reported: SUCCESS in PRODUCTION" in ran.out
    assert "Reported: the incident is open." in ran.out


def dora_incidents(devlake):
    table = "incidents" if devlake.version.since("v1.0.1") else "issues"
    return devlake.rows(table)


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_with_both_no_incident_begins_unless_this_runs_deployment_succeeded(
    pipeline, devlake, result
):
    ran = pipeline.run("failed", NOON, f"--result={result}", mode="both")

    assert ran.code == 0
    assert "No incident begins" in ran.shown
    assert devlake.rows("issues") == []


def test_with_both_a_failed_deployment_between_two_good_ones_leaves_failure_rate_0(
    pipeline, devlake
):
    for day, result in enumerate(["success", "failure", "success"]):
        pipeline.run(result, after(days=5 * day), f"--result={result}", mode="both")

    (month,) = devlake.months
    assert [row["result"] for row in devlake.rows("cicd_deployments")] == [
        "SUCCESS",
        "FAILURE",
        "SUCCESS",
    ]
    assert month.failure_rate == 0
    assert devlake.rows("issues") == []


def test_with_both_a_failed_deployment_keeps_open_what_an_earlier_run_opened(pipeline, devlake):
    pipeline.run("failed", NOON, "--result=success", mode="both")
    pipeline.run("failed", after(minutes=30), "--result=failure", mode="both")
    pipeline.run("success", after(minutes=60), "--result=success", mode="both")

    (issue,) = devlake.rows("issues")
    assert (issue["status"], issue["created_date"]) == ("DONE", "2026-03-01 12:00:01.000")


def test_with_both_an_incident_of_a_deployment_of_the_past_begins_and_ends_then(pipeline, devlake):
    for result, when in (("failed", "2026-02-27T10:00:00Z"), ("success", "2026-02-27T11:00:00Z")):
        pipeline.run(result, NOON, "--result=success", f"--finished-at={when}", mode="both")

    (issue,) = devlake.rows("issues")
    assert issue["created_date"] == "2026-02-27 10:00:01.000"
    assert issue["resolution_date"] == "2026-02-27 11:00:01.000"


def test_both_says_reported_only_if_both_were_stored(devlake_ci, server, tmp_path):
    env = VERIFY | {"DEVLAKE_URL": server.url, "DEVLAKE_CONNECTION": "1",
                    "DEVLAKE_RESULT": "success",
                    "DEVLAKE_INCIDENT_STATE": f"file:{tmp_path}/s"}  # fmt: skip
    for script, code in (
        ([Reply(403, {"message": "api key is invalid"}), Reply()], 4),
        ([Reply(), Reply(403, {"message": "api key is invalid"})], 4),
        ([Reply(), Reply()], 0),
    ):
        server.script = script

        ran = devlake_ci("report", "--mode=both", "--incident-result=failed", "--format=json",
                         env=env)  # fmt: skip

        assert ran.code == code
        assert ran.json["reported"] is (code == 0)


def test_a_deployment_without_an_incident_is_reported_whole(pipeline):
    ran = pipeline.run("success", NOON, "--result=success", "--format=json", mode="both")

    assert ran.json["reported"] is True
    assert ran.json["problem"] is None
    assert "incident-key" not in ran.json


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"CIRCLE_BRANCH": "feature"}, 'it runs for "feature"'),
        ({"CIRCLE_PR_NUMBER": "7"}, "it runs for a pull request"),
        ({"DEVLAKE_ENVIRONMENT": "staging"}, "count it against PRODUCTION"),
        ({"DEVLAKE_INCIDENT_STATE": "none"}, "is none"),
    ],
)
def test_what_is_no_incident_says_why_and_is_no_failure(pipeline, devlake, env, why):
    ran = pipeline.run("failed", NOON, **env)

    assert (ran.code, devlake.requests) == (0, [])
    assert why in ran.err


@pytest.mark.parametrize("result", ["cancelled", "skipped"])
def test_a_job_that_did_not_end_says_nothing_of_how_it_is(pipeline, devlake, result):
    assert pipeline.run(result, NOON).code == 0
    assert devlake.requests == []


def test_the_default_branch_has_to_be_known(pipeline):
    ran = pipeline.run("failed", NOON, DEVLAKE_INCIDENT_BRANCHES="")

    assert ran.code == 3
    assert "--incident-branches" in ran.err


def test_tags_count_without_being_named(pipeline, devlake):
    tag = {"CIRCLE_BRANCH": "", "CIRCLE_TAG": "v1.2.3", "DEVLAKE_INCIDENT_BRANCHES": ""}

    assert pipeline.run("failed", NOON, **tag).code == 0
    assert len(devlake.rows("issues")) == 1


def test_where_nobody_knows_what_is_open_a_file_is_asked_for(pipeline, devlake):
    ran = pipeline.run("failed", NOON, DEVLAKE_INCIDENT_STATE="")

    assert (ran.code, devlake.requests) == (3, [])
    assert "file:PATH" in ran.err


@pytest.mark.parametrize("content", ["", "{", "[]", '{"devlake-ci": 2}', '{"other": "tool"}',
                                     '{"devlake-ci": 1, "streaks": []}'])  # fmt: skip
def test_a_file_that_is_none_of_ours_is_set_aside_and_named(pipeline, devlake, tmp_path, content):
    path = tmp_path / "kept" / "state.json"
    path.parent.mkdir()
    path.write_text(content)

    ran = pipeline.run("failed", NOON)

    (aside,) = path.parent.glob("*.aside")
    assert aside.read_text() == content
    assert (ran.code, len(devlake.rows("issues"))) == (0, 1)
    assert aside.name in ran.out


def test_a_state_that_can_not_be_read_is_no_lost_one(pipeline, devlake, devlake_ci, tmp_path):
    """An incident may be open in it, and another one would open."""
    (tmp_path / "kept" / "state.json").mkdir(parents=True)

    ran = pipeline.run("failed", NOON)
    by_hand = devlake_ci("incident", "close", "db-1", "--title=x", env=pipeline.env)

    assert (ran.code, by_hand.code, devlake.requests) == (2, 2, [])
    assert "can't be read (Is a directory)" in ran.err


def test_a_state_that_is_lost_is_said(pipeline):
    assert "assuming no incident is open" in pipeline.run("failed", NOON).out


def test_an_older_run_that_ends_later_changes_nothing(pipeline, devlake):
    older, newer = ("--started-at=2026-03-01T10:00:00Z", "--started-at=2026-03-01T11:00:00Z")

    pipeline.run("failed", NOON, newer)
    late = pipeline.run("success", after(minutes=5), older)

    assert late.code == 0
    assert "began after this one" in late.err
    assert devlake.rows("issues")[0]["status"] == "TODO"


def test_a_close_that_devlake_missed_is_told_with_its_own_time(pipeline, devlake, server):
    server.script = [Reply(403, {"message": "api key is invalid"})]
    pipeline.run("failed", NOON)

    missed = pipeline.run("success", after(minutes=60), DEVLAKE_URL=server.url,
                          DEVLAKE_CONNECTION="1")  # fmt: skip
    pipeline.run("success", after(minutes=600))

    (issue,) = devlake.rows("issues")
    assert missed.code == 4
    assert (issue["status"], issue["lead_time_minutes"]) == ("DONE", "60")


def test_an_incident_does_not_begin_beside_a_deployment_that_is_not_stored(pipeline, devlake):
    """DevLake would put it on the deployment before."""
    wrong = ("--result=success", "--commits=no-such-file.yml")

    not_stored = pipeline.run("failed", NOON, *wrong, mode="both")
    begun = [devlake.rows("issues"), pipeline.run("failed", after(minutes=5)).code]
    pipeline.run("success", after(minutes=9), *wrong, mode="both")

    (issue,) = devlake.rows("issues")
    assert not_stored.code == 2
    assert "No incident begins: DevLake doesn't have this run's deployment" in not_stored.err
    assert begun == [[], 0]
    assert (issue["status"], issue["lead_time_minutes"]) == ("DONE", "4")


UNREACHED = {"DEVLAKE_URL": "http://127.0.0.1:9/plugins/webhook/connections/1/deployments"}
"""A port at which nobody listens."""


def test_an_incident_does_not_begin_beside_a_deployment_that_is_lost(pipeline, devlake):
    """It would be told later, and DevLake would put it on the deployment before."""
    lost = pipeline.run("failed", NOON, "--result=success", mode="both", **UNREACHED)
    pipeline.run("success", after(minutes=9), "--result=success", mode="both")

    assert lost.code == 5
    assert "No incident begins: DevLake doesn't have this run's deployment" in lost.err
    assert devlake.rows("issues") == []


def test_an_incident_begins_beside_a_deployment_that_a_spool_keeps(pipeline, devlake, tmp_path):
    spool = f"--spool={tmp_path}/spool"

    kept = pipeline.run("failed", NOON, "--result=success", spool, mode="both", **UNREACHED)
    pipeline.run("success", after(minutes=9), "--result=success", mode="both")

    (issue,) = devlake.rows("issues")
    assert kept.code == 5
    assert (issue["status"], issue["lead_time_minutes"]) == ("DONE", "9")


def test_a_dry_run_shows_the_incident_and_remembers_nothing(pipeline, devlake, tmp_path):
    ran = pipeline.run("failed", NOON, "--dry-run", "--format=json")

    (request,) = ran.json["requests"]
    assert request["url"].endswith("/connections/1/issues")
    assert request["body"]["type"] == "INCIDENT"
    assert not (tmp_path / "kept").exists()
    assert devlake.requests == []


def test_a_dry_run_leaves_a_file_that_is_none_of_ours_where_it_is(pipeline, tmp_path):
    path = tmp_path / "kept" / "state.json"
    path.parent.mkdir()
    path.write_text("{")

    pipeline.run("failed", NOON, "--dry-run")

    assert [each.name for each in path.parent.iterdir()] == ["state.json"]


def test_an_incident_of_a_project_goes_to_its_connection(pipeline, server):
    pipeline.run("failed", NOON, "--project=sh op", DEVLAKE_URL=server.url)

    assert server.received[0].path.endswith("/connections/by-name/sh%20op_deployments/issues")


def test_the_users_words_reach_the_issue(pipeline, devlake):
    pipeline.run("failed", NOON, "--incident-key=k-1", "--severity=high", "--priority=P1",
                 "--component=web", "--incident-title={job} of {branch} in {environment} {service}",
                 "--service=api")  # fmt: skip

    (issue,) = devlake.rows("issues")
    assert issue["issue_key"] == "k-1"
    assert issue["title"] == "verify of main in production api"
    assert (issue["severity"], issue["priority"], issue["component"]) == ("high", "P1", "web")


@pytest.mark.parametrize(
    "wrong", ["--incident-key=a/b", "--incident-title={nonsense}", "--incident-state=somewhere",
              "--incident-state=file:", "--incident-state=file:kept/", "--incident-state=github",
              "--incident-result=splendid"],
)  # fmt: skip
def test_what_can_not_be_used_is_exit_2_and_nothing_is_sent(pipeline, devlake, wrong):
    ran = pipeline.run("failed", NOON, wrong)

    assert (ran.code, devlake.requests) == (2, [])


def test_by_hand_an_incident_is_opened_and_closed(devlake_ci, ticking, devlake, tmp_path):
    env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
    kept = f"--incident-state=file:{tmp_path}/s.json"
    opened = devlake_ci("incident", "open", "db-1", "--title=Database down", "--severity=high",
                        "--link=https://wiki/1", "--description=d", kept, env=env)  # fmt: skip
    ticking.now = after(minutes=42, seconds=1)

    closed = devlake_ci("incident", "close", "db-1", kept, env=env)

    (issue,) = devlake.rows("issues")
    assert (opened.code, closed.code) == (0, 0)
    assert (issue["title"], issue["status"]) == ("Database down", "DONE")
    assert (issue["severity"], issue["url"], issue["description"]) == (
        "high",
        "https://wiki/1",
        "d",
    )
    assert issue["created_date"] == "2026-03-01 12:00:01.000"
    assert issue["lead_time_minutes"] == "42"


def test_by_hand_an_incident_of_the_second_of_a_deployment_is_the_deployment_s(
    devlake_ci, devlake, tmp_path
):
    env = VERIFY | {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
    kept = f"--incident-state=file:{tmp_path}/s.json"
    devlake_ci("report", "--result=success", env=env)

    devlake_ci("incident", "open", "db-1", "--title=x", kept, env=env)
    closed = devlake_ci("incident", "close", "db-1", kept, env=env)

    (issue,), (deployment,) = devlake.rows("issues"), devlake.rows("cicd_deployments")
    assert closed.code == 0
    assert issue["created_date"] > deployment["finished_date"]
    assert issue["resolution_date"] >= issue["created_date"]


def test_by_hand_without_a_file_all_of_it_is_typed_again(devlake_ci, devlake):
    env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}

    bare = devlake_ci("incident", "close", "db-1", env=env)
    whole = devlake_ci("incident", "close", "db-1", "--title=Database down",
                       "--created-at=2026-03-01T11:00:00Z",
                       "--resolved-at=2026-03-01T11:30:00Z", env=env)  # fmt: skip

    (issue,) = devlake.rows("issues")
    assert (bare.code, whole.code) == (3, 0)
    assert "--title and --created-at" in bare.err
    assert (issue["status"], issue["lead_time_minutes"]) == ("DONE", "30")


@pytest.mark.parametrize(
    "wrong",
    [
        ["open", "a:b", "--title=x"],
        ["open", "k"],
        ["open", "k", "--title="],
        ["open", "k", "--title=x", "--incident-state=file:"],
        ["open", "k", "--title=x", "--incident-state=fil:state.json"],
        ["open", "k", "--title=x", "--created-at=soon"],
        ["close", "k", "--title=x", "--created-at=2026-03-01T11:00:00Z",
         "--resolved-at=2026-03-01T10:00:00Z"],
    ],
)  # fmt: skip
def test_by_hand_what_can_not_be_used_is_exit_2(devlake_ci, devlake, wrong):
    env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}

    assert devlake_ci("incident", *wrong, env=env).code == 2
    assert devlake.requests == []


def test_a_variable_for_the_deployments_title_is_not_the_incidents(devlake_ci, devlake):
    env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}

    assert devlake_ci("incident", "open", "k", env=env | {"DEVLAKE_TITLE": "Release 7"}).code == 2


STAGING = "staging-only"  # told with its environment it is no incident of PRODUCTION


def told():
    """The recorded months as ends of jobs: (when, what, the recorded body)."""
    for request in MONTHS["requests"]:
        body = request["body"]
        if request["path"] == "/deployments":
            yield moment(body["finishedDate"]), 0, "deployed", body
        else:
            yield moment(body["createdDate"]), 1, "failed", body
            if body.get("resolutionDate"):
                yield moment(body["resolutionDate"]), 2, "success", body


def moment(text):
    return datetime.fromisoformat(text)


def test_two_months_told_run_by_run_have_the_incidents_where_devlake_had_them(
    devlake_ci, ticking, tmp_path
):
    with Sandbox("v1.0.3") as devlake:
        deploy = Pipeline(devlake_ci, ticking, devlake, tmp_path / "unused")
        for when, _, what, body in sorted(told(), key=lambda each: each[:2]):
            key = body.get("issueKey")
            if what == "deployed":
                ran = deploy.run(
                    "success", when, f"--id={body['id']}", f"--result={body['result']}",
                    f"--started-at={body['startedDate']}", mode="deployment",
                    DEVLAKE_ENVIRONMENT=body["environment"],
                )  # fmt: skip
            else:
                place = "staging" if key == STAGING else "production"
                ran = deploy.run(what, when, f"--incident-key={key}", CIRCLE_JOB=f"verify-{key}",
                                 DEVLAKE_INCIDENT_STATE=f"file:{tmp_path}/state",
                                 DEVLAKE_ENVIRONMENT=place)  # fmt: skip
            assert ran.code == 0
        commits, incidents = devlake.rows("cicd_deployment_commits"), devlake.rows("incidents")

    causes = {one["incident_key"]: dora.cause(commits, one) for one in incidents}
    assert {key: cause for key, cause in causes.items() if cause} == {
        key: cause for key, cause in MONTHS["incident_on_deployment"].items() if key != STAGING
    }
