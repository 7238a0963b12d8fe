"""Complete what a CI doesn't say of the commit with git, from the checkout that we run in.

What the checkout says counts only as far as it is one of the repository that the CI names.
"""

from dataclasses import replace
from typing import Any

from devlake_ci.ci.facts import whole_sha
from devlake_ci.commits import remote
from devlake_ci.commits.remote import Git
from devlake_ci.commits.repo_url import canonical
from devlake_ci.model import Context
from devlake_ci.text import quoted


def complete(context: Context, git: Git, *, from_any_checkout: bool = False) -> Context:
    """Return `context` with `sha`, `repo_url`, `ref` and `message` where they were missing.

    `from_any_checkout` tells that its commit and repository may be those of another checkout of
    the job than the one we run in; where the two contradict each other, neither counts.
    """
    if from_any_checkout and (doubt := _contradiction(context, git)):
        unknown = {**context.unknown, "sha": doubt, "repo_url": doubt}
        contradicted = ("sha", "repo_url", "message")
        sources = {name: each for name, each in context.sources.items() if name not in contradicted}
        return replace(
            context, sha=None, repo_url=None, message=None, unknown=unknown, sources=sources
        )
    if context.sha is None and "sha" not in context.unknown:
        context = _with_head(context, git)
    if context.repo_url is None:
        context = _with_remote(context, git)
    if context.ref is None:
        context = _with_ref(context, git)
    if context.message is None and _is_whole(context.sha):
        message = git("show", "--no-patch", "--format=%B", context.sha)
        context = _with(context, "message", message, "git show --no-patch --format=%B")
    return context


def _contradiction(context: Context, git: Git) -> str | None:
    if not context.repo_url or _has(context.sha, git):
        return None
    remotes = _remotes(git)
    if not remotes or context.repo_url in remotes:
        return None
    where = context.sources.get("repo_url", "the CI")
    return (
        f"Which of two repositories is deployed is not known: {where} says "
        f"{quoted(context.repo_url)}, and the working directory is a checkout of "
        f"{quoted(remotes[0])}. Set both --repo-url and --sha."
    )


def _with_head(context: Context, git: Git) -> Context:
    if context.pull_request and _is_merge(git):
        return context
    remotes = _remotes(git) if context.repo_url else []
    if context.repo_url and context.repo_url not in remotes:
        if not remotes:
            return context
        doubt = (
            f"The deployed commit is not known: {context.provider} doesn't say it, and the working "
            f"directory is a checkout of {quoted(remotes[0])}, not of {quoted(context.repo_url)}."
        )
        return replace(context, unknown={**context.unknown, "sha": doubt})
    return _with(context, "sha", git("rev-parse", "HEAD"), remote.HEAD)


def _with_remote(context: Context, git: Git) -> Context:
    # A checkout that doesn't have the CI's commit is one of another repository.
    is_head = context.sources.get("sha") == remote.HEAD
    if "repo_url" in context.unknown or not (is_head or not context.sha or _has(context.sha, git)):
        return context
    source = "git config remote.origin.url"
    return _with(context, "repo_url", remote.repository(git), source)


def _with_ref(context: Context, git: Git) -> Context:
    # The branch or tag that is checked out says nothing of another commit.
    if not _is_whole(context.sha) or git("rev-parse", "HEAD") != context.sha:
        return context
    branch = git("symbolic-ref", "--short", "HEAD")
    if branch:
        return _with(context, "ref", branch, "git symbolic-ref --short HEAD")
    tag = git("describe", "--tags", "--exact-match", "HEAD")
    return _with(context, "ref", tag, "git describe --tags --exact-match HEAD")


def _with(context: Context, name: str, value: str | None, source: str) -> Context:
    if not value:
        return context
    changes: dict[str, Any] = {name: value, "sources": {**context.sources, name: source}}
    return replace(context, **changes)


def _remotes(git: Git) -> list[str]:
    """List the repositories that the checkout has as remotes."""
    addresses = (remote.address(url, git) for url in remote.urls(git).values())
    return list(filter(None, map(canonical, addresses)))


def _has(sha: str | None, git: Git) -> bool:
    """Return whether the checkout has a commit."""
    return _is_whole(sha) and bool(git("rev-parse", "--verify", "--quiet", f"{sha}^{{commit}}"))


def _is_merge(git: Git) -> bool:
    # Of a pull request it may be one that the CI made. A shallow clone's commit has its parents.
    head = (git("cat-file", "commit", "HEAD") or "").partition("\n\n")[0]
    return head.count("\nparent ") > 1


def _is_whole(sha: str | None) -> bool:
    # Also keeps an odd value from being read as an option of git.
    return whole_sha(sha or "") is not None
