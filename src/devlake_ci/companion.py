"""A process beside the command, which sees what signals our group gets, and outlives us."""

import os
import select
import signal
import time
from contextlib import suppress

FORWARDED = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
"""The signals that the command is sent when we are."""
WITNESS_SECONDS = 0.05
"""Seconds to wait for the other process: a signal reaches the processes of a group one by one."""


class Companion:
    """A process that kills the command if we are killed, and tells which signals our group gets.

    Whoever kills us, such as a CI after a cancel that took too long, means the command. Where it is
    in our group, a terminal's Ctrl-C and a CI that ends the whole group reach it without us: of the
    same signal twice many a program ends without cleaning up.
    """

    def __init__(self, command: int, *, has_group: bool) -> None:
        """Start it, or raise OSError; `command` is a process, and a group if it `has_group`."""
        self._seen: list[int] = []
        self._reader, writer = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
        parent = os.getpid()
        try:
            self._pid = os.fork()
            if self._pid == 0:
                _accompany(parent, command, None if has_group else writer)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(writer)

    def saw(self, number: int) -> bool:
        """Return whether a signal that we were sent went to the command, too."""
        deadline = time.monotonic() + WITNESS_SECONDS
        while number not in self._seen:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._reader], [], [], left)[0]:
                return False
            if not (more := os.read(self._reader, 64)):
                return False
            self._seen += more
        self._seen.remove(number)
        return True

    def close(self) -> None:
        """End it; the command may have left processes behind, which it lets live."""
        with suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._reader)


def _accompany(parent: int, command: int, writer: int | None) -> None:
    """Be the companion for as long as `parent` lives; hold nothing open that others wait for."""
    try:
        os.closerange(0, 1024 if writer is None else writer)
        if writer is None:
            _wait(parent)
        else:
            os.closerange(writer + 1, 1024)
            _watch(parent, writer)
        (os.killpg if writer is None else os.kill)(command, signal.SIGKILL)
    finally:
        os._exit(0)


def _wait(parent: int) -> None:
    """Wait for the end of `parent`, in a group of our own, for all of its group may be killed."""
    os.setpgid(0, 0)
    for each in FORWARDED:
        signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED)
    while os.getppid() == parent:
        time.sleep(1)


def _watch(parent: int, writer: int) -> None:
    """Tell the signals of our group until the end of `parent`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    signal.setitimer(signal.ITIMER_REAL, 1, 1)
    while os.getppid() == parent:
        number = signal.sigwait([*FORWARDED, signal.SIGALRM])
        if number != signal.SIGALRM:
            with suppress(OSError):  # there is no `parent` any more
                os.write(writer, bytes([number]))
