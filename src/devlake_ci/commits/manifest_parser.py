"""Parse the text of a manifest (YAML, JSON, or owner/name@SHA a line) into entries with lines.

The text may be a stranger's: nothing is constructed of it (no tag can run anything, no alias can
expand), what would take much memory is refused before it is kept, and errors show little of it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import field
from typing import Any, NoReturn, Protocol

from devlake_ci import limits
from devlake_ci.dataclass import dataclass
from devlake_ci.text import cut, line, quoted

MOST_FIELDS = 20
LONGEST_SHOWN = 500

_LIST = (
    "Begin each entry with '- repo_url:' or '- owner/name@SHA'; docs/multi-repository.md has more."
)
_TOO_MANY = f"more than {limits.MOST_COMMITS} commits are given for one deployment."

SHORT = re.compile(
    r"(?P<repo>(?:https?|ssh|git)://[^/\s]+/[^@\s]+"
    r"|[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+:[^@\s]+"
    r"|[A-Za-z0-9][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_.-]+)+)@(?P<sha>[^\s:]+)"
)
"""`acme/pay@v1.2.3`: a repository of the CI's own server, or a URL, and what to find in it."""

# What YAML 1.2 takes for a number; PyYAML follows 1.1, and takes 1234567e10 for text.
# https://yaml.org/spec/1.2.2/#1032-tag-resolution
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_KINDS = {"int": "a number", "float": "a number", "bool": "true or false", "timestamp": "a date"}
_OPENING = re.compile(r"\s*\[[ \t\r\n]*(\]?)")
_SEPARATOR = re.compile(r"[ \t\r\n]*(,(?![ \t\r\n]*\])|\])[ \t\r\n]*")  # YAML's may be last
_FIELD = re.compile(r'"(\w+)"[ \t\r\n]*:')  # a quote within JSON's text has a backslash before it


@dataclass(frozen=True)
class NonString:
    """A value that YAML or JSON takes for something else than text."""

    text: str
    """As it was typed: 1234567e10 is no longer the same once it was a number."""
    kind: str
    """Such as "a number"."""


@dataclass(frozen=True)
class ParsedEntry:
    """One entry: text, or a mapping of fields to text, None or NonString, or a mistake."""

    value: object
    line: int
    """Counted from 1."""
    lines: dict[str, int] = field(default_factory=dict)
    """The line of each field, where it isn't that of the entry."""


class ParseError(Exception):
    """A text that is no list of entries."""

    def __init__(self, line: int | None, message: str, hint: str = "") -> None:
        """Keep the line, counted from 1, if it is known."""
        super().__init__(message)
        self.line = line
        self.message = message
        self.hint = hint


class _Node(Protocol):
    """What PyYAML composes."""

    id: str
    tag: str
    value: Any
    style: str | None
    start_mark: Any


def parse(text: str) -> list[ParsedEntry]:
    """Parse the entries of a text; raise ParseError."""
    if text.lstrip().startswith("["):
        try:
            return _json(text)
        except RecursionError:
            raise ParseError(None, "it is nested too deeply.") from None
        except (ValueError, IndexError):
            pass  # it is no JSON, and may still be YAML
    if SHORT.fullmatch(next(_lines(text), (0, ""))[1]):
        return list(_short_lines(text))
    return _yaml(text)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that have more than a comment, without it, and their numbers."""
    for number, each in enumerate(text.splitlines(), 1):
        stripped = each.partition(" #")[0].strip()
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def _short_lines(text: str) -> Iterator[ParsedEntry]:
    for count, (number, each) in enumerate(_lines(text)):
        if count == limits.MOST_COMMITS:
            raise ParseError(number, _TOO_MANY)
        if not SHORT.fullmatch(each):
            raise ParseError(
                number,
                f"{quote_safely(each)} is not like owner/name@SHA, as the lines before are.",
                "Write each commit on a line of its own, or all of them as a YAML list.",
            )
        yield ParsedEntry(each, number)


class _ObjectError(ValueError):
    """An object that can't be an entry."""


def _json(text: str) -> list[ParsedEntry]:
    """Parse a JSON list entry by entry, so that each knows its line; raise ValueError."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_json_object,
        parse_int=_json_number,
        parse_float=_json_number,
        parse_constant=_json_number,
    )
    read: list[ParsedEntry] = []
    number, counted = 1, 0
    separator = _OPENING.match(text)
    while separator and separator[1] != "]":
        at = separator.end()
        if len(read) == limits.MOST_COMMITS:
            raise ParseError(number, _TOO_MANY)
        number, counted = number + text.count("\n", counted, at), at
        try:
            value, end = decoder.raw_decode(text, at)
        except _ObjectError as wrong:
            raise ParseError(number, str(wrong)) from None
        read.append(ParsedEntry(value, number, _field_lines(text[at:end], number)))
        separator = _SEPARATOR.match(text, end)
    if not separator or text[separator.end() :].strip():
        raise ValueError(text)
    return read


def _json_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > MOST_FIELDS:
        raise _ObjectError("the entry that begins here has far too many fields.")
    read: dict[str, object] = {}
    for name, value in pairs:
        if name in read:
            raise _ObjectError(
                f"{quote_safely(name)} is given twice in the entry that begins here."
            )
        read[name] = value
    return read


def _json_number(text: str) -> NonString:
    return NonString(text, "a number")


def _field_lines(text: str, first: int) -> dict[str, int]:
    lines: dict[str, int] = {}
    if "\n" in text:
        number, counted = first, 0
        for found in _FIELD.finditer(text):
            number, counted = number + text.count("\n", counted, found.start()), found.start()
            lines[found[1]] = number
    return lines


def _yaml(text: str) -> list[ParsedEntry]:
    import yaml  # noqa: PLC0415 (only where there is YAML to read)

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _bound(yaml.parse(text, Loader=loader))
        root: Any = yaml.compose(text, Loader=loader)
        return _yaml_list(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        number = mark.line + 1 if mark else None
        why = cut(line(str(why)), 200)
        raise ParseError(number, f"it is not YAML: {why}.", _LIST) from None


def _bound(events: Iterator[Any]) -> None:
    """Refuse what must not be composed: aliases, tags, a second document, and more than is read.

    https://pyyaml.org/wiki/PyYAMLDocumentation#events
    """
    depth = documents = entries = parts = 0
    for event in events:
        kind = type(event).__name__.removesuffix("Event")
        documents += kind == "DocumentStart"
        if documents > 1:
            _refuse(event, "a second YAML document begins here.", "Put all commits into one list.")
        if kind == "Alias":
            where = quote_safely(f"*{event.anchor}")
            _refuse(event, f"aliases are not taken ({where}).", "Write the value out.")
        tag = getattr(event, "tag", None)
        if tag not in {None, "!", "tag:yaml.org,2002:str"}:
            _refuse(event, f"tags are not taken ({quote_safely(tag)}).", "Leave the tag out.")
        if kind in {"Scalar", "SequenceStart", "MappingStart"}:
            entries, parts = (entries + 1, 0) if depth == 1 else (entries, parts + 1)
            if entries > limits.MOST_COMMITS:
                _refuse(event, _TOO_MANY)
            if parts > 2 * MOST_FIELDS:
                _refuse(event, "an entry has far too many fields.")
        depth += kind in {"SequenceStart", "MappingStart"}
        depth -= kind in {"SequenceEnd", "MappingEnd"}


def _yaml_list(root: _Node | None) -> list[ParsedEntry]:
    if root is None:
        hint = "Write [] if there are no more commits."
        raise ParseError(None, "there is nothing but comments.", hint)
    if root.id != "sequence":
        _refuse(root, f"it is {_node_kind(root)}, not a list of commits.", _LIST)
    return [_yaml_entry(node) for node in root.value]


def _yaml_entry(node: _Node) -> ParsedEntry:
    if node.id == "scalar":
        return ParsedEntry(_scalar(node), _line(node))
    if node.id != "mapping":
        _refuse(node, f"{_node_kind(node)} stands where a commit should.", _LIST)
    value: dict[str, object] = {}
    lines: dict[str, int] = {}
    for key, item in node.value:
        name = _scalar(key) if key.id == "scalar" else None
        if not isinstance(name, str):
            _refuse(key, "a field's name is not text.")
        if name in value:
            message = f"{quote_safely(name)} is given a second time in the same entry."
            _refuse(key, message, "Begin each entry with '- '.")
        if item.id != "scalar":
            _refuse(key, f"{quote_safely(name)} is {_node_kind(item)}, not text.")
        value[name], lines[name] = _scalar(item), _line(key)
    return ParsedEntry(value, _line(node), lines)


def _scalar(node: _Node) -> str | NonString | None:
    tag, text = node.tag.rpartition(":")[2], str(node.value)
    if node.style:  # quoted, or a block of text
        return text
    if tag == "null":
        return None
    if _NUMBER.fullmatch(text):
        return NonString(text, "a number")
    return text if tag == "str" else NonString(text, _KINDS.get(tag, "no text"))


def _node_kind(node: _Node) -> str:
    return {"mapping": "a mapping", "sequence": "a list"}.get(node.id, "text")


def _line(node: _Node) -> int:
    return int(node.start_mark.line) + 1


def _refuse(node: _Node, message: str, hint: str = "") -> NoReturn:
    raise ParseError(_line(node), message, hint)


def quote_safely(text: str) -> str:
    """Quote a value, but none that may have a password in it."""
    if len(text) > LONGEST_SHOWN:
        return f"what is given ({len(text)} characters)"
    if re.search("[@?=]|://", text) and not re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[^@:?=]*", text):
        return "what is given (it is not shown, because there may be a password in it)"
    return quoted(text)
