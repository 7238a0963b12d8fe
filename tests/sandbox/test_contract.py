"""The sandbox answers and stores what recorded servers did, request by request.

Each exchange of tests/data/contract/devlake-*.json is sent again, in order. The whole answer must
be the same, and so must the rows. What the recordings leave out or what can't be the same is
listed here:

* `<token>`: a key of the server that was recorded; ours is sent in its place.
* "…": the end of a long text that was cut; the part before it must be the same. Bodies and paths
  that were cut are made again from what the recording says of them.
* the table `board_issues`: the sandbox doesn't keep it; no number needs it.
* "Error types: …", with which some recordings of messages end: a list of Go's types.
* `resolution_date` of an issue that the close route dates now.
* four-byte characters: the client that printed the recorded rows shows them as "?".
* `timeAfter` of a new project: half a year before the recording.
"""

import json
import re
from pathlib import Path

import pytest
import requests

from devlake_sandbox import VERSIONS, Sandbox

CONTRACT = Path(__file__).parents[1] / "data" / "contract"
SHA = "015e3d3b480e417aede5a1293bd61de9b0fd051d"
SHOP = "https://github.com/acme/shop"
NOT_KEPT = {"board_issues"}
DATES = {"startedDate": "2026-03-01T10:01:00+00:00", "finishedDate": "2026-03-01T10:09:00+00:00"}
ISSUE = {
    "title": "Deploy to prod failed",
    "originalStatus": "failure",
    "status": "TODO",
    "createdDate": "2026-03-01T10:09:00+00:00",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_exchange_has_the_same_answer_and_the_same_rows(version):
    exchanges = json.loads((CONTRACT / f"devlake-{version}.json").read_text())["exchanges"]

    with Sandbox(version, empty=True) as sandbox, requests.Session() as client:
        replay = Replay(sandbox, client)
        differences = [replay.differences(exchange) for exchange in exchanges]

    assert len(exchanges) >= 204
    assert not any(differences), "\n".join(filter(None, differences))


class Replay:
    """Sends recorded requests to a sandbox and compares."""

    def __init__(self, sandbox, client):
        self.sandbox, self.client = sandbox, client
        self.tokens = {}

    def differences(self, exchange):
        answer, rows = self.send(exchange), exchange.get("rows", {})
        pairs = {
            "status": (answer.status_code, exchange["status"]),
            "content type": (answer.headers.get("Content-Type"), exchange.get("content_type")),
            "answer": (self.content(answer), exchange["answer"]),
            **{
                table: self.stored(exchange, table, rows[table]) for table in rows.keys() - NOT_KEPT
            },
        }
        return "\n".join(
            f"{exchange['name']}, {what}:\n  sandbox {got}\n  DevLake {wanted}"
            for what, (got, wanted) in pairs.items()
            if not same(got, wanted)
        )

    def send(self, exchange):
        body = whole_body(exchange)
        headers = dict(exchange.get("headers") or {})
        content_type = headers.pop("Content-Type", "application/json") if body else None
        if "Authorization" in headers:
            headers["Authorization"] = self.authorization(exchange)
        return self.client.request(
            exchange["method"],
            self.sandbox.url + whole_path(exchange),
            data=body,
            headers={**headers, "Content-Type": content_type or None},
            allow_redirects=False,
        )

    def authorization(self, exchange):
        sent, name = exchange["headers"]["Authorization"], exchange["name"]
        key = "wide" if "wide token" in name else "old" if "expired" in name else "webhook-1"
        if "two spaces" in name:
            sent = "Bearer  <token>"
        elif "lower-case bearer" in name:
            sent = "bearer <token>"
        return sent.replace("<token>", self.tokens[key])

    def content(self, answer):
        if "json" not in answer.headers.get("Content-Type", ""):
            return answer.text
        content = answer.json()
        key = content.get("apiKey") if isinstance(content, dict) else None
        if isinstance(key, dict):
            self.tokens[key["name"]], key["apiKey"] = key["apiKey"], "<token>"
        elif key:
            self.tokens[content["name"]], content["apiKey"] = key, "<token>"
        return content

    def stored(self, exchange, table, recorded):
        if "error" in recorded:
            return self.unknown(table, recorded["error"])
        if table == "connections":
            listed = self.client.get(f"{self.sandbox.url}/plugins/webhook/connections").json()
            return [{"id": str(one["id"]), "name": one["name"]} for one in listed], recorded
        asked = wanted(exchange, recorded)
        if table == "n":
            rows = self.sandbox.rows("cicd_deployment_commits")
            return [{"n": str(sum(map(asked, rows)))}], recorded
        found = [row for row in self.sandbox.rows(table) if asked(row)]
        if recorded and not {"cicd_scope_id", "title"} & recorded[0].keys():
            found = [{column: row[column] for column in recorded[0]} for row in found]
        return sorted(found, key=by_id), sorted(recorded, key=by_id)

    def unknown(self, table, error):
        """Return what the sandbox has of a table or a column that this version of DevLake lacks."""
        column = re.search(r"Unknown column '(\w+)'", error)
        return [row for row in self.sandbox.rows(table) if not column or column[1] in row], []


def wanted(exchange, recorded):
    """Return the rows that the recorder asked for: those of the request, or those it found."""
    if exchange["name"] == "snake_case: same commit, another pipeline and environment":
        return lambda row: (row["repo_url"], row["commit_sha"]) == (SHOP, SHA)
    body = json.loads(whole_body(exchange) or "{}")
    keys = {body.get(key) for key in ("id", "pipeline_id", "issueKey", "issue_key")}
    keys |= set(re.findall(r"/issue/(.*)/close", exchange["path"])) - {None}
    ids = {row.get("id") for row in recorded} - {None}
    names = ("id", "cicd_deployment_id", "issue_key", "incident_key")
    return lambda row: row["id"] in ids or any(row.get(name) in keys - {None} for name in names)


def whole_path(exchange):
    letter = re.search(r"(\w)…", exchange["path"])
    length = exchange["name"].partition("'")[2].partition("'")[0][-3:]
    if not letter:
        return exchange["path"]
    return re.sub(rf"{letter[1]}+…{letter[1]}+", letter[1] * int(length), exchange["path"])


def whole_body(exchange):
    body, name = exchange.get("body"), exchange["name"]
    if "raw_body" in exchange:
        return exchange["raw_body"]
    if body is None:
        return None
    if isinstance(body, str):
        body = long_body(body, name)
    return json.dumps(body)


def long_body(told, name):
    if "commitMsg" in told:
        commit = {"repoUrl": SHOP, "commitSha": SHA, **DATES, "commitMsg": "n" * 70000}
        return {"id": "rec-ccommitMsg70000", **DATES, "deploymentCommits": [commit]}
    if "1000 commits" in told:
        commits = [{"repoUrl": f"https://h/o/r{n}", "commitSha": SHA, **DATES} for n in range(1000)]
        named = {"name": "big"} if "big" in told else {}
        return {"id": name, **DATES, "deploymentCommits": commits, **named}
    field = re.search(r"(title|description) of 70000", told)[1]
    return {"issueKey": f"rec-il{field}70000", **ISSUE, field: "n" * 70000}


def same(got, recorded):
    if isinstance(recorded, dict) and isinstance(got, dict):
        return got.keys() == recorded.keys() and all(
            key == "timeAfter" or same(got[key], recorded[key]) or dated_now(key, recorded[key])
            for key in recorded
        )
    if isinstance(recorded, list) and isinstance(got, list):
        return len(got) == len(recorded) and all(map(same, got, recorded))
    if isinstance(recorded, str) and isinstance(got, str):
        recorded = re.sub(r"\nError types: .*", "", recorded)
        return re.sub(r"[^\0-\uffff]", "?", got).startswith(recorded.removesuffix("…")) and (
            recorded.endswith("…") or len(got) == len(recorded)
        )
    return type(got) is type(recorded) and got == recorded


def dated_now(key, recorded):
    """Return whether a date is of the recording's own day; what was sent has another one."""
    return key == "resolution_date" and str(recorded).startswith("2026-11-26")


def by_id(row):
    return row.get("id", "")
