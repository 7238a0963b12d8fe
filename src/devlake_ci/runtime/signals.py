"""SIGTERM and SIGINT, which a cancelled job gets, end whatever we wait for at once."""

import signal
from types import FrameType
from typing import NoReturn

from devlake_ci.errors import StoppedError

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def stop_at_signals() -> None:
    """Let a signal raise StoppedError, wherever we are."""
    for number in SIGNALS:
        signal.signal(number, _stopped)


def ignore_signals() -> None:
    """Let no signal come between, where all that is left takes a moment only."""
    for number in SIGNALS:
        if signal.getsignal(number) is _stopped:
            signal.signal(number, signal.SIG_IGN)


def _stopped(number: int, _frame: FrameType | None) -> NoReturn:
    ignore_signals()  # a second one must not stop what the first one makes us save
    raise StoppedError(
        f"Stopped by {signal.Signals(number).name} before DevLake said that it is stored.",
        "The job was cancelled, or its time was up.",
    )
