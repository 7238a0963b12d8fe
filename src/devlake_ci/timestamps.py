"""Times as text: what a person may type, and what DevLake takes."""

import re
from datetime import UTC, datetime, timedelta

from devlake_ci.errors import BadUsageError
from devlake_ci.text import quoted

FUTURE = timedelta(hours=1)
"""How far ahead of our clock a given time may be before it must be a mistake."""


def parse_timestamp(text: str, source: str) -> datetime:
    """Parse RFC 3339 (a space for the T is fine), or seconds or milliseconds since 1970.

    Ten digits are seconds and thirteen milliseconds, as Jenkins and JavaScript write them: in this
    century they can't be anything else. Raise BadUsageError for any other text, and for a time
    without a zone: a guessed zone is a wrong number.
    """
    hint = "Write it like 2026-03-01T10:00:00Z, or as seconds since 1970 (date +%s)."
    number = re.fullmatch(r"([0-9]{10})(?:\.[0-9]+|([0-9]{3}))?", text)
    try:
        if number:
            seconds = f"{number[1]}.{number[2]}" if number[2] else text
            read = datetime.fromtimestamp(float(seconds), UTC)
        else:
            read = datetime.fromisoformat(text)
    except ValueError:
        raise BadUsageError(f"{source}: {quoted(text)} is not a valid timestamp.", hint) from None
    if read.tzinfo is None:
        raise BadUsageError(f"{source}: {quoted(text)} has no time zone.", hint)
    if not 2000 <= read.year < 2100:
        raise BadUsageError(f"{source}: {quoted(text)} is not of this century.", hint)
    return read.astimezone(UTC)


def parse_past_timestamp(text: str, source: str, now: datetime) -> datetime:
    """Parse when something happened; raise BadUsageError for the future, too."""
    when = parse_timestamp(text, source)
    if when > now + FUTURE:
        raise BadUsageError(
            f"{source}: {quoted(text)} is in the future: this machine's clock says {rfc3339(now)}.",
            "Check the time zone, and this machine's clock.",
        )
    return when


def rfc3339(when: datetime) -> str:
    """Write UTC with a Z, and milliseconds if there are any: all versions of DevLake take it."""
    exact = "milliseconds" if when.microsecond >= 1000 else "seconds"
    return when.astimezone(UTC).isoformat(timespec=exact).replace("+00:00", "Z")


def clamp(
    created: datetime | None, started: datetime | None, finished: datetime
) -> tuple[datetime, datetime, datetime]:
    """Return all three times: an unknown one is the next one's, and none begins after its end.

    The clocks of a CI's server and of its machine differ, so a start a moment after the end is no
    error; a negative duration would be stored as it is (contract: "finished before started").
    """
    started = min(started or finished, finished)
    return min(created or started, started), started, finished
