"""Run other programs than git (the CI's own, and this one), never through a shell."""

import errno
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

from devlake_ci.ci.provider import RunProgram
from devlake_ci.dataclass import dataclass
from devlake_ci.runtime.child_env import FROZEN, child_env

SECONDS = 5.0
"""Seconds that a program of the CI may take to be told what became of a report."""
_WAKE = 0.1


@dataclass(frozen=True)
class ProgramResult:
    """How a program ended; `code` is None if it was killed: it was late, or had too much to say."""

    code: int | None
    out: bytes
    errors: bytes


def run(effect: RunProgram) -> None:
    """Run a program of the CI's own; raise OSError if it fails or is late."""
    ours = ("DEVLAKE_", "INPUT_", "PLUGIN_")  # the token among them
    env = {name: text for name, text in child_env().items() if not name.startswith(ours)}
    from tempfile import TemporaryFile  # noqa: PLC0415 (for the one CI that has such a program)

    with TemporaryFile() as text:
        text.write(effect.text.encode(errors="replace"))
        text.seek(0)
        ended = run_bounded(effect.command, env, SECONDS, stdin=text)
    if ended.code is None:
        raise TimeoutError(errno.ETIMEDOUT, f"it took over {SECONDS:.0f} seconds")
    if ended.code:
        said = ended.errors.decode(errors="replace").strip()
        raise OSError(errno.EIO, f"exit code {ended.code} {said}".strip())


def run_bounded(
    command: Sequence[str],
    env: Mapping[str, str],
    seconds: float,
    most: int = 1024 * 1024,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
) -> ProgramResult:
    """Run a program and read a bounded answer; raise OSError if it can't be started.

    In time it ends, or it is killed with all that it started: a child of it may hold its output
    open. Without a thread, for there may be none left to start.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=env, stdin=stdin, stdout=pipe, stderr=pipe, start_new_session=True
    ) as process:
        try:
            return _read(process, time.monotonic() + seconds, most)
        finally:
            if process.returncode is None:
                _kill(process)


def _read(process: "subprocess.Popen[bytes]", deadline: float, most: int) -> ProgramResult:
    if os.name == "nt":  # where no pipe can be waited for
        try:
            texts = process.communicate(timeout=max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            return ProgramResult(None, b"", b"")
        return ProgramResult(process.returncode, *texts)
    said = {pipe.fileno(): bytearray() for pipe in (process.stdout, process.stderr) if pipe}
    out, errors = said.values()
    with selectors.DefaultSelector() as selector:
        for each in said:
            selector.register(each, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0 or len(out) > most or len(errors) > most:
                return ProgramResult(None, bytes(out), bytes(errors))
            for key, _ in selector.select(min(left, _WAKE)):
                if more := os.read(key.fd, 65536):
                    said[key.fd] += more
                else:
                    selector.unregister(key.fd)
    try:
        code = process.wait(max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        code = None
    return ProgramResult(code, bytes(out), bytes(errors))


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a program and all that it started."""
    with suppress(OSError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run_self(arguments: Sequence[str], env: Mapping[str, str]) -> tuple[int, str]:
    """Run this very program again with the variables `env`; return its exit code and output."""
    path = {"PATH": os.environ.get("PATH", os.defpath)}
    # With -P Python imports nothing of the working directory.
    command = [sys.executable] if FROZEN else [sys.executable, "-P", "-m", "devlake_ci"]
    ran = subprocess.run(
        [*command, *arguments],
        check=False,
        env=path | dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return ran.returncode, ran.stdout.decode(errors="replace")


def own_command() -> str:
    """Return how this very program can be called again by hand."""
    if sys.argv[0].endswith("__main__.py"):
        return "python -m devlake_ci"
    import shutil  # noqa: PLC0415 (it imports what unpacks archives)

    return "devlake-ci" if shutil.which("devlake-ci") else sys.argv[0]
