"""What a release does to the files of this repository, and asks of them; needs Python alone.

Usage: python3 tools/release.py check [TAG]     is it the same version everywhere?
       python3 tools/release.py notes           the newest version's part of CHANGELOG.md
       python3 tools/release.py pin DIGEST      name the image by its digest, and the executables by
                                                their sums, in the actions, the GitLab template, the
                                                examples and the documentation
       python3 tools/release.py pin-orb DIGEST  the same in dist/orb.yml
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

EXECUTABLES = Path("native/executables.json")
IMAGE = "ghcr.io/devlake-ci/devlake-ci"
COPIED = "devlake-ci-linux-x86_64.tar.gz"
UNKNOWN = "0" * 64
"""What stands for the sum of COPIED in examples, as long as it is not released."""

MENTIONS = (
    r"devlake-ci/devlake-ci(?:/[\w/.-]+)?@v?(\d[\d.]*)",  # an action, an orb
    r"ghcr\.io/devlake-ci/devlake-ci:v?(\d[\d.]*)",
    r"devlake-ci==(\d[\d.]*)",
    r"devlake-ci/releases/download/v(\d[\d.]*)",
)
"""Where files name a version of ours; the major alone will do."""


def version() -> str:
    """Return the version that the program says it is."""
    source = Path("src/devlake_ci/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(\d+\.\d+\.\d+)"$', source, re.MULTILINE)
    return found[1] if found else sys.exit("src/devlake_ci/__init__.py says no version.")


def check(tag: str = "") -> None:
    """End with 1 if anything names another version; a tag also needs its part of the changelog."""
    ours = version()
    wrong = [
        f"{place}: {named}, not {ours}" for place, named in mentions() if not fits(named, ours)
    ]
    if tag and tag != f"release-{ours}":
        wrong.append(f"the tag: {tag}, not release-{ours}")
    if tag and not notes().strip():
        wrong.append(f"CHANGELOG.md: nothing under '## {ours}'")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{ours} everywhere")


def mentions() -> Iterator[tuple[str, str]]:
    """Yield each version of ours that a file of this repository names, and where."""
    for path in tracked():
        if path.suffix not in {".json", ".md", ".yml"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for named in re.findall("|".join(f"(?:{each})" for each in MENTIONS), line):
                yield f"{path}:{number}", "".join(named).rstrip(".")


def fits(named: str, ours: str) -> bool:
    """Return whether a version, or the beginning of one, is ours."""
    return f"{ours}.".startswith(f"{named}.")


def notes() -> str:
    """Return this version's part of the changelog."""
    changes = Path("CHANGELOG.md").read_text(encoding="utf-8")
    part = re.search(rf"^## {re.escape(version())}\b.*\n((?:(?!## ).*\n?)*)", changes, re.MULTILINE)
    return part[1].strip() if part else ""


def pin(digest: str) -> None:
    """Let everything that users take or copy name what was published by its hashes."""
    image = f"{IMAGE}@{checked(digest)}"
    native = json.loads(EXECUTABLES.read_text(encoding="utf-8"))
    sums = published()
    for each in native["executables"].values():
        if each["file"] not in sums:
            sys.exit(f"dist/SHA256SUMS has no sum of {each['file']}.")
        each["sha256"] = sums[each["file"]]
    replace(Path("action.yml"), r"^  image: Dockerfile$", f"  image: docker://{image}")
    EXECUTABLES.write_text(json.dumps(native, indent=2) + "\n", encoding="utf-8")
    tagged = re.compile(rf"{re.escape(IMAGE)}:{re.escape(version())}(?![\d.@])")
    for file in copied():
        text = file.read_text(encoding="utf-8")
        pinned = tagged.sub(f"{IMAGE}:{version()}@{digest}", text).replace(UNKNOWN, sums[COPIED])
        if pinned != text:
            file.write_text(pinned, encoding="utf-8")


def copied() -> Iterator[Path]:
    """Yield the files that users copy from, or include."""
    named = tracked("docs", "examples", "gitlab-ci", "README.md")
    return (path for path in named if path.suffix != ".png")


def tracked(*paths: str) -> Iterator[Path]:
    """Yield the files of this repository, or those of it below some paths."""
    command = ["git", "ls-files", "-z", "--", *paths]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    yield from map(Path, filter(None, listed.stdout.split("\0")))


def pin_orb(digest: str) -> None:
    """Let the packed orb take the image and the executables that were published."""
    known = " ".join(published().values())
    orb = Path("dist/orb.yml")
    replace(orb, parameter("tag"), rf"\g<1>'{version()}@{checked(digest)}'")
    replace(orb, parameter("executable_sha256"), rf"\g<1>'{known}'")


def published() -> dict[str, str]:
    """Return the SHA-256 of each executable that was made, by the file's name."""
    lines = Path("dist/SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {
        name: digest for digest, name in map(str.split, lines) if name.startswith("devlake-ci-")
    }


def parameter(name: str) -> str:
    """Return the pattern of a parameter's declaration up to its default, and the default."""
    return rf"^((?P<indent> +){name}:\n(?:(?P=indent) +(?!default:).*\n)*(?P=indent) +default: ).*$"


def checked(digest: str) -> str:
    """Return the digest, if it is one."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        sys.exit(f"{digest!r} is not an image's digest.")
    return digest


def replace(file: Path, pattern: str, new: str) -> None:
    """Replace a pattern that must be in a file."""
    text = file.read_text(encoding="utf-8")
    text, count = re.subn(pattern, new, text, flags=re.MULTILINE)
    if not count:
        sys.exit(f"{file} has nothing like {pattern}")
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:] or ["help"]
    commands = {"check": check, "notes": lambda: print(notes()), "pin": pin, "pin-orb": pin_orb}
    if command not in commands:
        sys.exit(__doc__)
    commands[command](*arguments)
