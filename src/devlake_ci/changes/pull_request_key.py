"""Numbers for DevLake's `pullRequestKey`, which names a pull request by its number alone.

Two repositories in one connection would overwrite each other's numbers (seen live, v1.0.3), so the
repository is a part of the key. DevLake keeps keys exactly up to 2^53 - 1.
"""

from hashlib import sha256

NUMBERS = 10_000_000
"""Pull requests of one repository, at most: numbers from 1 to one less."""
REPOSITORIES = 899_999_999
_DIGITS = 13
"""Hex digits of a SHA that make a key: 52 bits."""


def pull_request_key(repo_url: str, number: int) -> int | None:
    """Return the key of a repository's pull request; None for a number that has none."""
    if not 0 < number < NUMBERS:
        return None
    digest = sha256(repo_url.lower().encode(errors="surrogatepass")).digest()
    return (int.from_bytes(digest[:8]) % REPOSITORIES + 1) * NUMBERS + number


def commit_key(sha: str) -> int:
    """Return the key of a commit that is a change of its own; no key is 0."""
    return int(sha[:_DIGITS], 16) or 1
