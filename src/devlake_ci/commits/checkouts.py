"""The commit that a checkout is at, whoever made it: shallow, detached, bare, or a worktree."""

import re
from dataclasses import dataclass

from devlake_ci import limits
from devlake_ci.commits import remote
from devlake_ci.commits.repo_url import canonical
from devlake_ci.commits.sha import WHOLE
from devlake_ci.commits.workspace import Workspace
from devlake_ci.errors import MissingError
from devlake_ci.model import Commit
from devlake_ci.text import quoted, readable

BY_HAND = "Name what was deployed of it with --commits (an entry with repo_url and sha)."
_DAMAGED = "Check it out again (actions/checkout with its path), or name it with --commits."


@dataclass(frozen=True)
class Checkout:
    """A repository on the disk, and what errors call it."""

    workspace: Workspace
    folder: str
    where: str
    """Such as `--checkout "lib"`."""

    def ask(self, *arguments: str) -> str | None:
        """Return what git prints, stripped; None if it fails or prints nothing."""
        answer = self.workspace.git(self.folder, *arguments)
        return (answer.out or "").strip() or None

    def remote(self) -> str:
        """Return the URL configured for `origin`, or for the only remote, login included.

        Raises MissingError if there is none, or several.
        """
        if url := remote.url(self.ask):
            return url
        several = len(remote.urls(self.ask)) > 1
        which = "has several remotes, and none is called origin" if several else "has no remote"
        raise MissingError(f"{self.where} {which}, so its URL is not known.", BY_HAND)


def open_checkout(folder: str, where: str, workspace: Workspace) -> Checkout:
    """Open the repository in a folder; raises MissingError if there is none.

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
            "Give the path of the checkout's root. " + BY_HAND,
        )
    return Checkout(workspace, folder, where)


def commit(path: str, source: str, workspace: Workspace) -> Commit:
    """Return the commit that the checkout at `path` is at.

    Raises BadUsageError for a path that can't be used, MissingError for what git doesn't know.
    """
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
    """Return the SHA and the message of HEAD; raises MissingError if there is no commit."""
    answer = checkout.workspace.git(
        checkout.folder, "log", "-1", "--encoding=UTF-8", "--format=%H%n%B", "HEAD", "--"
    )
    sha, _, message = (answer.out or "").partition("\n")
    if WHOLE.fullmatch(sha):
        return sha, message
    if re.fullmatch("[0-9a-f]{64}", sha):
        raise MissingError(
            f"{checkout.where} uses SHA-256, which DevLake can't store.",
            "Leave it out.",
        )
    raise MissingError(
        f"{checkout.where} has no commit at its HEAD, or is damaged ({answer.why}).", _DAMAGED
    )


def repository(url: str, where: str) -> str:
    """Return the canonical URL; raises MissingError, which does not show what it is about."""
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
