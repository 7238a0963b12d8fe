"""Parses what CIs write refs, commits, numbers, times, exit codes and addresses as."""

import re
from datetime import UTC, datetime

from devlake_ci.errors import BadUsageError
from devlake_ci.model import Result
from devlake_ci.vocabulary import result

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def commit_sha(text: str) -> str | None:
    """Return a SHA as it is; None for the zeros that stand for a deleted ref."""
    return text if text.strip("0") else None


def whole_sha(text: str) -> str | None:
    """Return a commit's whole SHA; None for a name such as `HEAD`, or a deleted ref's zeros."""
    return text if _SHA.fullmatch(text) and text.strip("0") else None


def bare_ref(text: str) -> str | None:
    """Strip `refs/heads/`, `refs/tags/` and `origin/` from a branch or tag name."""
    return re.sub(r"^(?:refs/(?:heads|tags|remotes)/)?(?:origin/)?", "", text) or None


def number(text: str | None) -> int | None:
    """Parse a positive whole number; None for anything else."""
    digits = re.fullmatch(r"[0-9]{1,18}", (text or "").strip())
    return int(digits[0]) or None if digits else None


def timestamp(text: object) -> datetime | None:
    """Parse an ISO 8601 time that has a zone, into UTC; None for anything else."""
    try:
        time = datetime.fromisoformat(str(text))
        return time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def unix_time(text: str, per_second: int = 1) -> datetime | None:
    """Parse the time since 1970 in seconds, or in parts of them; None for 0, which is "never"."""
    count = number(text)
    try:
        return datetime.fromtimestamp(count // per_second, UTC) if count else None
    except (ValueError, OverflowError, OSError):
        return None


def job_result(word: str) -> Result | None:
    """Parse the CI's word for how a job ended; None if it hasn't, or if the word is ambiguous."""
    try:
        return result(word.casefold(), "")
    except BadUsageError:
        return None


def exit_code(text: str) -> Result | None:
    """Parse a command's exit code: 0 is success and every other whole number failure."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        return None
    return Result.FAILURE if text.strip("-0") else Result.SUCCESS


def host(url: str | None) -> str | None:
    """Return the host of a URL, with its port and without a login; None if there is none.

    Where a CI's numbers are its own server's, this tells them from those of the next server.
    """
    match = re.match(r"(?:https?://)?(?:[^/@]*@)?([^/@]+)", (url or "").strip())
    return match[1] if match else None
