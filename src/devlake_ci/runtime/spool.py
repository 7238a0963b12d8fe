"""Spool folders: files are written whole or not at all, and read as untrusted input.

Everything here raises OSError if the folder or the disk can't be used.
"""

import errno
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

    def keep(self, folder: str, stem: str, text: str) -> str:
        """Write a new file, safe from a power cut and from concurrent readers; return its path."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        # In order where one thing is told twice in a second.
        unique = f"{stem}-{time.time_ns():016x}{os.urandom(4).hex()}"
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

    def list_events(self, folder: str) -> list[str]:
        """Return the paths of what may be events, in order of their names."""
        return [str(path) for path in _paths(folder, SUFFIX)]

    def list_unfinished(self, folder: str) -> list[str]:
        """Return the paths of files whose writing was broken off."""
        now = time.time()
        return [str(path) for path in _paths(folder, UNDER_WAY) if now - _modified_at(path) > STALE]

    def read(self, path: str) -> str | None:
        """Return a file's text; None if it is a link, not a file, or too large to be an event."""
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
            return None
        # What is no file by now (a link, a pipe) is an error or ends at once, and never waits.
        with os.fdopen(os.open(path, os.O_RDONLY | _SAFELY), "rb") as file:
            return file.read(found.st_size).decode(errors="replace")

    def remove(self, path: str) -> None:
        """Remove a file; one that is gone is fine."""
        Path(path).unlink(missing_ok=True)

    def is_waiting(self, path: str) -> bool:
        """Return whether a file is still there: a report that is stored takes older ones away."""
        return os.path.lexists(path)

    def set_aside(self, path: str) -> str:
        """Rename what can never be sent, so that nobody tries it again; return its new path."""
        aside = Path(path + ASIDE)
        if os.path.lexists(aside):
            aside = Path(f"{path}.{os.urandom(4).hex()}{ASIDE}")
        Path(path).rename(aside)
        return str(aside)

    def find_superseded(self, folder: str, row: str, until: str) -> set[str]:
        """Return the files about a row of DevLake's up to a time: what a later one overwrites."""
        found = set()
        for path in _paths(folder, SUFFIX) if Path(folder).is_dir() else []:
            when, _, rest = path.name.partition("-")
            if rest.startswith(f"{row}-") and when <= until:
                found.add(str(path))
        return found

    def supersede(self, folder: str, row: str, until: str, before: set[str]) -> bool:
        """Remove what a report that is stored now overwrites.

        `before` is what `find_superseded` returned before it was sent. Return whether a replay may
        have sent one of these after it: then the report must be sent once more.
        """
        if not before and not self.find_superseded(folder, row, until):
            return False
        with self.lock(folder) as is_ours:
            still = self.find_superseded(folder, row, until)
            for path in still:
                Path(path).unlink(missing_ok=True)
        return bool(before - still) or (bool(still) and not is_ours)

    @contextmanager
    def lock(self, folder: str) -> Iterator[bool]:
        """Lock a folder; False if another process holds it.

        The system releases it however the process ends, so that nothing is left to clean up.
        """
        if not stat.S_ISDIR(Path(folder).stat().st_mode):  # opening a pipe would wait
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
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


def _modified_at(path: Path) -> float:
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
