"""What several clients run: our image."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """Build the image as a runner does, under its own name; a release tests what it built."""
    if name := os.environ.get("DEVLAKE_CI_IMAGE"):
        return name
    with (tmp_path_factory.getbasetemp().parent / "image").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # one process builds it, and the others find its layers
        built = subprocess.run(
            ["docker", "build", "--quiet", ROOT], check=True, capture_output=True, text=True
        )
    number = built.stdout.strip()
    name = f"devlake-ci:{number.removeprefix('sha256:')[:12]}"
    subprocess.run(["docker", "tag", number, name], check=True)
    return name
