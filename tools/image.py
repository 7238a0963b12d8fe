"""Put what the image needs, and nothing else, into a folder that becomes its root.

Usage: python tools/image.py ROOT VENV      in a build on Debian, as root

Of CPython what the program can import, as bytecode; git; a shell and small programs; the shared
libraries of all these; certificates; and for those who scan it, which packages the files are from.
ROOT is tried out before it is called done: a module or library that is missing fails the build.
"""

import os
import platform
import py_compile
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import contents
import inventory

PROGRAMS = ("/usr/bin/git", "/usr/bin/busybox")
"""git is asked what is in a checkout: it alone, neither perl nor the rest of its package."""
APPLETS = (
    "[", "ash", "awk", "base64", "basename", "cat", "chgrp", "chmod", "chown", "cmp", "cp", "cut",
    "date", "dd", "df", "diff", "dirname", "du", "echo", "egrep", "env", "expr", "false", "fgrep",
    "find", "fold", "grep", "groups", "gunzip", "gzip", "head", "hostname", "id", "install", "kill",
    "link", "ln", "ls", "md5sum", "mkdir", "mkfifo", "mktemp", "mv", "nl", "nproc",
    "od", "paste", "printf", "ps", "pwd", "readlink", "realpath", "renice", "rm", "rmdir", "sed",
    "seq", "setsid", "sh", "sha1sum", "sha256sum", "sha512sum", "sleep", "sort", "stat",
    "stty", "su", "sync", "tac", "tail", "tar", "tee", "test", "timeout", "touch", "tr", "true",
    "truncate", "tty", "uname", "uniq", "unlink", "uptime", "usleep", "wc", "which", "whoami",
    "xargs", "yes", "zcat",
)  # fmt: skip
"""What runners, executors and people's own lines in a job may ask of a shell."""
FILES = {
    "/etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
}
COPIED = ("/usr/lib/os-release", "/etc/debian_version", "/etc/ssl/certs/ca-certificates.crt")
LINKS = {"/etc/os-release": "../usr/lib/os-release", "/bin": "usr/bin", "/sbin": "usr/sbin",
         "/lib": "usr/lib", "/lib64": "usr/lib64"}  # fmt: skip
FOLDERS = {"/root": 0o700, "/tmp": 0o1777, "/var/tmp": 0o1777, "/usr/bin": 0o755,  # noqa: S108
           "/usr/sbin": 0o755, "/usr/lib64": 0o755}  # fmt: skip
MADE = 315532800
"""When all files were made, for each build: 1980, with which every archive can deal."""
PYTHON = Path(sys.executable).resolve()
TRY = """
import importlib, ssl, sys
names, absent = (given.split(",") for given in sys.argv[1:])
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in absent and error.name.partition(".")[0] not in absent:
            raise
ssl.create_default_context()
"""


def main(root: Path, venv: Path) -> None:
    """Fill `root`, list what it is made of, and try it out."""
    (site,) = venv.glob("lib/python3*/site-packages")
    for folder, mode in FOLDERS.items():
        (root / folder[1:]).mkdir(parents=True, exist_ok=True)
        (root / folder[1:]).chmod(mode)
    for name, target in LINKS.items():
        (root / name[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / name[1:]).symlink_to(target)
    for name, text in FILES.items():
        write(root, name, text)
    for name in (*COPIED, *PROGRAMS, PYTHON):
        copy(root, Path(name))
    for applet in applets():
        (root / "usr/bin" / applet).symlink_to("busybox")
    for file in contents.modules([site]).values():
        place(root, file)
    environment(root, venv, site)
    libraries(root)
    for name, text in inventory.files(root, site):
        write(root, name, text)
    try_out(root, venv, site)
    for each in root.rglob("*"):
        os.utime(each, (MADE, MADE), follow_symlinks=False)


def applets() -> tuple[str, ...]:
    """Return the names of busybox's programs that are wanted; it has to have them all."""
    listed = subprocess.run(["busybox", "--list"], check=True, capture_output=True, text=True)
    absent = set(APPLETS) - set(listed.stdout.split())
    return tuple(sorted(set(APPLETS))) if not absent else sys.exit(f"busybox lacks {absent}.")


def write(root: Path, name: str, text: str) -> None:
    """Write a file of our own."""
    file = root / name[1:]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def copy(root: Path, file: Path) -> None:
    """Copy a file to where it really is, a binary without its symbols."""
    there = root / file.parent.resolve().relative_to("/") / file.name
    there.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file.resolve(), there)
    if is_elf(there):
        subprocess.run(["strip", "--strip-unneeded", there], check=True)


def is_elf(file: Path) -> bool:
    """Return whether a file is a program or a library."""
    with file.open("rb") as opened:
        return opened.read(4) == b"\x7fELF"


def place(root: Path, file: Path) -> None:
    """Put a module's bytecode where the source would be, where nobody asks if it is up to date."""
    if file.suffix != ".py":
        copy(root, file)
        return
    there = root / file.relative_to("/").with_suffix(".pyc")
    there.parent.mkdir(parents=True, exist_ok=True)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(file), str(there), str(file), doraise=True, invalidation_mode=mode)


def environment(root: Path, venv: Path, site: Path) -> None:
    """Copy the rest of the virtual environment: scripts, certificates, what packages are."""
    settings = f"home = {PYTHON.parent}\nversion = {platform.python_version()}\n"
    write(root, f"{venv}/pyvenv.cfg", settings)
    scripts = root / venv.relative_to("/") / "bin"
    scripts.mkdir(parents=True)
    for each in ("python", "python3"):
        (scripts / each).symlink_to(PYTHON)
    for script in venv.glob("bin/devlake-ci*"):
        copy(root, script)
    copy(root, site / "certifi" / "cacert.pem")
    for file in site.glob("*.dist-info/**/*"):
        if file.is_file() and file.name != "RECORD":  # it lists sources, which are not there
            copy(root, file)


def libraries(root: Path) -> None:
    """Copy the shared libraries of all binaries, and let the loader know where they are."""
    for file in [each for each in root.rglob("*") if each.is_file() and not each.is_symlink()]:
        if is_elf(file):
            for library in linked(Path("/") / file.relative_to(root)):
                copy(root, library)
    shutil.copytree("/etc/ld.so.conf.d", root / "etc/ld.so.conf.d")
    copy(root, Path("/etc/ld.so.conf"))
    subprocess.run(["ldconfig", "-r", root], check=True)


def linked(file: Path) -> Iterator[Path]:
    """Yield the libraries that a binary needs, and those that they need."""
    told = subprocess.run(["ldd", file], capture_output=True, text=True, check=False)
    if "not found" in told.stdout:
        sys.exit(f"{file} needs a library that is not here:\n{told.stdout}")
    for found in re.findall(r"(/\S+) \(0x", told.stdout):
        yield Path(found)


def try_out(root: Path, venv: Path, site: Path) -> None:
    """Import every module of the program and its dependencies there, and start each program."""
    names = ",".join(name for name in contents.below(site) if not contents.left_out(name))
    absent = ",".join((*contents.LEFT_OUT, *contents.OPTIONAL))
    (root / "dev").mkdir()
    (root / "dev/null").touch()  # git opens it first of all
    for command in (
        (f"{venv}/bin/python", "-I", "-W", "ignore", "-c", TRY, names, absent),
        (f"{venv}/bin/devlake-ci", "--version"),
        ("git", "--version"),
        ("sh", "-ec", "env | sed s/a/a/ | grep -q PATH"),
    ):
        if subprocess.run(["chroot", root, *command], check=False).returncode:
            sys.exit(f"{command[0]} does not work in the image: see the lines above.")
    shutil.rmtree(root / "dev")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
