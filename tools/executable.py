"""Make the program one file that needs no Python, dist/devlake-ci-SYSTEM-MACHINE, and its SHA-256.

Usage: .venv-executable/bin/python tools/executable.py [GLIBC]

Says which glibc the file needs, which is that of the Python that it is made with; ends with 1 if
that is newer than GLIBC, such as 2.28.
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
# What libraries would use if it were there. Each costs unpacking at every start; multiprocessing
# costs most, for PyInstaller then imports it before our first line.
LEFT_OUT = (
    "_curses", "asyncio", "bz2", "curses", "doctest", "lzma", "multiprocessing", "pdb", "pydoc",
    "pydoc_data", "readline", "tkinter", "unittest", "_codecs_cn", "_codecs_hk", "_codecs_iso2022",
    "_codecs_jp", "_codecs_kr", "_codecs_tw", "_multibytecodec", "pydantic.mypy", "pydantic.v1",
    "setuptools",
)  # fmt: skip


def main(most: str = "") -> None:
    """Make the file, write dist/SHA256SUMS, and check the glibc."""
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
    """Give the file's name on this machine, in the words of `uname`."""
    ending = ".exe" if sys.platform == "win32" else ""
    return f"devlake-ci-{platform.system()}-{platform.machine()}".lower() + ending


def options() -> list[str]:
    """Give PyInstaller's options; commands are imported by name, so it can't see them itself."""
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
    """Give the newest version of glibc that anything in the finished file asks for; "" for none."""
    archive = CArchiveReader(str(file))
    contents = [file.read_bytes(), *(archive.extract(each) for each in archive.toc)]
    versions = {found for each in contents for found in re.findall(rb"GLIBC_(2\.\d+)", each)}
    return max((each.decode() for each in versions), key=numbers, default="")


def numbers(version: str) -> list[int]:
    """Give a version as something that can be compared."""
    return [int(each) for each in version.split(".") if each]


if __name__ == "__main__":
    main(*sys.argv[1:])
