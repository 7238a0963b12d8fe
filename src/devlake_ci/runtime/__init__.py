"""The real environment, clock, network, git and files; nothing else in the program touches them."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from devlake_ci.ci.provider import Append, Replace, RunProgram
from devlake_ci.clock import Clock
from devlake_ci.commits.workspace import Workspace
from devlake_ci.dataclass import dataclass
from devlake_ci.options import Options
from devlake_ci.runtime import files, signals
from devlake_ci.runtime.git import SECONDS as GIT_SECONDS
from devlake_ci.runtime.git import run_git
from devlake_ci.runtime.spool import Spool
from devlake_ci.text import readable

if TYPE_CHECKING:
    from devlake_ci.child import Child
    from devlake_ci.runtime.network import Connections


def start(command: Sequence[str], options: Sequence[str]) -> "Child":
    """Start a command, as `devlake_ci.launch` does."""
    from devlake_ci import launch  # noqa: PLC0415 (for `run` alone)

    return launch.start(command, options)


def environment() -> dict[str, str]:
    """Return the environment's variables; bytes that are not UTF-8 become U+FFFD."""
    return {name: readable(value) for name, value in os.environ.items()}


def now() -> datetime:
    """Return the time in whole seconds, which is what every CI's own times have."""
    return datetime.now(UTC).replace(microsecond=0)


def jitter() -> float:
    """Return a random number from 0 to 1."""
    from random import random  # noqa: PLC0415 (only where a request is sent again)

    return random()  # noqa: S311 (nobody gains by guessing when we try again)


def write(effect: Append | Replace | RunProgram) -> None:
    """Carry an effect out; raise OSError."""
    if isinstance(effect, RunProgram):
        from devlake_ci.runtime.programs import run  # noqa: PLC0415 (few jobs start a program)

        run(effect)
    else:
        files.write(effect)


def connections(options: Options) -> "Connections":
    """Return HTTP with the certificates that the options name; requests is imported only now."""
    from devlake_ci.runtime import network  # noqa: PLC0415 (a quarter of our start-up)

    return network.Connections(options, environment())


def workspace(env: Mapping[str, str], left: Callable[[], float] = lambda: GIT_SECONDS) -> Workspace:
    """Return the disk of a job with these variables; `left` returns git's seconds that are left."""
    roots = [env[name] for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR") if env.get(name)]
    return files.Disk(tuple(roots), left=left)


CLOCK = Clock(now, time.monotonic, time.sleep, jitter)


@dataclass(frozen=True)
class Runtime:
    """Everything outside the program that it uses, so that a test can replace it."""

    env: Mapping[str, str]
    clock: Clock = CLOCK
    git: Callable[..., str | None] = run_git
    read_file: Callable[[str], str | None] = files.read_file
    nonce: Callable[[str], str | None] = files.nonce
    write: Callable[[Append | Replace | RunProgram], None] = write
    set_aside: Callable[[str], str] = files.set_aside
    connect: "Callable[[Options], Connections]" = connections
    stop_at_signals: Callable[[], None] = signals.stop_at_signals
    ignore_signals: Callable[[], None] = signals.ignore_signals
    defer_signals: Callable[[], None] = signals.defer_signals
    release_signals: Callable[[], None] = signals.release_signals
    stoppable: Callable[[], AbstractContextManager[None]] = signals.stoppable
    spool: Spool = field(default_factory=Spool)
    read_if_exists: Callable[[str], str | None] = files.read_if_exists
    """Read a file whose absence means something; raise OSError if it can't be read."""
    lock_folder_of: Callable[[str, float], AbstractContextManager[bool]] = files.lock_folder_of
    """Lock a file against other processes, for so many seconds at most."""
    child: "Child | None" = None
    """The command of `run`, where it runs already."""
    start: "Callable[[Sequence[str], Sequence[str]], Child]" = start
    """Start a command; the second argument is what is typed before it."""
    secret_file: Callable[[str], AbstractContextManager[Callable[[str], None]]] = files.secret_file
    """Open a file for a secret before there is one; raise OSError."""


def real_runtime() -> Runtime:
    """Return this process's own runtime."""
    return Runtime(environment())


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Yield a folder that is gone afterwards."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415 (for the demo alone)

    with TemporaryDirectory() as path:
        yield path


def configure_streams() -> None:
    """Make printing safe: it never fails for the machine's encoding or a closed stream.

    A stream that was closed is None, and click 8.1.0 fails to print there.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nobody = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (to the end)
            setattr(sys, name, nobody)
        getattr(sys, name).reconfigure(encoding="utf-8", errors="replace")


def exit_process(code: int) -> NoReturn:
    """End the process at once: Python tidies up its modules for longer than a report takes."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever printed it was told, and chose the exit code
            stream.flush()
    os._exit(code)
