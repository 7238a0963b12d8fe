"""Other programs than git: one of the CI's own, and this very one; never through a shell."""

import errno
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from devlake_ci.effects import Run

FROZEN = hasattr(sys, "frozen")
"""Whether we are the executable that needs no Python: then there is no `python -m`."""

SECONDS = 10
"""That a program of the CI may take to be told what became of a report."""


def run(effect: Run) -> None:
    """Run a program of the CI's own; raises OSError if it fails or is late."""
    ours = ("DEVLAKE_", "INPUT_", "PLUGIN_")  # the token among them
    try:
        subprocess.run(
            effect.command,
            capture_output=True,
            check=True,
            env={name: text for name, text in outside().items() if not name.startswith(ours)},
            input=effect.text.encode(errors="replace"),
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        raise TimeoutError(errno.ETIMEDOUT, f"it took over {SECONDS} seconds") from late
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.decode(errors="replace").strip()
        raise OSError(errno.EIO, f"exit code {failed.returncode} {said}".strip()) from failed


def program(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Run this very program once more, as a CI would, with nothing of our environment but `env`."""
    path = {"PATH": os.environ.get("PATH", os.defpath)}
    command = [sys.executable] if FROZEN else [sys.executable, "-m", "devlake_ci"]
    return subprocess.run([*command, *arguments], check=False, env=path | dict(env)).returncode


def outside() -> dict[str, str]:
    """Give another program's environment: our executable's own libraries are nothing for it.

    https://pyinstaller.org/en/stable/common-issues-and-pitfalls.html#launching-external-programs-from-the-frozen-application
    """
    env = dict(os.environ)
    if FROZEN:
        env.pop("LD_LIBRARY_PATH", None)
        if before := env.pop("LD_LIBRARY_PATH_ORIG", None):
            env["LD_LIBRARY_PATH"] = before
    return env
