"""The fields of DevLake's issue that only a person knows, as they are typed.

Names and kinds: WebhookIssueRequest in backend/plugins/webhook/api/issues.go of
https://github.com/apache/incubator-devlake, v1.0.3. Before 1.0.0 the names are in snake_case.
"""

import math
from collections.abc import Iterable

from devlake_ci.errors import BadUsageError
from devlake_ci.identity import LONGEST_KEY
from devlake_ci.limits import INCIDENT_OTHER
from devlake_ci.text import cut, quoted

Value = str | int | float

STATUSES = ("TODO", "IN_PROGRESS", "DONE")

FIELDS: dict[str, type[str] | type[int] | type[float]] = {
    "epicKey": str,
    "storyPoint": float,
    "parentIssueKey": str,
    "originalEstimateMinutes": int,
    "timeSpentMinutes": int,
    "timeRemainingMinutes": int,
}
"""What `--field` takes, and of which kind."""

MOST_MINUTES = 2**31 - 1


def fields(entries: Iterable[str], source: str) -> dict[str, Value]:
    """Parse `epicKey=SHOP-1` and the like; the last of several entries with one name counts.

    Raise BadUsageError for a name that is not one of FIELDS, and for a value of another kind.
    """
    found: dict[str, Value] = {}
    for entry in entries:
        name, _, text = entry.partition("=")
        name, text = name.strip(), text.strip()
        if name not in FIELDS:
            raise BadUsageError(
                f"{source}: {quoted(name)} is not a field of DevLake's issues.",
                f"Give one of {', '.join(FIELDS)}. The other fields have options of their own.",
            )
        found[name] = _value(name, text, source)
    return found


def person(text: str | None, role: str, source: str) -> dict[str, Value]:
    """Parse a person, a name or `ID=NAME`, as the fields of a `role`: creator or assignee."""
    if not text:
        return {}
    id_, separator, name = (each.strip() for each in text.rpartition("="))
    if not name or (separator and not id_):
        raise BadUsageError(f"{source}: {quoted(text)} is not a person.", "Write NAME or ID=NAME.")
    known: dict[str, Value] = {f"{role}Name": cut(name, INCIDENT_OTHER)}
    return known | ({f"{role}Id": _key(id_, source)} if id_ else {})


def _value(name: str, text: str, source: str) -> Value:
    kind = FIELDS[name]
    try:
        if kind is str and text:
            return _key(text, source)
        number = kind(text)
    except ValueError:
        number = math.nan
    if isinstance(number, str) or not 0 <= number <= MOST_MINUTES:
        wanted = {str: "a text", int: "a number of whole minutes", float: "a number"}[kind]
        raise BadUsageError(f"{source}: {name} can't be {quoted(text)}.", f"Give {wanted}.")
    return number


def _key(text: str, source: str) -> str:
    if len(text) <= LONGEST_KEY:
        return text
    raise BadUsageError(
        f"{source}: {quoted(text)} is too long.", f"DevLake keeps {LONGEST_KEY} characters of it."
    )
