"""Tells the CI what it must never show in a log, before anything could."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from itertools import chain
from urllib.parse import unquote, urlsplit

from devlake_ci.ci.facts import value
from devlake_ci.ci.provider import Env
from devlake_ci.effects import Effect, Mask
from devlake_ci.options import Options
from devlake_ci.text import SHORTEST_SECRET, data


def secrets(options: Options) -> tuple[str, ...]:
    """Return all that was given as a secret."""
    tokens = (options.token, options.github_token, options.gitlab_token)
    return forms(filter(None, tokens), options.header, filter(None, [options.url]))


def forms(tokens: Iterable[str], headers: Iterable[str], urls: Iterable[str]) -> tuple[str, ...]:
    """Return the secrets in these, longest first, so that no part hides the whole."""
    tokens = list(tokens)
    keys = (each.strip().rpartition(" ")[2] for each in tokens)  # of "Bearer KEY"
    found = {*tokens, *keys, *chain(*map(_of_header, headers), *map(_of_url, urls))}
    long_enough = {each.strip() for each in found if len(each.strip()) >= SHORTEST_SECRET}
    return tuple(sorted(long_enough, key=lambda each: (-len(each), each)))


def masks(secrets: Iterable[str], env: Env) -> tuple[Effect, ...]:
    """Tell GitHub to write *** for each; other CIs know their own secret variables only.

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
    """Return the password, or a user that stands alone: it is one then."""
    try:
        parts = urlsplit(url)
        user, password = parts.username or "", parts.password
    except ValueError:
        return
    if secret := user if password is None else password:
        yield from (secret, unquote(secret))
        yield b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()
