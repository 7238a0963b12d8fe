"""Find the whole SHA of the commit that a tag, a branch or a short SHA names."""

import re
from collections.abc import Callable

from devlake_ci.commits.remote import Git, is_checkout_of
from devlake_ci.errors import MissingError
from devlake_ci.text import quoted

Find = Callable[[str], str | None]
"""Return the whole SHA for a name, or None if it can't be found."""

WHOLE = re.compile(r"[0-9a-f]{40}")
_SHORT = re.compile(r"[0-9a-fA-F]{4,40}")


def resolve(name: str, source: str, finders: tuple[Find, ...]) -> str:
    """Return `name` if it is a whole SHA, else the first that a finder has for it.

    Raise MissingError if none knows it: DevLake computes lead time from whole SHAs only.
    """
    if WHOLE.fullmatch(name.lower()):
        return name.lower()
    for find in finders:
        if (found := find(name)) and WHOLE.fullmatch(found):
            return found
    raise MissingError(
        f"{source}: could not find the commit that {quoted(name)} names.",
        "Set the whole SHA (40 characters), check the repository out first (with its tags: "
        "fetch-depth: 0), or set a token that may read the repository (--github-token, "
        "--gitlab-token).",
    )


def in_checkout(git: Git, repo_url: str) -> Find:
    """Return a finder in the working directory, for names of `repo_url` if it is checked out there.

    A remote branch overrides a local one of the same name, which may be stale.
    """

    def find(name: str) -> str | None:
        if not is_checkout_of(repo_url, git):
            return None
        return next(filter(None, map(commit, _spellings(name))), None)

    def commit(revision: str) -> str | None:
        return git("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")

    return find


def bare(ref: str) -> str:
    """Return a branch or tag without what git puts before it."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/").removeprefix("origin/")


def _spellings(name: str) -> list[str]:
    if name.startswith("refs/"):
        return [name.replace("refs/heads/", "refs/remotes/origin/", 1), name]
    spelled = [f"refs/tags/{name}", f"refs/remotes/origin/{name}", f"refs/heads/{name}"]
    return spelled + [name] * bool(_SHORT.fullmatch(name))
