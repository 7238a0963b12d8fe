"""Reads a manifest's text (YAML, JSON, or owner/name@SHA a line) as entries that know their lines.

YAML is read event by event and nothing is constructed of it: no tag can run anything, no alias can
expand, and nothing nests deeper than an entry's fields.
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

from devlake_ci.commits import json_notation
from devlake_ci.commits.written import (
    MOST,
    SHORT,
    TOO_MANY,
    NotationError,
    Unquoted,
    Written,
    shown,
)
from devlake_ci.text import cut, line, quoted

_LIST = (
    "Begin each entry with '- repo_url:' or '- owner/name@SHA'; docs/multi-repository.md has more."
)
# What YAML 1.2 takes for a number; PyYAML follows 1.1, and takes 1234567e10 for text.
# https://yaml.org/spec/1.2.2/#1032-tag-resolution
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
MOST_FIELDS = 20
_KINDS = {"int": "a number", "float": "a number", "bool": "true or false", "timestamp": "a date"}


def entries(text: str) -> list[Written]:
    """Read the entries of a text; raises NotationError."""
    if text.lstrip().startswith("["):
        read = json_notation.entries(text)
        if read is not None:
            return read
    if SHORT.fullmatch(next(_lines(text), (0, ""))[1]):
        return list(_short(text))
    return _yaml(text)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the lines that say something, without comments, and their numbers."""
    for number, each in enumerate(text.splitlines(), 1):
        said = each.partition(" #")[0].strip()
        if said and not said.startswith("#"):
            yield number, said


def _short(text: str) -> Iterator[Written]:
    for count, (number, each) in enumerate(_lines(text)):
        if count == MOST:
            raise NotationError(number, TOO_MANY)
        if not SHORT.fullmatch(each):
            raise NotationError(
                number,
                f"{shown(each)} is not like owner/name@SHA, as the lines before are.",
                "Write each commit on a line of its own, or all of them as a YAML list.",
            )
        yield Written(each, number)


def _yaml(text: str) -> list[Written]:
    import yaml  # noqa: PLC0415 (only where there is YAML to read)

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(yaml.parse(text, Loader=loader)).entries()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        number = mark.line + 1 if mark else None
        raise NotationError(number, f"it is not YAML: {cut(line(str(why)), 200)}.", _LIST) from None


class _Reader:
    """Makes entries of YAML's events.

    https://pyyaml.org/wiki/PyYAMLDocumentation#events
    """

    def __init__(self, events: Iterator[Any]) -> None:
        from yaml.resolver import Resolver  # noqa: PLC0415

        self.events = events
        self.resolver = Resolver()

    def entries(self) -> list[Written]:
        """Read the one list that there has to be."""
        self._next()
        if self._next() == "StreamEnd":
            self._refuse("there is nothing but comments.", "Write [] if there are no more commits.")
        if (kind := self._next()) != "SequenceStart":
            self._refuse(f"it is {_described(kind)}, not a list of commits.", _LIST)
        read: list[Written] = []
        while self._next() != "SequenceEnd":
            if len(read) == MOST:
                self._refuse(TOO_MANY)
            read.append(self._entry())
        self._next()
        if self._next() != "StreamEnd":
            self._refuse("a second YAML document begins here.", "Put all commits into one list.")
        return read

    def _next(self) -> str:
        """Take the next event and name its kind; aliases and tags are refused wherever they are."""
        self.event = next(self.events)
        kind = type(self.event).__name__.removesuffix("Event")
        if kind == "Alias":
            self._refuse(
                f"it refers to another place (*{self.event.anchor}), which is not taken.",
                "Write the value out.",
            )
        tag = getattr(self.event, "tag", None)
        if tag and tag not in ("!", "tag:yaml.org,2002:str") and kind != "DocumentStart":
            self._refuse(f"it has a tag ({quoted(tag)}), and none is taken.", "Leave the tag out.")
        return kind

    def _entry(self) -> Written:
        number, kind = self._line(), type(self.event).__name__.removesuffix("Event")
        if kind == "Scalar":
            return Written(self._scalar(), number)
        if kind != "MappingStart":
            self._refuse(f"{_described(kind)} stands where a commit should.", _LIST)
        value: dict[str, object] = {}
        lines: dict[str, int] = {}
        while self._next() != "MappingEnd":
            if len(value) == MOST_FIELDS:
                self._refuse("an entry has far too many fields.")
            name = self._name(value)
            lines[name] = self._line()
            if (inner := self._next()) != "Scalar":
                self._refuse(f"{shown(name)} is {_described(inner)}, not text.")
            value[name] = self._scalar()
        return Written(value, number, lines)

    def _name(self, before: dict[str, object]) -> str:
        kind = type(self.event).__name__.removesuffix("Event")
        name = self._scalar() if kind == "Scalar" else None
        if not isinstance(name, str):
            self._refuse("a field's name is not text.")
        if name in before:
            self._refuse(
                f"{shown(name)} is given a second time in the same entry.",
                "Begin each entry with '- '.",
            )
        return name

    def _scalar(self) -> str | Unquoted | None:
        from yaml.nodes import ScalarNode  # noqa: PLC0415

        value: str = self.event.value
        if not self.event.implicit[0]:
            return value
        resolved: str = self.resolver.resolve(ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
        tag = resolved.rpartition(":")[2]
        if tag == "null":
            return None
        if _NUMBER.fullmatch(value):
            return Unquoted(value, "a number")
        return value if tag == "str" else Unquoted(value, _KINDS.get(tag, "no text"))

    def _line(self) -> int:
        return int(self.event.start_mark.line) + 1

    def _refuse(self, message: str, hint: str = "") -> NoReturn:
        raise NotationError(self._line(), message, hint)


def _described(kind: str) -> str:
    kinds = {"MappingStart": "a mapping", "SequenceStart": "a list", "Scalar": "text"}
    return kinds.get(kind, "nothing")
