"""Completes with Git what a CI doesn't say of the commit, from the checkout that we run in."""

from dataclasses import replace
from typing import Any

from devlake_ci.ci.provider import Git
from devlake_ci.ci.values import whole_sha
from devlake_ci.commits import remote
from devlake_ci.model import Context


def completed(context: Context, git: Git) -> Context:
    """Return `context` with `sha`, `repo_url`, `ref` and `message` where they were missing.

    HEAD of another repository's checkout than the one that the CI names never counts.
    """
    if context.sha is None and _deploys_head(context, git):
        context = _with(context, "sha", git("rev-parse", "HEAD"), remote.HEAD)
    if context.repo_url is None:
        source = "git config remote.origin.url"
        context = _with(context, "repo_url", remote.repository(git), source)
    if context.ref is None:
        context = _with_ref(context, git)
    if context.message is None and _is_whole(context.sha):
        message = git("show", "--no-patch", "--format=%B", context.sha)
        context = _with(context, "message", message, "git show --no-patch --format=%B")
    return context


def _deploys_head(context: Context, git: Git) -> bool:
    if context.repo_url and not remote.is_checkout_of(context.repo_url, git):
        return False
    return not (context.pull_request and _is_merge(git))


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


def _is_merge(git: Git) -> bool:
    # Of a pull request it may be one that the CI made. A shallow clone's commit has its parents.
    head = (git("cat-file", "commit", "HEAD") or "").partition("\n\n")[0]
    return head.count("\nparent ") > 1


def _is_whole(sha: str | None) -> bool:
    # Also keeps an odd value from being read as an option of Git.
    return whole_sha(sha or "") is not None
