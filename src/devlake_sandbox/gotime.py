"""Reads dates as DevLake does: the layout is picked by how the text ends, then Go parses it.

Layouts: backend/core/models/common/iso8601time.go of apache/incubator-devlake. Messages: Go's
time.Parse, https://github.com/golang/go/blob/master/src/time/format.go. So a fraction before a
numeric offset must have three digits, before a Z it may have any number.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

RFC3339 = "2006-01-02T15:04:05Z07:00"
LAYOUTS = (
    (re.compile(r"[+-]\d{4}$", re.ASCII), "2006-01-02T15:04:05-0700"),
    (re.compile(r"\d{3}[+-]\d{2}:\d{2}$", re.ASCII), "2006-01-02T15:04:05.000-07:00"),
    (re.compile(r"[+-]\d{2}:\d{2}$", re.ASCII), "2006-01-02T15:04:05-07:00"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", re.ASCII), "2006-01-02 15:04:05"),
    (re.compile(r"[+-]\d{2}-\d{2}$", re.ASCII), "2006-01-02"),
)
ELEMENTS = re.compile(r"2006|01|02|15|04|05|\.000|Z07:00|-07:00|-0700|.")
OFFSET = r"(?P<offset>[+-]\d{2}:\d{2})"
PATTERNS = {
    "2006": r"(?P<year>\d{4})",
    "01": r"(?P<month>\d{2})",
    "02": r"(?P<day>\d{2})",
    "15": r"(?P<hour>\d{1,2})",
    "04": r"(?P<minute>\d{2})",
    "05": r"(?P<second>\d{2})",
    ".000": r"(?P<fraction>[.,]\d{3})",
    "Z07:00": rf"Z|{OFFSET}",
    "-07:00": OFFSET,
    "-0700": r"(?P<offset>[+-]\d{4})",
}
FRACTION = re.compile(r"(?P<fraction>[.,]\d+)", re.ASCII)
PARTS = ("year", "month", "day", "hour", "minute", "second")
HIGHEST = {"month": 12, "hour": 23, "minute": 59, "second": 59}


def parse(text: str) -> datetime:
    """Give the moment in UTC, cut to microseconds, or raise ValueError with Go's message."""
    layout = next((layout for ending, layout in LAYOUTS if ending.search(text)), RFC3339)
    reading = _Reading(text, layout)
    elements = ELEMENTS.findall(layout)
    for element in elements:
        reading.take(element)
        if element == "05" and ".000" not in elements:
            reading.optional(FRACTION)
    return reading.moment()


@dataclass
class _Reading:
    """How far `text` has been read, and what was found in it."""

    text: str
    layout: str
    found: dict[str, str] = field(default_factory=dict)
    rest: str = field(init=False)

    def __post_init__(self) -> None:
        self.rest = self.text

    def take(self, element: str) -> None:
        """Read one element of the layout."""
        pattern = re.compile(PATTERNS.get(element, re.escape(element)), re.ASCII)
        before = self.rest
        if not self.optional(pattern):
            raise ValueError(
                f"parsing time {_quoted(self.text)} as {_quoted(self.layout)}: "
                f"cannot parse {_quoted(before)} as {_quoted(element)}"
            )

    def optional(self, pattern: re.Pattern[str]) -> bool:
        """Read what `pattern` finds here, if anything."""
        match = pattern.match(self.rest)
        if match is None:
            return False
        self.rest = self.rest[match.end() :]
        self.found |= {name: value for name, value in match.groupdict().items() if value}
        self._check_ranges()
        return True

    def _check_ranges(self) -> None:
        for name, highest in HIGHEST.items():
            low = 1 if name == "month" else 0
            if not low <= int(self.found.get(name, low)) <= highest:
                raise self._wrong(f"{name} out of range")

    def moment(self) -> datetime:
        """Put together what was found."""
        if self.rest:
            raise self._wrong(f"extra text: {_quoted(self.rest)}")
        year, month, day, hour, minute, second = (int(self.found.get(p, 0)) for p in PARTS)
        micros = int(self.found.get("fraction", ".0")[1:7].ljust(6, "0"))
        zone = _zone(self.found)
        try:
            local = datetime(year, month, day, hour, minute, second, micros, zone)
            return local.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self._wrong("day out of range") from None

    def _wrong(self, message: str) -> ValueError:
        return ValueError(f"parsing time {_quoted(self.text)}: {message}")


def _zone(found: dict[str, str]) -> timezone:
    offset = found.get("offset", "+0000").replace(":", "")
    sign = -1 if offset[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:])))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
