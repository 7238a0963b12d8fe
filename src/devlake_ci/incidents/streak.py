"""The failures of one job in a row: which of them opened an incident, and what closes it. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from devlake_ci.ci.facts import parse_job_result
from devlake_ci.ci.provider import PAGE, Ask, Env, ReadFile
from devlake_ci.dataclass import dataclass
from devlake_ci.model import Context, Incident, Result
from devlake_ci.options import Options

UNKNOWN = "Which incident is open is not known"

ELSEWHERE = {"auto", "github", "gitlab", "none"}
"""The values of `--incident-state` that are not a state file."""


@dataclass(frozen=True, kw_only=True)
class Streak:
    """Whose failures in a row are one incident: a job of a workflow, for a service and place."""

    provider: str = ""
    repository: str = ""
    workflow: str = ""
    job: str = ""
    service: str = ""
    environment: str = ""

    @property
    def name(self) -> str:
        """Return all of it as one text, which no other streak has."""
        return "\n".join(vars(self).values())


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """One time that the job ran to its end, in this run of the workflow or in another.

    `result` is SUCCESS or FAILURE: a cancelled or skipped job doesn't tell whether all is well.
    """

    run_id: str
    attempt: str
    result: Result
    started_at: datetime
    finished_at: datetime
    ref: str | None = None
    sha: str | None = None
    url: str | None = None
    actor: str | None = None


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """How the job ended this time."""

    result: Result
    started_at: datetime | None = None
    number: int | None = None
    """The run's number, where the CI counts them."""


@dataclass(frozen=True, kw_only=True)
class IncidentState:
    """What is known of a streak before this run is reported; nothing is open by default."""

    open: Incident | None = None
    unsent: tuple[Incident, ...] = ()
    """Incidents that were closed, but not reported to DevLake."""
    newest_start: datetime | None = None
    """When the newest run that was reported began."""
    newest_number: int | None = None
    """The number of that run, where the CI counts them."""
    started_at: datetime | None = None
    """When this run of the job began, where the CI's history says so."""
    notes: tuple[str, ...] = ()
    """What the user should know about it, one sentence each."""


@dataclass(frozen=True)
class History:
    """How a job ended before, and what else the CI says about it there."""

    past: list[PastRun]
    started_at: datetime | None = None
    """When it began this time."""
    job: str | None = None
    """Its name there, which sets it apart from the other jobs of its matrix."""


class Source(Protocol):
    """A CI that can be asked how its jobs ended before: `incidents.github`, `incidents.gitlab`."""

    def history(
        self, options: Options, context: Context, env: Env, ask: Ask, read_file: ReadFile, /
    ) -> History:
        """Ask for it; raise MissingError if the CI doesn't say."""

    def workflow(self, context: Context, env: Env, /) -> str | None:
        """Return what identifies the workflow; None if the CI has no such thing."""


def clear_result(status: str) -> Result | None:
    """Parse a CI's status of a job that ended: SUCCESS or FAILURE; None for any other."""
    result = parse_job_result(status)
    return result if result in (Result.SUCCESS, Result.FAILURE) else None


def relevant_runs(past: Iterable[PastRun]) -> list[PastRun]:
    """Return the runs that count, in the order in which they ended.

    A run that began before another and ended after it doesn't count: what the other one deployed or
    checked is newer. A re-run of other jobs may list a job that it didn't run again with its old
    times: the lower attempt is the one that ran.
    """

    def order(run: PastRun) -> tuple[datetime, datetime, int, str]:
        return run.finished_at, run.started_at, len(run.attempt), run.attempt

    found: list[PastRun] = []
    for each in sorted(past, key=order):
        if not found or each.started_at >= found[-1].started_at:
            found.append(each)
    return found


def first_failure(past: Iterable[PastRun]) -> PastRun | None:
    """Return the failure that began the current streak; None if the last run was a success."""
    first = None
    for each in relevant_runs(past):
        first = None if each.result is Result.SUCCESS else first or each
    return first


def is_decided_before(past: Iterable[PastRun], moment: datetime) -> bool:
    """Return whether runs that ended before `moment` can't matter: a success began after it."""
    return any(
        each.result is Result.SUCCESS and each.started_at > moment for each in relevant_runs(past)
    )


def is_outdated(state: IncidentState, this: JobResult) -> bool:
    """Return whether a newer run than this one was reported already.

    Times take precedence over numbers: a re-run has its old number, and is news.
    """
    if state.newest_start and this.started_at:
        return this.started_at < state.newest_start
    if state.newest_number is not None and this.number is not None:
        return this.number < state.newest_number
    return False


def transition(
    open_: Incident | None, result: Result, now: datetime, fresh: Incident
) -> Incident | None:
    """Return the incident as DevLake should have it now, or None if there is nothing to report.

    `open_` is the one that is open, `fresh` the one that this run would open. What is sent
    overwrites all of an incident, so a closed one is the whole open one, with its end.
    """
    match result:
        case Result.FAILURE:
            return replace(open_, updated_at=max(now, open_.created_at)) if open_ else fresh
        case Result.SUCCESS if open_:
            end = max(now, open_.created_at)
            status = fresh.original_status
            return replace(open_, updated_at=end, resolved_at=end, original_status=status)
    return None


T = TypeVar("T")


def read_backwards(
    listings: Iterable[Iterator[list[T]]],
    read: Callable[[list[T]], None],
    is_enough: Callable[[list[T]], bool],
) -> bool:
    """Read lists of runs back, a page of each at a time, until each is at its end or `is_enough`.

    The pages of one round go to `read` together: order matters across branches. `is_enough` gets
    one full page, and returns whether what follows it can't matter. Return False if a list was
    longer than what may be read of it.
    """
    unread = list(listings)
    while unread:
        pages = [(each, next(each, None)) for each in unread]
        found = [(each, page) for each, page in pages if page is not None]
        if len(found) < len(pages):
            return False
        read([item for _, page in found for item in page])
        unread = [each for each, page in found if len(page) == PAGE and not is_enough(page)]
    return True
