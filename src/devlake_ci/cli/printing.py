"""The only way to print: secrets of this run are redacted, and a closed stream is no error."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

import click

from devlake_ci.ci.provider import Env
from devlake_ci.text import Redactor

_REDACTOR: ContextVar[Redactor] = ContextVar("redactor", default=Redactor(()))  # noqa: B039 (frozen)


def hide(secrets: Iterable[str]) -> None:
    """Never print these from now on."""
    _REDACTOR.set(Redactor(secrets))


def redact_all(text: str) -> str:
    """Return a text without this run's secrets, in whichever encoding."""
    return _REDACTOR.get().redact(text)


def colour(env: Env) -> bool | None:
    """Return False where colours are not wanted, else None: a terminal has them, a file hasn't.

    https://no-color.org
    """
    return False if env.get("NO_COLOR") or env.get("TERM") == "dumb" else None


def say(text: str, *, err: bool = False) -> None:
    """Print to standard output, or to standard error, where it may fail: nothing stops for that.

    Raise OSError where standard output can't be written.
    """
    if not err:
        click.echo(redact_all(text))
        return
    with suppress(OSError, ValueError):
        click.echo(redact_all(text), err=True)


def mask(line: str) -> None:
    """Print a line that tells the CI what to hide: the one place where a secret stands."""
    with suppress(OSError, ValueError):
        click.echo(line, err=True)


EVERY = 10.0
"""Seconds between two lines in a log."""


@contextmanager
def progress(total: int, monotonic: Callable[[], float]) -> Iterator[Callable[[], None]]:
    """Yield what is to be called after each of `total` steps; it reports on standard error."""
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


def clear_line() -> None:
    """Make room for a line of text where a bar stands; the bar comes again below it."""
    if sys.stderr.isatty():
        with suppress(OSError, ValueError):
            click.echo("\r\x1b[K", nl=False, err=True)
