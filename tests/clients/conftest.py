"""What several clients run: our image."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def image():
    """Build the image as a runner does, under its own name; a release tests what it built."""
    if name := os.environ.get("DEVLAKE_CI_IMAGE"):
        return name
    built = subprocess.run(
        ["docker", "build", "--quiet", ROOT], check=True, capture_output=True, text=True
    )
    number = built.stdout.strip()
    name = f"devlake-ci:{number.removeprefix('sha256:')[:12]}"
    subprocess.run(["docker", "tag", number, name], check=True)
    return name
