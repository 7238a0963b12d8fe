"""What the sandbox offers to a test or a person, beyond DevLake's own answers."""

import json
import sqlite3

import pytest
import requests

from devlake_sandbox import VERSIONS, Sandbox

DATES = {"startedDate": "2026-03-01T10:01:00Z", "finishedDate": "2026-03-01T10:09:00Z"}
COMMIT = {"repoUrl": "https://github.com/acme/shop", "commitSha": "0" * 40, **DATES}
DEPLOYMENT = {"id": "d", **DATES, "deploymentCommits": [COMMIT]}
LEGACY = {
    "pipeline_id": "d",
    "repo_url": "https://github.com/acme/shop",
    "commit_sha": "0" * 40,
    "start_time": "2026-03-01T10:01:00Z",
}
ISSUE = {
    "issueKey": "i",
    "title": "t",
    "type": "INCIDENT",
    "status": "TODO",
    "originalStatus": "failure",
    "createdDate": "2026-03-01T10:10:00Z",
}


def sent(sandbox, body, url=None):
    bearer = {"Authorization": f"Bearer {sandbox.token}"}
    with requests.Session() as session:
        return session.post(url or sandbox.connection_url, json=body, headers=bearer)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_url_and_the_token_are_all_that_one_needs(version):
    with Sandbox(version) as sandbox:
        answer = sent(sandbox, DEPLOYMENT if version not in ("v0.20.0", "v0.21.0") else LEGACY)

        assert answer.json()["success"]
        assert [row["id"] for row in sandbox.rows("cicd_deployments")] == ["d"]


def test_the_newest_release_is_what_one_gets():
    with Sandbox() as sandbox:
        assert sandbox.version == "v1.0.3"


def test_an_empty_one_has_no_connection_and_no_key(client):
    with Sandbox(empty=True) as sandbox:
        listed = client.get(f"{sandbox.url}/plugins/webhook/connections")

        assert (sandbox.connection_url, sandbox.token, listed.json()) == (None, None, [])


def test_the_api_is_at_the_root_and_below_api_as_behind_the_config_ui(client):
    with Sandbox() as sandbox:
        answers = [client.get(sandbox.url + path) for path in ("/version", "/api/version")]

        assert [answer.json() for answer in answers] == [{"version": "dev"}] * 2


def test_what_arrived_is_kept_in_order_with_what_became_of_it(client):
    with Sandbox() as sandbox:
        client.get(f"{sandbox.url}/ping?x=1")
        client.post(f"{sandbox.url}/nothing", data="no JSON")
        sent(sandbox, DEPLOYMENT)

        assert sandbox.requests == [
            received("GET", "/ping?x=1", "", 200),
            received("POST", "/nothing", "no JSON", 404, answer="404 page not found"),
            received("POST", sandbox.connection_url.removeprefix(sandbox.url), DEPLOYMENT, 200),
        ]


def received(method, path, body, status, answer=None):
    return {
        "method": method,
        "path": path,
        "body": body,
        "status": status,
        "ignored": [],
        "answer": answer,
    }


def test_keys_that_devlake_drops_in_silence_are_named():
    commit = {**COMMIT, "repo_url": "old spelling", "REFNAME": "main"}
    body = {**DEPLOYMENT, "pipelineId": 1, "displaytitle": "t", "deploymentCommits": [commit]}

    with Sandbox() as sandbox:
        sent(sandbox, body)

        assert sandbox.requests[0]["ignored"] == ["pipelineId", "deploymentCommits[0].repo_url"]


def test_of_two_spellings_of_a_key_the_exact_one_counts_and_the_other_is_dropped():
    with Sandbox() as sandbox:
        sent(sandbox, {**DEPLOYMENT, "NAME": "dropped", "name": "kept"})

        assert sandbox.rows("cicd_deployments")[0]["name"] == "kept"
        assert sandbox.requests[0]["ignored"] == ["NAME"]


def test_a_refusal_is_not_silent_so_nothing_counts_as_dropped():
    with Sandbox() as sandbox:
        sent(sandbox, LEGACY)

        assert (sandbox.requests[0]["status"], sandbox.requests[0]["ignored"]) == (400, [])


def test_the_token_is_never_shown_not_even_if_it_is_sent_as_something_else(client):
    with Sandbox() as sandbox:
        sent(sandbox, {**DEPLOYMENT, "name": sandbox.token, "foo": sandbox.token})
        sent(sandbox, {"id": sandbox.token}, f"{sandbox.connection_url}?token={sandbox.token}")
        asked = {"name": "k", "type": "devlake", "allowedPath": ".*"}
        made = client.post(f"{sandbox.url}/api-keys", json=asked)

        assert made.status_code == 201
        assert sandbox.token not in json.dumps(sandbox.requests)
        assert sandbox.token not in client.get(sandbox.url).text
        assert "apiKey" not in json.dumps(sandbox.requests)


def test_incidents_of_a_project_go_by_name_to_the_connection_that_devlake_made(client):
    with Sandbox() as sandbox:
        hook = f"{sandbox.url}/plugins/webhook"
        client.post(f"{sandbox.url}/projects", json={"name": "shop"})
        statuses = [
            client.post(f"{hook}/projects/shop/deployments", json=DEPLOYMENT).status_code,
            client.post(f"{hook}/projects/shop/deployments", json=DEPLOYMENT).status_code,
            client.post(
                f"{hook}/connections/by-name/shop_deployments/issues", json=ISSUE
            ).status_code,
        ]

        assert statuses == [404, 200, 200]
        assert [row["id"] for row in sandbox.rows("incidents")] == ["webhook:2:i"]


def test_a_key_opens_what_its_pattern_says(client):
    allowed = r"/plugins/webhook/(connections/(by-name/)?[^/]+/(deployments|issues))$"

    with Sandbox() as sandbox:
        asked = {"name": "report", "allowedPath": allowed, "type": "devlake"}
        key = client.post(f"{sandbox.url}/api-keys", json=asked).json()["apiKey"]
        statuses = {
            path: client.post(
                f"{sandbox.url}/rest/plugins/webhook/{path}",
                json={},
                headers={"Authorization": f"Bearer {key}"},
            ).status_code
            for path in ("connections/1/issues", "connections/by-name/ci/issues", "connections")
        }

    assert statuses == {
        "connections/1/issues": 400,
        "connections/by-name/ci/issues": 400,
        "connections": 403,
    }


def test_what_a_deployment_does_not_say_is_its_first_commits():
    commits = [{**COMMIT, "result": "FAILURE"}, {**COMMIT, "commitSha": "1" * 40}]

    with Sandbox() as sandbox:
        sent(sandbox, {**DEPLOYMENT, "deploymentCommits": commits})

        assert sandbox.rows("cicd_deployments")[0]["original_result"] == "FAILURE"


def test_before_v1_a_deployment_that_is_refused_leaves_no_commits():
    commits = [{"repo_url": "https://github.com/acme/shop", "commit_sha": "0" * 40}]

    with Sandbox("v0.21.0") as sandbox:
        answer = sent(sandbox, {**LEGACY, "name": "n" * 256, "deploymentCommits": commits})

        assert "'name'" in answer.json()["message"]
        assert sandbox.rows("cicd_deployment_commits") == []


def test_a_restart_on_the_same_file_goes_on_where_it_was(tmp_path):
    file = str(tmp_path / "store.sqlite")

    with Sandbox(store=file) as first:
        sent(first, DEPLOYMENT)
        kept = (first.url, first.connection_url, first.token, first.requests)
    with Sandbox(store=file) as second:
        assert (second.url, second.connection_url, second.token, second.requests) == kept
        assert sent(second, {**DEPLOYMENT, "id": "e"}).ok
        assert [row["id"] for row in second.rows("cicd_deployments")] == ["d", "e"]


def test_a_restart_takes_another_port_if_the_one_from_before_is_taken(tmp_path):
    file = str(tmp_path / "store.sqlite")

    with Sandbox(store=file) as first, Sandbox(store=file) as second:
        assert second.url != first.url
        assert sent(second, DEPLOYMENT).ok


def test_a_port_that_is_taken_an_unusable_file_and_an_unknown_word_are_errors(tmp_path):
    with Sandbox() as sandbox:
        with pytest.raises(OSError, match="in use"):
            Sandbox(port=int(sandbox.url.rpartition(":")[2]))
        with pytest.raises(ValueError, match="commits"):
            sandbox.rows("commits")
    (tmp_path / "letter.txt").write_text("no database " * 100)
    for file in (tmp_path, tmp_path / "letter.txt"):
        with pytest.raises(sqlite3.Error):
            Sandbox(store=str(file))
    with pytest.raises(ValueError, match="v2"):
        Sandbox("v2")
