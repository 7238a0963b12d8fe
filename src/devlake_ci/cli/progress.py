"""Shows how far a long task is: a bar on a terminal, a line now and then in a log."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from devlake_ci.cli.printing import say

EVERY = 10.0
"""Seconds between two lines in a log."""


@contextmanager
def progress(total: int, monotonic: Callable[[], float]) -> Iterator[Callable[[], None]]:
    """Return what is to be called after each of `total` steps; it reports on standard error."""
    if sys.stderr.isatty():
        with click.progressbar(length=total, file=sys.stderr, show_pos=True) as bar:
            yield lambda: bar.update(1)
        return
    said, number = monotonic(), 0

    def advance() -> None:
        nonlocal said, number
        number += 1
        if monotonic() - said >= EVERY and number < total:
            said = monotonic()
            say(f"{number} of {total} are done.", err=True)

    yield advance
