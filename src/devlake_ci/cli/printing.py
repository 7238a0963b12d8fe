"""The only way to print: secrets of this run are redacted, and a closed stream is no error."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from itertools import chain
from urllib.parse import unquote, urlsplit

import click

from devlake_ci.ci.facts import value
from devlake_ci.ci.provider import Effect, Env, Mask
from devlake_ci.options import Options
from devlake_ci.text import SHORTEST_SECRET, Redactor, base64, data


def secrets(options: Options) -> tuple[str, ...]:
    """Return the secrets among the options."""
    tokens = (options.token, options.github_token, options.gitlab_token)
    return secret_forms(filter(None, tokens), options.header, filter(None, [options.url]))


def secret_forms(
    tokens: Iterable[str], headers: Iterable[str], urls: Iterable[str]
) -> tuple[str, ...]:
    """Return the secrets in these, longest first, so that no part hides the whole."""
    tokens = list(tokens)
    keys = (each.strip().rpartition(" ")[2] for each in tokens)  # of "Bearer KEY"
    found = {*tokens, *keys, *chain(*map(_of_header, headers), *map(_of_url, urls))}
    long_enough = {each.strip() for each in found if len(each.strip()) >= SHORTEST_SECRET}
    return tuple(sorted(long_enough, key=lambda each: (-len(each), each)))


def masks(secrets: Iterable[str], env: Env) -> tuple[Effect, ...]:
    """Return what has GitHub write *** for each; other CIs know their own secret variables only.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#masking-a-value-in-a-log
    """
    if value(env, "GITHUB_ACTIONS") != "true":
        return ()
    return tuple(Mask(f"::add-mask::{data(each)}") for each in secrets)


def _of_header(header: str) -> Iterator[str]:
    text = header.partition(":")[2].strip()
    yield text
    yield text.rpartition(" ")[2]  # Bearer …


def _of_url(url: str) -> Iterator[str]:
    """Yield the password, or a user that stands alone: it is one then."""
    try:
        parts = urlsplit(url)
        user, password = parts.username or "", parts.password
    except ValueError:
        return
    if secret := user if password is None else password:
        yield from (secret, unquote(secret))
        yield base64(f"{unquote(user)}:{unquote(password or '')}".encode())


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
