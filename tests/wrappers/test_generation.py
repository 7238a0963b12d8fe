"""An option that is renamed is noticed in every wrapper, and fixed by printing them anew."""

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


@pytest.fixture
def renamed(tmp_path):
    """A copy of the project in which the option `--severity` is called `--gravity`."""
    for name in ("src", "tools", *WRAPPERS, OPTIONS):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, tmp_path / name)
    declared = tmp_path / "src/devlake_ci/options.py"
    declared.write_text(declared.read_text().replace("severity:", "gravity:"))
    return tmp_path


def cog(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", "tools", *arguments, *WRAPPERS, OPTIONS],
        cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(folder / "src")},
    )  # fmt: skip


def test_a_renamed_option_fails_the_check_of_each_wrapper_and_make_wrappers_fixes_it(renamed):
    before = cog(renamed, "--check")
    printed = cog(renamed, "-r")
    after = cog(renamed, "--check")

    assert all(f"{name}  (changed)" in before.stdout for name in [*WRAPPERS, OPTIONS])
    assert (before.returncode != 0, printed.returncode, after.returncode) == (True, 0, 0)
    assert all("gravity" in (renamed / name).read_text() for name in [*WRAPPERS, OPTIONS])


def test_what_stands_in_for_a_program_that_cannot_be_fetched_is_one_script():
    orb = (ROOT / "circleci-orb/src/scripts/report.sh").read_text()
    action = (ROOT / "native/run.js").read_text()

    in_orb = orb.partition("<<'END'\n")[2].partition("END\n")[0]
    in_action = action.partition("const standIn = `")[2].partition("`;")[0]

    assert in_orb
    assert in_orb == in_action
