"""The submodules of a checkout, each at the commit that is recorded for it, fetched or not.

Both are read from the commit itself: `.gitmodules` and the tree's entries of mode 160000
(https://git-scm.com/docs/gitmodules), so neither what was changed on the disk nor a symbolic link
can say otherwise.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from devlake_ci.commits.checkouts import BY_HAND, Checkout, head, opened, repository
from devlake_ci.commits.remote import address, default_url
from devlake_ci.commits.workspace import Workspace
from devlake_ci.errors import MissingError
from devlake_ci.model import Commit
from devlake_ci.text import quoted

LARGEST = 4 * 1024 * 1024
"""Bytes of a `.gitmodules` that is read: tens of thousands of submodules."""

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
    """Give the commits of a checkout's submodules, and of theirs where they are checked out.

    Raises BadUsageError for a path that can't be used, MissingError for what git doesn't say.
    """
    where = f"{source} {quoted(path)}"
    checkout = opened(workspace.folder(path, source), where, workspace)
    sha, _ = head(checkout)
    found = list(_submodules(checkout, sha, None))
    if not found:
        raise MissingError(
            f"{where} has no submodules at {sha[:12]}.", "Leave it out, or mend the path."
        )
    yield from _with_nested(checkout, found, recursive)


def _with_nested(
    checkout: Checkout, submodules: list[_Submodule], recursive: bool
) -> Iterator[Commit]:
    for each in submodules:
        where = f"submodule {quoted(each.path)} of {checkout.where}"
        yield Commit(repo_url=repository(each.url, where), sha=each.sha)
        if recursive and (folder := checkout.workspace.nested(checkout.folder, each.path)):
            inner = opened(folder, where, checkout.workspace)
            yield from _with_nested(inner, list(_submodules(inner, each.sha, each.url)), recursive)


def _submodules(checkout: Checkout, sha: str, base: str | None) -> Iterator[_Submodule]:
    """Read what `sha` records; relative URLs are below `base`, or the checkout's own."""
    links = dict(_links(checkout, sha))
    urls = _urls(checkout, sha) if links else {}
    for path, recorded in links.items():
        where = f"submodule {quoted(path)} of {checkout.where}"
        url: str | None = urls.get(path)
        if url is None:
            raise MissingError(f"{where} has no URL in .gitmodules.", BY_HAND)
        if url.startswith(("./", "../")):
            base = base or default_url(checkout.ask) or checkout.remote()
            url = joined(base, url)
            if url is None:
                message = f"{where} has a relative URL, which can't be resolved against the remote."
                raise MissingError(message, BY_HAND)
        yield _Submodule(path, recorded, address(url, checkout.ask))


def _links(checkout: Checkout, sha: str) -> Iterator[tuple[str, str]]:
    """Give path and commit of each submodule in a tree; `-d` leaves the files out."""
    said = checkout.workspace.git(checkout.folder, "ls-tree", "-r", "-d", "-z", "--full-tree", sha)
    if said.out is None:
        raise MissingError(
            f"{checkout.where} hasn't the commit {sha[:12]} whole ({said.why}).",
            "Check it out anew, at the commit that is deployed.",
        )
    for entry in said.out.split("\0"):
        about, _, path = entry.partition("\t")
        if about.startswith("160000 "):
            yield path, about.split(" ")[2]


def _urls(checkout: Checkout, sha: str) -> dict[str, str]:
    """Read the URL for each path; untrusted, like everything in a repository."""
    blob = f"{sha}:.gitmodules"
    size = checkout.ask("cat-file", "-s", blob)
    if size is None:
        return {}
    if int(size) > LARGEST:
        raise MissingError(f"{checkout.where} has a .gitmodules of {size} bytes.", BY_HAND)
    said = checkout.workspace.git(
        checkout.folder, "config", "--no-includes", "--blob", blob, "--list", "-z"
    )
    if said.out is None:
        raise MissingError(f"{checkout.where} has a .gitmodules that git can't read.", BY_HAND)
    values: dict[str, dict[str, str]] = {}
    for item in said.out.split("\0"):
        key, _, value = item.partition("\n")
        if found := re.fullmatch(r"submodule\.(.*)\.(path|url)", key, re.DOTALL):
            values.setdefault(found[1], {})[found[2]] = value
    return {
        posixpath.normpath(each["path"]): each["url"]
        for each in values.values()
        if each.keys() >= {"path", "url"}
    }


def joined(remote: str, url: str) -> str | None:
    """Resolve a relative URL against that of the superproject; None if it leads out of the server.

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
