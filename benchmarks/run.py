"""Measure devlake-ci beside what one might use instead, and write docs/benchmarks.md.

Usage: .venv/bin/python benchmarks/run.py [--pairs N]

Needs `make executable`. A part whose needs (npm, curl, a Docker engine) aren't there is left out,
and the page says so; so is one that fails. Ends with 1 if a target is missed or a part fails.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import image
import race as races
from commands import (
    DATADOG,
    JOB,
    OURS,
    PYTHON,
    ROOT,
    SHA,
    WORK,
    changes,
    commits,
    curl,
    datadog,
    loop,
    replay,
)  # fmt: skip
from race import Command, cpu, race, run, seconds
from rows import MIB, Price, Row, milliseconds, most, processor, wall

import setup

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- written by make bench -->\n", "<!-- end -->\n"
SLOW = 0.01
"""Seconds that the slower server takes to store an event; a real one took 2 ms on this machine."""

Env = dict[str, str]


@dataclass
class Measured:
    """What was measured, and what was not."""

    rows: list[Row] = field(default_factory=list)
    prices: list[Price] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    has_failed: bool = False

    def part(self, what: str, work: Callable[[], object], needs: object = "nothing") -> None:
        """Measure a part, or say that it is left out: for one where what it `needs` isn't here."""
        print(f"{what} …", file=sys.stderr, flush=True)
        if not needs:
            self.left_out.append(f"{what}: left out, because what it needs isn't here.")
            return
        try:
            work()
        except (Exception, SystemExit) as error:  # noqa: BLE001 (the others are to be measured)
            print(f"{error} {getattr(error, 'stderr', '')}", file=sys.stderr)
            self.left_out.append(f"{what}: left out, because it failed ({type(error).__name__}).")
            self.has_failed = True


def main() -> None:
    """Measure everything, print the tables and write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=races.MOST_PAIRS, help="compare at most N×")
    races.MOST_PAIRS = parser.parse_args().pairs
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "event.json").write_text(json.dumps({"head_commit": {"id": SHA, "message": "Sell"}}))
    with server() as url, server(SLOW) as slow:
        found = measured(url, slow)
    tables = [table(found.rows), priced(found.prices), "\n".join(found.parts)]
    text = "\n\n".join(filter(None, [machine(), *tables, *found.left_out]))
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{after}", encoding="utf-8")
    print(text)
    sys.exit(found.has_failed or any(row.missed for row in found.rows))


def measured(url: str, slow: str) -> Measured:
    """Measure all parts for which this machine has what they need."""
    env, found = JOB | {"DEVLAKE_URL": url}, Measured()
    has_curl, has_npm, has_docker = shutil.which("curl"), shutil.which("npm"), image.is_there()
    rows, prices = found.rows, found.prices
    found.part("Reports", lambda: rows.extend(reports(env)))
    found.part("datadog-ci", lambda: rows.extend(beside_datadog(env)), has_npm)
    found.part("What sends nothing", lambda: rows.extend(sending_nothing(env)))
    found.part("run", lambda: rows.extend(runs(env)))
    found.part("One curl", lambda: rows.extend(one_curl(env)), has_curl)
    found.part("Much at once", lambda: rows.extend(much(env)))
    found.part("Bulk", lambda: rows.extend(bulk(env, slow)), has_curl)
    found.part("The executable", lambda: rows.extend(executable(env)))
    found.part("The executable in a job", lambda: prices.append(executable_price(env)))
    found.part("The image", lambda: rows.extend(images()), has_docker)
    found.part("The image in a job", lambda: prices.extend(image.prices(url)), has_docker)
    found.part("The image's parts", lambda: found.parts.extend(image.parts()), has_docker)
    return found


@contextmanager
def server(delay: float = 0.0) -> Iterator[str]:
    """Yield the URL of a connection of a server that answers after so many seconds."""
    words = [PYTHON, ROOT / "benchmarks/server.py", str(delay)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as running:
        try:
            port = int(running.stdout.readline())
            yield f"http://127.0.0.1:{port}/plugins/webhook/connections/1/deployments"
        finally:
            running.kill()


def reports(env: Env) -> Iterator[Row]:
    """Compare a report with what it imports."""
    found = race(report(env), python(env, "import requests, click"), 25)
    yield Row("report : `import requests, click`", processor(found), found.cpu, 1.15)


def beside_datadog(env: Env) -> Iterator[Row]:
    """Compare a report with that of datadog-ci."""
    found = race(report(env), datadog(env), 15)
    yield Row("report : `datadog-ci dora deployment --dry-run`", wall(found), found.wall, 0.45)
    yield Row("its memory : that of datadog-ci", most(found), found.memory, 0.33)


def sending_nothing(env: Env) -> Iterator[Row]:
    """Compare what sends nothing with a Python that does nothing, and with click."""
    bare = Command([PYTHON, "-I", "-S", "-c", "pass"], env)
    found = race(python(env, "import click"), bare, 25)
    yield Row("`import click` : `python -I -S`", processor(found), found.cpu)
    for name, words in (("context", ["context"]), ("report --dry-run", ["report", "--dry-run"])):
        found = race(Command([OURS, *words], env), bare, 25)
        yield Row(f"`{name}` : `python -I -S`", processor(found), found.cpu, 6)


def runs(env: Env) -> Iterator[Row]:
    """Measure when the command of `run` starts, and what `run` takes in all."""
    found = race(Command([OURS, "run", "--", "true"], env), report(env), 15)
    yield Row("run of `true` : report", wall(found), found.wall, 1.1)
    imports = race(python(env, "import re"), python(env, "pass"), 25).ours
    ours, least = before_the_command(env), cpu(imports)
    measured = f"{ours * 1000:.0f} ms : {milliseconds(imports)} of CPU"
    yield Row("run's command starts - `import re`", measured, (ours - least) * 1000, 25, unit="ms")


def one_curl(env: Env) -> Iterator[Row]:
    """Compare a report with the least that could send one."""
    found = race(report(env), curl(env), 25)
    yield Row("report : one `curl`", wall(found), found.wall)


def much(env: Env) -> Iterator[Row]:
    """Measure what has many commits, changes or projects."""
    found = race(commits(env, 1000), commits(env, 1), 15)
    yield Row("report of 1,000 commits : of one", wall(found), found.wall, 1.5)
    peak = max(one.memory for one in found.ours) / MIB
    yield Row("its memory", most(found), peak, 80, unit="MiB")
    command = changes(env, 250)
    yield Row("report with 250 changes", "", median(command, 5), 3, unit="s")
    yield Row("plan of `setup` for 100 projects", "", setup.plan_seconds(), 3, unit="s")


def bulk(env: Env, slow: str) -> Iterator[Row]:
    """Compare replay with a loop of curl, and measure how much memory a large folder takes."""
    found = race(loop(env, 1000), replay(env, 1000), 5)
    yield Row("1,000 × `curl` : `replay` of 1,000 events", wall(found), found.wall, 5.6, more=True)
    slowly = env | {"DEVLAKE_URL": slow}
    found = race(loop(slowly, 1000), replay(slowly, 1000), 3)
    what = f"the same with a server that takes {SLOW * 1000:.0f} ms an event"
    yield Row(what, wall(found), found.wall, 8, more=True)
    peak = run(replay(env, 10_000)).memory / MIB
    yield Row("memory of `replay` of 10,000 events", "", peak, 80, unit="MiB")


def executable(env: Env) -> Iterator[Row]:
    """Compare the start of what `make executable` made with that of the program."""
    command = Command([str(ROOT / "dist" / "devlake-ci" / "devlake-ci"), "--version"], env)
    found = race(command, Command([OURS, "--version"], env), 15)
    yield Row("start of the executable : of the program", wall(found), found.wall, 1.4)
    yield Row("executable to download", "", archive().stat().st_size / 1e6, 13, unit="MB")


def executable_price(env: Env) -> Price:
    """Measure what a job pays that fetches the executable: the first report is right after."""
    folder = WORK / "executable"
    shutil.rmtree(folder, ignore_errors=True)
    unpacked = image.unpack(archive())
    with tarfile.open(archive()) as whole:
        whole.extractall(folder, filter="data")
    command = Command([str(folder / "devlake-ci" / "devlake-ci"), "report"], env)
    first, *warm = [run(command) for _ in range(11)]
    return Price(
        "the executable", archive().stat().st_size / 1e6, unpacked, first.seconds, seconds(warm)
    )


def archive() -> Path:
    """Return the archive of the executable, which `make executable` made."""
    (found,) = (ROOT / "dist").glob("devlake-ci-*.tar.gz")
    return found


def images() -> Iterator[Row]:
    """Build the images and measure them."""
    image.build()
    yield image.start(min(7, races.MOST_PAIRS))
    yield from image.sizes()


def report(env: Env) -> Command:
    """Report a deployment."""
    return Command([OURS, "report"], env)


def python(env: Env, code: str) -> Command:
    """Run a line in a Python of its own."""
    return Command([PYTHON, "-c", code], env)


def median(command: Command, times: int) -> float:
    """Return the median seconds of a command."""
    return seconds([run(command) for _ in range(min(times, races.MOST_PAIRS))])


def before_the_command(env: Env) -> float:
    """Return the median seconds of CPU that `run` has taken when its command looks."""
    words = [OURS, "run", "--dry-run", "--", "sh", "-c", "cat /proc/$PPID/schedstat"]
    looks = [subprocess.run(words, env=env, capture_output=True, check=True) for _ in range(25)]
    return statistics.median(int(each.stdout.split()[0]) / 1e9 for each in looks)


def table(rows: list[Row]) -> str:
    """Return the table of ratios."""
    return "\n".join(["| | measured | result | target |", "|---|---|---|---|", *map(str, rows)])


def priced(prices: list[Price]) -> str:
    """Return the table of what a deploy job pays; the cheapest download first."""
    head = "| a report by | to download | cold: unpack, and report | warm: report |"
    lines = map(str, sorted(prices, key=lambda each: each.megabytes))
    return "\n".join([head, "|---|---|---|---|", *lines]) if prices else ""


def machine() -> str:
    """Return what it was measured on."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
    processor = names[0].partition(": ")[2] if names else platform.processor()
    return (
        f"{processor}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {node()}datadog-ci {DATADOG}. "
        "A ratio is the median of its pairs."
    )


def node() -> str:
    """Return the version of Node.js, if there is one."""
    if not shutil.which("node"):
        return ""
    asked = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    return f"Node.js {asked.stdout.strip()}, "


if __name__ == "__main__":
    main()
