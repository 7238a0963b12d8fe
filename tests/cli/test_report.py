"""`devlake-ci report` as a pipeline runs it, against a server that answers as it is told."""

import re

import pytest

from tests.support import GITHUB, PIPELINE, SHA, Reply


@pytest.fixture
def report(devlake_ci, server):
    def ran(*arguments, **env):
        return devlake_ci("report", *arguments, env=PIPELINE | {"DEVLAKE_URL": server.url} | env)

    return ran


def test_a_success_says_what_was_stored_and_what_is_left_to_do(report, server):
    ran = report()

    assert ran.code == 0
    assert "Reported: SUCCESS in PRODUCTION (production)." in ran.out
    assert "blueprint has to run" in ran.out
    assert server.received[0].body["deploymentCommits"][0]["commitSha"] == SHA


def test_a_failure_that_only_warns_is_loud_and_green(report, server):
    server.script = [Reply(403, {"message": "api key is invalid"})]

    ran = report("--on-failure", "warn")

    assert ran.code == 0
    assert "devlake-ci: warning: not reported: DevLake answered 403: api key is invalid" in ran.err
    assert "Reported" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["--mode", "nonsense"], {}),
        ([], {"DEVLAKE_MODE": "nonsense"}),
        (["--no-such-option"], {}),
        ([], {"DEVLAKE_DRY_RUN": "perhaps"}),
        (["--deadline", "nan"], {}),
        ([], {"DEVLAKE_DEADLINE": "0"}),
        ([], {"DEVLAKE_CI": "nonsense"}),
        ([], {"DEVLAKE_RESULT": "splendid"}),
        (["--sha", ""], {}),
        (["--header", ""], {}),
    ],
)
def test_wrong_usage_is_exit_2_or_a_warning_and_nothing_is_sent(report, server, arguments, env):
    assert report(*arguments, **env).code == 2
    assert report(*arguments, **env, DEVLAKE_ON_FAILURE="warn").code == 0
    assert server.received == []


def test_an_option_without_its_value_is_told_with_the_help_of_its_command(report):
    ran = report("--environment")

    assert ran.code == 2
    assert "'--environment' requires an argument" in ran.err
    assert "See devlake-ci report --help." in ran.err


def test_a_misspelled_option_is_told_with_the_right_one(report):
    # click quotes the right name since 8.2
    assert re.search("Did you mean '?--on-failure'?", report("--on_failure=warn").err)
    assert re.search("'?--environment'?", report("--enviroment", "production").err)


def test_a_value_without_quotes_is_told_and_never_shown(report):
    ran = report("--token", "Bearer", "s3cr3tkey")

    assert "Unexpected extra argument" in ran.err
    assert "s3cr3tkey" not in ran.out + ran.err


def test_nothing_is_said_of_the_dashboard_beside_a_problem(report, server, tmp_path):
    server.script = [Reply(), Reply(403, {"message": "api key is invalid"})]

    ran = report("--mode=both", "--incident-result=failed", "--incident-branches=main",
                 f"--incident-state=file:{tmp_path}/state")  # fmt: skip

    assert "The deployment is stored." in ran.err
    assert "blueprint" not in ran.out + ran.err


def test_a_wrong_variable_is_named(report):
    assert "DEVLAKE_MODE: 'nonsense'" in report(DEVLAKE_MODE="nonsense").err
    assert 'DEVLAKE_DRY_RUN: "perhaps"' in report(DEVLAKE_DRY_RUN="perhaps").err


@pytest.mark.parametrize("unset", ["", " ", "<nil>", "$(UNDEFINED)"])
def test_an_empty_variable_is_unset(report, server, unset):
    ran = report(DEVLAKE_SHA=unset, DEVLAKE_MODE=unset, DEVLAKE_DRY_RUN=unset, DEVLAKE_HEADER=unset)

    assert ran.code == 0
    assert server.received[0].body["deploymentCommits"][0]["commitSha"] == SHA


def test_a_macro_that_nothing_expanded_within_a_value_is_named_and_never_sent(report, server):
    set_ = report(DEVLAKE_SERVICE="shop-$(REGION)")
    typed = report("--header", "X-Team: $(TEAM)")
    message = report(DEVLAKE_MESSAGE="Quote $(id) in the script")

    assert "DEVLAKE_SERVICE: $(REGION) is not expanded" in set_.err
    assert "--header: *** is not expanded" in typed.err
    assert (set_.code, typed.code, message.code, len(server.received)) == (2, 2, 0, 1)


@pytest.mark.parametrize("empty", ["", " ", "<nil>"])
def test_an_empty_result_is_a_mistake_and_never_the_jobs_own(report, server, empty):
    typed, set_ = report("--result", empty), report(DEVLAKE_RESULT=empty)

    assert "--result is empty, so nothing is reported" in typed.err
    assert "DEVLAKE_RESULT is empty, so nothing is reported" in set_.err
    assert "steps.deploy.outcome" in typed.err
    assert (typed.code, set_.code) == (2, 2)
    assert server.received == []


def test_an_empty_result_in_a_variable_is_nothing_to_who_types_one(report, server):
    ran = report("--result", "failed", DEVLAKE_RESULT="")

    assert ran.code == 0
    assert server.received[0].body["result"] == "FAILURE"


@pytest.mark.parametrize("job", ["job", "Job"])
def test_the_result_job_is_what_the_ci_says_of_it(devlake_ci, server, job):
    env = GITHUB | {"DEVLAKE_JOB_STATUS": "failure", "DEVLAKE_RESULT": job}

    devlake_ci("report", "--url", server.url, "--connection", "1", "--environment", "live", env=env)

    assert server.received[0].body["result"] == "FAILURE"


def test_the_command_line_goes_before_the_variable(report, server):
    report("--service", "typed", DEVLAKE_SERVICE="set")

    assert "typed of acme/shop" in server.received[0].body["name"]


def test_a_repeatable_option_is_one_a_line_in_its_variable(report, server):
    report(DEVLAKE_HEADER="X-One: 1\n\n  X-Two: 2 \n")

    headers = server.received[0].headers
    assert (headers["x-one"], headers["x-two"]) == ("1", "2")


@pytest.mark.parametrize(
    ("word", "sends"), [("true", 0), ("1", 0), ("YES", 0), ("false", 1), ("0", 1), ("off", 1)]
)
def test_a_switch_says_true_or_false_in_its_variable(report, server, word, sends):
    report(DEVLAKE_DRY_RUN=word)

    assert len(server.received) == sends


def test_a_dry_run_shows_method_url_and_body_and_sends_nothing(report, server):
    ran = report("--dry-run", DEVLAKE_TOKEN="")

    assert ran.code == 0
    first, _, body = ran.out.partition("\n")
    assert first == f"POST {server.url}/plugins/webhook/connections/1/deployments"
    assert '"commitSha": "015e3d3b' in body
    assert server.received == []


def test_a_dry_run_as_json_is_one_object(report):
    (request,) = report("--dry-run", "--format", "json").json["requests"]

    assert request["method"] == "POST"
    assert request["url"].endswith("/rest/plugins/webhook/connections/1/deployments")
    assert request["body"]["result"] == "SUCCESS"


def test_a_start_that_nobody_knows_is_said_once_wherever_it_is_told(devlake_ci, server, tmp_path):
    summary = tmp_path / "summary.md"
    where = {"DEVLAKE_URL": server.url, "DEVLAKE_CONNECTION": "1", "DEVLAKE_ENVIRONMENT": "live"}
    env = GITHUB | where | {"DEVLAKE_RESULT": "success", "GITHUB_STEP_SUMMARY": str(summary)}
    unknown = "When the deployment began is not known"

    text, json = devlake_ci("report", env=env), devlake_ci("report", "--format=json", env=env)
    dry = devlake_ci("report", "--dry-run", env=env)
    known = devlake_ci("report", "--started-at", "2026-03-01T11:00:00Z", env=env)

    assert (text.out.count(unknown), dry.err.count(unknown)) == (1, 1)
    assert [unknown in each for each in json.json["notes"]].count(True) == 1
    assert unknown in summary.read_text()
    assert unknown not in known.out


def test_json_tells_a_success(report):
    told = report("--format", "json").json

    assert told["reported"] is True
    assert told["problem"] is None
    assert told["deployment-id"].startswith("circleci:github.com/acme/shop:w1")
    assert told["result"] == "SUCCESS"


def test_json_tells_a_failure(report, server):
    server.script = [Reply(403, {"message": "api key is invalid"})]

    ran = report("--format", "json")

    assert ran.json["reported"] is False
    assert ran.json["problem"]["exit-code"] == ran.code == 4
    assert "api key is invalid" in ran.json["problem"]["message"]


def test_verbose_tells_each_attempt_but_no_secret(report, server):
    server.script = [Reply(503, "busy"), Reply()]

    ran = report("--verbose", "--header", "X-Access: s3cr3t")

    assert "Attempt 1: DevLake answered 503: busy" in ran.err
    assert "Attempt 2: stored" in ran.err
    assert "s3cr3t" not in ran.out + ran.err


def test_verbose_shows_no_login_of_the_ci_s_api(devlake_ci, server):
    server.script = [Reply(200, {"id": SHA}), Reply()]
    env = {
        "GITLAB_CI": "true", "CI_PROJECT_URL": "https://gitlab.com/acme/shop", "CI_PROJECT_ID": "5",
        "CI_API_V4_URL": server.url.replace("http://", "http://ci:open-sesame@"),
        "CI_PIPELINE_ID": "42", "CI_JOB_ID": "7", "DEVLAKE_URL": server.url,
        "DEVLAKE_CONNECTION": "1", "DEVLAKE_ENVIRONMENT": "production", "DEVLAKE_RESULT": "success",
    }  # fmt: skip

    ran = devlake_ci("report", "--verbose", "--sha=v1", "--dry-run", env=env)

    assert f"GET {server.url.replace('http://', 'http://***@')}/projects/5" in ran.err
    assert "open-sesame" not in ran.out + ran.err


def test_a_fork_without_secrets_is_told_why(report, server):
    url = f"{server.url}/rest/plugins/webhook/connections/1/deployments"

    ran = report(DEVLAKE_TOKEN="", DEVLAKE_URL=url, DEVLAKE_ON_FAILURE="warn")

    assert ran.code == 0
    assert "There is no token" in ran.err
    assert "A fork's pipelines get no secrets" in ran.err


def test_a_pull_request_is_nothing_to_report(report, server):
    ran = report(CIRCLE_PR_NUMBER="12", DEVLAKE_ENVIRONMENT="")

    assert ran.code == 0
    assert ran.err.startswith("devlake-ci: Nothing is reported: ")
    assert server.received == []


def test_a_bug_is_one_sentence_and_never_shows_a_secret(devlake_ci):
    def broken(*_):
        raise KeyError(PIPELINE["DEVLAKE_TOKEN"])

    env = {key: value for key, value in PIPELINE.items() if key != "CIRCLE_SHA1"}
    ran = devlake_ci("report", env=env, git=broken)
    loud = devlake_ci("report", "--verbose", env=env, git=broken)

    assert (ran.code, loud.code) == (1, 1)
    assert "has a bug (KeyError in " in ran.err
    assert "Traceback" not in ran.err
    assert "Traceback" in loud.err
    assert "s3cr3t" not in ran.err + loud.err


def test_the_cis_api_tells_tags_and_times(devlake_ci, server):
    server.script = [
        Reply(200, {"sha": SHA}),
        Reply(
            200, {"created_at": "2026-03-01T11:00:00Z", "run_started_at": "2026-03-01T11:00:00Z"}
        ),
        Reply(200, {"started_at": "2026-03-01T11:01:00Z"}),
        Reply(),
    ]
    env = {
        "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "42",
        "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "deploy", "GITHUB_EVENT_NAME": "workflow_dispatch",
        "DEVLAKE_CHECK_RUN_ID": "7", "DEVLAKE_GITHUB_TOKEN": "gh-s3cr3t",
    }  # fmt: skip

    ran = devlake_ci("report", "--url", server.url, "--connection", "1", "--sha", "v1.2.3",
                     "--environment", "production", "--result", "success", env=env)  # fmt: skip

    assert ran.code == 0
    *asked, posted = server.received
    assert [each.path for each in asked] == [
        "/repos/acme/shop/commits/v1.2.3",
        "/repos/acme/shop/actions/runs/42/attempts/1",
        "/repos/acme/shop/actions/jobs/7",
    ]
    assert {each.headers["authorization"] for each in asked} == {"Bearer gh-s3cr3t"}
    assert "authorization" not in posted.headers
    assert posted.body["deploymentCommits"][0]["refName"] == "v1.2.3"
    assert posted.body["createdDate"] == "2026-03-01T11:00:00Z"
    assert posted.body["startedDate"] == "2026-03-01T11:01:00Z"
