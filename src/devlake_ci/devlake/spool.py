"""One event's file in a spool: JSON, without any secret.

Our own words stand in it, not a body for DevLake: a server that was never reached hasn't shown
which dialect it speaks. What is read back is not trusted: whoever can write in the folder can have
written it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from devlake_ci.commits.sha import WHOLE
from devlake_ci.dataclass import dataclass
from devlake_ci.devlake.address import LONGEST_NUMBER, Target, escape, why_invalid_name
from devlake_ci.identity import digest
from devlake_ci.model import Commit, Deployment, Event, Incident, PullRequest, Result

if TYPE_CHECKING:
    from pydantic import BaseModel

FORMAT = "devlake-ci event"
VERSION = 1
SHORT, LONG, LONGEST_KEY, COMMITS = 1_000, 100_000, 255, 10_000
"""Characters, and commits, at most: more than any report of ours has."""
LARGEST_KEY = 2**53 - 1
"""The largest number of a pull request that DevLake keeps exactly."""
_NUMBER = rf"connections/[0-9]{{1,{LONGEST_NUMBER}}}"
_NAME = r"(?P<by>connections/by-name|projects)/(?P<name>[^/]+)"


class CorruptError(Exception):
    """A file doesn't hold an event of ours; the text never quotes it."""


class NewerVersionError(Exception):
    """A later version of this program wrote the file."""


@dataclass(frozen=True)
class SpooledEvent:
    """An event that waits, and where it was to go."""

    event: Event
    base: str
    route: str
    spooled_at: datetime

    @property
    def row_id(self) -> str:
        """Return which row of DevLake's it overwrites, as the name of its file does."""
        return row_id(self.event, self.base, self.route)

    @property
    def key(self) -> str:
        """Return what later states of the same thing share.

        Without the connection: DevLake's key of a deployment is its id alone, and a connection can
        be named by number or by name.
        """
        return f"{kind(self.event)} {_key(self.event)}"

    @property
    def order(self) -> tuple[datetime, datetime]:
        """Sort by it, and a later state of something never goes before an earlier one."""
        return happened_at(self.event), self.spooled_at


def kind(event: Event) -> str:
    """Return `deployment`, `incident` or `pull_request`."""
    return {Incident: "incident", PullRequest: "pull_request"}.get(type(event), "deployment")


def happened_at(event: Event) -> datetime:
    """Return when it was so: of two events about the same thing, the later one is right."""
    match event:
        case Incident():
            return event.updated_at
        case PullRequest():
            return event.merged_at
    return event.finished_at


def row_id(event: Event, base: str, route: str) -> str:
    """Return 16 hex digits for the row of DevLake's that the event overwrites."""
    return digest((base, route, kind(event), _key(event)))


def file_name(path: str) -> str:
    """Return the name of a file without its folders."""
    return path.replace("\\", "/").rpartition("/")[2]


def row_in_name(path: str) -> str:
    """Read from the name of a file which row its event overwrites."""
    return file_name(path).partition("-")[2].partition("-")[0]


def stem(event: Event, target: Target) -> str:
    """Return the beginning of its file's name: the time first, so that a listing is in order."""
    return f"{stamp(happened_at(event))}-{row_id(event, target.base, target.route)}"


def stamp(when: datetime) -> str:
    """Format a time so that names sort by it."""
    return f"{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def serialize(event: Event, target: Target, now: datetime) -> str:
    """Return a file's text: the event, where it was to go, and since when it waits.

    Raise CorruptError for what could not be read back.
    """
    held = {
        "format": FORMAT,
        "version": VERSION,
        "spooled_at": now,
        "base": target.base,
        "route": target.route,
        kind(event): asdict(event),
    }
    text = json.dumps(held, ensure_ascii=False, indent=1, default=datetime.isoformat)
    # Half a character, which JSON may hold and UTF-8 may not, would spoil the whole file.
    text = text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace") + "\n"
    parse(text)
    return text


def parse(text: str) -> SpooledEvent:
    """Read a file's text; raise CorruptError or NewerVersionError."""
    from pydantic import ValidationError  # noqa: PLC0415 (only where there is a file)

    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        raise CorruptError("it is not JSON, or it is incomplete") from None
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        raise CorruptError("it is not an event of devlake-ci")
    version = held.get("version")
    if isinstance(version, int) and version > VERSION:
        raise NewerVersionError(f"a later devlake-ci wrote it (format {version})")
    try:
        file: Any = _model().model_validate(held)
    except (ValidationError, RecursionError, OverflowError) as error:
        raise CorruptError(_first(error)) from None
    events = list(filter(None, (file.deployment, file.incident, file.pull_request)))
    if len(events) != 1:
        raise CorruptError("it doesn't hold exactly one event")
    event = events[0]
    if why := why_invalid(event):
        raise CorruptError(why)
    if not re.fullmatch(_NUMBER, file.route) and not _is_route_by_name(file.route):
        raise CorruptError("route: it is not that of a connection or a project")
    return SpooledEvent(event, file.base, file.route, file.spooled_at)


@cache
def _model() -> "type[BaseModel]":
    """Return the model of a file; made when it is needed, for it imports pydantic."""
    from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints  # noqa: PLC0415

    class File(BaseModel):
        model_config = ConfigDict(extra="forbid")

        format: Literal["devlake-ci event"]
        version: Literal[1]
        spooled_at: AwareDatetime
        base: Annotated[
            str, StringConstraints(max_length=SHORT, pattern=r"^https?://[^\s/@][^\s@?#]*$")
        ]
        route: Annotated[str, StringConstraints(max_length=4 * SHORT)]  # a name, escaped
        deployment: Deployment | None = None
        incident: Incident | None = None
        pull_request: PullRequest | None = None

    return File


def _first(error: Exception) -> str:
    if not hasattr(error, "errors"):
        return "it holds a value that is out of bounds"
    wrong = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(each) for each in wrong["loc"][:4])
    return f"{place[:100]}: {wrong['msg'][:200]}"


def _is_route_by_name(route: str) -> bool:
    """Accept a route only as we write it: nothing in it may lead to another path."""
    found = re.fullmatch(_NAME, route)
    if not found:
        return False
    name = unquote(found["name"])
    return not why_invalid_name(name) and f"{found['by']}/{escape(name)}" == route


def why_invalid(event: Event) -> str | None:
    """Return why no report may be like this, by field; None if it may.

    The text names a field and never quotes a value.
    """
    return next(_problems(event), None)


def _problems(event: Event) -> Iterator[str]:
    for place, value in _values(event):
        limit = LONG if place.endswith(("message", "description", "title")) else SHORT
        if isinstance(value, str) and len(value) > limit:
            yield f"{place}: it is longer than {limit} characters"
        if isinstance(value, datetime) and value.tzinfo is None:
            yield f"{place}: it has no time zone"
        if isinstance(value, datetime) and not 2000 <= value.year < 2100:
            yield f"{place}: it is not a time of this century"
    if not 1 <= len(_key(event)) <= LONGEST_KEY:
        yield f"{kind(event)}: its key is empty, or longer than {LONGEST_KEY} characters"
    if isinstance(event, Deployment):
        yield from _deployment_problems(event)
    elif isinstance(event, PullRequest):
        yield from _pull_request_problems(event)
    elif (event.resolved_at or event.created_at) < event.created_at:
        yield "incident.resolved_at: it is before created_at"


def _deployment_problems(event: Deployment) -> Iterator[str]:
    if event.result is Result.SKIPPED:
        yield "deployment.result: a job that was skipped deployed nothing"
    if event.started_at > event.finished_at:
        yield "deployment.started_at: it is after finished_at"
    if not 1 <= len(event.commits) <= COMMITS:
        yield f"deployment.commits: there is none, or there are more than {COMMITS}"
    if not all(WHOLE.fullmatch(each.sha) for each in event.commits):
        yield "deployment.commits.sha: it is not a whole SHA"
    if not all(_is_plain(each.repo_url) for each in event.commits):
        yield "deployment.commits.repo_url: it is not the URL of a repository"


def _pull_request_problems(event: PullRequest) -> Iterator[str]:
    if event.merged_at < event.created_at:
        yield "pull_request.merged_at: it is before created_at"
    if not 1 <= event.key <= LARGEST_KEY:
        yield f"pull_request.key: it is not a number from 1 to {LARGEST_KEY}"
    if not WHOLE.fullmatch(event.merge_sha):
        yield "pull_request.merge_sha: it is not a whole SHA"


def _key(event: Event) -> str:
    return event.id if isinstance(event, Deployment) else str(event.key)


def _is_plain(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        )
    except ValueError:
        return False


def _values(event: Event) -> Iterator[tuple[str, Any]]:
    """Yield what is set in an event, and in its commits, with its place."""
    todo: list[tuple[str, Any]] = [(kind(event), event)]
    for place, value in todo:  # which grows meanwhile
        if isinstance(value, Deployment | Commit | Incident | PullRequest):
            todo += [
                (f"{place}.{name}", each) for name, each in vars(value).items() if each is not None
            ]
        elif isinstance(value, tuple):
            todo += [(place, each) for each in value]
        else:
            yield place, value
