"""SIGTERM, SIGINT and SIGHUP, which a cancelled job gets, end whatever we wait for at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from devlake_ci.errors import StoppedError

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)


class _State:
    is_deferred = False
    pending: int | None = None


def stop_at_signals() -> None:
    """Let a signal raise StoppedError, wherever we are."""
    _State.is_deferred = False
    _install()


def defer_signals() -> None:
    """Let a signal raise StoppedError where we wait for something only (`stoppable`).

    Anywhere else it could come between an event and where it is kept.
    """
    _State.is_deferred, _State.pending = True, None
    _install()


def release_signals() -> None:
    """Let signals come that had to wait while the program was imported (`__main__`)."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def ignore_signals() -> None:
    """Let no signal come between, where all that is left takes a moment only."""
    for number in SIGNALS:
        if signal.getsignal(number) is _on_signal:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a signal raise StoppedError in here, and at once if one came before."""
    before, _State.is_deferred = _State.is_deferred, False
    try:
        if _State.pending is not None:
            _stop(_State.pending)
        yield
    finally:
        _State.is_deferred = before


def _install() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number in SIGNALS:
        is_nohup = signal.getsignal(number) is signal.SIG_IGN and number == _HANG_UP
        if not is_nohup:
            signal.signal(number, _on_signal)


_HANG_UP = getattr(signal, "SIGHUP", None)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    if _State.is_deferred:
        _State.pending = number
        return
    _stop(number)


def _stop(number: int) -> NoReturn:
    _State.pending = None
    ignore_signals()  # a second one must not stop what the first one makes us save
    raise StoppedError(
        f"Stopped by {signal.Signals(number).name} before DevLake confirmed the report.",
        "The job was cancelled, or it timed out.",
    )
