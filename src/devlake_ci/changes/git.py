"""What lies between two commits, from the history of the checkout alone. It fetches nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from devlake_ci.changes.messages import number, subject, title
from devlake_ci.changes.model import MOST_COMMITS, Change, Shipped, bounded, nothing
from devlake_ci.changes.paths import is_limited
from devlake_ci.commits.remote import is_checkout_of
from devlake_ci.commits.sha import WHOLE, Git
from devlake_ci.errors import MissingError

FETCH = (
    "Fetch the history first: fetch-depth: 0 for actions/checkout, GIT_DEPTH: 0 on GitLab, "
    "git fetch --unshallow elsewhere."
)
NEVER = datetime.fromtimestamp(0, UTC)
_FIELDS = "%H%n%P%n%aI%n%cI%n%an%n%B"


@dataclass(frozen=True)
class LogCommit:
    """A commit of the history."""

    sha: str
    parents: tuple[str, ...]
    authored_at: datetime
    committed_at: datetime
    author: str
    message: str


def shipped(
    git: Git,
    repo_url: str,
    base: str,
    head: str,
    *,
    paths: Sequence[str] = (),
    commits: bool = False,
) -> Shipped:
    """Return what lies between `base` and `head`, whole SHAs of a repository.

    `paths` are pathspecs, of which a change must touch one; with `commits` each commit is a change.
    Raise MissingError if the checkout doesn't have the history.
    """
    _check(git, repo_url, base, head)
    history = _log(git, base, head)
    if not history:
        return Shipped(base, notes=(nothing(base, head),))
    _check_whole(git, history, base)
    touched = _touched(git, base, head, paths) if is_limited(paths) else None
    if commits:
        found = [
            _commit(each)
            for each in history
            if len(each.parents) < 2 and (touched is None or each.sha in touched)
        ]
    else:
        found = list(_pull_requests(history, touched))
    changes, notes = bounded(found)
    if len(history) == MOST_COMMITS:
        notes += (f"Only the newest {MOST_COMMITS} commits since {base[:12]} were looked at.",)
    if not changes:
        notes += (_none(len(history), commits=commits, limited=touched is not None),)
    elif not commits and any(_is_squash(each, history) for each in changes):
        notes += (
            "Squash commits don't say when their pull requests began, so their own dates are "
            "reported. --changes github asks GitHub.",
        )
    return Shipped(base, changes, notes)


def _none(count: int, *, commits: bool, limited: bool) -> str:
    what = "change is" if commits else "pull request is named"
    where = f"{count} commit{'s' if count > 1 else ''}"
    touching = " that touches --changes-path" if limited else ""
    return f"No {what} in {where}{touching}, so only the deployed commit is reported."


def _check(git: Git, repo_url: str, base: str, head: str) -> None:
    if not is_checkout_of(repo_url, git):
        raise MissingError(
            f"There is no checkout of {repo_url} here, so what was shipped is not known.",
            "Check it out first, or let its host be asked: --changes github or gitlab.",
        )
    for sha in (base, head):
        if not git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{sha}^{{commit}}"):
            what = "what was live before" if sha == base else "what is deployed"
            raise MissingError(
                f"The checkout doesn't have {sha[:12]} ({what}), so what was shipped is not known.",
                FETCH,
            )


def _log(git: Git, base: str, head: str) -> list[LogCommit]:
    """List the commits that `head` has and `base` doesn't, parents first."""
    text = git(
        "log", "-z", "--topo-order", "--reverse", f"--max-count={MOST_COMMITS}",
        f"--format={_FIELDS}", "--end-of-options", f"{base}..{head}", "--",
    )  # fmt: skip
    if text is None and not _is_behind(git, base, head):
        raise MissingError(
            f"git can't list what lies between {base[:12]} and {head[:12]}.",
            "Look at `git log` in this checkout, or let its host be asked: --changes github or "
            "gitlab.",
        )
    return [_parsed(each) for each in (text or "").split("\0") if each.strip()]


def _is_behind(git: Git, base: str, head: str) -> bool:
    """Return whether `head` is `base` or an ancestor of it; git's exit code alone would not do."""
    return git("merge-base", base, head) == head


def _parsed(text: str) -> LogCommit:
    sha, parents, authored, committed, author, *message = text.lstrip("\n").split("\n")
    when = _time(committed) or NEVER
    authored_at = _time(authored) or when
    return LogCommit(sha, tuple(parents.split()), authored_at, when, author, "\n".join(message))


def _time(text: str) -> datetime | None:
    """Parse a commit's time; None for one that a broken program wrote into it."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _check_whole(git: Git, history: Sequence[LogCommit], base: str) -> None:
    """Raise MissingError if a shallow clone was cut within the range, or at its base.

    A commit whose parents were not fetched has none there, and what is behind it would be missing,
    or be taken for new.
    """
    if git("rev-parse", "--is-shallow-repository") != "true":
        return
    of_base = (git("rev-list", "--parents", "--max-count=1", base) or "").split()
    if len(of_base) < 2 or not all(each.parents for each in history):
        raise MissingError(
            f"This is a shallow clone, cut before {base[:12]} (what was live before), so what was "
            "shipped is not known.",
            FETCH,
        )


def _touched(git: Git, base: str, head: str, paths: Sequence[str]) -> set[str]:
    """List the commits between that touch one of the paths; raise MissingError without trees."""
    if not git("ls-tree", "--name-only", base):
        raise MissingError(
            "This clone has no trees of older commits (filter tree:0), so which pull requests "
            "touch --changes-path is not known.",
            "Clone with the filter blob:none or with none, or let its host be asked: --changes "
            "github or gitlab.",
        )
    listed = git(
        "log", "--format=%H", "--full-history", "--end-of-options", f"{base}..{head}", "--", *paths
    )  # fmt: skip
    if listed is None and git("rev-list", "--count", f"{base}..{head}", "--", *paths) is None:
        raise MissingError(
            "git can't tell which commits touch --changes-path.",
            "Check how it is written: https://git-scm.com/docs/gitglossary (pathspec).",
        )
    return set(filter(WHOLE.fullmatch, (listed or "").split()))


def _pull_requests(history: Sequence[LogCommit], touched: set[str] | None) -> Iterator[Change]:
    by_sha = {each.sha: each for each in history}
    for each in history:
        found = number(each.message, len(each.parents))
        if found is None:
            continue
        own = list(_own(each, by_sha)) or [each]
        if touched is not None and touched.isdisjoint({each.sha, *(one.sha for one in own)}):
            continue
        yield Change(
            number=found,
            title=title(each.message, found),
            created_at=min(one.authored_at for one in own),
            merged_at=each.committed_at,
            merge_sha=each.sha,
            author=min(own, key=lambda one: one.authored_at).author,
        )


def _own(merge: LogCommit, by_sha: Mapping[str, LogCommit]) -> Iterator[LogCommit]:
    """Yield what a merge brought to its first parent, as far as it is in the range."""
    if len(merge.parents) < 2:
        return
    before = set(_reachable(merge.parents[:1], by_sha, set()))
    for sha in _reachable(merge.parents[1:], by_sha, before):
        yield by_sha[sha]


def _reachable(
    starts: Sequence[str], by_sha: Mapping[str, LogCommit], but: set[str]
) -> Iterator[str]:
    seen, todo = set(but), list(starts)
    while todo:
        sha = todo.pop()
        if sha not in seen and sha in by_sha:
            seen.add(sha)
            todo += by_sha[sha].parents
            yield sha


def _is_squash(change: Change, history: Sequence[LogCommit]) -> bool:
    return any(each.sha == change.merge_sha and len(each.parents) < 2 for each in history)


def _commit(commit: LogCommit) -> Change:
    return Change(
        number=None,
        title=subject(commit.message),
        created_at=commit.authored_at,
        merged_at=commit.committed_at,
        merge_sha=commit.sha,
        author=commit.author,
    )
