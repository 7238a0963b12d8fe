"""Read timestamps as DevLake does: the text's ending picks a layout, then Go parses it.

Layouts: backend/core/models/common/iso8601time.go of apache/devlake. Messages: contract,
'startedDate as …'.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

RFC3339 = "2006-01-02T15:04:05Z07:00"
MICROSECONDS = (r"\d{6}[+-]\d\d:\d\d$", "2006-01-02T15:04:05.000000-07:00")
"""Taken by main; v1.0.3 refuses it."""
LAYOUTS = (
    (r"[+-]\d{4}$", "2006-01-02T15:04:05-0700"),
    (r"\d{3}[+-]\d\d:\d\d$", "2006-01-02T15:04:05.000-07:00"),
    (r"[+-]\d\d:\d\d$", "2006-01-02T15:04:05-07:00"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", "2006-01-02 15:04:05"),
    (r"[+-]\d\d-\d\d$", "2006-01-02"),
)
PATTERNS = {
    "2006": r"(?P<year>\d{4})",
    "01": r"(?P<month>\d\d)",
    "02": r"(?P<day>\d\d)",
    "15": r"(?P<hour>\d\d?)",
    "04": r"(?P<minute>\d\d)",
    "05.000000": r"(?P<second>\d\d)(?P<fraction>[.,]\d{6})",
    "05.000": r"(?P<second>\d\d)(?P<fraction>[.,]\d{3})",
    "05": r"(?P<second>\d\d)(?P<fraction>[.,]\d+)?",
    "Z07:00": r"Z|(?P<offset>[+-]\d\d:\d\d)",
    "-07:00": r"(?P<offset>[+-]\d\d:\d\d)",
    "-0700": r"(?P<offset>[+-]\d{4})",
}
ELEMENT = re.compile("|".join(map(re.escape, PATTERNS)) + "|.")
PARTS = ("year", "month", "day", "hour", "minute", "second")


def parse(text: str, *, microseconds: bool = False) -> datetime:
    """Return the time in UTC, or raise ValueError with Go's message.

    `microseconds` tells whether six decimals before a numeric offset are taken.
    """
    layouts = (MICROSECONDS, *LAYOUTS) if microseconds else LAYOUTS
    layout = next((to for ending, to in layouts if re.search(ending, text, re.ASCII)), RFC3339)
    found: dict[str, str] = {}
    rest = text
    for element in ELEMENT.findall(layout):
        pattern = PATTERNS.get(element, re.escape(element))
        match = re.match(pattern, rest, re.ASCII)
        if match is None:
            raise ValueError(
                f"parsing time {_quote(text)} as {_quote(layout)}: "
                f"cannot parse {_quote(rest)} as {_quote(element)}"
            )
        found |= {name: value for name, value in match.groupdict().items() if value}
        rest = rest[match.end() :]
    if rest:
        raise ValueError(f"parsing time {_quote(text)}: extra text: {_quote(rest)}")
    return _in_utc(text, found)


def _in_utc(text: str, found: dict[str, str]) -> datetime:
    year, month, day, hour, minute, second = (int(found.get(part, 0)) for part in PARTS)
    fraction = int(found.get("fraction", ".0")[1:7].ljust(6, "0"))
    offset = found.get("offset", "+0000").replace(":", "")
    sign = -1 if offset[0] == "-" else 1
    try:
        zone = timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:])))
        return datetime(year, month, day, hour, minute, second, fraction, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"parsing time {_quote(text)}: out of range") from None


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
