"""Runs workflows with act (https://github.com/nektos/act), in a checkout of this project."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ACT = Path(sys.executable).parent / "act"


def checkout(folder):
    """Copy what git knows of this project into a repository of its own."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["remote", "add", "origin", "https://github.com/acme/shop.git"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "Sell more"],
    ):
        subprocess.run([*git, *words], check=True)


def run(folder, workflow, devlake, *arguments, event="push"):
    """Run the workflow of that name as for that event; give what act says, an object a line."""
    done = subprocess.run(
        [
            *(ACT, event, "--json", "--pull=false", "--network=host", "--rm"),
            "--concurrent-jobs=1",  # the first one builds the image, and the others find its layers
            *("--platform", "ubuntu-latest=ci-runner:latest"),
            *("--workflows", HERE / "workflows" / f"{workflow}.yml"),
            *("--local-repository", f"devlake-ci/devlake-ci@main={folder}"),
            *("--var", f"DEVLAKE_URL={devlake.connection_url}"),
            *("--secret", f"DEVLAKE_TOKEN={devlake.token}"),
            *arguments,
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert any("jobResult" in each for each in lines), done.stdout + done.stderr
    return lines


def results(lines):
    """Return how each job ended."""
    return {each["jobID"]: each["jobResult"] for each in lines if "jobResult" in each}
