"""DORA's numbers, month by month, from stored rows, as DevLake's own dashboard shows them.

Sources: contract/dora-month.json; the dora plugin and grafana/dashboards/DORA.json of
apache/incubator-devlake. All connections count as one project. There is no lead time for changes:
it needs pull requests that DevLake collects.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from devlake_sandbox.tables import at

Row = Mapping[str, str]
HALF = 0.5
T = TypeVar("T")


@dataclass(frozen=True)
class Month:
    """What the dashboard's monthly panels show for one month."""

    name: str
    """Like "2026-09"."""
    deployments: int
    failure_rate: float | None
    """The share, 0 to 1, of deployments with an incident; None without deployments."""
    recovery_hours: float
    """Failed deployment recovery time: from the deployment's end; 0 without any, as there."""
    restore_hours: float
    """Median time to restore service: from the incident's beginning; 0 without any, as there."""


def months(commits: Sequence[Row], incidents: Sequence[Row]) -> list[Month]:
    """Give all months from the first to the last in which anything happened."""
    ends = finished(commits)
    caused = {cause(commits, incident) for incident in incidents}
    deployments = _by_month((end, one) for one, end in ends.items())
    recoveries = _by_month(_recoveries(commits, incidents))
    restores = _by_month(_restores(incidents))
    return [
        _summary(name, deployments[name], caused, recoveries[name], restores[name])
        for name in _through([*deployments, *recoveries, *restores])
    ]


def _by_month(dated: Iterable[tuple[datetime, T]]) -> defaultdict[str, list[T]]:
    months = defaultdict(list)
    for when, one in dated:
        months[_month(when)].append(one)
    return months


def _summary(
    name: str,
    deployments: list[str],
    caused: set[str | None],
    recoveries: list[int],
    restores: list[int],
) -> Month:
    failed = sum(one in caused for one in deployments)
    return Month(
        name,
        len(deployments),
        failed / len(deployments) if deployments else None,
        median(recoveries) / 60,
        median(restores) / 60,
    )


def finished(commits: Iterable[Row]) -> dict[str, datetime]:
    """Give the deployments that count and when each ended: when its last counting commit did."""
    ends: dict[str, datetime] = {}
    for commit in filter(_counts, commits):
        deployment, end = commit["cicd_deployment_id"], at(commit["finished_date"])
        ends[deployment] = max(end, ends.get(deployment, end))
    return ends


def cause(commits: Iterable[Row], incident: Row) -> str | None:
    """Give the deployment that an incident is put on: the last that ended *before* it began."""
    began = at(incident["created_date"])
    earlier = [one for one in commits if _counts(one) and at(one["finished_date"]) < began]
    last = max(earlier, key=lambda commit: commit["finished_date"], default=None)
    return last["cicd_deployment_id"] if last else None


def median(values: Iterable[int]) -> int:
    """Give the largest value whose percent_rank is at most a half, 0 for none."""
    ordered = sorted(values)
    others = max(len(ordered) - 1, 1)
    lower = [one for one in ordered if bisect_left(ordered, one) / others <= HALF]
    return max(lower, default=0)


def _counts(commit: Row) -> bool:
    return (commit.get("result"), commit.get("environment")) == ("SUCCESS", "PRODUCTION")


def _recoveries(commits: Sequence[Row], incidents: Sequence[Row]) -> Iterator[tuple[datetime, int]]:
    """Give, for each resolved incident on a deployment, the deployment's end and whole minutes."""
    ends = finished(commits)
    for incident in incidents:
        deployment = cause(commits, incident)
        if deployment and incident.get("resolution_date"):
            took = at(incident["resolution_date"]) - ends[deployment]
            yield ends[deployment], int(took / timedelta(minutes=1))


def _restores(incidents: Sequence[Row]) -> Iterator[tuple[datetime, int]]:
    """Give, for each resolved incident, when it was and the lead time in minutes that it has."""
    for incident in incidents:
        if incident.get("resolution_date"):
            yield at(incident["resolution_date"]), int(incident["lead_time_minutes"])


def _month(when: datetime) -> str:
    return when.date().isoformat()[:7]


def _through(names: list[str]) -> Iterator[str]:
    """Give every month from the first of `names` to the last."""
    numbers = [int(name[:4]) * 12 + int(name[5:]) - 1 for name in names]
    for number in range(min(numbers, default=0), max(numbers, default=-1) + 1):
        yield f"{number // 12:04}-{number % 12 + 1:02}"
