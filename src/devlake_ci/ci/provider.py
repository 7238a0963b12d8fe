"""What a CI is to us: something that can be recognised, read, and told how it went."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from devlake_ci.effects import Effect
from devlake_ci.model import Context, Outcome

Env = Mapping[str, str]

ReadFile = Callable[[str], str | None]
"""The text of a file; None if it can't be read."""

Git = Callable[..., str | None]
"""`git("rev-parse", "HEAD")`: what Git prints, stripped; None if it fails or prints nothing."""


@dataclass(frozen=True)
class Reply:
    """What a CI's API answered."""

    status: int | None
    """None if it was not reached."""
    body: Any = None
    """The parsed JSON of a 200; else None."""
    message: str = ""
    """What any other answer says in words, or why there is none."""


Ask = Callable[[str, Mapping[str, str]], Reply]
"""GET a URL with headers, within the time that is left."""


Times = tuple[datetime | None, datetime | None]
"""When the run was queued and when the job started, as far as the CI's API says it."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A CI, as its module says at its end; what a CI has no way to do is left out."""

    name: str
    """What `DEVLAKE_CI` calls it."""

    detect: Callable[[Env], bool]
    """Tell whether we run in this CI; one provider at most says so of a real environment."""

    read: Callable[[Env, ReadFile], Context]
    """Read what the CI says of this job; never raises, whatever the values are."""

    emit: Callable[[Outcome, Env], tuple[Effect, ...]] = lambda *_: ()
    """Tell the CI what became of a report; () where it can't be told."""

    remember: Callable[[datetime, Env], tuple[Effect, ...]] = lambda *_: ()
    """Tell the later steps of this job when it started; () where they can't or needn't be."""

    times: Callable[[Env, Ask], Times] = lambda *_: (None, None)
    """Ask the CI's API when the run was queued and when the job started."""

    resolve: Callable[[str, Env, Ask], str | None] = lambda *_: None
    """Ask the CI's API for the whole SHA of a branch, tag or short SHA; None if it can't."""

    deployed: Callable[[Context, Env, Ask, bool], Context] = lambda context, *_: context
    """Turn to another job if we report for one that has deployed; the last argument tells to ask
    where to, too. Raises Problem if it has deployed nothing, or the CI doesn't say what it did."""
