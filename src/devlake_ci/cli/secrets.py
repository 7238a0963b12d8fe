"""What counts as a secret, and in which forms: no line that is printed may have any of them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from urllib.parse import unquote, urlsplit

from devlake_ci.ci.facts import value
from devlake_ci.ci.provider import Effect, Env, Mask
from devlake_ci.cli.params import OptionText
from devlake_ci.options import Options, declared, flag
from devlake_ci.text import SHORTEST_SECRET, base64, data

_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|_JWT|(API|ACCESS|PRIVATE)_KEY")
"""What the name of a variable has that holds a secret."""


def all_secrets(
    arguments: Sequence[str], env: Mapping[str, str], given: Mapping[str, OptionText]
) -> tuple[str, ...]:
    """Return whatever was given as a secret, and what a CI's own variables hold of them.

    By its name a variable is taken for a secret only if it could be one: `production` is none.
    """
    known = {
        each.name: _typed_values(each.name, arguments)
        for each in declared()
        if each.metadata.get("secret") or each.name == "url"
    }
    for name in known.keys() & given.keys():
        known[name].append(given[name].text)
    urls, headers = known.pop("url"), "\n".join(known.pop("header")).splitlines()
    urls += [value for name, value in env.items() if name.lower().endswith("_proxy")]
    tokens = [value for name, value in env.items() if _is_secret(name, value)]
    return secret_forms([*tokens, *chain(*known.values())], headers, urls)


def _is_secret(name: str, value: str) -> bool:
    return _SECRET.search(name) is not None and len(value) >= 8 and not value.isalpha()


def _typed_values(name: str, arguments: Sequence[str]) -> list[str]:
    """Return what was typed for an option, in order: `--token KEY` and `--token=KEY`."""
    return [
        after if word == flag(name) else word.partition("=")[2]
        for word, after in pairwise([*arguments, ""])
        if word == flag(name) or word.startswith(f"{flag(name)}=")
    ]


def option_secrets(options: Options) -> tuple[str, ...]:
    """Return the secrets among the options."""
    tokens = (options.token, options.github_token, options.gitlab_token)
    return secret_forms(filter(None, tokens), options.header, filter(None, [options.url]))


def secret_forms(
    tokens: Iterable[str], headers: Iterable[str], urls: Iterable[str]
) -> tuple[str, ...]:
    """Return the secrets in these, longest first, so that no part hides the whole."""
    texts = [*tokens, *(each.partition(":")[2] for each in headers)]
    keys = (each.strip().rpartition(" ")[2] for each in texts)  # of "Bearer KEY"
    found = {*texts, *keys, *chain(*map(_of_url, urls))}
    long_enough = {each.strip() for each in found if len(each.strip()) >= SHORTEST_SECRET}
    return tuple(sorted(long_enough, key=lambda each: (-len(each), each)))


def masks(secrets: Iterable[str], env: Env) -> tuple[Effect, ...]:
    """Return what has GitHub write *** for each; other CIs know their own secret variables only.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#masking-a-value-in-a-log
    """
    if value(env, "GITHUB_ACTIONS") != "true":
        return ()
    return tuple(Mask(f"::add-mask::{data(each)}") for each in secrets)


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
