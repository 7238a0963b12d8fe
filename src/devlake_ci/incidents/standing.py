"""How a job stands before this run is told: which incident is open, and how new that is."""

from dataclasses import dataclass
from datetime import datetime

from devlake_ci.model import Incident, Result


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of a stretch of failures; nothing is open by default."""

    open: Incident | None = None
    unsent: tuple[Incident, ...] = ()
    """Incidents that were closed, and DevLake could not be told."""
    newest_start: datetime | None = None
    """When the newest run began that has told how the job stands."""
    newest_number: int | None = None
    """The number of that run, where the CI counts them."""
    started_at: datetime | None = None
    """When this run of the job began, where the CI's history says it."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Event:
    """One end of the job that says how it stands."""

    result: Result
    started_at: datetime | None = None
    number: int | None = None
    """The run's number, where the CI counts them."""


def is_outdated(standing: Standing, event: Event) -> bool:
    """Tell if a newer run than this one has told already how the job stands.

    Times go before numbers: an old run that is started again has its old number, and is news.
    """
    if standing.newest_start and event.started_at:
        return event.started_at < standing.newest_start
    if standing.newest_number is not None and event.number is not None:
        return event.number < standing.newest_number
    return False
