"""Reads what CIs write numbers, times, commits, exit codes and addresses as."""

import re
from datetime import UTC, datetime

from devlake_ci.model import Result

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def number(text: str | None) -> int | None:
    """Parse a positive whole number; None for anything else."""
    digits = re.fullmatch(r"[0-9]{1,18}", (text or "").strip())
    return int(digits[0]) or None if digits else None


def unix_time(text: str, per_second: int = 1) -> datetime | None:
    """Parse the time since 1970 in seconds, or in parts of them; None for 0, which is "never"."""
    count = number(text)
    try:
        return datetime.fromtimestamp(count // per_second, UTC) if count else None
    except (ValueError, OverflowError, OSError):
        return None


def exit_code(text: str) -> Result | None:
    """Parse what a command ended with: success is 0 and failure every other whole number."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        return None
    return Result.FAILURE if text.strip("-0") else Result.SUCCESS


def whole_sha(text: str) -> str | None:
    """Take a commit's whole SHA; None for a name such as `HEAD`, and for a deleted ref's zeros."""
    return text if _SHA.fullmatch(text) and text.strip("0") else None


def host(url: str | None) -> str | None:
    """Find whose address it is; None if there is none.

    Where a CI's numbers are its own server's, this tells them from those of the next server.
    """
    match = re.match(r"(?:https?://)?(?:[^/@]*@)?([^/@]+)", (url or "").strip())
    return match[1] if match else None
