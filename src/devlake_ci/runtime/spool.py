"""Folders of events that wait: written whole or not at all, and read as if a stranger had them.

All of it raises OSError where the folder or the disk doesn't let us.
"""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SUFFIX, UNDER_WAY, ASIDE = ".json", ".tmp", ".bad"
LARGEST = 32 * 1024 * 1024
"""Bytes of a file that we read at most."""
STALE = 600.0
"""Seconds after which a file that is still being written must be one that nobody goes on with."""
_SAFELY = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
_MODE = 0o644  # a CI's cache is often kept by another user than a container's


class Spool:
    """The folders of a machine."""

    def keep(self, folder: str, name: str, text: str) -> str:
        """Put a new file there, safe from a power cut and from whoever reads; give its path."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        # In order where one thing is told twice in a second.
        unique = f"{name}-{time.time_ns():016x}{os.urandom(4).hex()}"
        under_way, whole = (Path(folder, unique + end) for end in (UNDER_WAY, SUFFIX))
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY
            with os.fdopen(os.open(under_way, flags, _MODE), "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            under_way.rename(whole)
        except BaseException:
            with suppress(OSError):
                under_way.unlink()
            raise
        with suppress(OSError):  # the file is there; not every file system syncs a folder
            _sync(folder)
        return str(whole)

    def listed(self, folder: str) -> list[str]:
        """Give the paths of what may be events, in order of their names."""
        return [str(path) for path in _paths(folder, SUFFIX)]

    def unfinished(self, folder: str) -> list[str]:
        """Give the paths of files whose writing was broken off."""
        now = time.time()
        return [str(path) for path in _paths(folder, UNDER_WAY) if now - _touched(path) > STALE]

    def read(self, path: str) -> str | None:
        """Give a file's text; None if it is a link, no file, or too large to be an event."""
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            return None
        # What is no file by now (a link, a pipe) is an error or ends at once, and never waits.
        with os.fdopen(os.open(path, os.O_RDONLY | _SAFELY), "rb") as file:
            return file.read(found.st_size).decode(errors="replace")

    def remove(self, path: str) -> None:
        """Remove a file; one that is gone is fine."""
        Path(path).unlink(missing_ok=True)

    def set_aside(self, path: str) -> str:
        """Rename what is no event, so that nobody tries it again; give its new path."""
        aside = Path(path + ASIDE)
        if os.path.lexists(aside):
            aside = Path(f"{path}.{os.urandom(4).hex()}{ASIDE}")
        Path(path).rename(aside)
        return str(aside)

    def forget(self, folder: str, subject: str, until: str) -> None:
        """Remove what was kept about a subject up to a time, for DevLake has heard a later word."""
        for path in _paths(folder, SUFFIX):
            when, _, rest = path.name.partition("-")
            if rest.startswith(f"{subject}-") and when <= until:
                path.unlink(missing_ok=True)

    @contextmanager
    def lock(self, folder: str) -> Iterator[bool]:
        """Hold a folder for ourselves; False if another process does.

        The system lets go of it however the process ends, so that nothing is left to clean up.
        """
        Path(folder).stat()
        try:
            import fcntl  # noqa: PLC0415 (not on Windows, where nothing else is done about it)
        except ImportError:
            yield True
            return
        opened = os.open(folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(opened)


def _paths(folder: str, suffix: str) -> list[Path]:
    return sorted(path for path in Path(folder).iterdir() if path.name.endswith(suffix))


def _touched(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return time.time()


def _sync(folder: str) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
