"""The files that a CI and earlier steps of the job leave us, and those that we leave them."""

import errno
import os
import secrets
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from devlake_ci.effects import Append, Replace

LARGEST = 32 * 1024 * 1024
"""Bytes of a file that we read at most: an event is smaller than 25 MB."""


def read_file(path: str) -> str | None:
    """Give the text of a file, or None if there is none, or one too large to be what we expect."""
    with suppress(OSError, ValueError):
        return read_kept(path)
    return None


def read_kept(path: str) -> str | None:
    """Return the text of a file that we kept; None only if there is none, else raises OSError.

    A pipe would keep us waiting for somebody to write, so only regular files are read.
    """
    try:
        content = beginning(Path(path), LARGEST + 1)
    except FileNotFoundError:
        return None
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, "it is too large")
    return content.decode(errors="replace")


def beginning(path: Path, most: int) -> bytes:
    """Return at most so many bytes of a regular file, for a pipe may keep us waiting for ever.

    Raise OSError for anything else and, for what is not a path, ValueError.
    """
    with open(path, "rb", opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        return file.read(most)


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)


def nonce(folder: str) -> str | None:
    """Give something unique to the job whose state folder this is; the same at each call."""
    path = Path(folder) / "nonce"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x") as file:
            file.write(secrets.token_hex(8))
    except FileExistsError:
        pass
    except OSError:
        return None
    return read_file(str(path))


def write(effect: Append | Replace) -> None:
    """Write a file; raises OSError. What is replaced is the old text or the new, whole."""
    path = Path(effect.path)
    if isinstance(effect, Append):
        with open(path, "a", encoding="utf-8", newline="", opener=_at_once) as file:
            file.write(effect.text)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        fresh.write_text(effect.text, encoding="utf-8", newline="")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def set_aside(path: str) -> str:
    """Move a file out of the way, and give its new name; raises OSError."""
    aside = f"{path}.{secrets.token_hex(4)}.aside"
    Path(path).rename(aside)
    return aside


_WAKE = 0.1


@contextmanager
def locked(path: str, seconds: float) -> Iterator[bool]:
    """Lock the folder of the file `path`; False if another process doesn't let go of it in time.

    The system lets go of it however the process ends, so nothing is left to clean up. Where there
    is no such lock (Windows, some network file systems), nothing is locked. Raises OSError if there
    is no such folder, and it can't be made.
    """
    folder = Path(path).parent
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl  # noqa: PLC0415 (not on Windows)

        opened = os.open(folder, os.O_RDONLY)
    except (ImportError, PermissionError):
        yield True
        return
    ready = threading.Event()

    def wait() -> None:
        with suppress(OSError):
            fcntl.flock(opened, fcntl.LOCK_EX)
        ready.set()

    try:
        # The system serves who waits in turn; who only asks again and again may never be served.
        with suppress(RuntimeError):  # can't start new thread
            threading.Thread(target=wait, daemon=True).start()
        ends = time.monotonic() + seconds
        while not ready.wait(_WAKE) and time.monotonic() < ends:
            pass
        yield ready.is_set()
    finally:
        os.close(opened)
