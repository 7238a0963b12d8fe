"""What the program needs of a CI: how to recognize it, read its job, and hand it the result.

A provider decides what is written for its CI, as values (Effect); `cli/outcome.py` carries it out.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from devlake_ci.dataclass import dataclass
from devlake_ci.model import Context, Outcome

if TYPE_CHECKING:
    from devlake_ci.ci.facts import Facts


@dataclass(frozen=True)
class Append:
    """Append `text` to the file `path` (GitHub's output files, CircleCI's `$BASH_ENV`)."""

    path: str
    text: str


@dataclass(frozen=True)
class Replace:
    """Make `text` the whole content of the file `path` (GitLab's dotenv report)."""

    path: str
    text: str


@dataclass(frozen=True)
class Print:
    """Print one line that the CI reads, such as a workflow command."""

    line: str
    stdout: bool = False
    """Whether the CI reads the standard output only (TeamCity); else it goes to standard error."""


@dataclass(frozen=True)
class Mask:
    """Print a line that tells the CI which secret to hide."""

    line: str


@dataclass(frozen=True)
class RunProgram:
    """Run a program of the CI's own and give it `text` to read (Buildkite's agent); no shell."""

    command: tuple[str, ...]
    text: str


Effect = Append | Replace | Print | Mask | RunProgram


Env = Mapping[str, str]

ReadFile = Callable[[str], str | None]
"""The text of a file; None if it can't be read."""


@dataclass(frozen=True)
class Reply:
    """The answer of a CI's API."""

    status: int | None
    """None if there was no answer."""
    body: Any = None
    """The parsed JSON of a 200; else None."""
    message: str = ""
    """The words of any other answer, or why there is none."""


Ask = Callable[[str, Mapping[str, str]], Reply]
"""GET a URL with headers, within the time that is left."""

Query = Callable[[str, Mapping[str, str], Mapping[str, Any]], Reply]
"""POST a question to a URL with headers, within the time that is left."""


PAGE = 100
"""Entries on a page of a list: the most that the APIs of GitHub and GitLab return at once."""
T = TypeVar("T")


def paginate(
    ask: Callable[[int], list[T]], most: int, too_many: Exception | None = None
) -> Iterator[list[T]]:
    """Yield page after page of a list, until one isn't full.

    `ask` returns a page by its number, counted from 1. Raise `too_many`, or just end, after `most`.
    """
    for number in range(1, most + 1):
        found = ask(number)
        yield found
        if len(found) < PAGE:
            return
    if too_many:
        raise too_many


Times = tuple[datetime | None, datetime | None]
"""When the run was queued and when the job started, as far as the CI's API says it."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A CI, as its module declares it at its end; what a CI can't do is left out."""

    name: str = ""
    """What `DEVLAKE_CI` calls it, as `ci.KNOWN` says."""
    markers: tuple[str, ...] = ()
    """The variables that it is recognized by, as that says; one of them is enough."""
    marked: str | None = "true"
    """What the marker says, in any case; None if it is enough that it is set."""
    unless: tuple[str, ...] = ()
    """Markers of CIs that set this one's too: where one of them is `true`, it is that CI."""
    read: Callable[[Env], "Facts"]
    """Read what the CI says of this job; never raises, whatever the values are."""
    with_files: Callable[[Env, ReadFile], Env] = lambda env, _: env
    """Add what files of the CI say to the variables: an event, properties."""
    from_any_checkout: bool = False
    """Whether its commit and repository may be those of any checkout that the job made, such as a
    library's. They count only as long as the working directory doesn't contradict them."""
    emit: Callable[[Outcome, Env], tuple[Effect, ...]] = lambda *_: ()
    """Return what tells the CI how a report went; () where it can't be told."""
    remember: Callable[[datetime, Env], tuple[Effect, ...]] = lambda *_: ()
    """Return what tells the job's later steps when it started; () where nothing can or need."""
    times: Callable[[Env, Ask], Times] = lambda *_: (None, None)
    """Ask the CI's API when the run was queued and when the job started."""
    resolve: Callable[[str, Env, Ask], str | None] = lambda *_: None
    """Ask the CI's API for the whole SHA of a branch, tag or short SHA; None if it can't say."""
    reported_job: Callable[[Context, Env, Ask, bool], Context] = lambda context, *_: context
    """Return the facts of the job that deployed, if this job reports for another one; the last
    argument tells whether to ask where it deployed to. Raise Problem if it deployed nothing, or
    if the CI doesn't say what it did."""

    def marker(self, env: Env) -> str | None:
        """Return the variable that says that this CI runs us; None if none does."""
        for name in self.markers:
            text = env.get(name, "").strip()
            if text and (self.marked is None or text.lower() == self.marked):
                others = (env.get(other, "").strip().lower() for other in self.unless)
                return None if "true" in others else name
        return None
