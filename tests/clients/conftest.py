"""What the tests with real clients share."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def image():
    """Build the image as the runner does."""
    name = "devlake-ci:test"
    subprocess.run(["docker", "build", "--quiet", "--tag", name, ROOT], check=True)
    return name
