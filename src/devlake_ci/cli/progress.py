"""Tells how far a long work is: a bar on a terminal, a line now and then in a log."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import click

EVERY = 10.0
"""Seconds between two lines in a log."""

T = TypeVar("T")


def told(items: Sequence[T], monotonic: Callable[[], float]) -> Iterator[T]:
    """Go through the items and tell on standard error how far it is."""
    stream = sys.stderr
    if stream.isatty():
        with click.progressbar(items, file=stream, show_pos=True) as bar:
            yield from bar
        return
    said = monotonic()
    for number, item in enumerate(items):
        if monotonic() - said >= EVERY:
            said = monotonic()
            click.echo(f"{number} of {len(items)} are done.", err=True)
        yield item
