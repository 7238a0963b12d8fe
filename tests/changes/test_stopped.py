"""A report that is told to stop while it finds out what was shipped."""

import json
import os
import signal
import subprocess
import sys
import time

from tests.changes.github_api import GitHub
from tests.support import SHA


class Hanging(GitHub):
    """Answers nothing about commits until the test is over."""

    def answer(self, path, headers, body=None):
        if "/compare/" in path:
            self.asked.append(path)
            time.sleep(5)
        return super().answer(path, headers, body)


def test_the_deployment_is_kept_with_its_own_commit_alone(tmp_path, server):
    with Hanging().serving() as github:
        env = github.env | {
            "PATH": os.environ["PATH"],
            "DEVLAKE_URL": server.url,
            "DEVLAKE_CONNECTION": "1",
            "DEVLAKE_ENVIRONMENT": "production",
            "DEVLAKE_RESULT": "success",
            "DEVLAKE_CHANGES": "github",
            "DEVLAKE_CHANGES_SINCE": "a" * 40,
            "DEVLAKE_SPOOL": str(tmp_path / "spool"),
            "GITHUB_SHA": SHA,
            "GITHUB_RUN_ID": "42",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "devlake_ci", "report"], env=env, stderr=subprocess.PIPE
        )
        while not any("/compare/" in each for each in github.asked):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)

    (kept,) = (tmp_path / "spool").glob("*.json")
    commits = json.loads(kept.read_text())["deployment"]["commits"]
    assert process.returncode == 5, said
    assert [each["sha"] for each in commits] == [SHA]
    assert not server.received
