"""What a CI is to us: something that can be recognised, read, and told how it went."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

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
    """What any other answer says in words."""


Ask = Callable[[str, Mapping[str, str]], Reply]
"""GET a URL with headers, within the time that is left."""


class Provider(Protocol):
    """A CI. The modules of this package are providers: a new CI is one more of them."""

    NAME: str
    """What `DEVLAKE_CI` calls it."""

    def detect(self, env: Env) -> bool:
        """Tell whether we run in this CI; one provider at most says so of a real environment."""

    def read(self, env: Env, read_file: ReadFile) -> Context:
        """Read what the CI says of this job; never raises, whatever the values are."""

    def emit(self, outcome: Outcome, env: Env) -> tuple[Effect, ...]:
        """Tell the CI what became of a report; () where it can't be told."""

    def remember(self, started: datetime, env: Env) -> tuple[Effect, ...]:
        """Tell the later steps of this job when it started; () where they can't or needn't be."""

    def times(self, env: Env, ask: Ask) -> tuple[datetime | None, datetime | None]:
        """Ask the CI's API when the run was queued and when the job started."""

    def resolve(self, ref: str, env: Env, ask: Ask) -> str | None:
        """Ask the CI's API for the whole SHA of a branch, tag or short SHA; None if it can't."""
