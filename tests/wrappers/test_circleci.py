"""The CircleCI orb's steps as CircleCI would run them: in a real shell, against a real server."""

import pytest

from devlake_sandbox import Sandbox
from tests.support import Reply
from tests.wrappers.circleci import BASH, JOB, PROGRAM, SH, START, arguments, script, steps

WILD = """it's "quoted" $(touch run) `touch run` ${HOME} $HOME \\ %s *"; touch run; ~ 🚀\n-next"""
ONE_LINE = WILD.replace("\n", " ")


def body(name):
    return lambda _, sent: sent.body[name]


def commit(name):
    return lambda _, sent: sent.body["deploymentCommits"][0][name]


def header(name):
    return lambda _, sent: sent.headers.get(name)


def path(_, sent):
    return sent.path


def said(text):
    return lambda told, _: text in told


def sent(_, received):
    return received is not None


OTHER_SHA = "1234567890abcdef1234567890abcdef12345678"
PRIVATE = {"url": "https://127.0.0.1:1", "connection": "1"}
REACHES = [
    # what is given, and for each parameter: where to look, what has to be there; then variables
    ({"result": "Cancelled", "id": WILD, "deployment_name": WILD, "title": WILD,
      "environment": ONE_LINE, "environment_map": f"x=TESTING\n{ONE_LINE}=STAGING",
      "created_at": "2026-03-01 11:00:00+01:00", "started_at": "1772359260",
      "finished_at": "2026-03-01T10:02:00Z", "repo_url": "git@h.example:a/$id'x'.git",
      "sha": OTHER_SHA.upper(), "ref": WILD, "message": WILD, "verbose": True,
      "token": "OTHER_KEY", "header": "HEADERS"},
     {"result": (body("result"), "ABORT"), "id": (body("id"), WILD),
      "deployment_name": (body("name"), WILD), "title": (body("displayTitle"), WILD),
      "environment": (body("originalEnvironment"), ONE_LINE),
      "environment_map": (body("environment"), "STAGING"),
      "created_at": (body("createdDate"), "2026-03-01T10:00:00Z"),
      "started_at": (body("startedDate"), "2026-03-01T10:01:00Z"),
      "finished_at": (body("finishedDate"), "2026-03-01T10:02:00Z"),
      "repo_url": (commit("repoUrl"), "https://h.example/a/$id'x'"),
      "sha": (commit("commitSha"), OTHER_SHA), "ref": (commit("refName"), WILD),
      "message": (commit("commitMsg"), WILD), "verbose": (said("Attempt 1: stored"), True),
      "token": (header("authorization"), "Bearer $id`\"'"), "header": (header("x-b"), "`id`")},
     {"OTHER_KEY": "$id`\"'", "HEADERS": "X-A: $( id ) \"'\nX-B: `id`"}),
    ({"service": WILD, "dialect": "legacy", "id": "`id`"},
     {"dialect": (body("pipeline_id"), "`id`")}, {}),
    ({"service": WILD, "format": "json"},
     {"service": (body("name"), f"Deploy {WILD} of acme/shop to production"),
      "format": (said('"reported": true'), True)}, {}),
    ({"url": "http://127.0.0.1:1/$id`id`'\"", "connection": "`id` \"'", "dry_run": True},
     {"url": (said("POST http://127.0.0.1:1/$id`id`'\"/rest/plugins"), True),
      "connection": (said("/by-name/%60id%60%20%22%27/deployments"), True),
      "dry_run": (sent, False)}, {}),
    ({"url": "http://127.0.0.1:1", "project": "`id`", "dry_run": True},
     {"project": (said("/projects/%60id%60/deployments"), True)}, {}),
    (PRIVATE | {"ca_bundle": "/no/$( id )"}, {"ca_bundle": (said("/no/$( id )"), True)}, {}),
    (PRIVATE | {"client_cert": "/no/`id`"}, {"client_cert": (said("/no/`id`"), True)}, {}),
    (PRIVATE | {"client_cert": __file__, "client_key": "/no/`id`"},
     {"client_key": (said("/no/`id`"), True)}, {}),
    ({"mode": "`id`"}, {"mode": (said("mode: "), True)}, {}),
    (PRIVATE | {"deadline": "1"}, {"deadline": (said("within the deadline"), True)}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected", "env"), REACHES, ids="+".join)
def test_a_parameter_reaches_what_it_promises_unchanged_and_is_never_run(  # noqa: PLR0917 (fixtures)
    job, report, server, given, expected, env
):
    done = job(**env).run(report(**given))

    last = server.received[-1] if server.received else None
    assert {name: look(done.said, last) for name, (look, _) in expected.items()} == {
        name: value for name, (_, value) in expected.items()
    }
    assert not list(done.folder.glob("**/run"))
    assert not done.failed


@pytest.mark.parametrize(
    ("shell", "booleans"), [(BASH, ("0", "1")), (SH, ("false", "true"))], ids=["bash", "sh"]
)
def test_a_switch_is_known_in_either_spelling_and_by_either_shell(
    job, report, server, shell, booleans
):
    job(shell=shell).run(report(booleans=booleans, dry_run=True))
    off = job(shell=shell).run(report(booleans=booleans, url="nonsense"))
    hard = job(shell=shell).run(report(booleans=booleans, url="nonsense", fail_on_error=True))

    assert server.received == []
    assert not off.failed
    assert hard.failed


@pytest.mark.parametrize("word", ["", "<nil>"])
def test_a_parameter_that_is_not_given_leaves_the_variable_of_the_project(
    job, report, server, word
):
    job(DEVLAKE_ENVIRONMENT="staging", DEVLAKE_SERVICE="api", DEVLAKE_DIALECT="legacy").run(
        report(environment=word, service=word, dialect=word, ref=word)
    )

    assert server.received[-1].body["environment"] == "STAGING"
    assert server.received[-1].body["ref_name"] == "main"
    assert ":api:staging" in server.received[-1].body["pipeline_id"]


def test_a_switch_that_is_off_leaves_the_variable_of_the_project(job, report, server):
    job(DEVLAKE_DRY_RUN="true").run(report())

    assert server.received == []


def test_a_value_that_looks_like_another_variable_takes_nothing_over(job, report, server):
    message = "x\nDEVLAKE_ORB_PARAM_ENVIRONMENT=staging\nDEVLAKE_ORB_SECRET_URL=x"

    job(OTHER=message, AN_OTHER=message).run(report(message=message))

    assert server.received[-1].body["environment"] == "PRODUCTION"
    assert server.received[-1].body["deploymentCommits"][0]["commitMsg"] == message


def test_a_token_that_is_named_and_not_there_is_not_replaced_by_another(job, report, server):
    done = job().run(report(token="OTHER_KEY", url=f"{server.url}/rest", connection="1"))

    assert server.received == []
    assert "the variable OTHER_KEY is not set" in done.said
    assert not done.failed


@pytest.mark.parametrize("shell", [BASH, ("bash", "-euxCo", "pipefail"), ("sh", "-euxC")])
def test_no_shell_that_a_job_may_choose_shows_the_token_or_fails(job, report, start, server, shell):
    done = job(shell=shell, KEY="s3cret-key")

    for _ in range(2):
        done.run([*start(cache=True), *report(verbose=True, token="KEY", mode="incident")])
        done.run(report(verbose=True, token="KEY"))

    assert "s3cret-key" not in done.said
    assert server.received[-1].headers["authorization"] == "Bearer s3cret-key"
    assert not done.failed


# --- how the job ended ----------------------------------------------------------------------------


def test_a_job_that_succeeds_is_reported_as_success(job, report, server):
    done = job().run([{"run": "true"}, *report()])

    assert server.received[-1].body["result"] == "SUCCESS"
    assert not done.failed


def test_a_job_that_fails_is_reported_as_failure_and_stays_failed(job, start, report, server):
    done = job().run([*start(), {"run": "exit 3"}, *report()])

    assert [each.body["result"] for each in server.received] == ["FAILURE"]
    assert done.failed


def test_a_job_that_fails_before_the_deployment_began_reports_nothing(job, start, report, server):
    done = job().run([{"run": "exit 3"}, *start(), *report(fail_on_error=True)])

    assert server.received == []
    assert "so nothing was deployed" in done.said


def test_a_note_of_another_job_on_the_same_machine_is_not_read(job, report, server):
    job(CIRCLE_WORKFLOW_JOB_ID="before").run(report())

    done = job().run(report()[2:])

    assert len(server.received) == 1
    assert "how the deployment ended is not known" in done.said.lower()


def test_nothing_that_can_not_be_written_fails_the_job(job, report, server):
    folder = "/proc/no"

    done = job().run([*steps(START, {"state_folder": folder}), *report(state_folder=folder)])

    assert not done.failed
    assert server.received == []
    assert "/proc/no can't be written" in done.said
    assert "warning: not reported" in done.said


@pytest.mark.parametrize("node", ["1", "2"])
def test_only_the_first_node_reports(job, report, server, node):
    done = job(CIRCLE_NODE_INDEX=node, CIRCLE_NODE_TOTAL="3").run(report())

    assert server.received == []
    assert not done.failed
    assert f"node {node} reports nothing" in done.said


def test_the_job_reports_the_result_that_it_is_given(job, start, report, server):
    noted = job().run(start(cache=True, environment="production"))

    for word in JOB["parameters"]["result"]["enum"]:
        job(noted.project).run(report(JOB, result=word))

    assert [each.body["result"] for each in server.received] == ["SUCCESS", "FAILURE", "ABORT"]


@pytest.mark.parametrize("mode", ["deployment", "incident"])
@pytest.mark.parametrize("result", ["failed", "canceled"])
def test_the_job_reports_nothing_of_one_that_ended_before_its_start(
    job, report, server, result, mode
):
    done = job().run(report(JOB, result=result, mode=mode, fail_on_error=True))

    assert server.received == []
    assert "no step devlake-ci/start was reached" in done.said
    assert not done.failed


def test_the_job_has_no_result_of_its_own():
    with pytest.raises(AssertionError, match="missing"):
        arguments(JOB, {"environment": "production"})


def test_a_sandbox_stores_what_the_orb_reports(bare, job, report):
    (bare[1] / "devlake-ci-circleci").symlink_to(PROGRAM)
    with Sandbox() as devlake:
        where = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}

        done = job(**where).run(report())

        (row,) = devlake.rows("cicd_deployments")
        assert (row["result"], row["environment"]) == ("SUCCESS", "PRODUCTION")
        assert "Reported: SUCCESS" in done.said


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("hard", [False, True])
def test_a_wrong_token_is_a_warning_or_an_error(job, report, server, hard):
    server.script = [Reply(403, {"success": False, "message": "api key is invalid"})]

    done = job().run(report(fail_on_error=hard))

    assert "api key is invalid" in done.said
    assert done.failed == hard


@pytest.mark.parametrize("hard", [False, True])
def test_a_fork_without_secrets_sends_nothing_to_a_url_that_wants_a_token(
    job, report, server, hard
):
    url = f"{server.url}/api/rest/plugins/webhook/connections/1/deployments"

    done = job(DEVLAKE_TOKEN="", DEVLAKE_URL=url, CIRCLE_PR_NUMBER="7").run(
        report(fail_on_error=hard, environment="staging")
    )

    assert server.received == []
    assert done.failed == hard


@pytest.mark.parametrize("hard", [False, True])
def test_a_program_that_is_killed_is_a_warning_or_an_error(bare, report, hard):
    one, bin_ = bare
    script(bin_ / "devlake-ci-circleci", "if [ $# = 0 ]; then kill -9 $$; fi")

    one.run(report(fail_on_error=hard))

    assert one.failed == hard
    assert hard or "devlake-ci ended with exit code 137" in one.said
