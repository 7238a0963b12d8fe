"""The page shows what arrived, to be looked at, whatever was sent."""

import base64
import hashlib
import json
import re
from pathlib import Path

import requests

from devlake_sandbox import Sandbox
from devlake_sandbox.page.refresh import SCRIPT as SCRIPT_OF_OURS

CONTRACT = Path(__file__).parents[1] / "data" / "contract"
MONTH = CONTRACT / "dora-month.json"
STORY = CONTRACT / "setup-v1.0.3.json"
SCRIPT = "<script>alert('x')</script>"
DATES = {"startedDate": "2026-03-01T10:01:00Z", "finishedDate": "2026-03-01T10:09:30Z"}
COMMIT = {
    "repoUrl": "https://github.com/acme/shop",
    "commitSha": "015e3d3b480e417aede5a1293bd61de9b0fd051d",
    **DATES,
}
DEPLOYMENT = {"id": "d", "name": "shop", **DATES, "deploymentCommits": [COMMIT]}
ISSUE = {
    "issueKey": "i",
    "title": "Basket is empty",
    "type": "INCIDENT",
    "status": "TODO",
    "originalStatus": "failure",
    "createdDate": "2026-03-01T10:10:00Z",
}


def send(sandbox, body, path="deployments"):
    with requests.Session() as session:
        session.post(f"{sandbox.url}/plugins/webhook/connections/1/{path}", json=body)


def shown(sandbox):
    with requests.Session() as session:
        return session.get(sandbox.url).text


def plain(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def articles(page):
    """Return the text of each article."""
    return list(map(plain, re.findall(r"(?s)<article.*?</article>", page)))


def test_with_nothing_yet_it_says_how_to_send_something(sandbox):
    page = shown(sandbox)

    assert "Nothing has been stored yet" in page
    assert f"export DEVLAKE_URL={sandbox.connection_url}" in page
    assert "devlake-ci report" in page


def test_an_empty_one_says_how_to_make_a_connection():
    with Sandbox(empty=True) as sandbox:
        assert "/plugins/webhook/connections" in shown(sandbox)


def test_a_deployment_is_shown_with_its_commits(sandbox):
    commit = {**COMMIT, "refName": "main", "commitMsg": "feat: baskets"}
    send(sandbox, {**DEPLOYMENT, "deploymentCommits": [commit], "originalEnvironment": "prod-eu"})

    (article,) = articles(shown(sandbox))

    assert article == (
        "shop SUCCESS PRODUCTION prod-eu "
        "2026-03-01 10:09:30 UTC, took 8 min 30 s; counts for DORA "
        "github.com/acme/shop 015e3d3b48 main "
        "What is stored: 1 commit id d name shop webhook:1 "
        "2026-03-01 10:01:00 to 2026-03-01 10:09:30 UTC "
        "Repository Commit Ref Message Result Finished "
        "https://github.com/acme/shop 015e3d3b48 main feat: baskets SUCCESS 2026-03-01 10:09:30"
    )


def test_the_newest_deployment_comes_first_and_a_reload_shows_it(sandbox):
    send(sandbox, DEPLOYMENT)
    before = articles(shown(sandbox))
    send(sandbox, {**DEPLOYMENT, "id": "e", "name": "later", "finishedDate": "2026-04-01"})

    after = articles(shown(sandbox))

    assert [one.split()[0] for one in before + after] == ["shop", "later", "shop"]


def test_a_deployment_that_says_failure_counts_if_its_commits_do_not_say_so_too(sandbox):
    failed = {**COMMIT, "result": "FAILURE"}
    send(sandbox, {**DEPLOYMENT, "result": "FAILURE"})
    send(sandbox, {**DEPLOYMENT, "id": "e", "result": "FAILURE", "deploymentCommits": [failed]})

    assert [re.search(r"; (.*) DORA", one)[1] for one in articles(shown(sandbox))] == [
        "counts for",
        "doesn't count for".replace("'", "&#x27;"),
    ]


def test_an_incident_is_shown_on_its_deployment_or_among_those_on_none(sandbox):
    send(sandbox, DEPLOYMENT)
    send(sandbox, ISSUE, "issues")
    send(sandbox, {**ISSUE, "issueKey": "early", "createdDate": "2026-02-01"}, "issues")
    send(sandbox, {}, "issue/early/close")

    deployment, on_none = articles(shown(sandbox))

    assert "TODO Incident Basket is empty since 2026-03-01 10:10:00 UTC · i" in deployment
    assert "2026-02-01 00:00:00 UTC, closed without a resolution date" in on_none


def test_before_v1_an_issue_of_type_incident_is_one():
    with Sandbox("v0.21.0") as sandbox:
        snake = {re.sub("[A-Z]", lambda a: "_" + a[0].lower(), k): v for k, v in ISSUE.items()}
        send(sandbox, snake, "issues")

        assert "Basket is empty" in articles(shown(sandbox))[0]


def test_the_numbers_are_those_of_devlakes_dashboard(sandbox):
    for sent in json.loads(MONTH.read_text())["requests"]:
        send(sandbox, sent["body"], sent["path"][1:])

    page = shown(sandbox)

    rows = [re.findall(r"<td[^>]*><span>(.*?)</span>", row) for row in page.split("<tr>")]
    assert [row for row in rows if row and row[0].startswith("2026-")] == [
        ["2026-10", "3", "0.00 h", "33.3%", "0.00 h", "1.00 h"],
        ["2026-09", "8", "0.00 h", "62.5%", "16.67 h", "0.75 h"],
        ["2026-08", "0", "0.00 h", "-", "0.00 h", "1.00 h"],
    ]


def test_four_cards_are_filled_and_a_deployment_shows_the_pull_requests_that_it_shipped(sandbox):
    story = json.loads(STORY.read_text())["story"]
    for sent in story["requests"]:
        send(sandbox, sent["body"], sent["path"][1:])

    page = shown(sandbox)

    cards = re.findall(r'class="card"><span>(.*?)</span><b>(.*?)</b>', page)
    assert cards == [
        ("Deployment frequency", "11"),
        ("Lead time for changes", "2.02 h"),
        ("Change failure rate", "9.1%"),
        ("Recovery time", "0.57 h"),
    ]
    shipped = {
        one.split()[0]: re.findall(r"Pull request (PR \d+) lead time ([\w ]+):", one)
        for one in articles(page)
    }
    assert shipped["two-prs"] == [("PR 2", "7 h 1 min"), ("PR 3", "6 h 1 min")]
    assert "Merged, on no deployment" in page


def test_a_refused_request_is_shown_with_the_servers_answer(sandbox):
    send(sandbox, {"pipeline_id": "old spelling"})

    article = articles(shown(sandbox))[-1]

    assert "POST /plugins/webhook/connections/1/deployments 400" in article
    assert "Field validation for &#x27;Id&#x27; failed" in article
    assert "old spelling" in article


def test_a_narrow_key_that_may_not_read_the_projects_plan_is_no_mistake(sandbox):
    key = {"Authorization": f"Bearer {sandbox.token}"}
    for path in ("blueprints/1", "connections"):
        requests.get(f"{sandbox.url}/api/rest/{path}", headers=key, timeout=9)

    other, plan = articles(shown(sandbox))[-2:]

    assert "/blueprints/1 403" in plan
    assert "No mistake: this key may run the project" in plan
    assert "No mistake" not in other


def test_what_was_dropped_in_silence_is_shown(sandbox):
    send(sandbox, {**DEPLOYMENT, "foo": 1})

    assert "deployments foo DevLake stored the rest" in articles(shown(sandbox))[-1]


def test_nothing_that_is_sent_becomes_more_than_text(sandbox):
    texts = dict.fromkeys(("displayTitle", "result", "name", "originalEnvironment"), SCRIPT)
    commit = dict.fromkeys(
        ("repoUrl", "commitSha", "refName", "commitMsg", "result", "name", "status"), SCRIPT
    )
    issue = dict.fromkeys(
        (
            "issueKey", "title", "description", "originalStatus", "url", "severity", "priority",
            "component", "epicKey", "creatorName", "assigneeName", "parentIssueKey",
        ),
        SCRIPT,
    )  # fmt: skip
    commits = [{**COMMIT, **commit}]
    send(sandbox, {**DEPLOYMENT, "id": SCRIPT, **texts, "deploymentCommits": commits, SCRIPT: 1})
    send(sandbox, {**ISSUE, **issue}, "issues")
    send(
        sandbox,
        {**ISSUE, "issueKey": "j", "createdDate": "2020-01-01", "url": "javascript:x"},
        "issues",
    )
    send(sandbox, {SCRIPT: SCRIPT, "startedDate": SCRIPT}, f"deployments?{SCRIPT}")
    send(sandbox, SCRIPT, SCRIPT)

    page = shown(sandbox)

    assert len(sandbox.rows("incidents")) == 2
    assert page.count("&lt;script&gt;") > 15
    ours, rest = page.count(f"<script>{SCRIPT_OF_OURS}</script>"), page.replace(SCRIPT_OF_OURS, "")
    assert (ours, rest.count("<script")) == (1, 1)
    assert not re.search(r"href=.javascript|\son\w+=", page, re.IGNORECASE)


def test_half_a_character_does_not_break_it(sandbox):
    send(sandbox, {**DEPLOYMENT, "name": "half a \ud83d", "startedDate": "\udfff"})
    send(sandbox, {**DEPLOYMENT, "name": "half a \ud83d"})

    assert "half a \N{REPLACEMENT CHARACTER}" in shown(sandbox)


def test_it_runs_its_own_script_alone_takes_nothing_from_elsewhere_and_knows_the_dark(
    sandbox, client
):
    send(sandbox, DEPLOYMENT)
    answer = client.get(sandbox.url)

    digest = base64.b64encode(hashlib.sha256(SCRIPT_OF_OURS.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy
    assert not re.search(r"src=|@import|url\(", answer.text)
    assert re.findall(r"<link [^>]*>", answer.text) == ['<link rel="icon" href="data:,">']
    assert "prefers-color-scheme: dark" in answer.text


def test_a_browser_that_shows_all_gets_nothing_and_then_what_is_new(sandbox, client):
    changes = re.search(r'data-changes="(\d+)"', client.get(sandbox.url).text)[1]

    before = client.get(f"{sandbox.url}/?changes={changes}")
    send(sandbox, DEPLOYMENT)
    after = client.get(f"{sandbox.url}/?changes={changes}")

    assert (before.status_code, after.status_code) == (204, 200)
    assert "took 8 min 30 s" in after.text


def test_what_can_be_open_has_a_key_that_stays(sandbox):
    send(sandbox, DEPLOYMENT)
    send(sandbox, {})
    before = re.findall(r'<details data-key="(.*?)"', shown(sandbox))

    send(sandbox, {**DEPLOYMENT, "id": "e"})
    send(sandbox, {})

    after = re.findall(r'<details data-key="(.*?)"', shown(sandbox))
    assert len(before) == 2
    assert set(before) < set(after)
    assert len(set(after)) == len(after) == 4


def test_looking_is_not_counted_as_a_request(sandbox):
    shown(sandbox)

    assert sandbox.requests == []


def test_a_project_is_shown_with_its_connections_and_how_its_last_run_ended():
    with Sandbox(run_seconds=0, empty=True) as sandbox, requests.Session() as client:
        client.post(f"{sandbox.url}/plugins/webhook/connections", json={"name": "ci"})
        dora = {"pluginName": "dora", "pluginOption": {}, "enable": True}
        client.post(f"{sandbox.url}/projects", json={"name": SCRIPT, "metrics": [dora]})
        listed = [{"pluginName": "webhook", "connectionId": 1, "scopes": []}]
        client.patch(f"{sandbox.url}/blueprints/1", json={"connections": listed})
        before = shown(sandbox)
        send(sandbox, DEPLOYMENT)
        client.post(f"{sandbox.url}/blueprints/1/trigger", json={})

        after = shown(sandbox)

    assert "none: its blueprint has not run with one none yet 0" in plain(before)
    assert re.search("webhook:1 completed, [0-9: -]+ 1", plain(after))
    assert SCRIPT not in after
