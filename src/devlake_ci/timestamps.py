"""Points in time as text: what a person may type, and what DevLake takes."""

import re
from datetime import UTC, datetime, timedelta

from devlake_ci.errors import BadUsageError
from devlake_ci.text import quoted

FUTURE = timedelta(hours=1)
"""How far ahead of our clock a given time may lie before it must be a mistake."""


def typed_moment(text: str, source: str) -> datetime:
    """Read RFC 3339 (a space for the T and a date with time are fine) or seconds since 1970.

    Raises BadUsageError if it is neither, or has no time zone: a guessed zone is a wrong number.
    """
    hint = "Write it like 2026-03-01T10:00:00Z, or as seconds since 1970 (date +%s)."
    is_number = re.fullmatch(r"[0-9]{10}(\.[0-9]+)?", text)
    try:
        read = (
            datetime.fromtimestamp(float(text), UTC) if is_number else datetime.fromisoformat(text)
        )
    except ValueError:
        raise BadUsageError(f"{source}: {quoted(text)} is no point in time.", hint) from None
    if read.tzinfo is None:
        raise BadUsageError(f"{source}: {quoted(text)} doesn't say its time zone.", hint)
    if not 2000 <= read.year < 2100:
        raise BadUsageError(f"{source}: {quoted(text)} is not of this century.", hint)
    return read.astimezone(UTC)


def happened(text: str, source: str, now: datetime) -> datetime:
    """Read when something happened; raises BadUsageError for the future, too."""
    when = typed_moment(text, source)
    if when > now + FUTURE:
        raise BadUsageError(
            f"{source}: {text} is in the future (it is {rfc3339(now)} here).",
            "Give the time as it was, with the right time zone.",
        )
    return when


def rfc3339(when: datetime) -> str:
    """Write UTC with a Z, and milliseconds if there are any: all versions of DevLake take it."""
    exact = "milliseconds" if when.microsecond >= 1000 else "seconds"
    return when.astimezone(UTC).isoformat(timespec=exact).replace("+00:00", "Z")


def in_order(
    created: datetime | None, started: datetime | None, finished: datetime
) -> tuple[datetime, datetime, datetime]:
    """Fill what is unknown from what came after it, and let nothing begin after it ended.

    The clocks of a CI's server and of its machine differ, so a start a moment after the end is no
    error; a negative duration would be stored as it is (contract: "finished before started").
    """
    started = min(started or finished, finished)
    return min(created or started, started), started, finished
