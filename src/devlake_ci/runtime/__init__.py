"""The real environment, clock, network, git and files; nothing else in the program touches them."""

import errno
import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NoReturn, Protocol

from devlake_ci.commits.workspace import Workspace
from devlake_ci.devlake.delivery import Clock
from devlake_ci.devlake.request import Answer, Request
from devlake_ci.effects import Append, Replace, Run
from devlake_ci.options import Options
from devlake_ci.runtime.signals import ignore_signals, stop_at_signals
from devlake_ci.runtime.spool import Spool

FROZEN = hasattr(sys, "frozen")
"""Whether we are the executable that needs no Python: then there is no `python -m`."""

LARGEST_FILE = 32 * 1024 * 1024
"""Bytes of a file that we read at most: an event is smaller than 25 MB."""

_GIT = (
    "git",
    "-c", "safe.directory=*",  # a container's user is seldom the one who made the checkout
    "-c", "core.fsmonitor=false",  # nothing that a checkout's settings name is to be run
    "-c", "log.showSignature=false",
)  # fmt: skip
_GIT_ENV = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # the same for a git that is older than that
    "GIT_NO_REPLACE_OBJECTS": "1",  # a commit is what its name says
    "LC_ALL": "C.UTF-8",
}
GIT_SECONDS = 10.0
"""Seconds that git may take to answer one question."""
_CI_SECONDS = 10
"""That a program of the CI may take to be told what became of a report."""
_GIT_PLACES = {
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX",
}  # fmt: skip
"""Variables that name another repository than the one in the folder."""


class Network(Protocol):
    """HTTP with time limits; `send` and `get` raise NotSentError."""

    def send(self, request: Request, seconds: float) -> Answer:
        """POST a request."""

    def get(self, url: str, headers: Mapping[str, str], seconds: float) -> Answer:
        """GET a URL."""

    def proxy(self, url: str) -> str | None:
        """Name the proxy on the way to a URL, without a login; None if there is none."""

    def resolves(self, host: str, seconds: float) -> bool:
        """Tell if a host's name stands for an address."""


@dataclass(frozen=True)
class Runtime:
    """All that the program does to the world, so that a test can give it another one."""

    env: Mapping[str, str]
    clock: Clock
    git: Callable[..., str | None]
    read_file: Callable[[str], str | None]
    nonce: Callable[[str], str | None]
    write: Callable[[Append | Replace | Run], None]
    set_aside: Callable[[str], str]
    connect: Callable[[Options], Network]
    workspace: Callable[[Callable[[], float]], Workspace]
    stop_at_signals: Callable[[], None]
    ignore_signals: Callable[[], None]
    spool: Spool = field(default_factory=Spool)


def real() -> Runtime:
    """Give this process's own world."""
    env = environment()
    return Runtime(
        env=env,
        clock=Clock(now, time.monotonic, time.sleep, random.random),
        git=cache(git),  # a job's checkout stands still while it is reported
        read_file=read_file,
        nonce=nonce,
        write=write,
        set_aside=set_aside,
        connect=connections,
        workspace=lambda left: workspace(env, left),
        stop_at_signals=stop_at_signals,
        ignore_signals=ignore_signals,
    )


def environment() -> dict[str, str]:
    """Give the environment's variables as real text: bytes that are no UTF-8 become U+FFFD."""
    return {
        name: value.encode(errors="surrogateescape").decode(errors="replace")
        for name, value in os.environ.items()
    }


def now() -> datetime:
    """Give the time in whole seconds, which is what every CI's own times have."""
    return datetime.now(UTC).replace(microsecond=0)


def git(*arguments: str, seconds: float = GIT_SECONDS) -> str | None:
    """Give what git prints in the working directory, stripped; None if it fails or prints nothing.

    Never asks, never fetches, and runs nothing that the checkout's own settings name.
    """
    try:
        done = subprocess.run(
            [*_GIT, *arguments],
            capture_output=True,
            check=True,
            env=_outside() | _GIT_ENV,
            stdin=subprocess.DEVNULL,
            timeout=seconds,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip() or None


def _outside() -> dict[str, str]:
    """Give another program's environment: our executable's own libraries are nothing for it.

    https://pyinstaller.org/en/stable/common-issues-and-pitfalls.html#launching-external-programs-from-the-frozen-application
    """
    env = dict(os.environ)
    if FROZEN:
        env.pop("LD_LIBRARY_PATH", None)
        if before := env.pop("LD_LIBRARY_PATH_ORIG", None):
            env["LD_LIBRARY_PATH"] = before
    return env


def read_file(path: str) -> str | None:
    """Give the text of a file, or None if there is none, or one too large to be what we expect."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError):
        return None
    return content.decode(errors="replace") if len(content) <= LARGEST_FILE else None


def nonce(folder: str) -> str | None:
    """Give something unique to the job whose state folder this is; the same at each call."""
    path = Path(folder) / "nonce"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x") as file:
            file.write(secrets.token_hex(8))
    except FileExistsError:
        pass
    except OSError:
        return None
    return read_file(str(path))


def write(effect: Append | Replace | Run) -> None:
    """Carry an effect out; raises OSError. What is replaced is the old text or the new, whole."""
    if isinstance(effect, Run):
        _run(effect)
        return
    path = Path(effect.path)
    if isinstance(effect, Append):
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(effect.text)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        fresh.write_text(effect.text, encoding="utf-8", newline="")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def set_aside(path: str) -> str:
    """Move a file out of the way, and give its new name; raises OSError."""
    aside = f"{path}.{secrets.token_hex(4)}.aside"
    Path(path).rename(aside)
    return aside


def _run(effect: Run) -> None:
    ours = ("DEVLAKE_", "INPUT_", "PLUGIN_")  # the token among them
    try:
        subprocess.run(
            effect.command,
            capture_output=True,
            check=True,
            env={name: text for name, text in _outside().items() if not name.startswith(ours)},
            input=effect.text.encode(errors="replace"),
            timeout=_CI_SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        raise TimeoutError(errno.ETIMEDOUT, f"it took over {_CI_SECONDS} seconds") from late
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.decode(errors="replace").strip()
        raise OSError(errno.EIO, f"exit code {failed.returncode} {said}".strip()) from failed


def connections(options: Options) -> Network:
    """Give HTTP with the certificates that the options name; requests is imported only now."""
    from devlake_ci.runtime.network import Connections  # noqa: PLC0415 (a quarter of our start-up)

    return Connections(options, environment())


def workspace(env: Mapping[str, str], left: Callable[[], float] = lambda: GIT_SECONDS) -> Workspace:
    """Give the disk of a job with these variables; it is looked at only for several commits.

    `left` tells how many seconds git may still take.
    """
    from devlake_ci.runtime.disk import Disk  # noqa: PLC0415 (as above)

    roots = [env[name] for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR") if env.get(name)]
    own = {name: value for name, value in os.environ.items() if name not in _GIT_PLACES}
    return Disk(tuple(roots), _GIT, own | _GIT_ENV, left)


def program(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Run this very program once more, as a CI would, with nothing of our environment but `env`."""
    path = {"PATH": os.environ.get("PATH", os.defpath)}
    command = [sys.executable] if FROZEN else [sys.executable, "-m", "devlake_ci"]
    return subprocess.run([*command, *arguments], check=False, env=path | dict(env)).returncode


@contextmanager
def folder() -> Iterator[str]:
    """Give a folder that is gone afterwards."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415 (for the demo alone)

    with TemporaryDirectory() as path:
        yield path


def leave(code: int) -> NoReturn:
    """End the process, with 1 for success that could not be printed.

    At once: Python takes longer to tidy up its modules than we take to make a report.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            code = code or 1
    os._exit(code)
