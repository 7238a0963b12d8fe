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

from devlake_ci.companion import FORWARDED, Companion

CANCEL = {getattr(signal, name, None) for name in ("SIGTERM", "SIGINT", "SIGHUP")}
"""The signals by which a CI ends a job."""
NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""The exit codes of a shell for a command that it can't start."""
ENDED_BY_CANCEL = {128 + each for each in CANCEL if each}
"""The exit codes of a command that ended because of such a signal, or whose own command did."""
LATE_SECONDS = 1.0
"""Seconds in which a CI that signals one process after the other, the innermost first, reaches us.
Jenkins looks each second, or more often, whether the last one is gone
(https://github.com/jenkinsci/jenkins/blob/0108b593/core/src/main/java/hudson/util/ProcessTree.java)."""
RESTORING = ("python", "node", "uv", "devlake-ci")
"""The beginnings of programs' names that ignore SIGPIPE, but restore it for what they start."""
COERCED = {"C.UTF-8", "C.utf8", "UTF-8"}
"""What Python may set LC_CTYPE to, for itself and all that it starts
(https://peps.python.org/pep-0538/)."""


class Child:
    """A command that runs; where it can't be started, `problem` says why."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start the command in this working directory, with these variables."""
        self.command = command
        self.problem: OSError | ValueError | None = None
        self.ended: float | None = None
        """When it ended, in seconds since 1970."""
        self.is_cancelled = False
        """Whether somebody wanted it to end while it ran, or at the moment of its end."""
        self.is_stopped = False
        """Whether the job is to end, of which we may hear after the command has ended by itself."""
        self._unsent: list[int] = []
        self._is_ready = False
        self._late = float("inf")
        """Until when, on the monotonic clock, a signal may be what ended the command."""
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stoppable = False
        self._companion: Companion | None = None
        self._wakeup = _wakeup(lambda *_: self._is_running())  # it notes when the command ended
        self._has_group = os.name != "nt" and not _has_terminal()
        for each in FORWARDED:
            if signal.getsignal(each) is not signal.SIG_IGN:  # as under nohup, for the command too
                signal.signal(each, self._on_signal)
        self.started = time.time()
        try:
            self._process = _spawn(command, env, 0 if self._has_group else None)
        except (OSError, ValueError) as problem:
            self.problem, self.ended = problem, self.started
            return
        if os.name != "nt":
            with suppress(OSError):  # no more processes
                self._companion = Companion(self._process.pid, has_group=self._has_group)
        self._is_running()  # its end may have come before it was known which process it is
        self._is_ready = True
        self._forward_unsent()

    def wait(
        self,
        on_cancel: Callable[[], None] = lambda: None,
        may_be_cancelled: Callable[[int], bool] = ENDED_BY_CANCEL.__contains__,
    ) -> int:
        """Wait for its end and return its exit code, as a shell has it: 128 + N for signal N.

        Once it is cancelled, `on_cancel` is called while it still runs. `may_be_cancelled` tells
        the exit codes after which to wait for a cancel that reaches the command first.
        """
        is_told, process = False, self._process
        while process and self._is_running():
            if self.is_cancelled and not is_told:
                is_told = True
                on_cancel()
            elif self._wakeup is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(1)
            else:
                os.read(self._wakeup, 4096)
        code = self._code()
        if process and may_be_cancelled(code):
            self._wait_for_cancel()
        self._close()
        return code

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Let a signal that ends a job raise StoppedError in here, and at once if one came."""
        before, self._is_stoppable = self._is_stoppable, True
        try:
            if self.is_stopped:
                self._stop()
            yield
        finally:
            self._is_stoppable = before

    def _is_running(self) -> bool:
        if self._process is None:
            return False
        if self._process.poll() is None:
            return True
        if self.ended is None:
            self.ended, self._late = time.time(), time.monotonic() + LATE_SECONDS
        return False

    def _code(self) -> int:
        if self._process is None:
            is_missing = isinstance(self.problem, FileNotFoundError | NotADirectoryError)
            return NOT_FOUND if is_missing or not self.command[0] else NOT_EXECUTABLE
        code = self._process.returncode
        return 128 - code if code < 0 else code

    def _wait_for_cancel(self) -> None:
        while self._wakeup is not None and not self.is_cancelled:
            left = self._late - time.monotonic()
            if left <= 0 or not select.select([self._wakeup], [], [], left)[0]:
                return
            os.read(self._wakeup, 4096)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number in CANCEL:
            self.is_stopped = True
            self._is_running()  # it notes until when a signal may be what ends the command
            self.is_cancelled = self.is_cancelled or time.monotonic() <= self._late
        self._unsent.append(number)
        self._forward_unsent()
        if self._is_stoppable and number in CANCEL:
            self._stop()

    def _forward_unsent(self) -> None:
        """Send each signal once: another one may interrupt this, and send them in its place."""
        while self._is_ready and self._unsent:
            self._forward(self._unsent.pop(0))

    def _forward(self, number: int) -> None:
        """Send the command what we were sent, unless it was sent that itself."""
        if self._process is None or self._process.returncode is not None:
            return
        if os.name == "nt" or (self._companion and self._companion.saw(number)):
            return
        with suppress(OSError):  # it has just ended
            (os.killpg if self._has_group else os.kill)(self._process.pid, number)

    def _stop(self) -> None:
        from devlake_ci.errors import StoppedError  # noqa: PLC0415 (see above)

        self._is_stoppable = False
        raise StoppedError(
            "Stopped: the job was cancelled while the command ran.",
            "A report then has five seconds at most; --spool keeps what is late.",
        )

    def _close(self) -> None:
        for each in FORWARDED:
            if signal.getsignal(each) == self._on_signal:
                signal.signal(each, _ignore if each in CANCEL else signal.SIG_DFL)
        if self._wakeup is not None:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        companion, self._companion = self._companion, None
        if companion:
            companion.close()


def _spawn(
    command: Sequence[str], env: Mapping[str, str], group: int | None
) -> "subprocess.Popen[bytes]":
    """Start a command; raise OSError if that can't be done."""
    try:
        return _popen(command, env, group)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        # A script without a first line that says by what: execvp and all shells take sh.
        from shutil import which  # noqa: PLC0415 (see above)

        path = which(command[0], path=env.get("PATH", os.defpath)) or command[0]
        if _is_binary(path):  # for another machine, perhaps
            raise
        return _popen(["/bin/sh", path, *command[1:]], env, group)


def _popen(
    command: Sequence[str], env: Mapping[str, str], group: int | None
) -> "subprocess.Popen[bytes]":
    """Start a command with the signals that we were started with, which Python has changed."""
    is_default = not _is_sigpipe_ignored()
    before = None
    if not is_default:  # all that Python ignores would be ignored, too
        before = signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        return subprocess.Popen(
            command, env=env, close_fds=False, process_group=group, restore_signals=is_default
        )
    finally:
        if before is not None:
            signal.signal(signal.SIGXFSZ, before)


def _is_binary(path: str) -> bool:
    """Return whether a file is no script: it has a zero in its first line, as bash looks for."""
    with open(path, "rb") as file:  # noqa: PTH123 (not built in)
        return b"\0" in file.read(80).partition(b"\n")[0]


def _is_sigpipe_ignored() -> bool:
    """Return whether SIGPIPE was ignored when we were started, as in each step on GitHub.

    Python ignores it, so only our parent still knows. A script with `pipefail` may depend on it
    (https://github.com/actions/runner/issues/2684).
    """
    process = os.getppid()
    try:
        while process and _restores_sigpipe(process):
            process = int(_status(process, b"PPid"))
        return bool(int(_status(process, b"SigIgn"), 16) & 1 << signal.SIGPIPE - 1)
    except (OSError, ValueError, AttributeError):  # no /proc, as on a Mac, or no SIGPIPE
        return False


def _restores_sigpipe(process: int) -> bool:
    """Return whether a process ignores SIGPIPE itself, but nothing that it starts does."""
    try:
        name = os.path.basename(os.readlink(f"/proc/{process}/exe"))  # noqa: PTH115, PTH119
    except PermissionError:
        return False
    return name.startswith(RESTORING)


def _status(process: int, name: bytes) -> bytes:
    """Return a field of what the kernel says of a process; raise OSError or ValueError."""
    with open(f"/proc/{process}/status", "rb") as file:  # noqa: PTH123 (not built in)
        lines = dict(line.partition(b":")[::2] for line in file)
    return lines.get(name, b"").strip()


def original_env() -> dict[str, str]:
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


def _wakeup(on_child: Callable[[int, FrameType | None], object]) -> int | None:
    """Let each signal, and the end of each child, write a byte; return where to read them."""
    if sys.platform == "win32":
        return None
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, on_child)  # were it ignored, the exit code would be lost
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing, where it is enough that a signal wakes us."""
