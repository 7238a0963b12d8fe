"""What is compared: our commands in a job of GitHub Actions, and those of others."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from race import Command

ROOT = Path(__file__).parent.parent
WORK = ROOT / "build" / "benchmarks"
PYTHON = sys.executable
OURS = str(Path(PYTHON).parent / "devlake-ci")
DATADOG = "5.25.0"  # https://www.npmjs.com/package/@datadog/datadog-ci
SHA = "102836a25f5477e571c73d489b3f0f183687068e"
REPOSITORY = "https://github.com/acme/shop"
FIRST = "bench-00000"
"""The id that stands in the event of which the others are copies."""
JOB = {
    "PATH": os.environ["PATH"],
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_SHA": SHA,
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_EVENT_PATH": str(WORK / "event.json"),
    "GITHUB_JOB": "deploy",
    "GITHUB_RUN_ID": "42",
    "GITHUB_RUN_ATTEMPT": "1",
    "DEVLAKE_TOKEN": "t0ken",
    "DEVLAKE_ENVIRONMENT": "production",
    "DEVLAKE_RESULT": "success",
}
"""What a job of GitHub Actions has."""


def datadog(env: dict[str, str]) -> Command:
    """Install it if need be. Its server's address is always https, so it only makes its request."""
    folder = WORK / "datadog-ci"
    if not (folder / "node_modules").exists():
        package = f"@datadog/datadog-ci@{DATADOG}"
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder]
        subprocess.run([*install, package], check=True)
    options = {
        "service": "shop",
        "env": "production",
        "started-at": "1699960648",
        "finished-at": "1699961048",
        "git-repository-url": REPOSITORY,
        "git-commit-sha": SHA,
    }
    program = str(folder / "node_modules" / ".bin" / "datadog-ci")
    given = [word for name, value in options.items() for word in (f"--{name}", value)]
    words = [program, "dora", "deployment", *given, "--dry-run"]
    return Command(words, env | {"DD_API_KEY": "k"})


def curl(env: dict[str, str]) -> Command:
    """Send one body that is ready."""
    body = {"id": "bench", "startedDate": "2026-03-01T12:00:00Z", "deploymentCommits": []}
    (WORK / "body.json").write_text(json.dumps(body))
    header = f"Authorization: Bearer {env['DEVLAKE_TOKEN']}"
    words = ["curl", "--silent", "--fail", "--header", header, "--data", f"@{WORK / 'body.json'}"]
    return Command([*words, env["DEVLAKE_URL"]], env)


def commits(env: dict[str, str], count: int) -> Command:
    """Report a manifest of so many commits."""
    entries = [
        {"repo_url": f"{REPOSITORY}-{n % 20}", "sha": f"{n:040x}"} for n in range(1, count + 1)
    ]
    file = WORK / f"commits-{count}.json"
    file.write_text(json.dumps(entries))
    return Command([OURS, "report", "--commits", str(file), "--exclude-own-commit"], env)


def changes(env: dict[str, str], count: int) -> Command:
    """Report a deployment that shipped so many commits, each a change, as read from git."""
    folder = WORK / "changes"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    who = "committer A <a@example.com>"
    lines = [
        f"commit refs/heads/main\n{who} {1_700_000_000 + n} +0000\ndata 4\nSell\n"
        for n in range(count + 1)
    ]
    git = ["git", "-C", folder]
    subprocess.run([*git, "fast-import", "--quiet"], input="".join(lines), text=True, check=True)
    listed = [*git, "rev-list", "refs/heads/main"]
    shas = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split()
    subprocess.run([*git, "checkout", "--quiet", "--force", shas[0]], check=True)
    options = ["--changes", "commits", "--changes-since", shas[-1]]
    words = ["sh", "-c", 'cd "$0" && exec "$@"', str(folder), OURS, "report", *options]
    return Command(words, env | {"GITHUB_SHA": shas[0]})


def loop(env: dict[str, str], count: int) -> Command:
    """Let a shell send the same bodies with curl: those that replay's events become."""
    words = [OURS, "report", "--id", FIRST, "--dry-run", "--format", "json"]
    shown = subprocess.run(words, env=env, capture_output=True, check=True)
    body = json.dumps(json.loads(shown.stdout)["requests"][0]["body"])
    bodies = WORK / "bodies"
    shutil.rmtree(bodies, ignore_errors=True)
    bodies.mkdir()
    for number in range(count):
        (bodies / f"{number:05}.json").write_text(body.replace(FIRST, f"bench-{number:05}"))
    one = " ".join(f"'{word}'" for word in curl(env).words)
    one = one.replace(f"'@{WORK / 'body.json'}'", '"@$body"')
    return Command(["sh", "-c", f"for body in '{bodies}'/*; do {one} || exit 1; done"], env)


def replay(env: dict[str, str], count: int) -> Command:
    """Send a folder of events that an unreachable server left behind."""
    first, spool = WORK / "first", WORK / "spool"
    words = [OURS, "report", "--id", FIRST, "--deadline", "1", "--spool", str(first)]
    here, nobody = env["DEVLAKE_URL"].split("/")[2], "127.0.0.1:9"
    away = env | {"DEVLAKE_URL": env["DEVLAKE_URL"].replace(here, nobody)}
    shutil.rmtree(first, ignore_errors=True)
    subprocess.run(words, env=away, capture_output=True, check=False)
    (event,) = first.glob("*.json")
    when, subject, rest = event.name.split("-", 2)
    template = event.read_text().replace(nobody, here)

    def fill() -> None:
        """Copy the one event, as others: each has an id and a subject of its own."""
        shutil.rmtree(spool, ignore_errors=True)
        spool.mkdir()
        for number in range(count):
            text = template.replace(FIRST, f"bench-{number:05}")
            (spool / f"{when}-{subject[:-5]}{number:05}-{rest}").write_text(text)

    return Command([OURS, "replay", str(spool)], env, fill, lambda: not any(spool.iterdir()))
