"""The sandbox answers what recorded servers did while they were set up, request by request.

Each exchange of tests/data/contract/setup-*.json is sent again, in order. The status must be the
same, and so must the answer, and the rows. What the recordings leave out or what can't be the same
is listed here:

* `<token>`: a key of the server that was recorded.
* "Error types: …" and `causes`, which say again what the message says.
* times, and `_raw_data…`: the recorder left them out.
"""

import json
import re
import time
from pathlib import Path

import pytest
import requests

from devlake_sandbox import VERSIONS, Sandbox

CONTRACT = Path(__file__).parents[1] / "data" / "contract"
RECORDED = ("v0.20.0", "v0.21.0", "v1.0.1", "v1.0.3", "main", "main-2026-06")
UNRECORDED = re.compile("causes|timeAfter|createdAt|beganAt|finishedAt|spentSeconds|_raw_.*")


@pytest.mark.parametrize("version", RECORDED)
def test_every_recorded_exchange_of_a_setup_has_the_same_answer_and_the_same_rows(version):
    exchanges = json.loads((CONTRACT / f"setup-{version}.json").read_text())["exchanges"]
    ours = version if version in VERSIONS else "main"

    with Sandbox(ours, empty=True, run_seconds=0.15) as sandbox, requests.Session() as client:
        replay = Replay(sandbox, client)
        differences = [replay.differences(exchange) for exchange in exchanges]

    assert len(exchanges) >= 98
    assert not any(differences), "\n".join(filter(None, differences))


def test_a_run_waits_then_runs_then_is_done():
    with Sandbox(empty=True, run_seconds=0.3) as sandbox, requests.Session() as client:
        set_up(sandbox, client)
        client.post(f"{sandbox.url}/blueprints/1/trigger", json={"skipCollectors": True})

        seen = statuses(sandbox, client)

    assert list(dict.fromkeys(seen)) == ["TASK_CREATED", "TASK_RUNNING", "TASK_COMPLETED"]


def test_a_run_of_one_project_waits_for_that_of_another():
    with Sandbox(empty=True, run_seconds=0.2) as sandbox, requests.Session() as client:
        set_up(sandbox, client)
        set_up(sandbox, client, "acme")
        for blueprint in (1, 2):
            client.post(f"{sandbox.url}/blueprints/{blueprint}/trigger", json={})

        finished(sandbox, client, 2)

        first, second = (
            client.get(f"{sandbox.url}/pipelines/{number}").json() for number in (1, 2)
        )
    assert second["beganAt"] > first["finishedAt"]


def test_a_run_counts_what_was_stored_before_it_began():
    with Sandbox(empty=True, run_seconds=0.1) as sandbox, requests.Session() as client:
        set_up(sandbox, client)
        deploy(sandbox, client, "before")
        client.post(f"{sandbox.url}/blueprints/1/trigger", json={})
        finished(sandbox, client)
        deploy(sandbox, client, "after")

        (project,) = sandbox.projects

    assert project.connections == ("webhook:1",)
    assert project.deployments == ("before",)


def set_up(sandbox, client, name="shop"):
    post = lambda path, body: client.post(sandbox.url + path, json=body).json()  # noqa: E731
    connection = post("/plugins/webhook/connections", {"name": name})
    dora = {"pluginName": "dora", "pluginOption": {}, "enable": True}
    project = post("/projects", {"name": name, "metrics": [dora]})
    listed = {"pluginName": "webhook", "connectionId": connection["id"], "scopes": []}
    blueprint = f"{sandbox.url}/blueprints/{project['blueprint']['id']}"
    assert client.patch(blueprint, json={"connections": [listed]}).ok


def deploy(sandbox, client, name):
    dates = {"startedDate": "2026-03-01T10:01:00Z", "finishedDate": "2026-03-01T10:09:00Z"}
    commit = {"repoUrl": "https://github.com/acme/shop", "commitSha": "0" * 40, **dates}
    deployment = {"id": name, **dates, "deploymentCommits": [commit]}
    url = f"{sandbox.url}/plugins/webhook/connections/1/deployments"
    assert client.post(url, json=deployment).ok


def statuses(sandbox, client, number=1):
    """Ask until the run has ended."""
    seen = [""]
    while seen[-1] != "TASK_COMPLETED":
        seen.append(client.get(f"{sandbox.url}/pipelines/{number}").json()["status"])
        time.sleep(0.01)
    return seen[1:]


def finished(sandbox, client, number=1):
    statuses(sandbox, client, number)


class Replay:
    """Sends recorded requests to a sandbox and compares."""

    def __init__(self, sandbox, client):
        self.sandbox, self.client, self.tokens = sandbox, client, {}

    def differences(self, exchange):
        if exchange["name"] == "pipelines of the blueprint" and exchange["answer"]["count"]:
            finished(self.sandbox, self.client)  # as the recorder did
        answer = self.send(exchange)
        pairs = {
            "status": (answer.status_code, exchange["status"]),
            "answer": (self.content(answer), recorded(exchange["answer"])),
            **{table: (self.stored(table, rows), rows) for table, rows in rows_of(exchange)},
        }
        return "\n".join(
            f"{exchange['name']}, {what}:\n  sandbox {got}\n  DevLake {wanted}"
            for what, (got, wanted) in pairs.items()
            if not same(got, wanted)
        )

    def send(self, exchange):
        key = exchange.get("key")
        return self.client.request(
            exchange["method"],
            self.sandbox.url + exchange["path"],
            json=whole_body(exchange),
            headers={"Authorization": f"Bearer {self.tokens[key]}"} if key else {},
            allow_redirects=False,
        )

    def content(self, answer):
        if "json" not in answer.headers.get("Content-Type", ""):
            return answer.text
        content = answer.json()
        if isinstance(content, dict) and (key := content.get("apiKey")):
            self.keep(answer.request.method, content, key)
        return recorded(content)

    def keep(self, method, content, key):
        if isinstance(key, dict):
            if "apiKey" in key:
                self.tokens.setdefault("connection", key["apiKey"])
                key["apiKey"] = "<token>"
        else:
            self.tokens["renewed" if method == "PUT" else "narrow"] = key
            content["apiKey"] = "<token>"

    def stored(self, table, recorded):
        if table == "pull_requests":  # of which the recorder asked for those that it had sent
            ids = {row["id"] for row in recorded}
            return [row for row in self.sandbox.rows(table) if row["id"] in ids]
        if table == "_tool_webhook_connections":
            listed = self.client.get(f"{self.sandbox.url}/plugins/webhook/connections").json()
            return [{"id": str(one["id"]), "name": one["name"]} for one in listed]
        if table == "project_mapping":
            _, *rows = self.client.get(
                f"{self.sandbox.url}/plugins/org/project_mapping.csv"
            ).text.split()
            names = ("project_name", "table", "row_id")
            return [dict(zip(names, row.split(","), strict=True)) for row in rows]
        listed = self.client.get(f"{self.sandbox.url}/projects").json()["projects"]
        if table == "projects":
            return [{"name": one["name"]} for one in sorted(listed, key=lambda one: one["name"])]
        return [
            {
                "project_name": one["name"],
                "plugin_name": metric["pluginName"],
                "enable": str(int(metric["enable"])),
            }
            for one in sorted(listed, key=lambda one: one["name"])
            for metric in one["metrics"]
        ]


def whole_body(exchange):
    """Make a body again that the recording only describes."""
    body = exchange.get("body")
    if not isinstance(body, str):
        return body
    key, length = re.search(r"(\w+) of (\d+) characters", body).groups()
    required = {"id": "pr-1", "pullRequestKey": 5, "displayTitle": "t", "createdDate": "2026-03-01"}
    return required | {"displayTitle" if key == "title" else key: "n" * int(length)}


def rows_of(exchange):
    return (exchange.get("rows") or {}).items()


def recorded(value):
    """Leave out of an answer what the recordings leave out."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if not UNRECORDED.fullmatch(key)}
        return {key: recorded(each) for key, each in kept.items()}
    if isinstance(value, list):
        return list(map(recorded, value))
    if isinstance(value, str):
        return value.partition("\nError types:")[0].removesuffix("…")
    return value


def same(got, wanted):
    if isinstance(got, dict) and isinstance(wanted, dict):
        return got.keys() == wanted.keys() and all(same(got[key], wanted[key]) for key in got)
    if isinstance(got, str) and isinstance(wanted, str) and len(wanted) > 500:
        return got.startswith(wanted)  # the recording was cut
    return got == wanted
