"""The allowed path of a narrow key: an anchored regular expression that opens nothing else.

DevLake matches it with Go's regexp against the unescaped path behind /rest, for every method, so
no path that also deletes may be in it (contract/setup-*.json, 'narrow key: …').
"""

import re
from collections.abc import Iterable

from devlake_ci.dataclass import dataclass

LONGEST = 255
"""Characters of an allowed path that DevLake keeps (core/models/api_key.go)."""
ANY_CONNECTION = (
    "^/plugins/webhook/connections/(by-name/)?[^/]+/(deployments|issues|issue/[^/]+/close)$"
)
"""The allowed path that opens reports to any connection, and nothing else."""
_REPORTS = "(deployments|issues|issue/[^/]+/close)"
_ALL_REPORTS = "(deployments|issues|issue/[^/]+/close|pull_requests)"


@dataclass(frozen=True)
class Scope:
    """A connection that a key opens, with pull requests or without."""

    number: int
    name: str
    pull_requests: bool


def allowed_path(connections: Iterable[Scope], blueprints: Iterable[int]) -> str:
    """Return the pattern that opens reports to these connections and runs of these blueprints."""
    opened = list(connections)
    wide = [each for each in opened if each.pull_requests]
    narrow = [each for each in opened if not each.pull_requests]
    parts = [
        f"{_group(map(_addresses, group))}/{what}"
        for group, what in ((wide, _ALL_REPORTS), (narrow, _REPORTS))
        if group
    ]
    runs = f"blueprints/{_group(map(str, blueprints))}/(trigger|pipelines)"
    reports = parts[0] if len(parts) == 1 else _group(parts)
    return f"^/(plugins/webhook/connections/{reports}|{runs})$"


def _addresses(connection: Scope) -> str:
    """Return its number and its name; a name with a slash can't be reached with a key."""
    if "/" in connection.name:
        return str(connection.number)
    return f"{connection.number}|by-name/{quote(connection.name)}"


def quote(text: str) -> str:
    """Escape what is special in Go's regular expressions (regexp.QuoteMeta), and nothing else."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)


def _group(alternatives: Iterable[str]) -> str:
    given = list(alternatives)
    return given[0] if len(given) == 1 and "|" not in given[0] else f"({'|'.join(given)})"
