"""From a tag, a branch or a short SHA to the whole SHA of the commit that it names."""

import re
from collections.abc import Callable

from devlake_ci.commits.remote import is_checkout_of
from devlake_ci.errors import MissingError
from devlake_ci.text import quoted

Git = Callable[..., str | None]
Find = Callable[[str], str | None]
"""From a name to a whole SHA, or None if it can't be found."""

WHOLE = re.compile(r"[0-9a-f]{40}")
_SHORT = re.compile(r"[0-9a-fA-F]{4,40}")


def whole(name: str, source: str, finders: tuple[Find, ...]) -> str:
    """Give `name` back if it is a whole SHA, else ask the finders in turn.

    Raises MissingError if none knows it: DevLake computes lead time from whole SHAs only.
    """
    if WHOLE.fullmatch(name.lower()):
        return name.lower()
    for find in finders:
        if (found := find(name)) and WHOLE.fullmatch(found):
            return found
    raise MissingError(
        f"{source}: the commit that {quoted(name)} names can't be found.",
        "Give the whole SHA (40 characters), check the repository out before (with its tags: "
        "fetch-depth: 0), or give a token for the CI's API (--github-token, --gitlab-token).",
    )


def in_checkout(git: Git, repo_url: str) -> Find:
    """Look names up in the working directory, if it is a checkout of `repo_url`.

    A remote branch goes before a local one of the same name, which may be stale.
    """

    def find(name: str) -> str | None:
        if not is_checkout_of(repo_url, git):
            return None
        return next(filter(None, map(commit, _spellings(name))), None)

    def commit(revision: str) -> str | None:
        return git("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")

    return find


def bare(ref: str) -> str:
    """Strip a branch or tag of what Git puts before it."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/").removeprefix("origin/")


def _spellings(name: str) -> list[str]:
    if name.startswith("refs/"):
        return [name.replace("refs/heads/", "refs/remotes/origin/", 1), name]
    spelled = [f"refs/tags/{name}", f"refs/remotes/origin/{name}", f"refs/heads/{name}"]
    return spelled + [name] * bool(_SHORT.fullmatch(name))
