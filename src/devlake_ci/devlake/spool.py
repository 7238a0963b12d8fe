"""What a spool keeps of an event that DevLake could not be told: one JSON file, without any secret.

Our own words stand in it, not a body for DevLake: a server that was never reached hasn't said which
dialect it speaks.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256

from devlake_ci.devlake.address import Target
from devlake_ci.model import Deployment, Incident

FORMAT = "devlake-ci event"
VERSION = 1

Event = Deployment | Incident


def kind(event: Event) -> str:
    """Give `deployment` or `incident`."""
    return "incident" if isinstance(event, Incident) else "deployment"


def moment(event: Event) -> datetime:
    """Say when it was so: of two events about the same thing, the later one is right."""
    return event.updated_at if isinstance(event, Incident) else event.finished_at


def subject(event: Event, base: str, route: str) -> str:
    """Give 16 hex digits for the row of DevLake's that the event overwrites."""
    key = event.key if isinstance(event, Incident) else event.id
    parts = (base, route, kind(event), key)
    return sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]


def file_name(path: str) -> str:
    """Give the name of a file without its folders."""
    return path.replace("\\", "/").rpartition("/")[2]


def subject_of(path: str) -> str:
    """Read from the name of a file which row its event overwrites."""
    return file_name(path).partition("-")[2].partition("-")[0]


def name(event: Event, target: Target) -> str:
    """Name its file, without suffix: the time first, so that a listing is in order."""
    return f"{stamp(moment(event))}-{subject(event, target.base, target.route)}"


def stamp(when: datetime) -> str:
    """Write a time so that names sort by it."""
    return f"{when.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def content(event: Event, target: Target, now: datetime) -> str:
    """Give what its file holds: the event, where it was to go, and since when it waits."""
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
    return text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace") + "\n"
