"""What puts the program on the PATH of later steps; nothing of the working directory is run."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import GITHUB, SHA, archive

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ["devlake-ci", "run", "--", "sh", "-c", "echo deployed; echo $DEVLAKE_TOKEN; exit 3"]


class Job:
    """A job's folder, in which a stranger named files as we and our tools may look for them."""

    def __init__(self, folder):
        self.workspace, self.project = folder / "workspace", folder / "action"
        for name in ("native", "install", "requirements", "src/devlake_ci"):
            shutil.copytree(ROOT / name, self.project / name)
        for path in ("tool_cache", "temp", "bin"):
            (folder / path).mkdir()
        self.bin, self.paths = folder / "bin", folder / "github-path"
        self.workspace.mkdir()
        for name in ("click.py", "pip.py", "re.py", "sitecustomize.py", "devlake_ci.py"):
            (self.workspace / name).write_text("open('ran', 'w')\n")
        (self.workspace / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9\n")
        self.env = {
            **GITHUB, "PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(folder),
            "RUNNER_TEMP": str(folder / "temp"), "RUNNER_TOOL_CACHE": str(folder / "tool_cache"),
            "GITHUB_PATH": str(self.paths), "DEVLAKE_DRY_RUN": "true", "DEVLAKE_TOKEN": "t0ken",
            "DEVLAKE_URL": "http://127.0.0.1:9/plugins/webhook/connections/1/deployments",
            "DEVLAKE_ENVIRONMENT": "production", "PYTHONPATH": ".",
        }  # fmt: skip

    def python(self, script):
        """Let `python3` be this script of sh."""
        for name in ("python3", "python"):
            (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
            (self.bin / name).chmod(0o755)

    def step(self, *command, **env):
        return subprocess.run(
            command, cwd=self.workspace, env=self.env | env, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    def install(self):
        return self.step("node", str(self.project / "install" / "main.js"))

    def deploy(self):
        (folder,) = self.paths.read_text().splitlines()
        return self.step(*DEPLOY, PATH=f"{folder}:{self.env['PATH']}")


@pytest.fixture
def job(tmp_path):
    made = Job(tmp_path)
    yield made
    assert not (made.workspace / "ran").exists()


def is_reported(ran):
    return f'"commitSha": "{SHA}"' in ran.stderr and '"result": "FAILURE"' in ran.stderr


def test_later_steps_have_the_program_on_the_runner_s_python(job):
    # What pip installs by its hashes is what this environment has.
    target = (
        f'for last; do :; done; cp -R {Path(sys.prefix, "lib")}/python3*/site-packages/. "$last"'
    )
    job.python(f'case "$*" in *"-m pip"*) {target};; *) exec {sys.executable} "$@";; esac')

    installed, deployed = job.install(), job.deploy()

    assert (installed.returncode, "::warning" in installed.stdout) == (0, False)
    assert (deployed.returncode, deployed.stdout) == (3, "deployed\n\n")
    assert is_reported(deployed)


def test_without_python_later_steps_have_the_executable_of_the_release(job):
    published = archive(f'#!/bin/sh\nexec {sys.executable} -I -m devlake_ci "$@"\n')
    digest = hashlib.sha256(published).hexdigest()
    job.python("exit 1")
    released = {"url": "https://localhost/{file}", "executables": {
        f"linux-{'arm64' if os.uname().machine == 'aarch64' else 'x64'}":
            {"file": "ours.tar.gz", "sha256": digest}}}  # fmt: skip
    (job.project / "native" / "executables.json").write_text(json.dumps(released))
    kept = Path(job.env["RUNNER_TOOL_CACHE"], "devlake-ci", digest[:16])
    kept.mkdir(parents=True)
    (kept / "ours.tar.gz").write_bytes(published)

    installed, deployed = job.install(), job.deploy()

    assert "devlake-ci runs as an executable" in installed.stdout
    assert (deployed.returncode, deployed.stdout) == (3, "deployed\n\n")
    assert is_reported(deployed)


def test_where_neither_can_be_installed_the_command_runs_and_a_warning_says_so(job):
    job.python("exit 1")

    installed, deployed = job.install(), job.deploy()

    assert installed.returncode == 0
    assert (
        "::warning title=DevLake::devlake-ci can't run: there is no Python 3.11" in installed.stdout
    )
    assert (deployed.returncode, deployed.stdout) == (3, "deployed\n\n")
    assert "warning: not reported: devlake-ci is not installed" in deployed.stderr
