"""Reads a spool's files back and believes nothing: whoever can write the folder can write them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from devlake_ci.commits.sha import WHOLE
from devlake_ci.devlake.spool import FORMAT, VERSION, Event, kind, moment, subject
from devlake_ci.model import Commit, Deployment, Incident, Result

SHORT, LONG, LONGEST_KEY, COMMITS = 1_000, 100_000, 255, 10_000
"""Characters, and commits, at most: more than any report of ours has."""
_ROUTE = re.compile(r"connections/[0-9]{1,18}|(?P<by>connections/by-name|projects)/(?P<name>[^/]+)")


class BrokenError(Exception):
    """What a file holds is no event of ours."""


class NewerError(Exception):
    """What a file holds was written by a later version of this program."""


@dataclass(frozen=True)
class Spooled:
    """An event that waits, and where it was to go."""

    event: Event
    base: str
    route: str
    spooled_at: datetime

    @property
    def subject(self) -> str:
        """Tell which row of DevLake's it overwrites."""
        return subject(self.event, self.base, self.route)

    @property
    def order(self) -> tuple[datetime, datetime]:
        """Sort by it, and a later state of something never goes before an earlier one."""
        return moment(self.event), self.spooled_at


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Literal["devlake-ci event"]
    version: Literal[1]
    spooled_at: AwareDatetime
    base: Annotated[
        str, StringConstraints(max_length=SHORT, pattern=r"^https?://[^\s/@][^\s@?#]*$")
    ]
    route: Annotated[str, StringConstraints(max_length=SHORT)]
    deployment: Deployment | None = None
    incident: Incident | None = None


def spooled(text: str) -> Spooled:
    """Read a file's text; raises BrokenError or NewerError, and their words never quote it."""
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        raise BrokenError("it is not JSON, or not all of it is there") from None
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        raise BrokenError("it is no event of devlake-ci")
    version = held.get("version")
    if isinstance(version, int) and version > VERSION:
        raise NewerError(f"a later devlake-ci wrote it (format {version})")
    try:
        file = _File.model_validate(held)
    except (ValidationError, RecursionError, OverflowError) as error:
        raise BrokenError(_first(error)) from None
    if (file.deployment is None) == (file.incident is None):
        raise BrokenError("it holds not one event")
    event = _checked(file.deployment or file.incident)
    return Spooled(event, file.base, _route(file.route), file.spooled_at)


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "it holds a value that can't be"
    wrong = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(each) for each in wrong["loc"][:4])
    return f"{place[:100]}: {wrong['msg'][:200]}"


def _route(route: str) -> str:
    """Take a route only as we write it: nothing in it may lead to another path."""
    found = _ROUTE.fullmatch(route)
    if found and not found["name"]:
        return route
    name = unquote(found["name"]) if found else ""
    # What stands before DevLake may undo an escaped slash, and go up.
    goes_up = {"", ".", ".."} & set(re.split(r"[/\\]", name))
    if not found or goes_up or f"{found['by']}/{quote(name, safe='')}" != route:
        raise BrokenError("route: it is none of a connection or a project")
    return route


def _checked(event: Event | None) -> Event:
    if event is None or getattr(event, "result", None) is Result.SKIPPED:
        raise BrokenError("it holds nothing that could have been reported")
    for place, value in _values(kind(event), event):
        limit = LONG if place.endswith(("message", "description", "title")) else SHORT
        if isinstance(value, str) and len(value) > limit:
            raise BrokenError(f"{place}: it is longer than {limit} characters")
        if isinstance(value, datetime) and (value.tzinfo is None or not 2000 <= value.year < 2100):
            raise BrokenError(f"{place}: it is no time of this century with a zone")
    if isinstance(event, Incident):
        _check(bool(event.key) and len(event.key) <= LONGEST_KEY, "incident.key")
        _check((event.resolved_at or event.created_at) >= event.created_at, "incident.resolved_at")
        return event
    _check(bool(event.id) and len(event.id) <= LONGEST_KEY, "deployment.id")
    _check(event.started_at <= event.finished_at, "deployment.started_at")
    _check(1 <= len(event.commits) <= COMMITS, "deployment.commits")
    for commit in event.commits:
        _check(WHOLE.fullmatch(commit.sha) is not None, "deployment.commits.sha")
        _check(_is_plain(commit.repo_url), "deployment.commits.repo_url")
    return event


def _check(holds: bool, place: str) -> None:
    if not holds:
        raise BrokenError(f"{place}: no report of ours has such a value")


def _is_plain(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _values(place: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 (any field's)
    if isinstance(value, Deployment | Commit | Incident):
        for name, each in vars(value).items():
            yield from _values(f"{place}.{name}", each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _values(place, each)
    else:
        yield place, value
