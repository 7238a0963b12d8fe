"""Read a request's body and fields as DevLake does, with its messages where one was recorded.

DevLake decodes with github.com/mitchellh/mapstructure ("weakly typed": a number becomes a text
where a text is wanted; a key matches in any case; unknown keys are dropped) and validates with
github.com/go-playground/validator. Sources: contract, 'body is …', 'unknown keys', 'startedDate
as …', 'without …'. Go's other messages are not imitated: such a fault is refused with the right
status, in words of our own.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from devlake_sandbox import timestamps
from devlake_sandbox.answers import SERVER_ERROR, RefusedError, refusal

Values = Mapping[str, Any]
"""Decoded fields by their name in Go: str, int, float, bool, datetime or None, list of Values."""

SPACE = " \t\r\n"
JSON_TYPES = {list: "array", str: "string", bool: "bool", int: "number", float: "number"}
GO_KINDS = {bool: "bool", int: "float64", float: "float64", str: "string", list: "slice"}
TRUE = ("1", "t", "T", "true", "True", "TRUE")


def body(text: str) -> dict[str, Any]:
    """Return the object in `text`; an empty text is an empty object, and what follows is ignored.

    Refuse anything else with 500: contract, "body is not JSON" and "body is a list".
    """
    text = text.lstrip(SPACE)
    value = _without_lone_surrogates(_first_value(text)) if text else None
    if value is None or isinstance(value, dict):
        return value or {}
    kind = JSON_TYPES[type(value)]
    raise _wrong(f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")


def _first_value(text: str) -> object:
    try:
        return json.JSONDecoder(parse_constant=_no_constant).raw_decode(text)[0]
    except json.JSONDecodeError as error:
        rest = error.doc[error.pos :].lstrip(SPACE)
        if not rest or error.msg.startswith("Unterminated string"):
            raise _wrong("unexpected EOF") from None
        of_key = error.msg.startswith("Expecting property name")
        what = "object key string" if of_key else "value"
        raise _wrong(f"invalid character {rest[0]!r} looking for beginning of {what}") from None


def _without_lone_surrogates(value: object) -> Any:  # noqa: ANN401 any JSON
    """Put U+FFFD in place of half a surrogate pair, as Go does."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return value


def _no_constant(word: str) -> None:
    """Refuse NaN and Infinity, which only Python's JSON has."""
    raise _wrong(f"invalid character {word[0]!r} looking for beginning of value")


def _wrong(message: str) -> RefusedError:
    return refusal(SERVER_ERROR, message)


@dataclass(frozen=True)
class Field:
    """One field of a request."""

    key: str
    """Its name in JSON."""
    name: str
    """Its name in Go, which validation messages use."""
    kind: str = "string"
    """One of string, float, int, bool, time, or "list" of the struct `of`."""
    required: bool = False
    one_of: tuple[str, ...] = ()
    of: "Struct | None" = None


@dataclass(frozen=True)
class Struct:
    """A request or a part of one; violations are listed in the order of `fields`."""

    name: str
    fields: tuple[Field, ...]


@dataclass
class Decoding:
    """What came out of a body so far."""

    microseconds: bool = False
    """Whether timestamps with six decimals and an offset are taken."""
    errors: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def struct(self, struct: Struct, data: Mapping[str, object], path: str = "") -> Values:
        """Decode an object; add unknown keys to `ignored`, and what doesn't fit to `errors`."""
        chosen = {one.name: _key(one.key, data) for one in struct.fields}
        self.ignored += [path + key for key in data if key not in chosen.values()]
        return {
            one.name: self._value(one, None if key is None else data[key], path + one.key)
            for one in struct.fields
            for key in [chosen[one.name]]
        }

    def _value(self, one: Field, value: object, path: str) -> object:
        if one.of:
            return self._list(one.of, value, path)
        try:
            return self._scalar(one.kind, value, path)
        except ValueError as error:
            self.errors.append(str(error))
            return None

    def _scalar(self, kind: str, value: object, path: str) -> object:
        if kind == "time":
            return self._time(value, path)
        if isinstance(value, list | dict):
            raise _unconvertible(kind, value, path)
        if kind == "string":
            return "" if value is None else to_text(value)
        try:
            return _number(kind, value)
        except (ValueError, OverflowError):
            raise ValueError(f"cannot parse '{path}' as {kind}: {to_text(value)}") from None

    def _time(self, value: object, path: str) -> object:
        if value is None:
            return None
        if not isinstance(value, str):
            raise ValueError(f"'{path}' expected a map, got '{GO_KINDS.get(type(value), 'map')}'")  # noqa: TRY004
        try:
            return timestamps.parse(value, microseconds=self.microseconds)
        except ValueError as error:
            raise ValueError(f"error decoding '{path}': {error}") from None

    def _list(self, struct: Struct, value: object, path: str) -> list[Values] | None:
        if value is None:
            return None
        items = value if isinstance(value, list) else [value] if value != {} else []
        return [self._item(struct, item, f"{path}[{n}]") for n, item in enumerate(items)]

    def _item(self, struct: Struct, item: object, path: str) -> Values:
        if not isinstance(item, dict | None):
            self.errors.append(f"'{path}' expected a map, got '{GO_KINDS[type(item)]}'")
        return self.struct(struct, item if isinstance(item, dict) else {}, f"{path}.")

    def complaint(self) -> str | None:
        """Return mapstructure's message about all that didn't fit, or None."""
        points = "\n".join(sorted(f"* {error}" for error in self.errors))
        return f"{len(self.errors)} error(s) decoding:\n\n{points}" if points else None


def _number(kind: str, value: Any) -> float | bool:  # noqa: ANN401 a JSON scalar
    """Return a number; Go reads one in JSON as a float64, so that it is rounded above 2^53."""
    if kind == "bool":
        return value in TRUE if isinstance(value, str) else bool(value)
    if kind == "float":
        return float(value or 0)
    return int(value or 0) if isinstance(value, str) else int(float(value or 0))


def _unconvertible(kind: str, value: list[Any] | dict[str, Any], path: str) -> ValueError:
    wanted = {"int": "int64", "float": "float64"}.get(kind, kind)
    got = "[]interface {}" if isinstance(value, list) else "map[string]interface {}"
    return ValueError(f"'{path}' expected type '{wanted}', got unconvertible type '{got}'")


def to_text(value: object) -> str:
    """Return a scalar as the text that DevLake stores: a boolean as 1 or 0, a number in full."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int | float):
        return format(Decimal(repr(float(value))).normalize(), "f")
    return str(value)


def violations(struct: Struct, values: Values) -> str | None:
    """Return validator's message about every missing or disallowed field, or None."""
    return "\n".join(_violations(struct, values, struct.name)) or None


def _violations(struct: Struct, values: Values, path: str) -> Iterator[str]:
    for one in struct.fields:
        value = values[one.name]
        # An issue's status is not "required" but must be one of three, so "" fails as "oneof".
        if one.required and not value and not one.one_of:
            yield _violation(path, one, "required")
        elif one.one_of and value not in one.one_of and (value or one.required):
            yield _violation(path, one, "oneof")
        for n, item in enumerate(value or () if one.of else ()):
            yield from _violations(one.of or struct, item, f"{path}.{one.name}[{n}]")


def _violation(path: str, one: Field, tag: str) -> str:
    return (
        f"Key: '{path}.{one.name}' Error:"
        f"Field validation for '{one.name}' failed on the '{tag}' tag"
    )


def _key(wanted: str, data: Mapping[str, object]) -> str | None:
    """Return the key that Go takes for `wanted`: the same, else the first in another case."""
    if wanted in data:
        return wanted
    return next((key for key in data if key.casefold() == wanted.casefold()), None)
