"""What a server of June 2026 (apache/devlake, commit 50010e093) answered to setup's requests."""

import pytest
import requests

from devlake_sandbox import Sandbox
from devlake_sandbox.cron import fault

HOOK = "/plugins/webhook/connections"
WEBHOOK = {"pluginName": "webhook", "connectionId": 1, "scopes": []}


@pytest.fixture
def sandbox():
    with Sandbox(empty=True) as running:
        ask(running, "POST", HOOK, {"name": "shop"})
        ask(running, "POST", "/projects", {"name": "shop"})
        yield running


def ask(sandbox, method, path, body=None):
    return requests.request(method, f"{sandbox.url}{path}", json=body, timeout=30)


def key(**more):
    return {"name": "ci", "type": "devlake", "allowedPath": "^/x$"} | more


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("1-99 * * * *", "end of range (99) above maximum (59): 1-99"),
        ("0 0 * * 7", "end of range (7) above maximum (6): 7"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("10-5 * * * *", "beginning of range (10) beyond end of range (5): 10-5"),
        ("* * * * FRI-MON", "beginning of range (5) beyond end of range (1): FRI-MON"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("*/x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        (
            "jan * * * *",
            'failed to parse int from jan: strconv.Atoi: parsing "jan": invalid syntax',
        ),
        ("-1 * * * *", 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("5", "expected exactly 5 fields, found 1: [5]"),
        ("", "empty spec string"),
        ("@nope", "unrecognized descriptor: @nope"),
        ("@DAILY", "unrecognized descriptor: @DAILY"),
        *((each, "") for each in ("5/90 * * * *", "0  0 * * *", "@hourly", "@every 90m")),
        *((each, "") for each in ("0 6-18/2 1,15 * MON-FRI", "30 4 ? jan-jun 0")),
        ("CRON_TZ=Europe/Berlin 0 4 * * *", ""),
    ],
)
def test_a_schedule_is_refused_in_the_words_of_the_server(spec, said):
    assert fault(spec) == said


def test_a_manual_schedule_makes_a_blueprint_manual_until_that_is_unset(sandbox):
    changes = [{"cronConfig": "Manual"}, {"cronConfig": "5 * * * *"}, {"isManual": False}]

    shown = [ask(sandbox, "PATCH", "/blueprints/1", each).json() for each in changes]

    assert [(each["isManual"], each["cronConfig"]) for each in shown] == [
        (True, "Manual"),
        (True, "5 * * * *"),
        (False, "5 * * * *"),
    ]


def test_a_connection_given_twice_is_a_500_without_a_word(sandbox):
    answer = ask(sandbox, "PATCH", "/blueprints/1", {"connections": [WEBHOOK, WEBHOOK]})

    assert (answer.status_code, answer.text) == (500, "")
    assert ask(sandbox, "GET", "/blueprints/1").json()["connections"] == []


def test_a_connection_of_another_plugin_needs_scopes(sandbox):
    github = {"pluginName": "github", "connectionId": 1, "scopes": []}

    answer = ask(sandbox, "PATCH", "/blueprints/1", {"connections": [WEBHOOK, github]})

    assert answer.status_code == 400
    assert "connections[1].scopes is empty" in answer.json()["message"]


def test_names_are_compared_without_regard_to_case(sandbox):
    ask(sandbox, "POST", "/api-keys", key())

    taken = [
        ask(sandbox, "POST", HOOK, {"name": "SHOP"}),
        ask(sandbox, "POST", "/projects", {"name": "SHOP"}),
        ask(sandbox, "POST", "/api-keys", key(name="CI")),
    ]

    assert [each.status_code for each in taken] == [400, 400, 400]
    assert all("already exists" in each.json()["message"] for each in taken)
    assert ask(sandbox, "GET", f"{HOOK}/by-name/SHOP").json()["name"] == "shop"


@pytest.mark.parametrize(
    ("body", "failed"),
    [
        (key(name=""), "'Name' failed on the 'required' tag"),
        (key(type=""), "'Type' failed on the 'required' tag"),
        (key(name="x" * 256), "'Name' failed on the 'max' tag"),
    ],
)
def test_a_key_needs_a_name_of_255_characters_and_a_type(sandbox, body, failed):
    answer = ask(sandbox, "POST", "/api-keys", body)

    assert answer.status_code == 400
    assert failed in answer.json()["message"]


def test_a_key_expires_at_a_time_and_not_on_a_day(sandbox):
    day = ask(sandbox, "POST", "/api-keys", key(expiredAt="2027-06-30"))
    time = ask(sandbox, "POST", "/api-keys", key(expiredAt="2027-06-30T23:59:59Z"))

    assert (day.status_code, time.status_code) == (400, 201)


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        (("PATCH", "/blueprints/9", {"enable": True}), 404, "error patching the blueprint (404)"),
        (("PATCH", "/projects/none", {"name": "none"}), 404, "error patch project (404)"),
        (("PUT", "/api-keys/9", None), 404, "error regenerate api key (404)"),
        (("POST", HOOK, {"name": "x" * 256}), 500, "Data too long for column 'name'"),
    ],
)
def test_what_is_not_there_or_too_long_is_refused_in_the_words_of_the_server(
    sandbox, request_, status, said
):
    answer = ask(sandbox, *request_)

    assert answer.status_code == status
    assert said in answer.json()["message"]


def test_keys_are_listed_the_newest_first(sandbox):
    for name in ("a", "b"):
        ask(sandbox, "POST", "/api-keys", key(name=name))

    listed = ask(sandbox, "GET", "/api-keys").json()["apikeys"]

    assert [each["name"] for each in listed] == ["b", "a"]


@pytest.mark.parametrize(("version", "enabled"), [("v0.20.0", False), ("v0.21.0", True)])
def test_patching_a_project_switches_its_blueprint_before_0_21_only(version, enabled):
    with Sandbox(version, empty=True) as sandbox:
        ask(sandbox, "POST", "/projects", {"name": "shop"})
        ask(sandbox, "POST", "/blueprints", {"name": "shop", "projectName": "shop"})

        ask(sandbox, "PATCH", "/projects/shop", {"name": "shop", "enable": False})

        assert ask(sandbox, "GET", "/blueprints/1").json()["enable"] is enabled
