"""The recorded story of a month (contract/setup-v1.0.3.json), told through the program."""

import json

import pytest
import requests

from devlake_sandbox import Sandbox
from devlake_sandbox.tables import format_time
from tests.changes.github_api import GitHub
from tests.support import DATA

STORY = json.loads((DATA / "contract" / "setup-v1.0.3.json").read_text())["story"]
SHOP, PAY = "https://github.com/acme/shop", "https://github.com/acme/pay"
NAMES = {sha: name for name, sha in STORY["shas"].items()}
SENT = [(each["path"], each["body"]) for each in STORY["requests"]]
NEVER_SHIPPED = {9, 13}
"""Pull requests that no deployment lists: the first one of a repository without a base, and one
that wasn't deployed. Somebody else tells DevLake of them."""


def of(body, repository):
    return [
        each["commitSha"] for each in body["deploymentCommits"] if each["repoUrl"] == repository
    ]


def host():
    """GitHub as it was when the story happened: both repositories, merged one after the other."""
    api = GitHub()
    for path, body in SENT:
        if path == "/pull_requests":
            sha = body["mergeCommitSha"]
            api.pull(
                body["pullRequestKey"], sha, created=body["createdDate"],
                title=body["displayTitle"], mergedAt=body["mergedDate"], url=body["url"],
                baseRepository={"nameWithOwner": body["url"].split(".com/")[1].split("/pull")[0]},
            )  # fmt: skip
    order = ["base", *(f"m{number}" for number in range(1, 6)), "t5",
             *(f"m{number}" for number in range(6, 14) if number not in (9, 10, 13))]  # fmt: skip
    api.commits = [STORY["shas"][name] for name in order]
    api.diverged[STORY["shas"]["m9"], STORY["shas"]["m10"]] = [
        STORY["shas"][name] for name in ("m9", "m10")
    ]
    return api


def environment(body, devlake, state):
    shop = of(body, SHOP)
    env = {
        "DEVLAKE_URL": devlake.connection_url,
        "DEVLAKE_TOKEN": devlake.token,
        "DEVLAKE_CHANGES": "auto",
        "DEVLAKE_INCIDENT_STATE": f"file:{state}",
        "DEVLAKE_ID": body["id"],
        "DEVLAKE_ENVIRONMENT": body["environment"].lower(),
        "DEVLAKE_RESULT": body["result"].lower(),
        "DEVLAKE_STARTED_AT": body["startedDate"],
        "DEVLAKE_FINISHED_AT": body["finishedDate"],
        "GITHUB_SHA": shop[-1],
        "GITHUB_RUN_ID": body["id"],
    }
    if NAMES[shop[0]] == "base":
        env["DEVLAKE_CHANGES_SINCE"] = shop[0]
    if pay := of(body, PAY):
        env["DEVLAKE_COMMITS"] = f"[{{repo_url: {PAY}, sha: {pay[-1]}}}]"
    return env


@pytest.fixture
def devlake(devlake_ci, tmp_path, ticking):
    with Sandbox("v1.0.3") as sandbox, host().serving() as github, requests.Session() as session:
        for path, body in SENT:
            if path == "/deployments":
                ticking.now = ticking.now.replace(year=2026, month=11)
                env = github.env | environment(body, sandbox, tmp_path / "state.json")
                assert devlake_ci("report", env=env).code == 0
            elif path == "/issues" or body["pullRequestKey"] in NEVER_SHIPPED:
                session.post(f"{sandbox.url}/plugins/webhook/connections/1{path}", json=body)
        yield sandbox


def number(row):
    """The number in the id of a pull request's row."""
    return int(row.rpartition(":")[2]) % 10_000_000


def test_every_lead_time_is_the_recorded_one(devlake):
    """To the second: where all entries had one time in the story, ours are a millisecond apart."""
    found = {
        number(each.pull_request): (
            each.cycle_minutes,
            each.deploy_minutes,
            each.deployment_commit,
            each.deployed and format_time(each.deployed)[:19],
        )
        for each in devlake.lead_times
    }

    assert found == {
        number(each["id"]): (
            int(each["pr_cycle_time"]),
            int(each["pr_deploy_time"]) if each["pr_deploy_time"] else None,
            (each["deployment_commit_id"] or "").replace("webhook:4:", "webhook:1:"),
            (each["pr_deployed_date"] or "")[:19] or None,
        )
        for each in STORY["lead_time"]
    }


def test_the_dashboard_shows_the_recorded_numbers(devlake):
    (month,) = (each for each in devlake.months if each.name == "2026-10")

    shown = {
        title: next(text for key, text in row.items() if key != "month")
        for title, rows in STORY["dashboard"].items()
        for row in rows
        if row["month"] == "26/10"
    }
    assert shown == {
        "Monthly deployments": str(month.deployments),
        "Median Lead Time for Changes": f"{month.lead_hours:.4f}",
        "Change Failure Rate": f"{month.failure_rate:.4f}",
        "Failed Deployment Recovery Time": f"{month.recovery_hours:.4f}",
    }
