"""Prints the tables of docs/troubleshooting.md, with a link to what was written there by hand."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from messages import VALUE, Message, Package

PAGE = Path(__file__).parent.parent / "docs" / "troubleshooting.md"
MOST_HINTS = 3
"""Of one message; where there are more, a section has to say when which of them is given."""
_PACKAGE = Package()


def said(code: str) -> str:
    """Give the table of what ends in an exit code, or of notes."""
    return _table(each for each in _PACKAGE.messages() if each.code == code)


def answered() -> str:
    """Give the table of what DevLake may answer."""
    return _table(_PACKAGE.answers())


@cache
def sections() -> list[str]:
    """Give the headings of the paragraphs that were written by hand, each a part of a message."""
    page = PAGE.read_text(encoding="utf-8")
    return re.findall(r"(?m)^### (.+)$", page)


def is_about(section: str, message: Message) -> bool:
    """Tell if a section is about a message."""
    return section.casefold() in message.text.casefold()


def anchor(heading: str) -> str:
    """Give what GitHub makes of a heading for a link to it."""
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def cell(text: str) -> str:
    """Give plain text for a cell of a Markdown table."""
    return re.sub(r"([\\|*_<>`])", r"\\\1", text)


def _table(messages: Iterable[Message]) -> str:
    return "\n".join(["", "| It says | What to do |", "|---|---|", *map(_row, messages), "", ""])


def _row(message: Message) -> str:
    nothing = "Nothing." if message.code == "0" else ""
    return f"| {cell(message.text)} | {'<br>'.join(advice(message)) or nothing} |"


def advice(message: Message) -> Iterator[str]:
    """Give what to do about it: the program's own hints, and what was written by hand."""
    if len(message.hints) <= MOST_HINTS:
        for each in message.hints:
            yield "The second line says it." if each == VALUE else cell(each)
    for each in sections():
        if is_about(each, message):
            yield f"[More](#{anchor(each)})"
