"""Build the program so that it needs no Python: dist/devlake-ci-SYSTEM-MACHINE.tar.gz, and its sum.

Usage: .venv-executable/bin/python tools/executable.py [GLIBC]

The archive is the folder `devlake-ci`, with the executable of that name and what it needs. A single
file would unpack all that at each start, which takes longer than a report. Print which glibc is
needed (that of the Python that it is built with); exit with 1 if that is newer than GLIBC, such as
2.28.
"""

import gzip
import hashlib
import platform
import re
import shutil
import sys
import tarfile
from pathlib import Path

import contents
import PyInstaller.__main__
from PyInstaller.utils.hooks import collect_submodules

DIST = Path("dist")
PROGRAM = "devlake-ci"


def main(most: str = "") -> None:
    """Build the archive, write dist/SHA256SUMS, and check the glibc."""
    file = DIST / f"{PROGRAM}-{platform.system()}-{platform.machine()}.tar.gz".lower()
    shutil.rmtree(DIST / PROGRAM, ignore_errors=True)
    PyInstaller.__main__.run(options())
    pack(DIST / PROGRAM, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (DIST / "SHA256SUMS").write_text(f"{digest}  {file.name}\n", encoding="utf-8")
    needed = glibc(DIST / PROGRAM)
    size = file.stat().st_size / 1e6
    print(f"{file}: {size:.1f} MB" + (f", needs glibc {needed} or newer" if needed else ""))
    if most and numbers(needed) > numbers(most):
        sys.exit(f"{file} needs glibc {needed}, and was to need {most} at most.")


def options() -> list[str]:
    """Return PyInstaller's options; commands are imported by name, which it can't see itself."""
    hidden = [*collect_submodules("devlake_ci"), "pydantic", "yaml"]
    strip = ["--strip"] if sys.platform == "linux" and shutil.which("strip") else []
    return [
        "src/devlake_ci/__main__.py",
        *("--onedir", f"--name={PROGRAM}", "--noconfirm", "--log-level=ERROR", *strip),
        *("--paths=src", "--workpath=build/executable", "--specpath=build/executable"),
        *(f"--hidden-import={each}" for each in hidden),
        *(f"--exclude-module={each}" for each in contents.LEFT_OUT),
    ]


def pack(folder: Path, file: Path) -> None:
    """Put a folder into an archive that is the same whenever and by whomever it is made."""

    def anybody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime = entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    with (
        gzip.GzipFile(file, "wb", compresslevel=9, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for each in (folder, *sorted(folder.rglob("*"))):
            name = each.relative_to(folder.parent).as_posix()
            archive.add(each, name, recursive=False, filter=anybody)


def glibc(folder: Path) -> str:
    """Return the newest version of glibc that anything in a folder needs; "" for none."""
    files = [each for each in folder.rglob("*") if each.is_file()]
    versions = {
        found for each in files for found in re.findall(rb"GLIBC_(2\.\d+)", each.read_bytes())
    }
    return max((each.decode() for each in versions), key=numbers, default="")


def numbers(version: str) -> list[int]:
    """Return a version as numbers, which can be compared."""
    return [int(each) for each in version.split(".") if each]


if __name__ == "__main__":
    main(*sys.argv[1:])
