"""An entry of a manifest as it was written, with the lines that an error can name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from devlake_ci.text import quoted

MOST = 10_000
"""Commits in one deployment: more are a mistake, or somebody's joke."""
TOO_MANY = f"more than {MOST} commits are given for one deployment."

SHORT = re.compile(
    r"(?P<repo>https?://[^@/\s]+/[^@\s]+|[A-Za-z0-9][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_.-]+)+)@(?P<sha>[^\s:]+)"
)
"""`acme/pay@v1.2.3`: a repository of the CI's own server, or a URL, and what to find in it."""


@dataclass(frozen=True)
class Unquoted:
    """A value that YAML or JSON doesn't take for text."""

    text: str
    """As it was written: 1234567e10 is no longer the same once it was a number."""
    kind: str
    """Such as "a number"."""


@dataclass(frozen=True)
class Written:
    """One entry: text, or a mapping of fields to text, None or Unquoted, or a mistake."""

    value: object
    line: int
    """Counted from 1."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of each field, where it isn't that of the entry."""


class NotationError(Exception):
    """A text that is no list of entries."""

    def __init__(self, line: int | None, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.hint = hint


def shown(text: str) -> str:
    """Quote a value, but none that may have a password in it."""
    if re.search("[@?=]|://", text) and not re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[^@:?=]*", text):
        return "what is given (it is not shown, because there may be a password in it)"
    return quoted(text)
