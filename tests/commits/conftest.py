"""Real repositories to look into."""

import os
import subprocess

import pytest

from devlake_ci import runtime


@pytest.fixture(autouse=True)
def isolated(monkeypatch):
    """Let no settings of this machine into git."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ada@example.com")


@pytest.fixture
def git():
    """Run git in a folder: `git(folder, "log")`."""

    def ran(folder, *arguments):
        allow = ("-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main")
        command = ["git", *allow, "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    return ran


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
    """Give the real disk, for a job that stands where we do."""
    return runtime.workspace({})
