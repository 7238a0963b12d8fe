"""Parse a setup file's YAML, and keep the line of each value for error messages.

No object is constructed: no tag can run anything, no alias can expand, and nothing nests deeper
than a setup file does.
"""

from collections.abc import Iterator
from typing import Any, NoReturn, Self

from devlake_ci.errors import BadUsageError
from devlake_ci.text import cut, line, quoted

DEEPEST = 8
MOST = 200_000
"""Values and names in one file: more are a mistake, or an attack."""
SETUP_HINT = "docs/setup.md has examples; docs/setup.schema.json says what it may hold."

Path = tuple[str | int, ...]


def parse_yaml(text: str, where: str) -> tuple[Any, dict[Path, int]]:
    """Return a YAML text's value, and the line of each part by its path; raise BadUsageError."""
    import yaml  # noqa: PLC0415 (only where there is YAML to read)

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reader = _Reader(where)
    try:
        reader.bound(yaml.parse(text, Loader=loader))
        root: Any = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        number = f", line {mark.line + 1}" if mark else ""
        said = cut(line(str(why)), 200)
        raise BadUsageError(f"{where}{number}: it is not YAML: {said}.", SETUP_HINT) from None
    return reader.value(root, ()), reader.lines


class _Reader:
    def __init__(self, where: str) -> None:
        self.where = where
        self.lines: dict[Path, int] = {}

    def bound(self, events: Iterator[Any]) -> None:
        """Refuse what must not be composed: https://pyyaml.org/wiki/PyYAMLDocumentation#events."""
        depth = documents = values = 0
        for event in events:
            kind = type(event).__name__.removesuffix("Event")
            documents += kind == "DocumentStart"
            if kind == "StreamEnd" and not documents:
                self._refuse(event, "the file is empty.")
            if documents > 1:
                self._refuse(event, "a second YAML document begins here.")
            if kind == "Alias":
                said = f"it refers to another place (*{event.anchor}): write the value out."
                self._refuse(event, said)
            tag = getattr(event, "tag", None)
            if tag not in {None, "!", "tag:yaml.org,2002:str"}:
                self._refuse(event, f"it has a tag ({quoted(tag)}): leave the tag out.")
            if kind in {"Scalar", "SequenceStart", "MappingStart"}:
                values += 1
                if depth > DEEPEST or values > MOST:
                    self._refuse(event, "it is nested too deeply, or far too long.")
            depth += kind in {"SequenceStart", "MappingStart"}
            depth -= kind in {"SequenceEnd", "MappingEnd"}

    def value(self, node: Any, path: Path) -> Any:  # noqa: ANN401 (PyYAML's, and any value)
        """Return the value of a node, and note the line of each part of it."""
        self.lines.setdefault(path, _line(node))
        if node.id == "sequence":
            return [self.value(each, (*path, index)) for index, each in enumerate(node.value)]
        return self._mapping(node, path) if node.id == "mapping" else _scalar(node)

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:  # noqa: ANN401 (PyYAML's)
        value: dict[str, Any] = {}
        for key, item in node.value:
            if key.id != "scalar":
                self._refuse(key, "a field's name is not text.")
            if key.value in value:
                self._refuse(key, f"{quoted(key.value)} is given a second time.")
            self.lines[*path, key.value] = _line(key)
            value[key.value] = self.value(item, (*path, key.value))
        return value

    def _refuse(self, place: Any, message: str) -> NoReturn:  # noqa: ANN401 (PyYAML's)
        said = f"{self.where}: line {_line(place)} can't be taken: {message}"
        raise BadUsageError(said, SETUP_HINT)


def _line(place: Any) -> int:  # noqa: ANN401 (a node or an event)
    return int(place.start_mark.line) + 1


def _scalar(node: Any) -> str | bool | float | None:  # noqa: ANN401 (PyYAML's)
    text: str = node.value
    match "str" if node.style else node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return text.lower() in ("true", "yes", "on")
        case "int" | "float":
            return _Number(text)
    return text


class _Number(float):
    """A number that is shown as it was written."""

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, 0.0)
        number.text = text
        return number

    text: str

    def __str__(self) -> str:
        return self.text
