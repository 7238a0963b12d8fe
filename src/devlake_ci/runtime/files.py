"""Read files of the CI and of the job's earlier steps, and write files for later ones."""

import errno
import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import field
from itertools import islice
from pathlib import Path

from devlake_ci.ci.provider import Append, Replace
from devlake_ci.commits.workspace import GLOB, GitAnswer
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.runtime.git import COMMAND, SECONDS, folder_env, run_git_bounded
from devlake_ci.text import cut, line, quoted

LARGEST = 32 * 1024 * 1024
"""Bytes of a file that we read at most: an event is smaller than 25 MB."""


def read_file(path: str) -> str | None:
    """Return the text of a file; None if there is none, or one too large to be what we expect."""
    with suppress(OSError, ValueError):
        return read_if_exists(path)
    return None


def read_if_exists(path: str) -> str | None:
    """Return the text of a file that we kept; None only if there is none; raise OSError.

    A pipe would keep us waiting for somebody to write, so only regular files are read.
    """
    try:
        content = read_beginning(Path(path), LARGEST + 1)
    except FileNotFoundError:
        return None
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, "it is too large")
    return content.decode(errors="replace")


def read_beginning(path: Path, most: int) -> bytes:
    """Return at most so many bytes of a regular file, for a pipe may keep us waiting for ever.

    Raise OSError for anything else and, for what is not a path, ValueError.
    """
    with open(path, "rb", opener=_open_nonblocking) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        return file.read(most)


def _open_nonblocking(path: str, flags: int) -> int:
    """Open without waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)


def nonce(folder: str) -> str | None:
    """Return something unique to the job whose state folder this is; the same at each call."""
    path = Path(folder) / "nonce"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x") as file:
            file.write(os.urandom(8).hex())
    except FileExistsError:
        pass
    except OSError:
        return None
    return read_file(str(path))


def write(effect: Append | Replace) -> None:
    """Write a file; raise OSError. What is replaced is the old text or the new, whole."""
    path = Path(effect.path)
    if isinstance(effect, Append):
        with open(path, "a", encoding="utf-8", newline="", opener=_open_nonblocking) as file:
            file.write(effect.text)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        fresh.write_text(effect.text, encoding="utf-8", newline="")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def set_aside(path: str) -> str:
    """Move a file out of the way, and return its new name; raise OSError."""
    aside = f"{path}.{os.urandom(4).hex()}.aside"
    Path(path).rename(aside)
    return aside


_WAKE = 0.1


@contextmanager
def lock_folder_of(path: str, seconds: float) -> Iterator[bool]:
    """Lock the folder of the file `path`; False if another process doesn't let go of it in time.

    The system lets go of it however the process ends, so nothing is left to clean up. Where there
    is no such lock (Windows, some network file systems), nothing is locked. Raise OSError if there
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
        deadline = time.monotonic() + seconds
        while not ready.wait(_WAKE) and time.monotonic() < deadline:
            pass
        yield ready.is_set()
    finally:
        os.close(opened)


MOST_FILES = 1000

_RELATIVE = "A path is relative to the folder that the job's commands run in."
_FILE = (
    f"{_RELATIVE} A value that starts with [, {{ or -, or is owner/name@SHA, or has several lines, "
    "is taken as the list itself."
)
_OUTSIDE = "Use an absolute path if you mean it."


@dataclass(frozen=True)
class Disk:
    """The disk of a job whose own folders are `roots` and the working directory."""

    roots: tuple[str, ...]
    command: tuple[str, ...] = COMMAND
    """How git is called, with what keeps a stranger's checkout from having anything run."""
    env: Mapping[str, str] = field(default_factory=folder_env)
    left: Callable[[], float] = lambda: SECONDS
    """How many seconds git may still take."""

    def folder(self, path: str, source: str) -> str:
        """Return a folder's real path."""
        found = self._resolve(path, source, _RELATIVE)
        if not Path(found).is_dir():
            raise BadUsageError(f"{source}: {quoted(path)} is not a folder.", _RELATIVE)
        return found

    def nested(self, folder: str, path: str) -> str | None:
        """Return the real path of a checkout in `folder`; None if there is none that is inside."""
        found = os.path.realpath(os.path.join(folder, path))  # noqa: PTH118 (text)
        inside = found != folder and _inside(found, folder)
        return found if inside and os.path.lexists(os.path.join(found, ".git")) else None  # noqa: PTH118

    def files(self, pattern: str, source: str) -> tuple[str, ...]:
        """Return the files that match; `**` follows no symbolic link, so it comes to an end."""
        parts = Path(pattern).parts
        fixed = next(index for index, part in enumerate(parts) if GLOB.search(part))
        base, rest = Path(*parts[:fixed]), str(Path(*parts[fixed:]))
        try:
            matching = (each for each in base.glob(rest) if not each.is_dir())
            found = sorted(map(str, islice(matching, MOST_FILES + 1)))
        except (OSError, ValueError, re.error) as error:
            why = cut(line(str(error)), 200)
            raise BadUsageError(
                f"{source}: {quoted(pattern)} is not a pattern ({why}).",
                "Use *, ?, [...], and ** for any folders.",
            ) from None
        if not found:
            raise BadUsageError(f"{source}: no file matches {quoted(pattern)}.", _FILE)
        if len(found) > MOST_FILES:
            message = f"{source}: {quoted(pattern)} matches more than {MOST_FILES} files."
            raise BadUsageError(message, "Use a narrower pattern.")
        return tuple(found)

    def read(self, path: str, source: str, limit: int, within: str | None = None) -> bytes:
        """Return the content of a file."""
        found = self._resolve(path, source, _FILE, within)
        try:
            if not stat.S_ISREG(Path(found).stat().st_mode):
                what = "a folder" if Path(found).is_dir() else "not a regular file"
                raise BadUsageError(f"{source}: {quoted(path)} is {what}.", "Name a file.")
            content = read_beginning(Path(found), limit + 1)
        except OSError as error:
            raise _unreadable(path, source, error, _FILE) from None
        if len(content) > limit:
            raise BadUsageError(
                f"{source}: {quoted(path)} is too large: at most {limit // 1024} KiB are read.",
                "Leave out what DevLake needn't know, such as long messages.",
            )
        return content

    def git(self, folder: str, *arguments: str) -> GitAnswer:
        """Run git in a folder. Never asks, never fetches, and reads a bounded answer."""
        seconds = min(self.left(), SECONDS)
        if seconds <= 0:
            return GitAnswer(None, "no time is left")
        try:
            return run_git_bounded([*self.command, "-C", folder, *arguments], self.env, seconds)
        except FileNotFoundError:
            message = f"There is no git here to look into {quoted(folder)} with."
            hint = "Install git, or name the commits with --commits."
            raise MissingError(message, hint) from None

    def _resolve(self, path: str, source: str, hint: str, within: str | None = None) -> str:
        """Return the real path of what is there, if it may be used."""
        try:
            roots = [os.getcwd(), *self.roots]  # noqa: PTH109 (text)
            found = os.path.realpath(path, strict=True)
            roots += [os.path.realpath(each) for each in roots]
            allowed = [os.path.realpath(each) for each in (*roots, *_typed_outside(within, roots))]
        except (OSError, ValueError) as error:
            raise _unreadable(path, source, error, hint) from None
        # What lies in the job's folder may be a stranger's; a path elsewhere was meant.
        if (not within and _typed_outside(path, roots)) or any(
            _inside(found, each) for each in allowed
        ):
            return found
        raise BadUsageError(f"{source}: {quoted(path)} leads out of the job's folder.", _OUTSIDE)


def _typed_outside(path: str | None, roots: list[str]) -> list[str]:
    """Return an absolute path outside the job's folders: whoever typed it meant it."""
    if not path or not os.path.isabs(path):  # noqa: PTH117 (text)
        return []
    return [] if any(_inside(os.path.normpath(path), each) for each in roots) else [path]


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _unreadable(path: str, source: str, error: Exception, hint: str) -> BadUsageError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no path"
    if isinstance(error, FileNotFoundError):
        why = "there is no such file or folder"
    return BadUsageError(f"{source}: {quoted(path)} can't be read: {why}.", hint)


@contextmanager
def secret_file(path: str) -> Iterator[Callable[[str], None]]:
    """Open a file that only its owner may read, and yield what replaces its content.

    A file that was made for it and stays empty is removed again. Raise OSError: on entering, if it
    can't be written.
    """
    is_new = not os.path.lexists(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        Path(path).chmod(0o600)

        def write(text: str) -> None:
            file.truncate(0)
            file.seek(0)
            file.write(text)
            file.flush()
            os.fsync(descriptor)

        try:
            yield write
        finally:
            if is_new and not os.fstat(descriptor).st_size:
                Path(path).unlink()
