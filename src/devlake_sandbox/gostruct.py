"""Fills a request's fields from JSON and checks them as DevLake does, with its messages.

DevLake decodes with github.com/mitchellh/mapstructure ("weakly typed": a number becomes a text
where a text is wanted; a key matches whatever its case; unknown keys are dropped) and checks with
github.com/go-playground/validator. Sources: contract, 'unknown keys', 'startedDate as …'; and
backend/helpers/utils/mapstructure.go of apache/incubator-devlake.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from devlake_sandbox import goscalar

Values = Mapping[str, Any]
"""Decoded fields by their name in Go: str, float, int, datetime or None, list of Values or None."""


@dataclass(frozen=True)
class Field:
    """One field of a request."""

    key: str
    """How it is spelt in JSON."""
    name: str
    """How it is called in Go, which validation messages use."""
    kind: str = "string"
    """A kind of goscalar, or "list" of the struct `of`."""
    required: bool = False
    one_of: tuple[str, ...] = ()
    of: "Struct | None" = None


@dataclass(frozen=True)
class Struct:
    """A request or a part of one; the order of `fields` is the order of complaints."""

    name: str
    fields: tuple[Field, ...]


@dataclass
class Decoding:
    """What came out of a body so far."""

    errors: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def struct(self, struct: Struct, data: Mapping[str, object], path: str = "") -> Values:
        """Decode an object; unknown keys go to `ignored`, what doesn't fit to `errors`."""
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
            return goscalar.decode(one.kind, value, path)
        except ValueError as error:
            self.errors.append(str(error))
            return None

    def _list(self, struct: Struct, value: object, path: str) -> list[Values] | None:
        if value is None:
            return None
        items = value if isinstance(value, list) else [value] if value != {} else []
        return [self._item(struct, item, f"{path}[{n}]") for n, item in enumerate(items)]

    def _item(self, struct: Struct, item: object, path: str) -> Values:
        if not isinstance(item, dict | None):
            self.errors.append(f"'{path}' expected a map, got '{goscalar.kind_of(item)}'")
        return self.struct(struct, item if isinstance(item, dict) else {}, f"{path}.")

    def complaint(self) -> str | None:
        """Give mapstructure's message about all that didn't fit, or None."""
        points = "\n".join(sorted(f"* {error}" for error in self.errors))
        return f"{len(self.errors)} error(s) decoding:\n\n{points}" if points else None


def violations(struct: Struct, values: Values) -> str | None:
    """Give validator's message about all fields that are missing or not allowed, or None."""
    return "\n".join(_violations(struct, values, struct.name)) or None


def _violations(struct: Struct, values: Values, path: str) -> Iterator[str]:
    for one in struct.fields:
        value = values[one.name]
        # The status is not "required" but must be one of three, so "" fails as "oneof".
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
    """Find the key that Go takes for `wanted`: the very same, else the first in another case."""
    if wanted in data:
        return wanted
    return next((key for key in data if key.casefold() == wanted.casefold()), None)
