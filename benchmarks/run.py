"""Measure devlake-ci beside what one might use instead, and write docs/benchmarks.md.

Usage: .venv/bin/python benchmarks/run.py

Needs node, npm, curl and `make executable`; without a Docker engine the row that needs it is left
out. Ends with 1 if a target is missed.
"""

import gzip
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from race import Command, Race, memory, race, seconds

ROOT = Path(__file__).parent.parent
WORK = ROOT / "build" / "benchmarks"
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- written by make bench -->\n", "<!-- end -->\n"
PYTHON = sys.executable
OURS = str(Path(PYTHON).parent / "devlake-ci")
DATADOG = "5.25.0"  # https://www.npmjs.com/package/@datadog/datadog-ci
SHA = "102836a25f5477e571c73d489b3f0f183687068e"
REPOSITORY = "https://github.com/acme/shop"
MANY = 1000
FIRST = "bench-0000"
"""The id that stands in the event of which the others are copies."""
MIB = 1024 * 1024
IMAGE = "devlake-ci:bench"
NO_DOCKER = "Left out, for no Docker engine answers: the start in the image's container."
STARTS = """
import statistics, subprocess, sys, time
def once():
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "devlake_ci", "--version"], stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
print(statistics.median(once() for _ in range(12)))
"""
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


@dataclass(frozen=True)
class Row:
    """A line of the table: a number, and the most that it may be (the least for `more`)."""

    what: str
    measured: str
    number: float
    aim: float | None = None
    more: bool = False
    unit: str = "×"

    @property
    def missed(self) -> bool:
        """Return whether the target was missed."""
        if self.aim is None:
            return False
        return self.number < self.aim if self.more else self.number > self.aim

    def __str__(self) -> str:
        """Return the line."""
        aim = "" if self.aim is None else f"{'≥' if self.more else '≤'} {self.aim:g} {self.unit}"
        said = f"{self.number:.2f} {self.unit}" + (" **missed**" if self.missed else "")
        return f"| {self.what} | {self.measured} | {said} | {aim} |"


def main() -> None:
    """Run all races, print their table and write it into the page."""
    require("report", "--commits", "--spool")
    require("replay", "DIR")
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "event.json").write_text(json.dumps({"head_commit": {"id": SHA, "message": "Sell"}}))
    server = subprocess.Popen([PYTHON, ROOT / "benchmarks/server.py"], stdout=subprocess.PIPE)
    try:
        port = int(server.stdout.readline())
        where = f"http://127.0.0.1:{port}/plugins/webhook/connections/1/deployments"
        env = JOB | {"DEVLAKE_URL": where}
        rows = list(all_rows(env))
    finally:
        server.kill()
    table = "\n".join(["| | measured | is | target |", "|---|---|---|---|", *map(str, rows)])
    left_out = "" if has_docker() else f"\n{NO_DOCKER}\n"
    text = f"{machine()}\n\n{table}\n{left_out}"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    print(text)
    sys.exit(any(row.missed for row in rows))


def all_rows(env: dict[str, str]) -> Iterator[Row]:
    """Run the races, one after the other."""
    report = Command([OURS, "report"], env)
    libraries = Command([PYTHON, "-c", "import requests, click"], env)
    found = race(report, libraries, 25)
    yield Row("report : `import requests, click`", wall(found), found.wall, 1.25)
    found = race(report, datadog(env), 15)
    yield Row("report : `datadog-ci dora deployment --dry-run`", wall(found), found.wall, 0.45)
    yield Row("its memory : that of datadog-ci", most(found), found.memory, 0.33)
    found = race(Command([OURS, "run", "--", "true"], env), report, 15)
    yield Row("run of `true` : report", wall(found), found.wall, 1.1)
    ours, least = before_the_command(env), processor_time([PYTHON, "-c", "import re"], env)
    measured = f"{ours * 1000:.0f} ms : {least * 1000:.0f} ms of CPU"
    yield Row("run's command starts - `import re`", measured, (ours - least) * 1000, 25, unit="ms")
    ours = processor_time([OURS, "context"], env)
    least = processor_time([PYTHON, "-I", "-S", "-c", "pass"], env)
    measured = f"{ours * 1000:.0f} ms : {least * 1000:.0f} ms of CPU"
    yield Row("`context`, which sends nothing : `python -I -S`", measured, ours / least, 6)
    found = race(report, curl(env), 25)
    yield Row("report : one `curl`", wall(found), found.wall)
    found = race(commits(env, MANY), commits(env, 1), 15)
    yield Row("report of 1,000 commits : of one", wall(found), found.wall, 1.5)
    peak = max(one.memory for one in found.ours) / MIB
    yield Row("its memory", most(found), peak, 80, unit="MiB")
    found = race(loop(env), replay(env), 9)
    yield Row("1,000 × `curl` : `replay` of 1,000 events", wall(found), found.wall, 10, more=True)
    found = race(executable(env), Command([OURS, "--version"], env), 15)
    yield Row("start of the executable : of the program", wall(found), found.wall, 1.4)
    (archive,) = (ROOT / "dist").glob("devlake-ci-*.tar.gz")
    yield Row("executable to download", "", archive.stat().st_size / 1e6, 13, unit="MB")
    if has_docker():
        yield in_container()
        yield image_to_pull()


def has_docker() -> bool:
    """Return whether a Docker engine answers."""
    asked = shutil.which("docker") and subprocess.run(
        ["docker", "info"], capture_output=True, check=False
    )
    return bool(asked) and asked.returncode == 0


def in_container() -> Row:
    """Measure how long the program takes to start in the image's container."""
    subprocess.run(["docker", "build", "--quiet", "--tag", IMAGE, ROOT], check=True)
    pairs = [(start(["docker", "run", "--rm", IMAGE, "python"]), start([PYTHON])) for _ in range(7)]
    medians = " : ".join(
        f"{statistics.median(each) * 1000:.0f} ms" for each in zip(*pairs, strict=True)
    )
    ratio = statistics.median(one / other for one, other in pairs)
    return Row("start in the image's container : outside", medians, ratio, 1.2)


def image_to_pull() -> Row:
    """Measure the whole image as a registry keeps it, compressed."""
    save = subprocess.run(["docker", "save", IMAGE], check=True, capture_output=True)
    return Row("image to pull", "", len(gzip.compress(save.stdout, 6)) / 1e6, 20, unit="MB")


def wall(found: Race) -> str:
    """Return both times."""
    return f"{seconds(found.ours) * 1000:,.0f} ms : {seconds(found.theirs) * 1000:,.0f} ms"


def most(found: Race) -> str:
    """Return both peaks."""
    return f"{memory(found.ours) / MIB:.0f} MiB : {memory(found.theirs) / MIB:.0f} MiB"


def require(command: str, *words: str) -> None:
    """End if the program has no such command or option."""
    asked = subprocess.run([OURS, command, "--help"], capture_output=True, text=True, check=False)
    missing = [word for word in words if word not in asked.stdout]
    if asked.returncode or missing:
        sys.exit(f"devlake-ci {command} has no {' '.join(missing or words)}: nothing to measure.")


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


def loop(env: dict[str, str]) -> Command:
    """Let a shell send the same bodies with curl: those that replay's events become."""
    words = [OURS, "report", "--id", FIRST, "--dry-run", "--format", "json"]
    shown = subprocess.run(words, env=env, capture_output=True, check=True)
    body = json.dumps(json.loads(shown.stdout)["requests"][0]["body"])
    bodies = WORK / "bodies"
    bodies.mkdir(exist_ok=True)
    for number in range(MANY):
        (bodies / f"{number:04}.json").write_text(body.replace(FIRST, f"bench-{number:04}"))
    one = " ".join(f"'{word}'" for word in curl(env).words)
    one = one.replace(f"'@{WORK / 'body.json'}'", '"@$body"')
    return Command(["sh", "-c", f"for body in '{bodies}'/*; do {one} || exit 1; done"], env)


def replay(env: dict[str, str]) -> Command:
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
        spool.mkdir(exist_ok=True)
        for number in range(MANY):
            text = template.replace(FIRST, f"bench-{number:04}")
            (spool / f"{when}-{subject[:-4]}{number:04}-{rest}").write_text(text)

    return Command([OURS, "replay", str(spool)], env, fill, lambda: not any(spool.iterdir()))


def before_the_command(env: dict[str, str]) -> float:
    """Return the median seconds of CPU that `run` has taken when its command looks."""
    words = [OURS, "run", "--dry-run", "--", "sh", "-c", "cat /proc/$PPID/schedstat"]
    looks = [subprocess.run(words, env=env, capture_output=True, check=True) for _ in range(25)]
    return statistics.median(int(each.stdout.split()[0]) / 1e9 for each in looks)


def processor_time(words: list[str], env: dict[str, str]) -> float:
    """Return the median seconds of CPU of a command."""

    def once() -> float:
        quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
        pid = os.posix_spawn(words[0], words, env, file_actions=quiet)
        used = os.wait4(pid, 0)[2]
        return used.ru_utime + used.ru_stime

    return statistics.median(once() for _ in range(25))


def executable(env: dict[str, str]) -> Command:
    """Start what `make executable` made."""
    return Command([str(ROOT / "dist" / "devlake-ci" / "devlake-ci"), "--version"], env)


def start(python: list[str]) -> float:
    """Return the median seconds of some starts of the program by a Python, wherever that is."""
    told = subprocess.run([*python, "-c", STARTS], capture_output=True, check=True)
    return float(told.stdout)


def machine() -> str:
    """Return what it was measured on."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
    processor = names[0].partition(": ")[2] if names else platform.processor()
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return (
        f"{processor}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, Node.js {node.stdout.strip()}, "
        f"datadog-ci {DATADOG}. A ratio is the median of its pairs."
    )


if __name__ == "__main__":
    main()
