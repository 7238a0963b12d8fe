"""`devlake-ci setup` makes a DevLake ready, and a report is counted a moment later."""

import re
import stat
from pathlib import Path

import pytest
import requests

from devlake_sandbox import Sandbox
from tests.setup_file import FILE
from tests.support import Reply

DATA = Path(__file__).parents[1] / "data"
WRITES = ("POST", "PATCH", "PUT", "DELETE")


def variables(text):
    """Read the lines that a shell or a dotenv file takes."""
    return dict(line.split("=", 1) for line in text.splitlines() if not line.startswith("#"))


def marks(ran):
    return re.findall(r"^[+~=!?](?= )", ran.err, re.MULTILINE)


@pytest.mark.parametrize("version", ["v0.21.0", "v1.0.1", "v1.0.3"])
def test_after_setup_a_report_is_stored_mapped_and_counted_in_a_dozen_requests(devlake, version):
    here = devlake(version)

    made, first = here.requests_of(lambda: here.setup("--project", "shop"))
    env = {**variables(made.out), "DEVLAKE_DIALECT": "v1" if version > "v1" else "legacy"}
    report, second = here.requests_of(lambda: here.report("--refresh-wait", **env))

    (project,) = here.sandbox.projects
    assert (made.code, report.code) == (0, 0), made.err + report.err
    assert re.search(
        r"^Counted: the metrics were recalculated \d+\.\d s after", report.out, re.MULTILINE
    )
    assert project.connections == ("webhook:1",)
    assert len(project.deployments) == 1
    assert len(first + second) <= 12, first + second


def test_v0_20_stores_a_report_and_is_said_to_count_none(devlake):
    here = devlake("v0.20.0")

    env = variables(here.setup("--project", "shop").out) | {"DEVLAKE_DIALECT": "legacy"}
    report = here.report("--refresh-wait", **env)

    assert report.code == 0
    assert "Reported: SUCCESS" in report.out
    assert "stored, but not refreshed. This DevLake runs nothing" in report.out
    assert len(here.sandbox.rows("cicd_deployment_commits")) == 1


@pytest.mark.parametrize("version", ["v0.20.0", "v0.21.0", "v1.0.1", "v1.0.3"])
def test_a_second_setup_writes_nothing(devlake, written, version):
    here, file = devlake(version), written(FILE)
    here.setup("--file", file)

    again, asked = here.requests_of(lambda: here.setup("--file", file))

    assert again.code == 0
    assert not [each for each in asked if each.startswith(WRITES)]
    assert set(marks(again)) == {"="}
    assert again.out == ""


def test_a_file_makes_what_it_says(devlake, written):
    here = devlake()

    made = here.setup("--file", written(FILE))

    assert made.code == 0
    assert here.everything() == {
        "connections": [("shop-web", 1), ("shop-api", 2), ("acme-pay", 3), ("acme-web", 4)],
        "projects": {"shop": ["dora"], "acme": ["dora"]},
        "blueprints": {
            "shop": ("*/15 * * * *", [("webhook", 1), ("webhook", 2)]),
            "acme": ("0 0 * * *", [("webhook", 3), ("webhook", 4)]),
        },
        "keys": {
            "ci-shop": (
                "^/(plugins/webhook/connections/(1|by-name/shop-web|2|by-name/shop-api)/"
                "(deployments|issues|issue/[^/]+/close|pull_requests)"
                "|blueprints/1/(trigger|pipelines))$",
                "2027-06-30T23:59:59Z",
            ),
            "ci-acme": (
                "^/(plugins/webhook/connections/(3|by-name/acme-pay|4|by-name/acme-web)/"
                "(deployments|issues|issue/[^/]+/close|pull_requests)"
                "|blueprints/2/(trigger|pipelines))$",
                None,
            ),
        },
    }


@pytest.mark.parametrize("schedule", ["0 0 * * *", "*/15 * * * *", "Manual"])
@pytest.mark.parametrize("before", [{"isManual": True}, {"cronConfig": "manual"}, {}])
def test_a_schedule_is_set_whether_the_blueprint_had_one_or_none(
    devlake, written, schedule, before
):
    here = devlake()
    here.send("POST", "/projects", {"name": "shop"})
    here.send("PATCH", "/blueprints/1", before)
    file = written(f"projects: [{{name: shop, schedule: '{schedule}'}}]")

    here.setup("--file", file)

    blueprint = here.get("/blueprints/1")
    assert blueprint["isManual"] is (schedule == "Manual")
    assert blueprint["isManual"] or blueprint["cronConfig"] == schedule
    assert here.setup("--file", file, "--check").code == 0


def test_a_project_that_is_switched_off_stays_off_when_it_gets_the_metric(devlake):
    here = devlake("v0.20.0")
    here.send("POST", "/projects", {"name": "shop"})
    here.send("POST", "/blueprints", {"name": "b", "projectName": "shop", "mode": "NORMAL",
              "enable": False, "cronConfig": "0 0 * * *", "connections": [],
              "settings": {"version": "2.0.0", "connections": []}})  # fmt: skip

    made = here.setup("--project", "shop")

    assert '~ project "shop": metric dora, off → on' in made.err
    assert here.everything()["projects"] == {"shop": ["dora"]}
    assert here.get("/blueprints/1")["enable"] is False


def test_a_dry_run_prints_what_applying_prints_and_changes_nothing(devlake, written):
    here, file = devlake(), written(FILE)

    planned, asked = here.requests_of(lambda: here.setup("--file", file, "--dry-run"))
    made = here.setup("--file", file)

    assert not [each for each in asked if each.startswith(WRITES)]
    assert planned.code == 0
    assert planned.err.splitlines()[:-1] == made.err.splitlines()[:-1]
    assert planned.out == ""


def test_check_tells_drift_by_its_exit_code(devlake, written):
    here, file = devlake(), written(FILE)

    before = here.setup("--file", file, "--check").code
    here.setup("--file", file)
    after = here.setup("--file", file, "--check").code

    assert (before, after) == (6, 0)


def test_nothing_but_a_new_key_goes_to_standard_output(devlake):
    here = devlake()

    made = here.setup("--project", "shop", "--connection", "web")

    assert re.fullmatch(
        rf"DEVLAKE_URL={here.url}/rest/plugins/webhook/connections/1/deployments\n"
        r"DEVLAKE_TOKEN=\w{128}\nDEVLAKE_REFRESH=1\n",
        made.out,
    )


def test_several_keys_are_told_apart(devlake, written):
    made = devlake().setup("--file", written(FILE))

    assert re.sub(r"TOKEN=\w+", "TOKEN=…", made.out).splitlines() == [
        "# ci-shop",
        made.out.splitlines()[1],
        "DEVLAKE_TOKEN=…",
        "DEVLAKE_REFRESH=1",
        "# ci-acme",
        made.out.splitlines()[1],
        "DEVLAKE_TOKEN=…",
        "DEVLAKE_REFRESH=2",
    ]


def test_a_key_file_is_for_its_owner_only(devlake, tmp_path):
    file = tmp_path / "key.env"

    made = devlake().setup("--project", "shop", "--key-file", str(file))

    assert made.out == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(variables(file.read_text())) == {"DEVLAKE_URL", "DEVLAKE_TOKEN", "DEVLAKE_REFRESH"}


def test_no_key_is_made_that_could_not_be_written(devlake, tmp_path):
    here = devlake()

    made = here.setup("--project", "shop", "--key-file", str(tmp_path / "missing" / "key.env"))

    assert made.code == 2
    assert "can't be written" in made.err
    assert here.everything()["keys"] == {}


def test_no_empty_file_is_left_where_no_key_was_made(devlake, written, tmp_path):
    file = written("projects: [{name: shop}]\nkeys: [{name: webhook-1, projects: [shop]}]")

    made = devlake().setup("--file", file, "--key-file", str(tmp_path / "key.env"))

    assert made.code == 4
    assert not (tmp_path / "key.env").exists()


def test_github_is_told_to_mask_a_new_key(devlake):
    made = devlake().setup("--project", "shop", GITHUB_ACTIONS="true")

    assert f"::add-mask::{variables(made.out)['DEVLAKE_TOKEN']}\n" in made.err


@pytest.mark.parametrize("arguments", [["Shop"], ["other", "--connection", "Shop"]])
def test_a_name_in_another_case_is_said_to_be_taken(devlake, arguments):
    here = devlake()
    here.setup("--project", "shop")

    made = here.setup("--project", *arguments)

    assert made.code == 4
    assert 'there is "shop", and DevLake does not tell upper from lower case' in made.err
    assert "0 of 4 changes were made." in made.err


def test_several_keys_do_not_overwrite_each_other_in_one_file(devlake, written, tmp_path):
    here, file = devlake(), written(FILE)

    one = here.setup("--file", file, "--key-file", str(tmp_path / "key.env"))
    each = here.setup("--file", file, "--key-file", str(tmp_path / "{key}.env"))

    assert one.code == 2
    assert each.code == 0
    assert {path.name for path in tmp_path.glob("*.env")} == {"ci-shop.env", "ci-acme.env"}


def test_a_renewed_key_has_a_new_text_and_the_old_one_is_dead(devlake):
    here = devlake()
    old = variables(here.setup("--project", "shop").out)

    new = variables(here.setup("--project", "shop", "--renew-key", "devlake-ci-shop").out)

    assert old["DEVLAKE_TOKEN"] != new["DEVLAKE_TOKEN"]
    assert here.report(**old).code == 4
    assert here.report(**new).code == 0


def test_a_key_that_no_file_knows_can_be_renewed_too(devlake):
    here = devlake()
    here.setup("--project", "shop")

    new = here.setup("--renew-key", "devlake-ci-shop")
    unknown = here.setup("--renew-key", "nobody")

    assert set(variables(new.out)) == {"DEVLAKE_TOKEN"}
    assert (unknown.code, unknown.out) == (2, "")
    assert 'There is no key "nobody".' in unknown.err


def test_the_narrow_key_opens_reports_and_runs_and_nothing_else(devlake):
    here = devlake()
    token = variables(here.setup("--project", "shop").out)["DEVLAKE_TOKEN"]
    here.setup("--project", "other")
    routes = (DATA / "devlake-routes.txt").read_text().splitlines()

    opened = [each for each in routes if not each.startswith("#") and opens(here, token, each)]

    assert opened == [
        "POST /blueprints/1/trigger",
        "GET /blueprints/1/pipelines",
        "POST /plugins/webhook/connections/1/deployments",
        "POST /plugins/webhook/connections/1/issues",
        "POST /plugins/webhook/connections/1/issue/KEY-1/close",
        "POST /plugins/webhook/connections/1/pull_requests",
        "POST /plugins/webhook/connections/by-name/shop/deployments",
        "POST /plugins/webhook/connections/by-name/shop/issues",
        "POST /plugins/webhook/connections/by-name/shop/issue/KEY-1/close",
        "POST /plugins/webhook/connections/by-name/shop/pull_requests",
    ]


def opens(here, token, route):
    method, path = route.split(" ", 1)
    answer = requests.request(
        method,
        f"{here.url}/rest{path}",
        headers={"Authorization": f"Bearer {token}"},
        json={},
        timeout=30,
        allow_redirects=False,
    )
    return answer.status_code != 403


def test_a_key_for_any_connection_reports_and_can_do_nothing_else(devlake, written):
    here = devlake()
    file = written(FILE + "  - name: any\n    connections: '*'\n")
    made = here.setup("--file", file)
    token = re.search("# any\n.*\nDEVLAKE_TOKEN=(.*)", made.out)[1]
    routes = (DATA / "devlake-routes.txt").read_text().splitlines()

    opened = [each for each in routes if not each.startswith("#") and opens(here, token, each)]

    reports = (
        r"POST /plugins/webhook/connections/(by-name/)?\w+/(deployments|issues|issue/KEY-1/close)"
    )
    assert len(opened) == 12
    assert all(re.fullmatch(reports, each) for each in opened)


def test_a_key_is_refused_by_a_proxy_or_a_devlake_that_asks_for_a_login(devlake, server):
    unauthorized = {"message": "unauthorized", "success": False}
    scope = {"success": False, "message": "path doesn't match api key's scope"}
    said = {}
    for name, reply in {
        "login": Reply(401, unauthorized),
        "narrow": Reply(403, scope),
        "old": Reply(404, "404 page not found", {"Content-Type": "text/plain"}),
        "page": Reply(200, "<html>Sign in</html>", {"Content-Type": "text/html"}),
        "odd": Reply(200, {"projects": "none"}),
    }.items():
        server.script = [reply]
        ran = devlake().ran("setup", "--project", "shop", env={"DEVLAKE_URL": server.url})
        said[name] = (ran.code, ran.err)

    assert {code for code, _ in said.values()} == {4}
    assert "AUTH_ENABLED" in said["login"][1]
    assert "an administrator" in said["narrow"][1]
    assert "older than DevLake 0.20" in said["old"][1]
    assert "not what DevLake's API says" in said["page"][1]
    assert "not as its API says" in said["odd"][1]
    assert not [each for each in server.received if each.method != "GET"]


@pytest.mark.parametrize("there", [[], [{"id": 1, "name": "shop"}]], ids=["connection", "project"])
def test_a_creation_that_is_answered_with_nothing_is_refused(devlake, server, there):
    lists = [there, {"projects": [], "count": 0}, {"apikeys": [], "count": 0}]
    server.script = [Reply(200, each) for each in (*lists, "null")]

    ran = devlake().ran("setup", "--project", "shop", env={"DEVLAKE_URL": server.url})

    assert ran.code == 4
    assert f"about a new {'project' if there else 'connection'} is not as its API says" in ran.err


def test_a_key_name_that_something_else_has_is_said_to_be_taken(devlake, written):
    here = devlake()
    file = written("projects: [{name: shop}]\nkeys: [{name: webhook-1, projects: [shop]}]")

    made = here.setup("--file", file)

    assert made.code == 4
    assert 'The name of the key "webhook-1" is taken' in made.err
    assert "3 of 4 changes were made." in made.err


def test_the_administrators_key_is_in_one_header_and_never_shown(devlake, server):
    admin = "a-key-that-opens-everything"
    server.script = [Reply(500, {"message": f"no {admin}", "success": False})]
    env = {"DEVLAKE_URL": server.url, "DEVLAKE_TOKEN": admin, "DEVLAKE_DEADLINE": "1"}

    ran = devlake().ran("setup", "--project", "shop", "--verbose", env=env)

    assert ran.code == 4
    assert admin not in ran.shown
    assert {each.headers["authorization"] for each in server.received} == {f"Bearer {admin}"}
    assert not [each for each in server.received if admin in each.path]


@pytest.mark.parametrize("auth_enabled", [True, False])
def test_a_key_that_devlake_refuses_at_once_is_said_to_be_refused(real_time, auth_enabled):
    with Sandbox("main", empty=True, auth_enabled=auth_enabled) as sandbox:
        url = sandbox.url.replace("http://", "http://admin:open-sesame@")

        made = real_time("setup", "--project", "shop", env={"DEVLAKE_URL": url})

    assert made.code == 0
    assert ("refuses it here (401: unauthorized)" in made.err) is auth_enabled


def test_a_project_with_a_slash_cannot_be_changed_with_a_key_and_that_is_said(devlake):
    here = devlake()
    here.send("POST", "/projects", {"name": "acme/shop"})
    asked = {"name": "admin", "type": "devlake", "allowedPath": ".*"}
    token = here.send("POST", "/api-keys", asked)["apiKey"]

    refused = here.setup("--project", "acme/shop", "--connection", "shop", DEVLAKE_TOKEN=token)
    made = here.setup("--project", "acme/shop", "--connection", "shop")

    assert (refused.code, made.code) == (4, 0)
    assert "behind /rest DevLake finds no project with a slash in its name" in refused.err
    assert "1 of 4 changes were made." in refused.err


def test_with_an_administrators_key_setup_goes_through_rest(devlake):
    here = devlake()
    asked = {"name": "admin", "type": "devlake", "allowedPath": ".*"}
    token = here.send("POST", "/api-keys", asked)["apiKey"]

    made, sent = here.requests_of(lambda: here.setup("--project", "shop", DEVLAKE_TOKEN=token))

    assert made.code == 0
    assert all(" /rest/" in each for each in sent)
