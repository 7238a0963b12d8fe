"""Lead time is what DevLake's own tasks and dashboard made of the same requests."""

import json
from pathlib import Path

import pytest
import requests

from devlake_sandbox import Sandbox, dora, lead_time

CONTRACT = Path(__file__).parents[1] / "data" / "contract"
STORY = json.loads((CONTRACT / "setup-v1.0.3.json").read_text())["story"]
CONNECTION = 4
"""The story's connection on the server that was recorded."""


@pytest.fixture(scope="module", params=["v1.0.3", "main"])
def devlake(request):
    """Send the story to a sandbox."""
    with Sandbox(request.param) as sandbox, requests.Session() as client:
        for number in range(2, CONNECTION + 1):
            client.post(f"{sandbox.url}/plugins/webhook/connections", json={"name": f"c{number}"})
        for sent in STORY["requests"]:
            url = f"{sandbox.url}/plugins/webhook/connections/{CONNECTION}{sent['path']}"
            assert client.post(url, json=sent["body"]).status_code == sent["status"]
        yield sandbox


def test_each_pull_request_has_the_recorded_lead_time(devlake):
    rows = [
        {
            "id": each.pull_request,
            "pr_coding_time": None,
            "pr_deploy_time": None if each.deploy_minutes is None else str(each.deploy_minutes),
            "pr_cycle_time": str(each.cycle_minutes),
            "pr_deployed_date": each.deployed.isoformat(" ", "milliseconds")
            if each.deployed
            else None,
            "deployment_commit_id": each.deployment_commit,
        }
        for each in devlake.lead_times
    ]

    assert rows == STORY["lead_time"]


def test_each_commit_has_the_recorded_predecessor(devlake):
    previous = lead_time.previous(devlake.rows("cicd_deployment_commits"))

    recorded = {each["id"]: each["prev_success_deployment_commit_id"] for each in STORY["previous"]}
    assert {key: previous.get(key, "") for key in recorded} == recorded


def test_the_incident_is_on_the_recorded_deployment(devlake):
    commits = devlake.rows("cicd_deployment_commits")

    causes = {one["id"]: dora.cause(commits, one) for one in devlake.rows("incidents")}

    assert causes == {each["id"]: each["deployment_id"] for each in STORY["incident_on"]}


def test_the_dashboard_shows_the_recorded_numbers(devlake):
    (month,) = devlake.months

    shown = {
        title: next(iter({k: v for k, v in row.items() if k != "month"}.values()))
        for title, rows in STORY["dashboard"].items()
        for row in rows
        if row["month"] == month.name[2:].replace("-", "/")
    }
    assert shown == {
        "Monthly deployments": str(month.deployments),
        "Median Lead Time for Changes": f"{month.lead_hours:.4f}",
        "Change Failure Rate": f"{month.failure_rate:.4f}",
        "Failed Deployment Recovery Time": f"{month.recovery_hours:.4f}",
    }


PULL_REQUEST = {"id": "1", "pullRequestKey": 1, "displayTitle": "t", "createdDate": "2026-03-01"}


def post(sandbox, path, body):
    with requests.Session() as session:
        url = f"{sandbox.url}/plugins/webhook/connections/1/{path}"
        return session.post(url, json=body)


def test_pull_requests_came_with_v1_0_3():
    with Sandbox("v1.0.1") as sandbox:
        assert post(sandbox, "pull_requests", PULL_REQUEST).status_code == 404


@pytest.mark.parametrize("missing", ["id", "pullRequestKey", "displayTitle", "createdDate"])
def test_a_pull_request_without_a_required_field_is_a_400(sandbox, missing):
    body = {key: value for key, value in PULL_REQUEST.items() if key != missing}

    assert post(sandbox, "pull_requests", body).status_code == 400


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"status": "merged"}, 400),
        ({"pullRequestKey": 0}, 400),
        ({"mergedDate": ""}, 400),
        ({"mergedDate": None}, 200),
        ({"mergeCommitSha": "a" * 41}, 500),
        ({"url": "u" * 256}, 500),
        ({"displayTitle": "t" * 5000}, 200),
    ],
)
def test_a_pull_request_is_checked_as_recorded(sandbox, more, status):
    assert post(sandbox, "pull_requests", PULL_REQUEST | more).status_code == status


def test_the_same_number_overwrites_whatever_the_repository(sandbox):
    for url in ("https://h/a/pull/1", "https://h/b/pull/1"):
        post(sandbox, "pull_requests", PULL_REQUEST | {"url": url})

    assert [each["url"] for each in sandbox.rows("pull_requests")] == ["https://h/b/pull/1"]


@pytest.mark.parametrize(("key", "kept"), [(2**53 - 1, 2**53 - 1), (2**53 + 1, 2**53)])
def test_a_number_is_kept_exactly_up_to_what_a_float_holds(sandbox, key, kept):
    post(sandbox, "pull_requests", PULL_REQUEST | {"pullRequestKey": key})

    assert [each["id"] for each in sandbox.rows("pull_requests")] == [f"webhook:1:{kept}"]


def commit(number, sha, started, finished):
    return {
        "cicd_scope_id": "webhook:1", "repo_url": "u", "environment": "PRODUCTION",
        "result": "SUCCESS", "cicd_deployment_id": "d", "id": number, "commit_sha": sha,
        "started_date": f"2026-03-01 {started}.000", "finished_date": f"2026-03-01 {finished}",
    }  # fmt: skip


def merged(name, at):
    return {
        "id": name, "merge_commit_sha": "sha", "created_date": "2026-03-01 10:00:00.000",
        "merged_date": f"2026-03-01 {at}",
    }  # fmt: skip


def test_minutes_are_rounded_up_and_nothing_is_negative():
    base = commit("1", "base", "09:00:00", "09:00:00.000")
    shipped = commit("2", "sha", "12:00:00", "12:00:00.001")
    at = {"early": "11:00:00.000", "that moment": "12:00:00.001", "late": "13:00:00.000"}

    found = lead_time.lead_times([base, shipped], [merged(*each) for each in at.items()])

    times = {each.pull_request: (each.deploy_minutes, each.cycle_minutes) for each in found}
    assert times == {"early": (61, 121), "that moment": (0, 121), "late": (None, 180)}


# getDeploymentCommit of apache/devlake orders by started_date:
# backend/plugins/dora/tasks/change_lead_time_calculator.go
def test_of_two_deployments_that_shipped_it_the_one_that_began_first_counts():
    base = commit("1", "base", "09:00:00", "09:00:00.000")
    slow = commit("2", "sha", "12:00:00", "13:00:00.000")
    between = commit("3", "other", "12:20:00", "12:50:00.000")
    quick = commit("4", "sha", "12:10:00", "12:30:00.000")

    (found,) = lead_time.lead_times([base, slow, between, quick], [merged("early", "11:00:00.000")])

    assert (found.deployment_commit, found.deploy_minutes) == ("2", 120)
