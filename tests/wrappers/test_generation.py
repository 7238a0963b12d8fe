"""An option that is renamed is noticed in every wrapper, and mended by printing them anew."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
WRAPPERS = [
    "action.yml",
    "native/action.yml",
    "circleci-orb/src/commands/report.yml",
    "circleci-orb/src/jobs/report.yml",
    "gitlab-ci/devlake.yml",
]
OPTIONS = "docs/options.md"


@pytest.fixture(scope="module")
def renamed(tmp_path_factory):
    """A copy of the project in which the option `--severity` is called `--gravity`."""
    folder = tmp_path_factory.mktemp("renamed")
    for name in ("src", "tools", *WRAPPERS, OPTIONS):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, folder / name)
    declared = folder / "src/devlake_ci/options.py"
    declared.write_text(declared.read_text().replace("severity:", "gravity:"))
    return folder


def cog(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", "tools", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(folder / "src")},
    )  # fmt: skip


@pytest.mark.parametrize("name", [*WRAPPERS, OPTIONS])
def test_a_renamed_option_fails_the_check_and_make_wrappers_mends_it(renamed, name):
    before = cog(renamed, "--check", name)
    printed = cog(renamed, "-r", name)

    assert before.returncode != 0
    assert printed.returncode == 0, printed.stderr
    assert cog(renamed, "--check", name).returncode == 0
    assert "gravity" in (renamed / name).read_text()
