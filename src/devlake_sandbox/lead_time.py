"""Lead time for changes, from stored rows, as DevLake's own tasks compute it.

DevLake takes what lies between a deployed commit and the one deployed before it. It knows no
history of a repository that it doesn't collect, so there it is the deployed commit alone. Sources:
the story in contract/setup-v1.0.3.json; of apache/devlake prev_deployment_commit_enricher.go and
change_lead_time_calculator.go in backend/plugins/dora/tasks, and backend/plugins/refdiff/tasks.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from devlake_sandbox.tables import parse_time

Row = Mapping[str, str]


@dataclass(frozen=True)
class LeadTime:
    """How long a merged pull request took, in whole minutes, rounded up."""

    pull_request: str
    """The id of its row."""
    cycle_minutes: int
    """From its creation to its deployment, or to its merge if it was not deployed."""
    deploy_minutes: int | None
    """From its merge to its deployment; None if it was not deployed, or before its merge."""
    deployment_commit: str
    """The id of the commit's row that deployed it, "" if none did."""
    deployed: datetime | None


def previous(commits: Iterable[Row]) -> dict[str, str]:
    """Return each successful commit's predecessor: row id to row id, "" for the first.

    A predecessor is of the same connection, repository and environment.
    """
    before: dict[tuple[str, str, str], str] = {}
    found = {}
    for row in sorted(commits, key=lambda row: (row["finished_date"], row["id"])):
        if row.get("result") == "SUCCESS" and row.get("repo_url"):
            lane = (row["cicd_scope_id"], row["repo_url"], row.get("environment", ""))
            found[row["id"]] = before.get(lane, "")
            before[lane] = row["id"]
    return found


def lead_times(commits: Sequence[Row], pull_requests: Iterable[Row]) -> list[LeadTime]:
    """Return the lead time of each merged pull request, in the order in which they first came."""
    deployed = _first_deployments(commits)
    return [
        _lead_time(row, deployed.get(row.get("merge_commit_sha", "")))
        for row in pull_requests
        if row.get("merged_date")
    ]


def _first_deployments(commits: Sequence[Row]) -> dict[str, Row]:
    """Return, by SHA, the earliest commit row that shipped it to production."""
    rows = {row["id"]: row for row in commits}
    shipped = [
        rows[new]
        for new, old in previous(commits).items()
        if old and rows[new]["commit_sha"] != rows[old]["commit_sha"]
    ]
    first: dict[str, Row] = {}
    for row in sorted(shipped, key=lambda row: (row["started_date"], row["id"])):
        if row.get("environment") == "PRODUCTION":
            first.setdefault(row["commit_sha"], row)
    return first


def _lead_time(pull_request: Row, commit: Row | None) -> LeadTime:
    created, merged = (
        parse_time(pull_request["created_date"]),
        parse_time(pull_request["merged_date"]),
    )
    deployed = parse_time(commit["finished_date"]) if commit else None
    to_merge = _minutes(created, merged)
    to_deployment = _minutes(merged, deployed) if deployed else None
    return LeadTime(
        pull_request["id"],
        (to_merge or 0) + (to_deployment or 0),
        to_deployment,
        commit["id"] if commit else "",
        deployed,
    )


def _minutes(start: datetime, end: datetime) -> int | None:
    """Return the minutes between two times, rounded up; None if they are in the wrong order."""
    minutes = math.ceil((end - start) / timedelta(minutes=1))
    return minutes if minutes >= 0 else None


def deployed_in(
    commits: Iterable[Row], times: Iterable[LeadTime]
) -> Iterator[tuple[str, LeadTime]]:
    """Yield the pull requests that were deployed, each with its deployment's id."""
    deployments = {row["id"]: row["cicd_deployment_id"] for row in commits}
    for each in times:
        if each.deployment_commit:
            yield deployments[each.deployment_commit], each
