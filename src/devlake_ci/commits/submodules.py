"""The submodules of a checkout, each at the commit that is recorded for it, fetched or not.

Both are read from the commit itself, that is from its `.gitmodules` and its tree's entries of mode
160000 (https://git-scm.com/docs/gitmodules): what was changed on the disk doesn't count.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from devlake_ci.commits.checkouts import BY_HAND, Checkout, head, open_checkout, repository
from devlake_ci.commits.remote import address, default_url
from devlake_ci.commits.workspace import Workspace
from devlake_ci.errors import MissingError
from devlake_ci.model import Commit
from devlake_ci.text import quoted

LARGEST = 4 * 1024 * 1024
"""Bytes of a `.gitmodules` at most: tens of thousands of submodules."""

_REMOTE = re.compile(
    r"(?P<server>[a-z+]+://[^/]*/|[^/:]*:(?!//))(?P<path>.*)", re.DOTALL | re.IGNORECASE
)


@dataclass(frozen=True)
class _Submodule:
    path: str
    sha: str
    url: str
    """As git would fetch it: it may have credentials."""


def commits(path: str, source: str, workspace: Workspace, *, recursive: bool) -> Iterator[Commit]:
    """Yield the commits of a checkout's submodules, and of theirs where they are checked out.

    Raises BadUsageError for a path that can't be used, MissingError for what git doesn't know.
    """
    where = f"{source} {quoted(path)}"
    checkout = open_checkout(workspace.folder(path, source), where, workspace)
    sha, _ = head(checkout)
    found = list(_submodules(checkout, sha, None))
    if not found:
        raise MissingError(
            f"{where} has no submodules at {sha[:12]}.", "Leave it out, or fix the path."
        )
    yield from _with_nested(checkout, found, recursive)


def _with_nested(
    checkout: Checkout, submodules: list[_Submodule], recursive: bool
) -> Iterator[Commit]:
    for each in submodules:
        where = f"submodule {quoted(each.path)} of {checkout.where}"
        yield Commit(repo_url=repository(each.url, where), sha=each.sha)
        if recursive and (folder := checkout.workspace.nested(checkout.folder, each.path)):
            inner = open_checkout(folder, where, checkout.workspace)
            yield from _with_nested(inner, list(_submodules(inner, each.sha, each.url)), recursive)


def _submodules(checkout: Checkout, sha: str, base: str | None) -> Iterator[_Submodule]:
    """Yield what `sha` records; relative URLs are below `base`, or the checkout's own."""
    links = dict(_links(checkout, sha))
    urls = _urls(checkout, sha) if links else {}
    for path, recorded in links.items():
        where = f"submodule {quoted(path)} of {checkout.where}"
        url: str | None = urls.get(path)
        if url is None:
            raise MissingError(f"{where} has no URL in .gitmodules.", BY_HAND)
        if url.startswith(("./", "../")):
            base = base or default_url(checkout.ask) or checkout.remote()
            url = resolve_relative(base, url)
            if url is None:
                message = f"{where} has a relative URL, which can't be resolved against the remote."
                raise MissingError(message, BY_HAND)
        yield _Submodule(path, recorded, address(url, checkout.ask))


def _links(checkout: Checkout, sha: str) -> Iterator[tuple[str, str]]:
    """Yield path and commit of each submodule in a tree; `-d` leaves the files out."""
    answer = checkout.workspace.git(
        checkout.folder, "ls-tree", "-r", "-d", "-z", "--full-tree", sha
    )
    if answer.out is None:
        raise MissingError(
            f"{checkout.where} doesn't have all of the commit {sha[:12]} ({answer.why}).",
            "Check it out again, at the commit that is deployed.",
        )
    for entry in answer.out.split("\0"):
        about, _, path = entry.partition("\t")
        if about.startswith("160000 "):
            yield path, about.split(" ")[2]


def _urls(checkout: Checkout, sha: str) -> dict[str, str]:
    """Return the URL for each path; untrusted, like everything in a repository."""
    blob = f"{sha}:.gitmodules"
    size = checkout.ask("cat-file", "-s", blob)
    if size is None:
        return {}
    if int(size) > LARGEST:
        raise MissingError(
            f"{checkout.where} has a .gitmodules that is too large ({size} bytes).", BY_HAND
        )
    answer = checkout.workspace.git(
        checkout.folder, "config", "--no-includes", "--blob", blob, "--list", "-z"
    )
    if answer.out is None:
        raise MissingError(f"{checkout.where} has a .gitmodules that git can't read.", BY_HAND)
    values: dict[str, dict[str, str]] = {}
    for item in answer.out.split("\0"):
        key, _, value = item.partition("\n")
        if found := re.fullmatch(r"submodule\.(.*)\.(path|url)", key, re.DOTALL):
            values.setdefault(found[1], {})[found[2]] = value
    return {
        posixpath.normpath(each["path"]): each["url"]
        for each in values.values()
        if each.keys() >= {"path", "url"}
    }


def resolve_relative(remote: str, url: str) -> str | None:
    """Return a relative URL resolved against the superproject's; None if it leaves the server.

    https://git-scm.com/docs/git-submodule#Documentation/git-submodule.txt-add
    """
    found = _REMOTE.fullmatch(remote.strip())
    if not found:
        return None
    server, path = found["server"], [part for part in found["path"].split("/") if part]
    while url.startswith(("./", "../")):
        up, _, url = url.partition("/")
        url = url.lstrip("/")
        if up == "..":
            if not path:
                return None
            path.pop()
    return server + "/".join([*path, url])
