"""The numbers are those that DevLake's own dashboard showed for the same two months."""

import json
from pathlib import Path

import pytest
import requests

from devlake_sandbox import Sandbox, dora

RECORDED = json.loads(
    (Path(__file__).parents[1] / "data" / "contract" / "dora-month.json").read_text()
)
PANELS = {
    "Monthly deployments": ("Deployment Count", lambda month: str(month.deployments)),
    "Change Failure Rate": (
        "Change Failure Rate",
        lambda month: "NULL" if month.failure_rate is None else f"{month.failure_rate:.4f}",
    ),
    "Failed Deployment Recovery Time": (
        "value In Hours",
        lambda month: f"{month.recovery_hours:.4f}",
    ),
    "Median Time to Restore Service": (
        "value In Hours",
        lambda month: f"{month.restore_hours:.4f}",
    ),
}
NOTHING = dora.Month("", 0, 0.0, None, 0.0, 0.0)


@pytest.fixture(scope="module")
def stored():
    """Send the recorded months to a sandbox; give the commits' rows and the incidents'."""
    with Sandbox("v1.0.3") as sandbox, requests.Session() as client:
        connection = sandbox.connection_url.removesuffix("/deployments")
        client.headers["Authorization"] = f"Bearer {sandbox.token}"
        for sent in RECORDED["requests"]:
            assert client.post(connection + sent["path"], json=sent["body"]).ok
        return sandbox.rows("cicd_deployment_commits"), sandbox.rows("incidents")


def test_each_incident_is_on_the_deployment_that_devlake_put_it_on(stored):
    commits, incidents = stored

    causes = {one["incident_key"]: dora.cause(commits, one) for one in incidents}

    assert {key: cause for key, cause in causes.items() if cause} == RECORDED[
        "incident_on_deployment"
    ]


@pytest.mark.parametrize("panel", PANELS)
def test_each_month_shows_what_the_panel_of_devlakes_dashboard_showed(stored, panel):
    column, shown = PANELS[panel]

    rows = dora.Stored(*stored)
    months = {month.name[2:].replace("-", "/"): month for month in dora.months(rows)}

    assert {
        recorded["month"]: shown(months.get(recorded["month"], NOTHING))
        for recorded in RECORDED["dashboard"][panel]
    } == {recorded["month"]: recorded[column] for recorded in RECORDED["dashboard"][panel]}


@pytest.mark.parametrize(
    ("values", "middle"),
    [([], 0), ([7], 7), ([1, 9], 1), ([1, 5, 9], 5), ([1, 5, 5, 9], 5), ([1, 4, 6, 9], 4)],
)
def test_the_median_is_the_largest_value_of_the_lower_half(values, middle):
    assert dora.median(values) == middle


def commit(deployment, **columns):
    return {
        "id": f"{deployment} {columns}",
        "cicd_deployment_id": deployment,
        "result": "SUCCESS",
        "environment": "PRODUCTION",
        "finished_date": "2026-12-31 10:00:00.000",
    } | columns


def test_one_successful_production_commit_makes_a_deployment_count_once():
    commits = [
        commit("mixed"),
        commit("mixed", finished_date="2027-01-01 10:00:00.000"),
        commit("mixed", result="FAILURE", finished_date="2027-02-01 10:00:00.000"),
        commit("failed", result="FAILURE"),
        commit("staging", environment="STAGING"),
    ]

    months = dora.months(dora.Stored(commits))

    assert [(month.name, month.deployments) for month in months] == [("2027-01", 1)]


def test_a_time_to_restore_is_of_the_month_in_which_it_was_restored():
    incident = {
        "created_date": "2026-12-31 23:00:00.000",
        "resolution_date": "2027-01-01 00:00:00.000",
        "lead_time_minutes": "60",
    }

    months = dora.months(dora.Stored([commit("one")], [incident]))

    assert [(month.name, month.restore_hours) for month in months] == [
        ("2026-12", 0.0),
        ("2027-01", 1.0),
    ]


def test_months_without_anything_between_two_with_something_are_there():
    commits = [commit("one"), commit("two", finished_date="2027-02-01 00:00:00.000")]

    months = dora.months(dora.Stored(commits))

    assert [(month.name, month.deployments) for month in months] == [
        ("2026-12", 1),
        ("2027-01", 0),
        ("2027-02", 1),
    ]


def test_nothing_stored_gives_no_months():
    assert dora.months(dora.Stored([])) == []


@pytest.mark.parametrize("ends", [["0001-11-30", "0002-02-01"], ["9998-12-31", "9999-12-31"]])
def test_months_run_from_the_first_to_the_last_in_any_year(ends):
    rows = [commit(end, finished_date=f"{end} 00:00:00.000") for end in ends]

    names = [month.name for month in dora.months(dora.Stored(rows))]

    assert (names[0], names[-1]) == (ends[0][:7], ends[1][:7])
    assert len(names) in (4, 13)


@pytest.mark.parametrize(("legacy", "month"), [(True, "2026-01"), (False, "2026-02")])
def test_before_v1_0_a_restored_incident_counts_for_the_month_in_which_it_began(legacy, month):
    incident = {
        "created_date": "2026-01-31 20:00:00.000", "resolution_date": "2026-02-01 06:00:00.000",
        "lead_time_minutes": "600",
    }  # fmt: skip

    found = dora.months(dora.Stored(commits=(), incidents=[incident], legacy=legacy))

    assert [(each.name, each.restore_hours) for each in found] == [(month, 10)]
