"""The commits that a manifest's entries stand for."""

from collections.abc import Callable

from devlake_ci import limits
from devlake_ci.commits import manifest, notation
from devlake_ci.commits.manifest import Entry
from devlake_ci.commits.repo_url import canonical
from devlake_ci.commits.sha import Find, bare, whole
from devlake_ci.commits.written import SHORT, NotationError, shown
from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.model import Commit
from devlake_ci.text import quoted

Finders = Callable[[str], tuple[Find, ...]]
"""For a repository's URL, the ways to find a commit in it."""


def commits(text: str, where: str, server: str | None, finders: Finders) -> list[Commit]:
    """Read the commits of a manifest that stands at `where`.

    `server` is the URL below which owner/name is. Raises BadUsageError for what is written wrong,
    and MissingError for a name that no commit is found for.
    """
    try:
        written = notation.entries(text)
    except NotationError as error:
        line = f", line {error.line}" if error.line else ""
        hint = error.hint or manifest.HINT
        raise BadUsageError(f"{where}{line}: {error.message}", hint) from None
    return [
        _commit(entry, manifest.place(where, index, written[index].line), server, finders)
        for index, entry in enumerate(manifest.validated(written, where))
    ]


def _commit(entry: Entry | str, place: str, server: str | None, finders: Finders) -> Commit:
    if isinstance(entry, str):
        repo_url, name = _split(entry, place, server)
        entry = Entry.model_construct(repo_url=repo_url, sha=name)
    sha = whole(entry.sha, place, finders(entry.repo_url))
    named = None if sha.startswith(entry.sha.lower()) else entry.sha
    ref = bare(entry.ref or named or "")
    return Commit(
        repo_url=entry.repo_url,
        sha=sha,
        ref=limits.truncate(ref, limits.REF),
        message=limits.truncate(entry.message, limits.MESSAGE),
        name=limits.truncate(entry.name, limits.NAME),
        repo_id=entry.repo_id,
    )


def _split(short: str, place: str, server: str | None) -> tuple[str, str]:
    """Take `owner/name@SHA` apart, and give the repository's whole URL."""
    found = SHORT.fullmatch(short)
    repo, name = (found["repo"], found["sha"]) if found else (short, "")
    is_url = "://" in repo
    if not (is_url or server):
        raise MissingError(
            f"{place}: on which server {quoted(repo)} is, is not known: the CI doesn't say.",
            f"Write the whole URL: https://github.com/{repo}@{name}",
        )
    if url := canonical(repo if is_url else f"{server}/{repo}"):
        return url, name
    raise BadUsageError(
        f"{place}: {shown(repo)} is no repository{'' if is_url else f' of {server}'}.",
        "Write an entry with repo_url and sha.",
    )
