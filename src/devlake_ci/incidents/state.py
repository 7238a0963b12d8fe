"""Reads and writes the file that remembers open incidents where the CI itself can't be asked.

It is one JSON object: `{"devlake-ci": 1, "stretches": {"<whose>": {…}}}`, with for each stretch the
open incident (or null), those that could not be told as closed, and the newest run that has told
how the job stands. The wrappers keep it in the CI's cache.
"""

import json
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from devlake_ci.incidents.incident import Stretch
from devlake_ci.incidents.standing import Event, Standing
from devlake_ci.model import Incident
from devlake_ci.timestamps import rfc3339

FORMAT = 1
MOST_UNSENT = 50  # a DevLake that is away for months must not make the file grow for ever
_TIMES = {"created_at", "updated_at", "resolved_at"}


class NotAStateError(ValueError):
    """A file is there, and it is not one of these, or it is broken."""


def standing(text: str | None, whose: Stretch) -> Standing:
    """Read how a job stands; `text` is None if there is no file. Raises NotAStateError."""
    if text is None:
        return Standing()
    found = _stretches(text).get(whose.name)
    if found is None:
        return Standing()
    try:
        number = found["newest_number"]
        return Standing(
            open=_incident(found["open"]),
            unsent=tuple(filter(None, map(_incident, found["unsent"]))),
            newest_start=_time(found["newest_start"]),
            newest_number=None if number is None else int(number),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotAStateError(str(error)) from None


def updated(text: str | None, whose: Stretch, now: Standing) -> str:
    """Give the file's text with how the job stands `now`; what it says of others is kept."""
    try:
        stretches = _stretches(text) if text is not None else {}
    except NotAStateError:
        stretches = {}
    stretches[whose.name] = {
        "open": _object(now.open),
        "unsent": [_object(each) for each in now.unsent],
        "newest_start": now.newest_start and rfc3339(now.newest_start),
        "newest_number": now.newest_number,
    }
    return json.dumps({"devlake-ci": FORMAT, "stretches": stretches}, indent=1) + "\n"


def after(before: Standing, event: Event, incident: Incident | None, *, told: bool) -> Standing:
    """Give how the job stands after this run; `incident` is what it had to tell, if anything.

    What DevLake could not be told is kept: an open one is told again by the next run anyway, and
    a closed one has to be.
    """
    closed = (incident,) if incident and incident.resolved_at else ()
    return Standing(
        open=before.open if incident is None else None if closed else incident,
        unsent=() if told else (*before.unsent, *closed)[-MOST_UNSENT:],
        newest_start=event.started_at or before.newest_start,
        newest_number=before.newest_number if event.number is None else event.number,
    )


def _stretches(text: str) -> dict[str, Any]:
    try:
        whole = json.loads(text)
        if whole["devlake-ci"] != FORMAT:
            raise NotAStateError("it is of another format")
        found = whole["stretches"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise NotAStateError(str(error)) from None
    if not isinstance(found, dict):
        raise NotAStateError("it holds no object")
    return found


def _incident(found: Any) -> Incident | None:  # noqa: ANN401 (any JSON)
    if found is None:
        return None
    wanted = {each.name for each in fields(Incident)}
    values = {name: found[name] for name in wanted}
    if not all(value is None or isinstance(value, str) for value in values.values()):
        raise NotAStateError("an incident holds something else than text")
    return Incident(**values | {name: _time(values[name]) for name in _TIMES})


def _object(incident: Incident | None) -> dict[str, Any] | None:
    if incident is None:
        return None
    times = {name: when and rfc3339(when) for name in _TIMES if (when := getattr(incident, name))}
    return asdict(incident) | dict.fromkeys(_TIMES) | times


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("a time without a zone")
    return when
