"""The real disk for `commits/`: files and folders that stay where they should, and git in them."""

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from devlake_ci.commits.workspace import GLOB, GitAnswer
from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.runtime.files import beginning
from devlake_ci.runtime.git import SECONDS, answer
from devlake_ci.text import cut, line, quoted

MOST_FILES = 1000

_RELATIVE = "A path is relative to the folder that the job's commands run in."
_FILE = (
    f"{_RELATIVE} What begins with [, {{ or -, or is owner/name@SHA, or has several lines, is "
    "taken for the text itself."
)
_OUTSIDE = "Give an absolute path if it is really meant."


@dataclass(frozen=True)
class Disk:
    """The disk of a job whose own folders are `roots` and the working directory."""

    roots: tuple[str, ...]
    command: tuple[str, ...]
    """How git is called, with what keeps a stranger's checkout from having anything run."""
    env: Mapping[str, str]
    left: Callable[[], float] = lambda: SECONDS
    """How many seconds git may still take."""

    def folder(self, path: str, source: str) -> str:
        """Give a folder's real path."""
        found = self._found(path, source, _RELATIVE)
        if not Path(found).is_dir():
            raise BadUsageError(f"{source}: {quoted(path)} is not a folder.", _RELATIVE)
        return found

    def nested(self, folder: str, path: str) -> str | None:
        """Give the real path of a checkout in `folder`; None if there is none that is inside."""
        found = os.path.realpath(os.path.join(folder, path))  # noqa: PTH118 (text)
        inside = found != folder and _inside(found, folder)
        return found if inside and os.path.lexists(os.path.join(found, ".git")) else None  # noqa: PTH118

    def files(self, pattern: str, source: str) -> tuple[str, ...]:
        """Give the files that match; `**` goes into no symbolic link, so it comes to an end."""
        parts = Path(pattern).parts
        fixed = next(index for index, part in enumerate(parts) if GLOB.search(part))
        base, rest = Path(*parts[:fixed]), str(Path(*parts[fixed:]))
        try:
            matching = (each for each in base.glob(rest) if not each.is_dir())
            found = sorted(map(str, islice(matching, MOST_FILES + 1)))
        except (OSError, ValueError, re.error) as error:
            why = cut(line(str(error)), 200)
            raise BadUsageError(f"{source}: {quoted(pattern)} is not a pattern ({why}).") from None
        if not found:
            raise BadUsageError(f"{source}: no file matches {quoted(pattern)}.", _FILE)
        if len(found) > MOST_FILES:
            message = f"{source}: {quoted(pattern)} matches more than {MOST_FILES} files."
            raise BadUsageError(message, "Give a narrower pattern.")
        return tuple(found)

    def read(self, path: str, source: str, limit: int, within: str | None = None) -> bytes:
        """Give the content of a file."""
        found = self._found(path, source, _FILE, within)
        try:
            if not stat.S_ISREG(Path(found).stat().st_mode):
                what = "a folder" if Path(found).is_dir() else "not a regular file"
                raise BadUsageError(f"{source}: {quoted(path)} is {what}.", "Give a file.")
            content = beginning(Path(found), limit + 1)
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
            return answer([*self.command, "-C", folder, *arguments], self.env, seconds)
        except FileNotFoundError:
            message = f"There is no git here to look into {quoted(folder)} with."
            hint = "Install git, or name the commits with --commits."
            raise MissingError(message, hint) from None

    def _found(self, path: str, source: str, hint: str, within: str | None = None) -> str:
        """Give the real path of what is there, if it may be used."""
        try:
            roots = [os.getcwd(), *self.roots]  # noqa: PTH109 (text)
            found = os.path.realpath(path, strict=True)
            roots += [os.path.realpath(each) for each in roots]
            allowed = [os.path.realpath(each) for each in (*roots, *_meant(within, roots))]
        except (OSError, ValueError) as error:
            raise _unreadable(path, source, error, hint) from None
        # What lies in the job's folder may be a stranger's; a path elsewhere was meant.
        if (not within and _meant(path, roots)) or any(_inside(found, each) for each in allowed):
            return found
        raise BadUsageError(f"{source}: {quoted(path)} leads out of the job's folder.", _OUTSIDE)


def _meant(path: str | None, roots: list[str]) -> list[str]:
    """Give an absolute path that lies nowhere in the job's folders: whoever typed it meant it."""
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
