"""Runs a command as if we weren't there: same streams, same terminal, same signals, same end.

It imports little, so that the command starts at once; errors of ours are imported when one is made.
"""

import errno
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

FORWARDED = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
CANCEL = {getattr(signal, name, None) for name in ("SIGTERM", "SIGINT", "SIGHUP")}
"""The signals by which a CI ends a job."""
NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""The exit codes of a shell for a command that it can't start."""
COERCED = {"C.UTF-8", "C.utf8", "UTF-8"}
"""What Python may set LC_CTYPE to, for itself and all that it starts
(https://peps.python.org/pep-0538/)."""
WITNESS_SECONDS = 0.05
"""Seconds to wait for the witness: a signal reaches the processes of a group one by one."""


class Child:
    """A command that runs; where it can't be started, `problem` says why."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start the command in this working directory, with these variables."""
        self.command = command
        self.problem: OSError | ValueError | None = None
        self.ended: float | None = None
        """When it ended, in seconds since 1970."""
        self.signals: list[int] = []
        """What we were sent while it ran."""
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stoppable = False
        self._witness: _Witness | None = None
        self._wakeup = _wakeup(self._on_child)
        has_terminal = _has_terminal()
        self._has_group = not has_terminal and os.name != "nt"
        for each in FORWARDED:
            if signal.getsignal(each) is not signal.SIG_IGN:  # as under nohup, for the command too
                signal.signal(each, self._on_signal)
        self.started = time.time()
        try:
            self._process = _started(command, env, 0 if self._has_group else None)
        except (OSError, ValueError) as problem:
            self.problem, self.ended = problem, self.started
            return
        if has_terminal:
            self._witness = _Witness()
        for number in self.signals:  # that came before it could be sent any
            self._forward(number)

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody wanted it to end."""
        return not CANCEL.isdisjoint(self.signals)

    def wait(self, on_cancel: Callable[[], None] = lambda: None) -> int:
        """Wait for its end and return its exit code, as a shell has it: 128 + N for signal N.

        Once it is cancelled, `on_cancel` is called while it still runs.
        """
        is_told = False
        while self._is_running():
            if self.is_cancelled and not is_told:
                is_told = True
                on_cancel()
            elif self._wakeup is None:
                self._wait_without_signals()
            else:
                os.read(self._wakeup, 4096)
        self._close()
        if self._process is None:
            is_missing = isinstance(self.problem, FileNotFoundError | NotADirectoryError)
            return NOT_FOUND if is_missing else NOT_EXECUTABLE
        code = self._process.returncode
        return 128 - code if code < 0 else code

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Let a signal that ends a job raise StoppedError in here, and at once if one came."""
        before, self._is_stoppable = self._is_stoppable, True
        try:
            if self.is_cancelled:
                self._stop()
            yield
        finally:
            self._is_stoppable = before

    def _is_running(self) -> bool:
        if self._process is None:
            return False
        if self._process.poll() is None:
            return True
        self.ended = self.ended or time.time()
        return False

    def _on_child(self, _number: int, _frame: FrameType | None) -> None:
        self._is_running()  # it notes the time, whatever we are at

    def _wait_without_signals(self) -> None:
        if self._process:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.ended is None and (self._process is None or self._is_running()):
            self.signals.append(number)
            self._forward(number)
        if self._is_stoppable and number in CANCEL:
            self._stop()

    def _forward(self, number: int) -> None:
        """Send the command what we were sent, unless it was sent that itself."""
        if self._process is None or self._process.returncode is not None:
            return
        if os.name == "nt" or (self._witness and self._witness.saw(number)):
            return
        with suppress(OSError):  # it has just ended
            (os.killpg if self._has_group else os.kill)(self._process.pid, number)

    def _stop(self) -> None:
        from devlake_ci.errors import StoppedError  # noqa: PLC0415 (see above)

        self._is_stoppable = False
        raise StoppedError("Stopped: the job was cancelled while the command ran.")

    def _close(self) -> None:
        for each in FORWARDED:
            if signal.getsignal(each) == self._on_signal:
                signal.signal(each, _ignored if each in CANCEL else signal.SIG_DFL)
        if self._wakeup is not None:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if self._witness:
            self._witness.close()


class _Witness:
    """A process in our group that tells which signals go to all of the group.

    A terminal's Ctrl-C and a CI that ends the whole group reach the command without us. Forwarded,
    the same signal would come twice, by which many a program ends without cleaning up.
    """

    def __init__(self) -> None:
        self._seen: list[int] = []
        self._reader, writer = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            _watch(parent, writer)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(writer)

    def saw(self, number: int) -> bool:
        """Return whether the signal went to the whole group."""
        ends = time.monotonic() + WITNESS_SECONDS
        while number not in self._seen:
            left = ends - time.monotonic()
            if left <= 0 or not select.select([self._reader], [], [], left)[0]:
                return False
            if not (more := os.read(self._reader, 64)):
                return False
            self._seen += more
        self._seen.remove(number)
        return True

    def close(self) -> None:
        """End it."""
        with suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


def _watch(parent: int, writer: int) -> None:
    """Be the witness, as long as there is a `parent`; hold nothing open that others wait for."""
    try:
        os.closerange(0, writer)
        os.closerange(writer + 1, 1024)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        signal.setitimer(signal.ITIMER_REAL, 1, 1)
        while os.getppid() == parent:
            number = signal.sigwait([*FORWARDED, signal.SIGALRM])
            if number != signal.SIGALRM:
                os.write(writer, bytes([number]))
    finally:
        os._exit(0)


def _started(
    command: Sequence[str], env: Mapping[str, str], group: int | None
) -> "subprocess.Popen[bytes]":
    """Start a command; raise OSError if that can't be done."""
    try:
        return subprocess.Popen(command, env=env, close_fds=False, process_group=group)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        # A script without a first line that says by what: execvp and all shells take sh.
        from shutil import which  # noqa: PLC0415 (see above)

        path = which(command[0], path=env.get("PATH", os.defpath)) or command[0]
        words = ["/bin/sh", path, *command[1:]]
        return subprocess.Popen(words, env=env, close_fds=False, process_group=group)


def inherited() -> dict[str, str]:
    """Return the environment as it was before Python, or our executable, changed it for itself.

    https://pyinstaller.org/en/stable/common-issues-and-pitfalls.html#launching-external-programs-from-the-frozen-application
    """
    env = dict(os.environ)
    if hasattr(sys, "frozen"):
        env = {name: text for name, text in env.items() if not name.startswith("_PYI_")}
        before = env.pop("LD_LIBRARY_PATH_ORIG", None)
        env.pop("LD_LIBRARY_PATH", None)
        return env | ({"LD_LIBRARY_PATH": before} if before else {})
    if env.get("LC_CTYPE") in COERCED:
        with suppress(OSError), open("/proc/self/environ", "rb") as file:  # noqa: PTH123 (not built in)
            items = file.read().split(b"\0")
            given = [item[9:].decode() for item in items if item.startswith(b"LC_CTYPE=")]
            env |= dict.fromkeys(["LC_CTYPE"], "".join(given))
            if not given:
                del env["LC_CTYPE"]
    return env


def _has_terminal() -> bool:
    """Return whether there is a terminal, whose signals go to its foreground group."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | getattr(os, "O_NOCTTY", 0)))
    except OSError:
        return False
    return True


def _wakeup(on_child: Callable[[int, FrameType | None], None]) -> int | None:
    """Let each signal, and the end of each child, write a byte; return where to read them."""
    if sys.platform == "win32":
        return None
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, on_child)  # were it ignored, the exit code would be lost
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _ignored(_number: int, _frame: FrameType | None) -> None:
    """Do nothing, where it is enough that a signal wakes us."""
