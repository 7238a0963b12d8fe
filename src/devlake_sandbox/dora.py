"""DORA's four numbers, month by month, from stored rows, as DevLake's own dashboard shows them.

Sources: contract/dora-month.json and the story in setup-v1.0.3.json; the dora plugin and
grafana/dashboards of apache/devlake. All connections count as one project.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from devlake_sandbox import incidents, tables
from devlake_sandbox.lead_time import LeadTime, lead_times
from devlake_sandbox.store import Store
from devlake_sandbox.tables import parse_time
from devlake_sandbox.versions import Version

Row = Mapping[str, str]
HALF = 0.5
T = TypeVar("T")


@dataclass(frozen=True)
class Stored:
    """The rows that the numbers are computed from."""

    commits: Sequence[Row]
    incidents: Sequence[Row] = ()
    pull_requests: Sequence[Row] = ()
    legacy: bool = False
    """Before v1.0 an open incident counts as restored after its lead time, which is 0."""

    @cached_property
    def lead_times(self) -> list[LeadTime]:
        """The lead time of each merged pull request."""
        return lead_times(self.commits, self.pull_requests)

    @cached_property
    def causes(self) -> list[str | None]:
        """The deployment that each incident is put on."""
        return [cause(self.commits, incident) for incident in self.incidents]

    @cached_property
    def ends(self) -> dict[str, datetime]:
        """The deployments that count, and when each ended."""
        return finished_deployments(self.commits)


def read_stored(store: Store, version: Version) -> Stored:
    """Read the rows from the store."""
    return Stored(
        store.all(tables.COMMITS),
        incidents.all_incidents(store, version),
        store.all(tables.PULL_REQUESTS),
        legacy=not version.since("v1.0.1"),
    )


@dataclass(frozen=True)
class Month:
    """What the dashboard's monthly panels show for one month."""

    name: str
    """Like "2026-09"."""
    deployments: int
    lead_hours: float
    """Median lead time for changes; 0 without any, as there."""
    failure_rate: float | None
    """The share, 0 to 1, of deployments with an incident; None without deployments."""
    recovery_hours: float
    """Failed deployment recovery time: from the deployment's end; 0 without any, as there."""
    restore_hours: float
    """Median time to restore service: from the incident's beginning; 0 without any, as there."""


def months(rows: Stored) -> list[Month]:
    """Return all months from the first to the last in which anything happened."""
    deployments = _by_month((end, one) for one, end in rows.ends.items())
    leads = _by_month((one.deployed, one.cycle_minutes) for one in rows.lead_times if one.deployed)
    recoveries = _by_month(_recoveries(rows))
    restores = _by_month(_restores(rows))
    failed = set(rows.causes)
    return [
        Month(
            name,
            len(deployments[name]),
            median(leads[name]) / 60,
            _share(deployments[name], failed),
            median(recoveries[name]) / 60,
            median(restores[name]) / 60,
        )
        for name in _through([*deployments, *recoveries, *restores])
    ]


def _by_month(dated: Iterable[tuple[datetime, T]]) -> defaultdict[str, list[T]]:
    months = defaultdict(list)
    for when, one in dated:
        months[_month(when)].append(one)
    return months


def _share(deployments: list[str], failed: set[str | None]) -> float | None:
    return sum(one in failed for one in deployments) / len(deployments) if deployments else None


def finished_deployments(commits: Iterable[Row]) -> dict[str, datetime]:
    """Return the deployments that count and when each ended: when its last counting commit did."""
    ends: dict[str, datetime] = {}
    for commit in filter(_counts, commits):
        deployment, end = commit["cicd_deployment_id"], parse_time(commit["finished_date"])
        ends[deployment] = max(end, ends.get(deployment, end))
    return ends


def cause(commits: Iterable[Row], incident: Row) -> str | None:
    """Return the deployment that an incident is put on: the last that ended *before* it began."""
    began = incident["created_date"]
    earlier = [one for one in commits if _counts(one) and one["finished_date"] < began]
    last = max(earlier, key=lambda commit: commit["finished_date"], default=None)
    return last["cicd_deployment_id"] if last else None


def median(values: Iterable[int]) -> int:
    """Return the largest value whose percent_rank is at most a half, 0 for none."""
    ordered = sorted(values)
    others = max(len(ordered) - 1, 1)
    lower = [one for one in ordered if bisect_left(ordered, one) / others <= HALF]
    return max(lower, default=0)


def _counts(commit: Row) -> bool:
    return (commit.get("result"), commit.get("environment")) == ("SUCCESS", "PRODUCTION")


def _recoveries(rows: Stored) -> Iterator[tuple[datetime, int]]:
    """Yield the end of each recovered deployment, and the whole minutes that it took."""
    for incident, deployment in zip(rows.incidents, rows.causes, strict=True):
        if deployment and incident.get("resolution_date"):
            end = rows.ends[deployment]
            took = parse_time(incident["resolution_date"]) - end
            yield end, int(took / timedelta(minutes=1))


def _restores(rows: Stored) -> Iterator[tuple[datetime, int]]:
    """Return, for each restored incident, the date that it counts for and its lead time."""
    date = "created_date" if rows.legacy else "resolution_date"
    for incident in rows.incidents:
        if incident.get(date):
            yield parse_time(incident[date]), int(incident["lead_time_minutes"])


def _month(when: datetime) -> str:
    return when.date().isoformat()[:7]


def _through(names: list[str]) -> Iterator[str]:
    """Yield every month from the first of `names` to the last."""
    numbers = [int(name[:4]) * 12 + int(name[5:]) - 1 for name in names]
    for number in range(min(numbers, default=0), max(numbers, default=-1) + 1):
        yield f"{number // 12:04}-{number % 12 + 1:02}"
