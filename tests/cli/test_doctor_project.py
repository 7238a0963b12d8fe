"""`doctor` sees why a dashboard is empty, where it may read; else it reminds."""

import pytest
import requests

from devlake_sandbox import Sandbox
from tests.support import PIPELINE

DORA = {"pluginName": "dora", "pluginOption": {}, "enable": True}


@pytest.fixture
def devlake():
    with Sandbox(empty=True, run_seconds=0) as running:
        send(running, "POST", "/plugins/webhook/connections", {"name": "shop"})
        yield running


def send(devlake, method, path, body):
    answer = requests.request(method, f"{devlake.url}{path}", json=body, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def project(devlake, *plugins, metrics=(DORA,), **changes):
    send(devlake, "POST", "/projects", {"name": "shop", "metrics": list(metrics)})
    scopes = [{"scopeId": "1"}]
    listed = [
        {"pluginName": each, "connectionId": 1, "scopes": scopes} for each in ("webhook", *plugins)
    ]
    send(devlake, "PATCH", "/blueprints/1", {"connections": listed, **changes})


@pytest.fixture
def doctor(devlake, devlake_ci):
    def ran(**env):
        where = {"DEVLAKE_URL": devlake.url, "DEVLAKE_CONNECTION": "shop", "DEVLAKE_TOKEN": ""}
        return devlake_ci("doctor", env=PIPELINE | where | env).out.splitlines()

    return ran


def test_a_connection_in_no_project_is_said_to_count_nothing(doctor):
    said = doctor()

    at = said.index('! in a project: The connection "shop" is in no project, so nothing of it is '
                    "counted.")  # fmt: skip
    assert "devlake-ci setup --project NAME" in said[at + 1]


def test_a_connection_is_found_in_another_case_as_devlake_finds_it(devlake, doctor):
    project(devlake)

    said = doctor(DEVLAKE_CONNECTION="SHOP")

    assert '✓ in a project: The connection "shop" is in "shop".' in said


def test_a_project_that_was_computed_is_good_all_through(devlake, doctor):
    project(devlake)
    send(devlake, "POST", "/blueprints/1/trigger", {})

    said = "\n".join(doctor())

    assert '✓ in a project: The connection "shop" is in "shop".' in said
    assert '✓ dora: "shop" has the dora metric.' in said
    assert '✓ blueprint: "shop" runs on a schedule: 0 0 * * *.' in said
    assert '✓ last run: "shop" has run (20' in said
    assert '✓ counted once: No other plugin in "shop" collects deployments.' in said


@pytest.mark.parametrize(
    ("made", "line"),
    [
        ({"metrics": ()}, '! dora: "shop" does not have the dora metric'),
        ({"enable": False}, '! blueprint: The blueprint of "shop" is switched off'),
        ({"isManual": True}, '! blueprint: The blueprint of "shop" runs only when somebody starts'),
        ({}, '! last run: "shop" has never run.'),
    ],
)
def test_what_keeps_the_dashboard_empty_is_named(devlake, doctor, made, line):
    project(devlake, **made)

    assert [each for each in doctor() if each.startswith(line)]


def test_a_plugin_that_collects_deployments_too_is_named(devlake, doctor):
    project(devlake, "github")

    assert [each for each in doctor() if each.startswith("! counted once: github in")]


def test_a_narrow_key_sees_nothing_and_reminds(devlake, doctor):
    project(devlake)
    path = "^/plugins/webhook/connections/1/deployments$"
    key = send(devlake, "POST", "/api-keys", {"name": "ci", "type": "devlake", "allowedPath": path})

    said = doctor(DEVLAKE_TOKEN=key["apiKey"], DEVLAKE_CONNECTION="1")

    assert [each for each in said if each.startswith("? in a project: Is the webhook connection")]
    assert not [each for each in said if each.startswith("! key:")]


def test_a_key_that_opens_everything_is_said_to_be_an_administrators(devlake, doctor):
    key = send(devlake, "POST", "/api-keys", {"name": "a", "type": "devlake", "allowedPath": ".*"})

    said = doctor(DEVLAKE_TOKEN=key["apiKey"])

    assert [each for each in said if each.startswith("! key: The key may read and change all")]


def test_pull_requests_that_a_plugin_collects_are_not_to_be_sent_too(devlake, doctor):
    project(devlake, "github")

    said = doctor(DEVLAKE_CHANGES="git")

    at = next(index for index, each in enumerate(said) if each.startswith("✗ lead time: github"))
    assert "counted twice" in said[at]
    assert "Leave --changes out" in said[at + 1]


def test_a_project_without_such_a_plugin_is_good_for_lead_time(devlake, doctor):
    project(devlake)

    said = doctor(DEVLAKE_CHANGES="git")

    assert '✓ lead time: No other plugin in "shop" collects pull requests.' in said
    assert any("DevLake takes pull_requests at" in each for each in said)


def test_a_devlake_that_takes_no_pull_requests_is_told(devlake_ci):
    with Sandbox("v1.0.1") as old:
        where = {"DEVLAKE_URL": old.connection_url, "DEVLAKE_TOKEN": old.token}
        said = devlake_ci("doctor", env=PIPELINE | where | {"DEVLAKE_CHANGES": "git",
                                                           "DEVLAKE_CONNECTION": ""})  # fmt: skip

    assert "! lead time: DevLake answered 404: 404 page not found" in said.out
    assert "since 1.0.3" in said.out
