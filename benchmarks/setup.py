"""Time `devlake-ci setup` for 100 projects, each with a connection and a key, against a sandbox.

Run `.venv/bin/python benchmarks/setup.py`. The bounds are 3 s and 200 requests for the plan, and
30 s for applying it. On two cores that ran other programs, too (2026-11): the plan took 1.3 s and 3
requests, applying it 3.2 s and 407 (four writes a project, and reading before and afterwards), the
plan afterwards 1.4 s and 9; with ten programs to a core, 4.6 s, 9.0 s and 4.9 s.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from devlake_sandbox import Sandbox

PROJECTS = 100


def run(url: str, file: str, *arguments: str) -> float:
    """Run `setup` with a file, and return the seconds that it takes."""
    command = [sys.executable, "-m", "devlake_ci", "setup", "--file", file, *arguments]
    began = time.monotonic()
    env = {"PATH": os.environ["PATH"], "DEVLAKE_URL": url}
    subprocess.run(command, env=env, check=True, capture_output=True)
    return time.monotonic() - began


def plan_seconds() -> float:
    """Return the seconds that the plan takes, in an empty DevLake."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(empty=True) as devlake:
        return run(devlake.url, str(written(Path(folder))), "--dry-run")


def written(folder: Path) -> Path:
    """Write the setup file."""
    names = [f"project-{number}" for number in range(PROJECTS)]
    lines = ["projects:", *(f"- name: {name}" for name in names)]
    lines += ["keys:", *(f"- projects: [{name}]" for name in names)]
    file = folder / "devlake.yml"
    file.write_text("\n".join(lines))
    return file


def main() -> None:
    """Print seconds and requests of the plan, of applying it, and of the plan afterwards."""
    with tempfile.TemporaryDirectory() as folder, Sandbox(empty=True) as devlake:
        file = written(Path(folder))
        for title, more in (("plan", ["--dry-run"]), ("apply", []), ("plan again", ["--dry-run"])):
            before = len(devlake.requests)
            seconds = run(devlake.url, str(file), *more)
            print(f"{title:<12}{seconds:6.1f} s {len(devlake.requests) - before:6} requests")


if __name__ == "__main__":
    main()
