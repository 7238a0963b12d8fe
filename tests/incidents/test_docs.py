"""What docs/incidents.md says of incidents is so."""

import re
import shlex
from datetime import timedelta
from pathlib import Path

import yaml

from devlake_sandbox import Sandbox
from devlake_sandbox.dora import cause
from tests.support import NOON, SHA

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs/incidents.md").read_text()
EXAMPLE = yaml.safe_load((ROOT / "examples/github/verify-after-deploy.yml").read_text())


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_workflow_is_that_of_the_example():
    (shown,) = [block for block in blocks(DOCUMENT, "yaml") if "mode: incident" in block]

    job = yaml.safe_load(shown)["verify"]

    whole = EXAMPLE["jobs"]["verify"]
    assert job["permissions"] == whole["permissions"]
    assert job["needs"] == whole["needs"]
    assert job["steps"][0] == whole["steps"][0]


def test_the_commands_work_one_after_the_other(devlake_ci, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = [line for block in blocks(DOCUMENT, "sh") for line in block.splitlines()]

    with Sandbox() as devlake:
        env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
        for command in commands:
            program, *arguments = shlex.split(command)
            assert (program, devlake_ci(*arguments, env=env).code) == ("devlake-ci", 0)

        rows = {row["incident_key"]: row for row in devlake.rows("incidents")}

    assert {key: row["status"] for key, row in rows.items()} == {
        "db-2026-03": "DONE",
        "db-2026-04": "DONE",
    }
    assert rows["db-2026-03"]["lead_time_minutes"] == "42"
    assert rows["db-2026-03"]["severity"] == "high"


def test_the_figure_shows_which_deployment_an_incident_counts_on(devlake_ci):
    lines = DOCUMENT.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("deployments "))
    results, ends, _, begins, counts = lines[first - 1 : first + 4]

    with Sandbox() as devlake:
        env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token,
               "GITHUB_ACTIONS": "true"}  # fmt: skip
        for found in re.finditer("[ABC]", ends):
            result = results[found.start() - 3 :].split()[0]
            devlake_ci("report", "--environment=production", f"--sha={SHA}", f"--id={found[0]}",
                       "--repo-url=https://github.com/acme/shop", f"--result={result}",
                       f"--finished-at={at(found.start())}", env=env)  # fmt: skip
        for found in re.finditer(r"[1-5]", begins):
            devlake_ci("incident", "open", found[0], "--title=t",
                       f"--created-at={at(found.start())}", env=env)  # fmt: skip
        commits = devlake.rows("cicd_deployment_commits")
        caused = [cause(commits, row) for row in devlake.rows("incidents")]

    shown = re.findall(r"\(none\)|[ABC]", counts.removeprefix("counts against"))
    assert [each or "(none)" for each in caused] == shown
    assert len(shown) == 5


def at(column):
    return (NOON + timedelta(seconds=column - 200)).strftime("%Y-%m-%dT%H:%M:%SZ")
