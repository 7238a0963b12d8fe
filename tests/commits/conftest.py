"""Real repositories to look into."""

import pytest

from devlake_ci import runtime
from tests import support


@pytest.fixture
def git():
    """Run git in a folder: `git(folder, "log")`."""
    return support.git


@pytest.fixture
def repository(git):
    """Make a repository with one commit, and give its path."""

    def made(path, remote=None, message="One\n\nbody"):
        path.mkdir(parents=True)
        git(path, "init", "--quiet")
        git(path, "commit", "--quiet", "--allow-empty", "--message", message)
        if remote:
            git(path, "remote", "add", "origin", remote)
        return path

    return made


@pytest.fixture
def job(tmp_path, monkeypatch):
    """Stand in the folder of a job, with something outside of it."""
    folder = tmp_path / "job"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def workspace(job):  # noqa: ARG001 (that is where we stand)
    """Return the real disk, for a job that stands where we do."""
    return runtime.workspace({})
