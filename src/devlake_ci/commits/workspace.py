"""The job's disk, as far as additional commits are found there: files, and git repositories."""

import re
from typing import Protocol

from devlake_ci.dataclass import dataclass

GLOB = re.compile(r"[*?\[]")
"""What makes a path a pattern."""


@dataclass(frozen=True)
class GitAnswer:
    """What git printed, or why it failed."""

    out: str | None
    """None if it failed. Bytes that are not UTF-8 are kept as lone surrogates."""
    why: str = ""
    """Git's own words if it failed, as far as they can be shown."""


class Workspace(Protocol):
    """What a job may read.

    A relative path has to stay in the job's folder, symbolic links included: what is checked out
    may have been written by a stranger.
    """

    def folder(self, path: str, source: str) -> str:
        """Return a folder's real path; raise BadUsageError, which names `source`."""

    def nested(self, folder: str, path: str) -> str | None:
        """Return the real path of a checkout in `folder`; None if there is none that is inside."""

    def files(self, pattern: str, source: str) -> tuple[str, ...]:
        """Return the files that match, sorted; raise BadUsageError for none or too many."""

    def read(self, path: str, source: str, limit: int, within: str | None = None) -> bytes:
        """Return a file of at most `limit` bytes, which `within` may have; raise BadUsageError."""

    def git(self, folder: str, *arguments: str) -> GitAnswer:
        """Run git in a folder, as `git -C`; raise MissingError if there is no git."""
