"""Makes one JSON value into the text, number or moment that a field wants, as mapstructure does."""

from decimal import Decimal

from devlake_sandbox import gotime

KINDS = {bool: "bool", int: "float64", float: "float64", str: "string", list: "slice", dict: "map"}
TYPES = {**KINDS, list: "[]interface {}", dict: "map[string]interface {}"}
GO = {"string": "string", "float": "float64", "int": "int64", "uint": "uint"}
UINT = 2**64


def kind_of(value: object) -> str:
    """Give Go's reflect.Kind of a decoded JSON value."""
    return KINDS[type(value)]


def decode(kind: str, value: object, path: str) -> object:
    """Give `value` as "string", "float", "int", "uint" or "time"; ValueError tells why it can't be.

    null gives the zero value (for a time: None).
    """
    # A list of one counts as its element: it may come from a query string.
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if kind == "time":
        return _time(value, path)
    if kind == "string":
        return _string(value, path)
    number = _number(kind, value, path)
    return number % UINT if kind == "uint" else number


def _time(value: object, path: str) -> object:
    if value is None:
        return None
    if not isinstance(value, str):
        complaint = f"'{path}' expected a map, got '{kind_of(value)}'"
        raise ValueError(complaint)  # noqa: TRY004 decode() promises it
    try:
        return gotime.parse(value)
    except ValueError as error:
        raise ValueError(f"error decoding '{path}': {error}") from None


def _string(value: object, path: str) -> str:
    if isinstance(value, list | dict):
        raise _unconvertible("string", value, path)
    return "" if value is None else printed(value)


def _number(kind: str, value: object, path: str) -> float:
    if not isinstance(value, str | int | float | None):
        raise _unconvertible(kind, value, path)
    read = float if kind == "float" else int
    try:
        return read(value or 0)
    except (ValueError, OverflowError):
        parser = f"strconv.Parse{kind.capitalize()}"
        complaint = (
            f"cannot parse '{path}' as {kind}: {parser}: parsing \"{value}\": invalid syntax"
        )
        raise ValueError(complaint) from None


def _unconvertible(kind: str, value: object, path: str) -> ValueError:
    return ValueError(
        f"'{path}' expected type '{GO[kind]}', got unconvertible type '{TYPES[type(value)]}', "
        f"value: '{printed(value)}'"
    )


def printed(value: object) -> str:
    """Print as Go's %v does, but a boolean as 1 or 0 and a number in full, as for a text field."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return str(int(value))
        case int() | float():
            return format(Decimal(repr(float(value))).normalize(), "f")
        case list():
            return f"[{' '.join(map(printed, value))}]"
        case dict():
            return f"map[{' '.join(f'{key}:{printed(one)}' for key, one in sorted(value.items()))}]"
        case _:
            return str(value)
