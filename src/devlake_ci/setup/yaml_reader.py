"""Parse a setup file's YAML, and keep the line of each value for error messages.

It is parsed event by event and no object is constructed: no tag can run anything, no alias can
expand, and nothing nests deeper than a setup file does.
"""

from collections.abc import Iterator
from typing import Any, NoReturn, Self

from devlake_ci.errors import BadUsageError
from devlake_ci.text import cut, line, quoted

DEEPEST = 8
MOST = 100_000
"""Values in one file: more are a mistake, or an attack."""
SETUP_HINT = "docs/setup.md has examples; docs/setup.schema.json says what it may hold."

Path = tuple[str | int, ...]


def parse_yaml(text: str, where: str) -> tuple[Any, dict[Path, int]]:
    """Return the value of a YAML text, and the line of each part of it by its path.

    Raise BadUsageError, which names `where`.
    """
    import yaml  # noqa: PLC0415 (only where there is YAML to read)

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        reader = _Reader(yaml.parse(text, Loader=loader), where)
        return reader.document(), reader.lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        number = f", line {mark.line + 1}" if mark else ""
        said = cut(line(str(why)), 200)
        raise BadUsageError(f"{where}{number}: it is not YAML: {said}.", SETUP_HINT) from None


class _Reader:
    """Builds values from YAML's events: https://pyyaml.org/wiki/PyYAMLDocumentation#events."""

    def __init__(self, events: Iterator[Any], where: str) -> None:
        from yaml.resolver import Resolver  # noqa: PLC0415

        self.events, self.where = events, where
        self.resolver = Resolver()
        self.lines: dict[Path, int] = {}

    def document(self) -> Any:  # noqa: ANN401 (any value)
        """Return the value of the only document."""
        self._next()
        if self._next() == "StreamEnd":
            self._refuse("the file is empty.")
        self._next()
        value = self._value(())
        self._next()
        if self._next() != "StreamEnd":
            self._refuse("a second YAML document begins here.")
        return value

    def _next(self) -> str:
        """Take the next event and return its kind; aliases and tags are refused."""
        self.event = next(self.events)
        kind = type(self.event).__name__.removesuffix("Event")
        if kind == "Alias":
            self._refuse(f"it refers to another place (*{self.event.anchor}): write the value out.")
        tag = getattr(self.event, "tag", None)
        if tag and tag not in ("!", "tag:yaml.org,2002:str") and kind != "DocumentStart":
            self._refuse(f"it has a tag ({quoted(tag)}): leave the tag out.")
        return kind

    def _value(self, path: Path) -> Any:  # noqa: ANN401 (any value)
        self.lines[path] = self._line()
        if len(path) > DEEPEST or len(self.lines) > MOST:
            self._refuse("it is nested too deeply, or far too long.")
        kind = type(self.event).__name__.removesuffix("Event")
        if kind == "MappingStart":
            return self._mapping(path)
        if kind == "SequenceStart":
            values: list[Any] = []
            while self._next() != "SequenceEnd":
                values.append(self._value((*path, len(values))))
            return values
        return self._scalar()

    def _mapping(self, path: Path) -> dict[str, Any]:
        value: dict[str, Any] = {}
        while (kind := self._next()) != "MappingEnd":
            if kind != "Scalar":
                self._refuse("a field's name is not text.")
            name, at = str(self.event.value), self._line()
            if name in value:
                self._refuse(f"{quoted(name)} is given a second time.")
            self._next()
            value[name] = self._value((*path, name))
            self.lines[*path, name] = at
        return value

    def _scalar(self) -> str | bool | float | None:
        from yaml.nodes import ScalarNode  # noqa: PLC0415

        text: str = self.event.value
        if not self.event.implicit[0]:
            return text
        resolved: str = self.resolver.resolve(ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        match resolved.rpartition(":")[2]:
            case "null":
                return None
            case "bool":
                return text.lower() in ("true", "yes", "on")
            case "int" | "float":
                return _Number(text)
        return text

    def _line(self) -> int:
        return int(self.event.start_mark.line) + 1

    def _refuse(self, message: str) -> NoReturn:
        said = f"{self.where}: line {self._line()} can't be taken: {message}"
        raise BadUsageError(said, SETUP_HINT)


class _Number(float):
    """A number that is shown as it was written."""

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, 0.0)
        number.text = text
        return number

    text: str

    def __str__(self) -> str:
        return self.text
