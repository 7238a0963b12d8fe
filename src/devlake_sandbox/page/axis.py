"""Place times on a line, and choose which of them get a label."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = timedelta(days=92)
"""How far back from the newest time the line goes at most."""
SHORTEST = timedelta(minutes=10)
"""How much the line shows at least, so that a single deployment stands at its newest end."""
MOST_TICKS = 14
ROOM = 32
"""The share of the line that is kept free after the newest moment."""
STEPS = (
    *(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 3, 6, 12)),
    *(timedelta(days=days) for days in (1, 2, 7, 14)),
)
DAY = timedelta(days=1)
MONDAY = datetime(1, 1, 1)  # noqa: DTZ001 (rows hold UTC without saying so; year 1 began on a Monday)


@dataclass(frozen=True)
class Axis:
    """A line from `first` to `last`, drawn from `left` to `right`."""

    first: datetime
    last: datetime
    left: float
    right: float

    def x(self, when: datetime) -> float:
        """Return the place of a time; what lies outside is put on the edge."""
        share = (when - self.first) / max(self.last - self.first, timedelta(seconds=1))
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def shows(self, when: datetime) -> bool:
        """Return whether a time is on the line."""
        return self.first <= when <= self.last

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Yield places and labels of round times: days, or hours of a shorter span."""
        span = self.last - self.first
        step = next((one for one in STEPS if span / one <= MOST_TICKS), STEPS[-1])
        number = -((MONDAY - self.first) // step)
        while number * step <= self.last - MONDAY:
            when = MONDAY + number * step
            yield self.x(when), _label(when, step)
            number += 1


def axis(moments: Iterable[datetime], left: float, right: float) -> Axis:
    """Make a line that ends soon after the newest of some times, of which there must be one."""
    newest = max(moments := list(moments))
    first = min(one for one in moments if newest - one <= LONGEST)
    if newest - datetime.min > SHORTEST:  # noqa: DTZ901 (as MONDAY)
        first = min(first, newest - SHORTEST)
    room = (newest - first) / ROOM
    fits = datetime.max - newest > room  # noqa: DTZ901 (as MONDAY)
    return Axis(first, newest + room if fits else newest, left, right)


def _label(when: datetime, step: timedelta) -> str:
    if step >= DAY or (when.hour, when.minute) == (0, 0):
        return f"{when.day} {when:%b}"
    return f"{when:%H:%M}"
