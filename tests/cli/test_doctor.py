"""`devlake-ci doctor`: whether a report would work, and that finding out leaves no trace."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from devlake_sandbox import Sandbox
from tests.support import PIPELINE, SHA, Reply

WORKS = {**PIPELINE, "DEVLAKE_CONNECTION": ""}
GITHUB = {
    "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": SHA, "GITHUB_REF_NAME": "main",
    "GITHUB_RUN_ID": "42", "GITHUB_JOB": "deploy", "DEVLAKE_ENVIRONMENT": "production",
    "DEVLAKE_RESULT": "success", "DEVLAKE_CONNECTION": "1",
}  # fmt: skip
ADMITTED = Reply(400, {"message": "input json error (400)\nWraps: (2) Key: "
                                  "'WebhookDeploymentReq.Id' Error:Field validation for 'Id' "
                                  "failed on the 'required' tag"})  # fmt: skip


@pytest.fixture
def devlake():
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def doctor(devlake_ci, devlake, ticking):
    ticking.now = datetime.now(UTC)

    def ran(*arguments, git=lambda *_: None, env=WORKS, **more):
        where = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
        return devlake_ci("doctor", *arguments, env={**env, **where, **more}, git=git)

    return ran


@pytest.fixture
def against(devlake_ci, server):
    def ran(reply, *arguments, env=WORKS, **more):
        server.script = [reply]
        more = {"DEVLAKE_URL": server.url, "DEVLAKE_CONNECTION": "1"} | more
        return devlake_ci("doctor", "--format=json", *arguments, env={**env, **more})

    return ran


def states(ran):
    """Return name and state of each check."""
    return [(each["name"], each["state"]) for each in ran.json["checks"]]


def fails(ran):
    return [each["name"] for each in ran.json["checks"] if each["state"] == "fail"]


def check(ran, name):
    return next(each for each in ran.json["checks"] if each["name"] == name)


def test_all_is_well_where_a_report_would_work(doctor):
    ran = doctor()

    assert ran.code == 0
    assert "✗" not in ran.out
    assert "✓ access: DevLake takes deployments at connections/1; the key is good" in ran.out
    assert "✓ spelling: v1" in ran.out
    assert "✓ clock" in ran.out
    assert f"✓ report: It would report {SHA[:12]} in PRODUCTION." in ran.out
    assert "? counted once: Does DevLake's own CircleCI plugin" in ran.out


def test_it_leaves_no_trace(doctor, devlake, tmp_path):
    doctor("--mode=both", DEVLAKE_SPOOL=str(tmp_path / "spool"))
    doctor("--project=shop", DEVLAKE_URL=devlake.url)
    doctor(env=GITHUB, RUNNER_TEMP=str(tmp_path))

    assert devlake.rows("cicd_deployments") == []
    assert devlake.rows("issues") == []
    with requests.Session() as client:
        listed = client.get(f"{devlake.url}/plugins/webhook/connections").json()
    assert [each["name"] for each in listed] == ["ci"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("version", "spelling"), [("v0.20.0", "legacy"), ("v1.0.1", "v1")])
def test_it_tells_the_spelling(devlake_ci, version, spelling):
    with Sandbox(version) as devlake:
        env = WORKS | {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
        ran = devlake_ci("doctor", "--format=json", env=env)
        wrong = "v1" if spelling == "legacy" else "legacy"
        contradicted = devlake_ci("doctor", "--format=json", "--dialect", wrong, env=env)

    assert check(ran, "spelling")["says"].startswith(spelling)
    assert (fails(contradicted), contradicted.code) == (["dialect"], 4)


@pytest.mark.parametrize(
    ("more", "name", "code"),
    [
        ({"DEVLAKE_TOKEN": "wrong"}, "token", 4),
        ({"DEVLAKE_TOKEN": ""}, "address", 2),
        ({"DEVLAKE_CONNECTION": "77"}, "scope", 4),
        ({"DEVLAKE_URL": "nonsense"}, "address", 2),
        ({"DEVLAKE_URL": "http://no-such-host.invalid/connections/1"}, "address", 2),
        ({"DEVLAKE_ENVIRONMENT": ""}, "environment", 3),
        ({"DEVLAKE_ENVIRONMENT": "canary"}, "report", 3),
        ({"CIRCLE_SHA1": ""}, "commit", 3),
        ({"CIRCLE_REPOSITORY_URL": ""}, "repository", 3),
    ],
)
def test_what_would_stop_a_report_is_told_with_what_to_do(doctor, more, name, code):
    ran = doctor("--format=json", **more)

    assert (fails(ran), ran.code) == ([name], code)
    assert check(ran, name)["todo"]
    assert ran.json["works"] is False


@pytest.mark.parametrize(
    ("reply", "name", "code"),
    [
        (Reply(404, {"message": "record not found (404)"}), "connection", 4),
        (Reply(404, "404 page not found"), "connection", 4),
        (Reply(428, "migration"), "migration", 5),
        (Reply(200, "<!doctype html><title>DevLake</title>"), "answer", 4),
        (Reply(200), "answer", 4),
        (Reply(302, "", {"Location": "https://login.example/"}), "answer", 4),
        (Reply(503, "busy"), "answer", 5),
    ],
)
def test_what_answers_instead_of_devlake_is_told(against, reply, name, code):
    ran = against(reply)

    assert (fails(ran), ran.code) == ([name], code)
    assert check(ran, name)["todo"]


@pytest.mark.parametrize(
    ("url", "failing"),
    [
        ("http://no-such-host.invalid", ["name", "reached"]),
        ("http://127.0.0.1:1", ["reached"]),
    ],
)
def test_a_server_that_is_not_there_is_told(against, url, failing):
    ran = against(Reply(), DEVLAKE_URL=url)

    assert (fails(ran), ran.code) == (failing, 5)


def test_a_state_file_that_can_not_be_read_is_told(doctor, tmp_path):
    ran = doctor("--mode=incident", "--incident-branches=*", f"--incident-state=file:{tmp_path}",
                 "--format=json")  # fmt: skip

    assert (fails(ran), ran.code) == (["open incident"], 2)


@pytest.mark.parametrize(
    ("more", "state", "code"),
    [
        (["--incident-state=none"], "unknown", 0),
        (["--incident-state=file:/no/such/file"], "good", 0),
        (["--incident-state=file:/no/such/file", "--incident-result=perhaps"], "fail", 2),
        (["--incident-state=file:/no/such/file", "--incident-branches=main"], "good", 0),
    ],
)
def test_what_would_stop_an_incident_is_told(doctor, more, state, code):
    ran = doctor("--mode=incident", "--incident-branches=*", *more, "--format=json")

    assert (check(ran, "open incident")["state"], ran.code) == (state, code)


def test_a_history_that_github_does_not_tell_is_told(against, server):
    env = {**GITHUB, "GITHUB_API_URL": server.url, "DEVLAKE_CHECK_RUN_ID": "7",
           "DEVLAKE_GITHUB_TOKEN": "t",
           "GITHUB_WORKFLOW_REF": "acme/shop/.github/workflows/x.yml@refs/heads/main"}  # fmt: skip

    ran = against(Reply(403, {"message": "Resource not accessible by integration"}),
                  "--mode=incident", "--incident-branches=main", env=env)  # fmt: skip

    assert "open incident" in fails(ran)


@pytest.fixture
def shop(devlake):
    """Make a project, and return its sandbox."""
    with requests.Session() as client:
        assert client.post(f"{devlake.url}/projects", json={"name": "shop"}).ok
    return devlake


def key(devlake, allowed):
    """Make an API key that opens these paths."""
    with requests.Session() as client:
        asked = {"name": allowed, "type": "devlake", "allowedPath": allowed}
        return client.post(f"{devlake.url}/api-keys", json=asked).json()["apiKey"]


PROJECTS = "/plugins/webhook/projects/[^/]+/deployments"
ANYWHERE = "/plugins/webhook/(projects|connections)/.*"


@pytest.mark.parametrize(
    ("project", "allowed", "state"),
    [("shop", "", "good"), ("shop", ".*", "good"), ("shop", PROJECTS, "unknown"),
     ("shop", ANYWHERE, "unknown")],
)  # fmt: skip
def test_a_project_is_checked_without_making_its_connection(doctor, shop, project, allowed, state):
    token = key(shop, allowed) if allowed else ""

    ran = doctor("--format=json", f"--project={project}", DEVLAKE_URL=shop.url,
                 DEVLAKE_TOKEN=token)  # fmt: skip

    assert (check(ran, "project")["state"], ran.code) == (state, 0)
    with requests.Session() as client:
        listed = client.get(f"{shop.url}/plugins/webhook/connections").json()
    assert [each["name"] for each in listed] == ["ci"]


def test_a_project_that_has_its_connection_is_good_with_its_spelling(doctor, shop):
    token = key(shop, ANYWHERE)
    with requests.Session() as client:
        client.post(f"{shop.url}/plugins/webhook/projects/shop/deployments", json={})

    ran = doctor("--format=json", "--project=shop", "--mode=both", "--incident-state=none",
                 DEVLAKE_URL=shop.url, DEVLAKE_TOKEN=token)  # fmt: skip

    assert check(ran, "project")["state"] == "good"
    assert check(ran, "spelling")["says"].startswith("v1")


def test_a_connection_of_the_projects_name_that_is_not_in_it_fails(doctor, shop):
    with requests.Session() as client:
        taken = {"name": "shop_deployments"}
        client.post(f"{shop.url}/plugins/webhook/connections", json=taken)

    ran = doctor("--format=json", "--project=shop", DEVLAKE_URL=shop.url, DEVLAKE_TOKEN="")

    assert (fails(ran), ran.code) == (["project"], 4)


@pytest.mark.parametrize(
    ("version", "base", "arguments"),
    [
        ("v1.0.3", "/wrong", ["--project=shop"]),
        ("v1.0.3", "/wrong", ["--connection=1"]),
        ("v1.0.3", "", ["--project=nowhere"]),
        ("v1.0.1", "", ["--project=shop"]),
        ("v1.0.1", "", ["--connection=ci"]),
        ("v1.0.3", "", ["--connection=77"]),
        ("v1.0.3", "", ["--project=shop", "--mode=incident", "--incident-branches=*"]),
    ],
)
def test_doctor_exits_as_a_report_does(devlake_ci, tmp_path, version, base, arguments):
    with Sandbox(version) as devlake, requests.Session() as client:
        client.post(f"{devlake.url}/projects", json={"name": "shop"})
        env = {**WORKS, "DEVLAKE_URL": devlake.url + base, "DEVLAKE_RESULT": "failure",
               "DEVLAKE_INCIDENT_STATE": f"file:{tmp_path}/state.json"}  # fmt: skip
        arguments = [*arguments, "--on-failure=fail", "--deadline=5"]
        codes = [devlake_ci(each, *arguments, env=env).code for each in ("doctor", "report")]

    assert codes == [4, 4]


@pytest.mark.parametrize(
    ("reply", "more", "todo"),
    [
        (Reply(401, {"success": False, "message": "unauthorized"}), [], "AUTH_ENABLED=false"),
        (Reply(404, {"message": "record not found (404)"}), ["--connection=7"],
         "no webhook connection number 7"),
        (Reply(404, "404 page not found"), ["--connection=7"], "the address is wrong"),
        (Reply(404, {"message": "record not found (404)"}),
         ["--project=shop", "--mode=incident", "--incident-state=none"],
         "DevLake creates it at the project's first deployment"),
        (Reply(500, {"message": "Error 1406 (22001): Data too long for column 'repo_url'"}), [],
         "191 characters"),
    ],
)  # fmt: skip
def test_a_refusal_comes_with_what_to_do_about_it(against, reply, more, todo):
    ran = against(reply, *more, DEVLAKE_CONNECTION="" if more else "1")

    assert any(todo in each["todo"] for each in ran.json["checks"] if each["state"] == "fail")


def test_https_to_a_server_that_speaks_http_says_so(against, server):
    ran = against(Reply(), DEVLAKE_URL=server.url.replace("http:", "https:"))

    assert "plain http on this port" in check(ran, "reached")["todo"]


def test_a_whole_curl_command_is_told_from_a_url(doctor):
    ran = doctor("--format=json", DEVLAKE_URL="curl https://devlake.example.com/api -X POST")

    assert "curl command" in check(ran, "address")["todo"]


def test_a_host_that_can_not_be_looked_up_says_so(against):
    ran = against(Reply(), DEVLAKE_URL="http://no-such-host.invalid")

    assert "can look it up" in check(ran, "reached")["todo"]


def test_what_only_the_end_of_a_job_knows_is_no_failure(doctor):
    ran = doctor("--format=json", DEVLAKE_RESULT="job")

    assert ran.code == 0
    assert check(ran, "result")["state"] == "unknown"
    assert check(ran, "report")["state"] == "good"


JENKINS = {"JENKINS_URL": "https://ci.example.com", "BUILD_TAG": "jenkins-shop-7",
           "GIT_COMMIT": SHA, "GIT_URL": "https://github.com/acme/shop",
           "DEVLAKE_ENVIRONMENT": "production", "DEVLAKE_RESULT": "success"}  # fmt: skip


def test_cells_of_a_matrix_that_the_ci_does_not_tell_apart_are_told(doctor):
    told = doctor("--format=json", env=JENKINS)
    named = doctor("--format=json", "--service=eu", env=JENKINS)

    assert check(told, "matrix")["state"] == "unknown"
    assert "--service" in check(told, "matrix")["says"]
    assert "matrix" not in dict(states(named))


def test_variables_that_contradict_the_checkout_are_told(doctor):
    asked = {
        ("config", "-z", "--get-regexp", r"^remote\..*\.url$"):
            "remote.origin.url\nhttps://github.com/acme/other\0",
    }  # fmt: skip
    told = doctor("--format=json", env=JENKINS, git=lambda *words: asked.get(words))

    assert told.code == 3
    assert "GIT_URL says" in check(told, "commit")["says"]


def test_a_pull_request_is_told_as_what_it_is(doctor):
    reported = [
        check(doctor("--format=json", CIRCLE_PR_NUMBER="12", DEVLAKE_ENVIRONMENT=name), "report")
        for name in ("review/7", "prod")
    ]

    assert [each["state"] for each in reported] == ["good", "unknown"]
    assert "--allow-pull-request" in reported[1]["todo"]


@pytest.mark.parametrize(("hours", "word"), [(-1, "behind"), (1, "ahead of")])
def test_a_clock_that_is_wrong_is_told(doctor, ticking, hours, word):
    ticking.now = datetime.now(UTC) + timedelta(hours=hours)

    ran = doctor("--format=json", DEVLAKE_FINISHED_AT="2026-03-01T10:00:00Z")

    assert check(ran, "clock")["state"] == "warn"
    assert word in check(ran, "clock")["says"]


@pytest.mark.parametrize(
    ("replies", "state"),
    [
        ([ADMITTED, Reply(200, {}), Reply(200, {}), Reply(200, {})], "good"),
        ([ADMITTED, Reply(403, {"message": "not accessible"})], "warn"),
    ],
)
def test_the_permission_of_a_github_token_is_told(devlake_ci, server, replies, state):
    server.script = replies
    env = GITHUB | {"DEVLAKE_URL": server.url, "GITHUB_API_URL": server.url,
                    "DEVLAKE_GITHUB_TOKEN": "gh-s3cr3t"}  # fmt: skip

    ran = devlake_ci("doctor", "--format=json", env=env)

    assert check(ran, "github token")["state"] == state
    assert ran.code == 0


def test_a_checkout_of_another_user_is_told(doctor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")

    said = {("--version",): "git version 2"}

    ran = doctor("--format=json", git=lambda *asked: said.get(asked))

    assert "safe.directory" in check(ran, "git")["todo"]


def test_a_proxy_on_the_way_is_named_without_its_login(against, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url.replace("http://", "http://me:s3cr3t@"))
    monkeypatch.setenv("NO_PROXY", "")

    ran = against(ADMITTED, DEVLAKE_URL="http://devlake.internal")

    assert check(ran, "proxy")["says"].startswith(server.url)
    assert "name" not in dict(states(ran))
    assert "s3cr3t" not in ran.out + ran.err


def test_a_secret_in_plain_http_to_a_public_host_is_told(against, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url)

    ran = against(ADMITTED, DEVLAKE_URL="http://devlake.example.com")

    assert check(ran, "secrecy")["state"] == "warn"


def test_nothing_secret_is_shown(doctor):
    loud = doctor("--verbose", "--header", "X-Access: s3cr3t", env={**WORKS, **GITHUB},
                  DEVLAKE_GITHUB_TOKEN="gh-s3cr3t")  # fmt: skip
    shown = "\n".join(
        each for each in (loud.out + loud.err).splitlines() if not each.startswith("::add-mask::")
    )

    assert "s3cr3t" not in shown
