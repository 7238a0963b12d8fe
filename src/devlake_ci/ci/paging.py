"""Reads lists that the APIs of GitHub and GitLab return a page at a time."""

from collections.abc import Callable, Iterator
from typing import Any

PAGE = 100
"""Entries on a page: the most that either API returns at once."""


def paged(
    ask: Callable[[int], list[Any]], most: int, too_many: Exception | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Yield the objects of page after page, until one isn't full.

    `ask` returns a page by its number, counted from 1. Raise `too_many`, or just end, after `most`.
    """
    for number in range(1, most + 1):
        found = ask(number)
        yield [each for each in found if isinstance(each, dict)]
        if len(found) < PAGE:
            return
    if too_many:
        raise too_many
