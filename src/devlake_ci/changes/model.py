"""The changes that a deployment shipped, and how DevLake hears of them.

As pull requests, whose keys are made here, and by the commits of the deployment that make it count
them.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from devlake_ci.dataclass import dataclass
from devlake_ci.limits import MOST_CHANGES, PULL_REQUEST_AUTHOR, PULL_REQUEST_URL, TITLE
from devlake_ci.model import Commit, Deployment, PullRequest
from devlake_ci.text import cut

NUMBERS = 10_000_000
"""Pull requests of one repository, at most: numbers from 1 to one less."""
REPOSITORIES = 899_999_999
_DIGITS = 13
"""Hex digits of a SHA that make a key: 52 bits."""

APART = timedelta(milliseconds=1)
"""What DevLake's database can tell apart."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A merged pull request, or a commit that is a change of its own. Times have a zone."""

    number: int | None
    """None for a commit."""
    title: str
    url: str | None = None
    created_at: datetime
    merged_at: datetime
    merge_sha: str
    author: str | None = None


@dataclass(frozen=True)
class Shipped:
    """What a deployment shipped of one repository."""

    base: str | None = None
    """The SHA of what was live before; None if nothing of it is known."""
    changes: tuple[Change, ...] = ()
    """In ancestry order, the oldest first."""
    notes: tuple[str, ...] = ()
    """What a person should know, one sentence each."""


def pull_request(repo_url: str, change: Change, *, authors: bool) -> PullRequest | None:
    """Return a change as DevLake should hear of it; None for a number or a time that none has."""
    number = change.number
    key = commit_key(change.merge_sha) if number is None else pull_request_key(repo_url, number)
    if key is None or not _is_plausible(change.merged_at):
        return None
    created = change.created_at if _is_plausible(change.created_at) else change.merged_at
    url = change.url if change.url and len(change.url) <= PULL_REQUEST_URL else None
    author = cut(change.author, PULL_REQUEST_AUTHOR) if authors and change.author else None
    return PullRequest(
        key=key,
        title=cut(change.title, TITLE) or "(no title)",
        url=url,
        created_at=min(created, change.merged_at),
        merged_at=change.merged_at,
        merge_sha=change.merge_sha,
        author=author,
    )


def _is_plausible(when: datetime) -> bool:
    """Return whether a time is of this century: a clock that was wrong may have made a commit."""
    return 2000 <= when.year < 2100


def nothing_shipped_note(base: str, head: str) -> str:
    """Return the note for a redeployment or a rollback."""
    if base == head:
        return f"Nothing was shipped: {head[:12]} was live before."
    return f"Nothing was shipped: {head[:12]} is older than {base[:12]}, which was live before."


def newest_note(count: int, base: str) -> str:
    """Return the note for a history of which only the newest commits are looked at."""
    return f"Only the newest {count} commits since {base[:12]} were looked at."


def make_shipped(base: str, found: Sequence[Change], notes: tuple[str, ...], none: str) -> Shipped:
    """Return what was found since `base`, bounded; `none` is the note if that is nothing."""
    changes, left_out = limit_changes(found)
    return Shipped(base, changes, (*notes, *left_out, *(() if changes else (none,))))


def limit_changes(changes: Sequence[Change]) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Return the newest MOST_CHANGES of the changes, in their order, and a note if some are left.

    Of a number that is named twice, as by a cherry-pick, the one that was merged first counts.
    """
    first: dict[int | str, Change] = {}
    for each in sorted(changes, key=lambda change: change.merged_at):
        first.setdefault(each.merge_sha if each.number is None else each.number, each)
    merges = {each.merge_sha for each in first.values()}
    found = tuple(each for each in changes if each.merge_sha in merges)
    if len(found) <= MOST_CHANGES:
        return found, ()
    note = f"Only the newest {MOST_CHANGES} of {len(found)} changes are reported."
    return found[-MOST_CHANGES:], (note,)


def pull_request_key(repo_url: str, number: int) -> int | None:
    """Return DevLake's `pullRequestKey` for a repository's pull request; None if it can't have one.

    DevLake names a pull request by this number alone, and two repositories in one connection would
    overwrite each other's (seen live, v1.0.3), so the repository is a part of it. It keeps keys
    exactly up to 2^53 - 1.
    """
    if not 0 < number < NUMBERS:
        return None
    digest = sha256(repo_url.lower().encode(errors="surrogatepass")).digest()
    return (int.from_bytes(digest[:8]) % REPOSITORIES + 1) * NUMBERS + number


def commit_key(sha: str) -> int:
    """Return the key of a commit that is a change of its own; no key is 0."""
    return int(sha[:_DIGITS], 16) or 1


def add_shipped(deployment: Deployment, shipped: Mapping[str, Shipped]) -> Deployment:
    """Return the deployment with what it shipped of each repository, by the repository's URL.

    A merged pull request counts when its merge commit is one of a deployment's commits that has a
    predecessor in the same repository and environment (docs/lead-time.md). What was shipped leads
    to the repository's first commit; any other of it is as it was.
    """
    commits: list[Commit] = []
    left = dict(shipped)
    for each in deployment.commits:
        found = left.pop(each.repo_url, None)
        listed = {one.sha for one in deployment.commits if one.repo_url == each.repo_url}
        if found and found.changes:
            commits += _before(each, found, listed, deployment.finished_at)
        commits.append(each)
    return replace(deployment, commits=tuple(commits))


def _before(
    own: Commit, shipped: Shipped, listed: Container[str], finished: datetime
) -> Iterator[Commit]:
    """Yield what goes before the deployed commit: often that is the last merge commit itself."""
    wanted = [shipped.base, *(each.merge_sha for each in shipped.changes)]
    shas = [sha for sha in dict.fromkeys(wanted) if sha and sha not in listed]
    for left, sha in zip(range(len(shas), 0, -1), shas, strict=True):
        yield replace(own, sha=sha, ref=None, message=None, finished_at=finished - APART * left)
