"""Time, as retries and deadlines need it."""

from collections.abc import Callable
from datetime import datetime

from devlake_ci.dataclass import dataclass


@dataclass(frozen=True)
class Clock:
    """The time of day, a clock for deadlines, and pauses."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    """Seconds on a clock that only goes forward."""
    sleep: Callable[[float], None]
    random: Callable[[], float]
    """A number from 0 to 1, for jitter."""
