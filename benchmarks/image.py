"""The image: what a runner pulls, what it is made of, and what the first report in it takes.

It is compared with one of the same program on the base that it is built with. That one has no git:
it is the least that such an image could be.
"""

import gzip
import re
import shutil
import statistics
import subprocess
import tarfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from commands import JOB, PYTHON, ROOT, WORK
from rows import Price, Row

BASE = "python:3.13-slim"
OURS, ON_BASE = "devlake-ci:bench", "devlake-ci:bench-on-base"
DOCKERFILE = f"FROM {BASE}\nCOPY --from={OURS} /opt/devlake-ci /opt/devlake-ci\n"
PROGRAM = "/opt/devlake-ci/bin/devlake-ci"
PARTS = {
    "pydantic": r".*/site-packages/(pydantic|annotated_types|typing_)",
    "devlake-ci": r".*/site-packages/devlake_ci",
    "requests, urllib3, certifi and the like, click, PyYAML": r"opt/devlake-ci/",
    "git, and its regular expressions": r".*(bin/git$|git-core|libpcre2)",
    "OpenSSL": r".*(libssl|libcrypto)",
    "a shell and small programs (busybox)": r".*bin/(?!python)",
    "certificates": r"etc/ssl",
    "glibc and other libraries": r".*(lib[^/]*\.so|ld-linux)(?!.*python)",
    "licenses and the lists for scanners": r"(usr/share|var/lib/dpkg)",
    "Python and its library": r".*python",
}
"""Each part, and the paths of its files; the first one that matches counts."""
STARTS = """
import statistics, subprocess, sys, time
def once():
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "devlake_ci", "--version"], stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
print(statistics.median(once() for _ in range(12)))
"""


def is_there() -> bool:
    """Return whether a Docker engine answers."""
    asked = shutil.which("docker") and subprocess.run(
        ["docker", "info"], capture_output=True, check=False
    )
    return bool(asked) and asked.returncode == 0


def build() -> None:
    """Build both images."""
    subprocess.run(["docker", "build", "--quiet", "--tag", OURS, ROOT], check=True)
    build = ["docker", "build", "--quiet", "--tag", ON_BASE, "-"]
    subprocess.run(build, input=DOCKERFILE, text=True, check=True)


def start(pairs: int) -> Row:
    """Measure how long the program takes to start in the image's container."""
    inside = ["docker", "run", "--rm", OURS, "python"]
    found = [(starts(inside), starts([PYTHON])) for _ in range(pairs)]
    medians = " : ".join(
        f"{statistics.median(each) * 1000:.0f} ms" for each in zip(*found, strict=True)
    )
    ratio = statistics.median(one / other for one, other in found)
    return Row("start in the image's container : outside", medians, ratio, 1.2)


def starts(python: list[str]) -> float:
    """Return the median seconds of some starts of the program by a Python, wherever that is."""
    said = subprocess.run([*python, "-c", STARTS], capture_output=True, check=True)
    return float(said.stdout)


def sizes() -> Iterator[Row]:
    """Measure whole images as a registry keeps them, compressed."""
    ours, on_base = megabytes(OURS), megabytes(ON_BASE)
    yield Row("image to pull", "", ours, 20, unit="MB")
    what = f"image to pull : one with this machine's `{BASE}` as its base"
    yield Row(what, f"{ours:.1f} MB : {on_base:.1f} MB", ours / on_base)


def megabytes(image: str) -> float:
    """Return the size of all layers of an image, compressed."""
    save = subprocess.run(["docker", "save", image], check=True, capture_output=True)
    return len(gzip.compress(save.stdout, 6)) / 1e6


def prices(url: str) -> Iterator[Price]:
    """Measure what a job pays for a report by either image; the server runs on this machine."""
    for way, image in (("the image", OURS), (f"an image on this `{BASE}`", ON_BASE)):
        archive = WORK / "image.tar.gz"
        files(image, archive)
        unpacked = unpack(archive)
        first, *warm = [report(image, url) for _ in range(6)]
        yield Price(way, archive.stat().st_size / 1e6, unpacked, first, statistics.median(warm))


def report(image: str, url: str) -> float:
    """Return the seconds of a report in a container of its own."""
    said = {name: text for name, text in JOB.items() if name not in {"PATH", "GITHUB_EVENT_PATH"}}
    given = [f"--env={name}={text}" for name, text in {**said, "DEVLAKE_URL": url}.items()]
    words = ["docker", "run", "--rm", "--network=host", *given, image, PROGRAM, "report"]
    began = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - began


def files(image: str, archive: Path) -> None:
    """Put all files of an image into a compressed archive."""
    made = ["docker", "create", image]
    name = subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip()
    try:
        root = subprocess.run(["docker", "export", name], check=True, capture_output=True).stdout
    finally:
        subprocess.run(["docker", "rm", name], check=True, capture_output=True)
    archive.write_bytes(gzip.compress(root, 6))


def unpack(archive: Path) -> float:
    """Return the seconds that unpacking an archive takes."""
    folder = WORK / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    began = time.perf_counter()
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
    taken = time.perf_counter() - began
    shutil.rmtree(folder)
    return taken


def parts() -> list[str]:
    """Return the lines of a table of what the image is made of; each part is compressed alone."""
    archive = WORK / "image.tar.gz"
    files(OURS, archive)
    whole, packed = Counter[str](), Counter[str]()
    with tarfile.open(archive) as root:
        for entry in filter(tarfile.TarInfo.isfile, root):
            content = root.extractfile(entry).read()
            name = part(entry.name)
            whole[name] += len(content)
            packed[name] += len(zlib.compress(content, 6))
    whole, packed = whole + Counter(all=whole.total()), packed + Counter(all=packed.total())
    lines = [
        f"| {name} | {size / 1e6:.1f} MB | {whole[name] / 1e6:.1f} MB |"
        for name, size in packed.most_common()
    ]
    return ["| of the image | compressed | unpacked |", "|---|---|---|", *lines]


def part(path: str) -> str:
    """Return what a file of the image belongs to."""
    return next((name for name, form in PARTS.items() if re.match(form, path)), "the rest")
