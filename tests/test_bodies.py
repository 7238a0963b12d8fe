"""What each CI's recorded pipelines make us send, whole, in both dialects."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import DATA

ENVIRONMENTS = sorted((DATA / "environments").rglob("*.json"))
GIVEN_WHERE_UNKNOWN = {
    "sha": "0123456789abcdef0123456789abcdef01234567",
    "repo_url": "ssh://git@git.example:2222/acme/shop.git",
    "environment": "prod-eu",
    "result": "success",
}


def options(expected):
    """Set by hand what this CI doesn't say."""
    missing = {name for name in GIVEN_WHERE_UNKNOWN if expected[name] is None}
    if expected["sources"].get("provider") == "no CI variable":
        missing.add("id")
    given = {**GIVEN_WHERE_UNKNOWN, "id": "by-hand"}
    if expected.get("pull_request"):  # which reports nothing to PRODUCTION
        given["environment"] = "review/7"
    return [f"--{name.replace('_', '-')}={given[name]}" for name in sorted(missing)]


def written(files, env, folder):
    """Write the files that the CI left, and give the variables that name them."""
    places = {path: str(folder / Path(path).name) for path in files}
    for path, text in files.items():
        for other, place in places.items():
            text = text.replace(other, place)  # noqa: PLW2901 (they name each other)
        Path(places[path]).write_text(text)
    return {name: places[value] for name, value in env.items() if value in places}


def outcome(devlake_ci, path, tmp_path, dialect):
    recorded = json.loads(path.read_text())
    where = {"DEVLAKE_URL": "https://devlake.example/api", "DEVLAKE_CONNECTION": "1"}
    env = where | recorded["env"]
    if "event" in recorded:
        event = tmp_path / "event.json"
        event.write_text(json.dumps(recorded["event"]))
        env["GITHUB_EVENT_PATH"] = str(event)
    env |= written(recorded.get("files", {}), env, tmp_path)
    for name in ("RUNNER_TEMP", "HOME"):  # no nonce: it would be another in each run
        env.pop(name, None)
    arguments = ["--dry-run", "--format=json", "--service=api", f"--dialect={dialect}"]
    ran = devlake_ci("report", *arguments, *options(recorded["expected"]), env=env)
    told = ran.json
    return told["requests"] or told["problem"]


@pytest.mark.parametrize(
    "path", ENVIRONMENTS, ids=lambda path: str(path.relative_to(DATA / "environments"))
)
def test_a_recorded_pipeline_is_reported_as_this(path, devlake_ci, ticking, tmp_path, pytestconfig):
    ticking.now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    golden = DATA / "bodies" / path.relative_to(DATA / "environments")

    made = {dialect: outcome(devlake_ci, path, tmp_path, dialect) for dialect in ("v1", "legacy")}

    if pytestconfig.getoption("write_bodies"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    assert made == json.loads(golden.read_text())
