"""Reads a manifest in JSON, which is YAML but for tabs and some escapes, and quicker to read."""

import json
import re

from devlake_ci.commits.written import MOST, TOO_MANY, NotationError, Unquoted, Written, shown

_SPACE = re.compile(r"[ \t\r\n]*")
_FIELD = re.compile(r'"(\w+)"[ \t\r\n]*:')  # a quote within JSON's text has a backslash before it


class _TwiceError(ValueError):
    """A field that an object has twice."""


def entries(text: str) -> list[Written] | None:
    """Read the entries of a JSON list, or give None if it is no JSON; raises NotationError."""
    try:
        return _list(text)
    except (ValueError, IndexError):
        return None
    except RecursionError:
        raise NotationError(None, "it is nested too deeply.") from None


def _list(text: str) -> list[Written]:
    decoder = json.JSONDecoder(
        object_pairs_hook=_object,
        parse_int=_number,
        parse_float=_number,
        parse_constant=_number,
    )
    read: list[Written] = []
    at, number, counted = _after(text, text.index("[") + 1), 1, 0
    while text[at] != "]":
        if len(read) == MOST:
            raise NotationError(number, TOO_MANY)
        number, counted = number + text.count("\n", counted, at), at
        try:
            value, end = decoder.raw_decode(text, at)
        except _TwiceError as twice:
            message = f"{shown(str(twice))} is given twice in the entry that begins here."
            raise NotationError(number, message) from None
        read.append(Written(value, number, _lines(text[at:end], number)))
        at = _after(text, end)
        if text[at] == ",":
            at = _after(text, at + 1)
            if text[at] == "]":
                raise ValueError(at)
        elif text[at] != "]":
            raise ValueError(at)
    if text[at + 1 :].strip():
        raise ValueError(at)
    return read


def _after(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read: dict[str, object] = {}
    for name, value in pairs:
        if name in read:
            raise _TwiceError(name)
        read[name] = value
    return read


def _number(text: str) -> Unquoted:
    return Unquoted(text, "a number")


def _lines(text: str, first: int) -> dict[str, int]:
    lines: dict[str, int] = {}
    if "\n" in text:
        number, counted = first, 0
        for found in _FIELD.finditer(text):
            number, counted = number + text.count("\n", counted, found.start()), found.start()
            lines[found[1]] = number
    return lines
