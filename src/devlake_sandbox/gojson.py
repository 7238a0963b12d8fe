"""Reads a JSON body as Go's encoding/json does, with its words for what is wrong with it."""

import json
from typing import Any

from devlake_sandbox.answers import SERVER_ERROR, RefusedError, refused

# Python's word for a fault, and what Go says that it was looking for.
# Source of Go's words: https://github.com/golang/go/blob/master/src/encoding/json/scanner.go
LOOKING = {
    "Expecting property name": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Illegal trailing comma before end of array": "looking for beginning of value",
    "Expecting ':' delimiter": "after object key",
    "Expecting value": "looking for beginning of value",
    "Invalid control character": "in string literal",
    "Invalid \\escape": "in string escape code",
    "Invalid \\uXXXX escape": "in \\u hexadecimal character escape",
}
KINDS = {list: "array", str: "string", bool: "bool", int: "number", float: "number"}
SPACE = " \t\r\n"


def body(text: str) -> dict[str, Any]:
    """Give the object in `text`; none at all is an empty one, what follows it doesn't matter.

    Refused with 500 as recorded for "body is not JSON" and "body is a list".
    """
    text = text.lstrip(SPACE)
    value = _mended(_first_value(text)) if text else None
    if value is None or isinstance(value, dict):
        return value or {}
    kind = KINDS[type(value)]
    raise _wrong(f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")


def _first_value(text: str) -> object:
    try:
        return json.JSONDecoder(parse_constant=_no_constant).raw_decode(text)[0]
    except json.JSONDecodeError as error:
        raise _wrong(_complaint(error)) from None


def _mended(value: object) -> Any:  # noqa: ANN401 any JSON
    """Put U+FFFD for half a surrogate pair, as Go does."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return value


def _no_constant(word: str) -> None:
    """NaN and Infinity are Python's own idea of JSON."""
    raise _wrong(f"invalid character {word[0]!r} looking for beginning of value")


def _complaint(error: json.JSONDecodeError) -> str:
    trailing_comma = error.msg.startswith("Illegal trailing comma")
    rest = error.doc[error.pos + trailing_comma :].lstrip(SPACE)
    if not rest or error.msg.startswith("Unterminated string"):
        return "unexpected EOF"
    looking = next((go for python, go in LOOKING.items() if error.msg.startswith(python)), None)
    return f"invalid character {rest[0]!r} {looking or _after(error)}"


def _after(error: json.JSONDecodeError) -> str:
    """Tell an object from a list, which Python calls the same ("Expecting ',' delimiter")."""
    depth = []
    for character in error.doc[: error.pos]:
        if character in "{[":
            depth.append(character)
        elif character in "}]" and depth:
            depth.pop()
    return "after array element" if depth[-1:] == ["["] else "after object key:value pair"


def _wrong(message: str) -> RefusedError:
    return refused(SERVER_ERROR, message)
