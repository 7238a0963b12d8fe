"""Build the program as one file that needs no Python: dist/devlake-ci-SYSTEM-MACHINE, and its sum.

Usage: .venv-executable/bin/python tools/executable.py [GLIBC]

Print which glibc the file needs (that of the Python that it is built with); exit with 1 if that is
newer than GLIBC, such as 2.28.
"""

import hashlib
import platform
import re
import shutil
import sys
from pathlib import Path

import PyInstaller.__main__
from PyInstaller.archive.readers import CArchiveReader
from PyInstaller.utils.hooks import collect_submodules

DIST = Path("dist")
# What libraries use if it is there, and the stand-in DevLake, which is for people's machines. Each
# costs unpacking at every start; multiprocessing costs most: PyInstaller imports it first of all.
LEFT_OUT = (
    "_curses", "asyncio", "bz2", "curses", "doctest", "lzma", "multiprocessing", "pdb", "pydoc",
    "pydoc_data", "readline", "tkinter", "unittest", "_codecs_cn", "_codecs_hk", "_codecs_iso2022",
    "_codecs_jp", "_codecs_kr", "_codecs_tw", "_multibytecodec", "pydantic.mypy", "pydantic.v1",
    "setuptools", "devlake_sandbox",
)  # fmt: skip


def main(most: str = "") -> None:
    """Build the file, write dist/SHA256SUMS, and check the glibc."""
    file = DIST / name()
    PyInstaller.__main__.run([*options(), f"--name={file.stem if file.suffix else file.name}"])
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    (DIST / "SHA256SUMS").write_text(f"{digest}  {file.name}\n", encoding="utf-8")
    needed = glibc(file)
    size = file.stat().st_size / 1e6
    print(f"{file}: {size:.1f} MB" + (f", needs glibc {needed} or newer" if needed else ""))
    if most and numbers(needed) > numbers(most):
        sys.exit(f"{file} needs glibc {needed}, and was to need {most} at most.")


def name() -> str:
    """Return the file's name on this machine, in the words of `uname`."""
    ending = ".exe" if sys.platform == "win32" else ""
    return f"devlake-ci-{platform.system()}-{platform.machine()}".lower() + ending


def options() -> list[str]:
    """Return PyInstaller's options; commands are imported by name, which it can't see itself."""
    hidden = [*collect_submodules("devlake_ci"), "pydantic", "yaml"]
    strip = ["--strip"] if sys.platform == "linux" and shutil.which("strip") else []
    return [
        "src/devlake_ci/__main__.py",
        *("--onefile", "--noconfirm", "--log-level=ERROR", *strip),
        *("--paths=src", "--workpath=build/executable", "--specpath=build/executable"),
        *(f"--hidden-import={each}" for each in hidden),
        *(f"--exclude-module={each}" for each in LEFT_OUT),
    ]


def glibc(file: Path) -> str:
    """Return the newest version of glibc that anything in the finished file needs; "" for none."""
    archive = CArchiveReader(str(file))
    contents = [file.read_bytes(), *(archive.extract(each) for each in archive.toc)]
    versions = {found for each in contents for found in re.findall(rb"GLIBC_(2\.\d+)", each)}
    return max((each.decode() for each in versions), key=numbers, default="")


def numbers(version: str) -> list[int]:
    """Return a version as numbers, which can be compared."""
    return [int(each) for each in version.split(".") if each]


if __name__ == "__main__":
    main(*sys.argv[1:])
