"""The one way to print: no secret of this run gets out, and nobody has to listen."""

from collections.abc import Iterable
from contextlib import suppress
from contextvars import ContextVar

import click

from devlake_ci.text import Redactor

_REDACTOR: ContextVar[Redactor] = ContextVar("redactor", default=Redactor(()))  # noqa: B039 (frozen)


def hide(secrets: Iterable[str]) -> None:
    """Never print these from now on."""
    _REDACTOR.set(Redactor(secrets))


def redacted(text: str) -> str:
    """Return a text without this run's secrets, in whichever encoding."""
    return _REDACTOR.get().redact(text)


def say(text: str, *, err: bool = False) -> None:
    """Print to standard output, or to standard error, where it may fail: nothing stops for that.

    Raise OSError where standard output can't be written.
    """
    if not err:
        click.echo(redacted(text))
        return
    with suppress(OSError, ValueError):
        click.echo(redacted(text), err=True)


def mask(line: str) -> None:
    """Print a line that tells the CI what to hide: the one place where a secret stands."""
    with suppress(OSError, ValueError):
        click.echo(line, err=True)
