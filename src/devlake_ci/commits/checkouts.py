"""The commit that a checkout is at (shallow, detached, bare, or a worktree), and its submodules.

A submodule is at the commit that is recorded for it, fetched or not. That and its URL are read from
the commit itself, from its `.gitmodules` and its tree's entries of mode 160000
(https://git-scm.com/docs/gitmodules): what was changed on the disk doesn't count.
"""

import posixpath
import re
from collections.abc import Iterator

from devlake_ci import limits
from devlake_ci.commits import remote
from devlake_ci.commits.repo_url import canonical
from devlake_ci.commits.sha import WHOLE
from devlake_ci.commits.workspace import GitAnswer, Workspace
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import MissingError
from devlake_ci.model import Commit
from devlake_ci.text import quoted, readable

BY_HAND = "Name what was deployed of it with --commits (an entry with repo_url and sha)."
_DAMAGED = "Check it out again (actions/checkout with its path), or name it with --commits."

LARGEST_GITMODULES = 4 * 1024 * 1024
"""Bytes of a `.gitmodules` at most: tens of thousands of submodules."""

_REMOTE = re.compile(
    r"(?P<server>[a-z+]+://[^/]*/|[^/:]*:(?!//))(?P<path>.*)", re.DOTALL | re.IGNORECASE
)


@dataclass(frozen=True)
class Checkout:
    """A repository on the disk, and what errors call it."""

    workspace: Workspace
    folder: str
    where: str
    """Such as `--checkout "lib"`."""

    def git(self, *arguments: str) -> GitAnswer:
        """Run git here; raise MissingError if there is no git."""
        return self.workspace.git(self.folder, *arguments)

    def ask(self, *arguments: str) -> str | None:
        """Return what git prints, stripped; None if it fails or prints nothing."""
        return (self.git(*arguments).out or "").strip() or None

    def remote(self) -> str:
        """Return the URL of `origin` or of the only remote, login included; raise MissingError."""
        if url := remote.url(self.ask):
            return url
        several = len(remote.urls(self.ask)) > 1
        which = "has several remotes, and none is called origin" if several else "has no remote"
        raise MissingError(f"{self.where} {which}, so its URL is not known.", BY_HAND)


def open_checkout(folder: str, where: str, workspace: Workspace) -> Checkout:
    """Open the repository in a folder; raise MissingError if there is none.

    A folder inside a repository doesn't count: the repository's HEAD may say nothing of what is
    deployed from there.
    """
    answer = workspace.git(folder, "rev-parse", "--git-dir", "--is-inside-git-dir", "--show-prefix")
    if answer.out is None:
        raise MissingError(
            f"{where} is not a git repository, or is damaged ({answer.why}).",
            "Check it out first (actions/checkout with its path). " + BY_HAND,
        )
    git_dir, in_git_dir, prefix = [*answer.out.split("\n"), "", ""][:3]
    if prefix or (in_git_dir == "true" and git_dir != "."):
        raise MissingError(
            f"{where} is a folder inside a repository, not the repository itself.",
            "Use the path of the checkout's root. " + BY_HAND,
        )
    return Checkout(workspace, folder, where)


def commit(path: str, source: str, workspace: Workspace) -> Commit:
    """Return the commit that the checkout at `path` is at; raise BadUsageError, MissingError."""
    where = f"{source} {quoted(path)}"
    checkout = open_checkout(workspace.folder(path, source), where, workspace)
    sha, message = head(checkout)
    ref = _ref(checkout)
    text = readable(message).strip()
    return Commit(
        repo_url=repository(checkout.remote(), where),
        sha=sha,
        ref=limits.truncate(ref, limits.REF),
        message=limits.truncate(text, limits.MESSAGE),
    )


def head(checkout: Checkout) -> tuple[str, str]:
    """Return the SHA and the message of HEAD; raise MissingError if there is no commit."""
    answer = checkout.git("log", "-1", "--encoding=UTF-8", "--format=%H%n%B", "HEAD", "--")
    sha, _, message = (answer.out or "").partition("\n")
    if WHOLE.fullmatch(sha):
        return sha, message
    if re.fullmatch("[0-9a-f]{64}", sha):
        message = f"{checkout.where} uses SHA-256, which DevLake can't store."
        raise MissingError(message, "Leave it out.")
    raise MissingError(
        f"{checkout.where} has no commit at its HEAD, or is damaged ({answer.why}).", _DAMAGED
    )


def repository(url: str, where: str) -> str:
    """Return the canonical URL; raise MissingError, which does not show what it is about."""
    found = canonical(url)
    if found and len(found) <= limits.REPO_URL:
        return found
    raise MissingError(
        f"{where} has a URL that is not that of a repository on a server (it is not shown, because "
        "there may be a password in it).",
        BY_HAND,
    )


def _ref(checkout: Checkout) -> str | None:
    if branch := checkout.ask("symbolic-ref", "--quiet", "HEAD"):
        return readable(branch.removeprefix("refs/heads/"))
    tag = checkout.ask("describe", "--tags", "--exact-match", "HEAD")
    return readable(tag) if tag else None


@dataclass(frozen=True)
class _Submodule:
    path: str
    sha: str
    url: str
    """As git would fetch it: it may have credentials."""


def submodule_commits(
    path: str, source: str, workspace: Workspace, *, recursive: bool
) -> Iterator[Commit]:
    """Yield the commits of a checkout's submodules, and of theirs; raise as `commit` does."""
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
            base = base or remote.default_url(checkout.ask) or checkout.remote()
            url = resolve_relative(base, url)
            if url is None:
                message = f"{where} has a relative URL, which can't be resolved against the remote."
                raise MissingError(message, BY_HAND)
        yield _Submodule(path, recorded, remote.address(url, checkout.ask))


def _links(checkout: Checkout, sha: str) -> Iterator[tuple[str, str]]:
    """Yield path and commit of each submodule in a tree; `-d` leaves the files out."""
    answer = checkout.git("ls-tree", "-r", "-d", "-z", "--full-tree", sha)
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
    if int(size) > LARGEST_GITMODULES:
        raise MissingError(
            f"{checkout.where} has a .gitmodules that is too large ({size} bytes).", BY_HAND
        )
    answer = checkout.git("config", "--no-includes", "--blob", blob, "--list", "-z")
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


def resolve_relative(base: str, url: str) -> str | None:
    """Return a relative URL resolved against the superproject's; None if it leaves the server.

    https://git-scm.com/docs/git-submodule#Documentation/git-submodule.txt-add
    """
    found = _REMOTE.fullmatch(base.strip())
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
