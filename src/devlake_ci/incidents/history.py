"""How a job's earlier runs ended, and which of its failures is the first that isn't mended yet."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from devlake_ci.ci.provider import Ask, Env, ReadFile
from devlake_ci.model import Context, Result
from devlake_ci.options import Options


@dataclass(frozen=True, kw_only=True)
class Past:
    """One time that the job ran to its end, in this run of the workflow or in another.

    `result` is SUCCESS or FAILURE: a cancelled or skipped job says nothing of how things stand.
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


@dataclass(frozen=True)
class History:
    """How a job ended before, and what else the CI says of it there."""

    past: list[Past]
    started_at: datetime | None = None
    """When it began this time."""
    job: str | None = None
    """What it is called there, which tells it from the other legs of its matrix."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A CI that tells how its jobs ended before, as its module says at its end."""

    history: Callable[[Options, Context, Env, Ask, ReadFile], History]
    """Ask for it; raises MissingError if the CI doesn't say it."""

    workflow: Callable[[Context, Env], str | None]
    """Name what tells a workflow from the repository's others; None if the CI has no such thing."""


def counted(past: Iterable[Past]) -> list[Past]:
    """Give those that count, in the order in which they ended.

    One that began before another, and ended after it, says nothing of how things stand: what the
    other one deployed or checked is newer. A re-run of other jobs may list one that it didn't run
    again with its old times: the lower attempt is the one that ran.
    """
    found: list[Past] = []
    for each in sorted(past, key=_order):
        if not found or each.started_at >= found[-1].started_at:
            found.append(each)
    return found


def _order(one: Past) -> tuple[datetime, datetime, int, str]:
    return one.finished_at, one.started_at, len(one.attempt), one.attempt


def first_failure(past: Iterable[Past]) -> Past | None:
    """Give the failure that began the stretch that lasts until now; None if all is well."""
    first = None
    for each in counted(past):
        first = None if each.result is Result.SUCCESS else first or each
    return first


def is_known_before(past: Iterable[Past], moment: datetime) -> bool:
    """Tell if runs that ended before `moment` can't matter: a success that counts began after."""
    return any(each.result is Result.SUCCESS and each.started_at > moment for each in counted(past))
