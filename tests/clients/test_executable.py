"""The executable, on a machine that has no Python: nothing on the PATH, no variables."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devlake_sandbox import Sandbox
from tests.support import SHA

pytestmark = pytest.mark.timeout(1800)  # it is made first

ROOT = Path(__file__).parent.parent.parent
JOB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_RUN_ID": "42",
    "DEVLAKE_ENVIRONMENT": "production",
    "DEVLAKE_RESULT": "success",
}
# What a Git would say, and which libraries it is told to load.
GIT = f"""#!/bin/sh
echo "$LD_LIBRARY_PATH" >> "$(/usr/bin/dirname "$0")/libraries"
test "$7" = rev-parse && echo {SHA}
"""


@pytest.fixture(scope="module")
def executable(tmp_path_factory):
    """Make it as a release does, and unpack it."""
    subprocess.run(["make", f"PYTHON={sys.executable}", "executable"], cwd=ROOT, check=True)
    archive = ROOT / "dist" / f"devlake-ci-linux-{platform.machine()}.tar.gz"
    folder = tmp_path_factory.mktemp("executable")
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
    return folder / "devlake-ci" / "devlake-ci"


def run(executable, *arguments, folder, env):
    return subprocess.run(
        [executable, *arguments], env=env, cwd=folder, capture_output=True, text=True, check=False
    )


def test_it_reports_without_python_or_anything_else(executable, tmp_path):
    with Sandbox() as devlake:
        where = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}

        ran = run(executable, "report", folder=tmp_path, env=JOB | where | {"GITHUB_SHA": SHA})

        (commit,) = devlake.rows("cicd_deployment_commits")
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (
        0,
        "Reported: SUCCESS in PRODUCTION (production).",
    )
    assert (commit["commit_sha"], commit["repo_url"]) == (SHA, "https://github.com/acme/shop")


def test_git_gets_its_own_libraries_and_not_ours(executable, tmp_path):
    git = tmp_path / "git"
    git.write_text(GIT)
    git.chmod(0o755)

    ran = run(executable, "context", folder=tmp_path, env={"PATH": str(tmp_path)})

    assert f'"sha": "{SHA}"' in ran.stdout
    assert set((tmp_path / "libraries").read_text().split()) == set()


@pytest.mark.parametrize("make", [shutil.copy, os.symlink, os.link])
def test_it_is_the_entry_point_by_whose_name_it_is_called(executable, make):
    called = executable.parent / "devlake-ci-action"
    called.unlink(missing_ok=True)
    make(executable, called)

    ran = run(called, folder=ROOT, env={})
    called.unlink()

    assert (ran.returncode, ran.stdout) == (0, "This job is reported to DevLake when it ends.\n")


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_the_stand_in_server_is_left_out_and_it_says_where_it_is(executable, command):
    ran = run(executable, command, folder=ROOT, env={"PATH": os.environ["PATH"]})

    assert ran.returncode == 2
    assert f"pip install devlake-ci, then devlake-ci {command}" in ran.stderr


@pytest.mark.usefixtures("executable")
def test_it_is_small_to_download():
    (archive,) = (ROOT / "dist").glob("devlake-ci-*.tar.gz")

    assert archive.stat().st_size <= 13_000_000


@pytest.mark.usefixtures("executable")
def test_its_sum_is_beside_it():
    subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=ROOT / "dist", check=True)
