"""Find what lies between two commits in the history of the checkout; fetch nothing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from devlake_ci.changes.commit_messages import pull_request_number, pull_request_title, subject
from devlake_ci.changes.model import (
    Change,
    Shipped,
    make_shipped,
    newest_note,
    nothing_shipped_note,
)
from devlake_ci.changes.paths import TOUCHING, is_limited
from devlake_ci.commits.remote import Git, is_checkout_of
from devlake_ci.commits.sha import WHOLE
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import MissingError
from devlake_ci.limits import HISTORY

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


def find_shipped(
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
        return Shipped(base, notes=(nothing_shipped_note(base, head),))
    _check_whole(git, history, base)
    touched = _commits_touching(git, base, head, paths) if is_limited(paths) else None
    if commits:
        found = [
            _commit(each)
            for each in history
            if len(each.parents) < 2 and (touched is None or each.sha in touched)
        ]
    else:
        found = list(_pull_requests(history, touched))
    what = "change is" if commits else "pull request is named"
    which = f"{'s' if len(history) > 1 else ''}{'' if touched is None else TOUCHING}"
    where = f"{len(history)} commit{which}"
    none = f"No {what} in {where}, so only the deployed commit is reported."
    return make_shipped(base, found, tuple(_notes(found, history, base, commits=commits)), none)


def _notes(
    changes: Sequence[Change], history: Sequence[LogCommit], base: str, *, commits: bool
) -> Iterator[str]:
    if len(history) == HISTORY:
        yield newest_note(HISTORY, base)
    squashed = {each.sha for each in history if len(each.parents) < 2}
    if not commits and any(each.merge_sha in squashed for each in changes):
        yield (
            "Squash commits don't say when their pull requests began, so their own dates are "
            "reported. --changes github asks GitHub."
        )


def _check(git: Git, repo_url: str, base: str, head: str) -> None:
    if not is_checkout_of(repo_url, git):
        raise MissingError(
            f"There is no checkout of {repo_url} here, so what was shipped is not known.",
            "Check it out first, or ask its host instead: --changes github or gitlab.",
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
        "log", "-z", "--topo-order", "--reverse", f"--max-count={HISTORY}",
        f"--format={_FIELDS}", "--end-of-options", f"{base}..{head}", "--",
    )  # fmt: skip
    # Behind is `head` if it is `base` or an ancestor of it; git's exit code alone would not do.
    if text is None and git("merge-base", base, head) != head:
        raise MissingError(
            f"git can't list what lies between {base[:12]} and {head[:12]}.",
            "Look at `git log` in this checkout, or ask its host instead: --changes github or "
            "gitlab.",
        )
    return [_parse(each) for each in (text or "").split("\0") if each.strip()]


def _parse(text: str) -> LogCommit:
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
    if git("rev-parse", "--is-shallow-repository") == "false":
        return
    of_base = (git("rev-list", "--parents", "--max-count=1", base) or "").split()
    if len(of_base) < 2 or not all(each.parents for each in history):
        raise MissingError(
            f"This is a shallow clone, cut before {base[:12]} (what was live before), so what was "
            "shipped is not known.",
            FETCH,
        )


def _commits_touching(git: Git, base: str, head: str, paths: Sequence[str]) -> set[str]:
    """List the commits between that touch one of the paths; raise MissingError without trees."""
    if not git("cat-file", "-t", f"{base}^{{tree}}"):
        raise MissingError(
            "This clone has no trees of older commits (filter tree:0), so which pull requests "
            "touch --changes-path is not known.",
            "Clone with the filter blob:none or with none, or ask its host instead: --changes "
            "github or gitlab.",
        )
    # Without merges: one differs from its branch by all that others did beside it.
    limits = ("--no-merges", "--full-history", "--end-of-options", f"{base}..{head}", "--", *paths)
    listed = git("rev-list", *limits)
    if listed is None and git("rev-list", "--count", *limits) != "0":
        raise MissingError(
            "git can't tell which commits touch --changes-path.",
            "Check how it is written: https://git-scm.com/docs/gitglossary (pathspec).",
        )
    return set(filter(WHOLE.fullmatch, (listed or "").split()))


def _pull_requests(history: Sequence[LogCommit], touched: set[str] | None) -> Iterator[Change]:
    reached = _reachable(history)
    for each in history:
        found = pull_request_number(each.message, len(each.parents))
        if found is None:
            continue
        own = list(_commits_of_merge(each, history, reached)) or [each]
        if touched is not None and touched.isdisjoint(one.sha for one in own):
            continue
        yield Change(
            number=found,
            title=pull_request_title(each.message, found),
            created_at=min(one.authored_at for one in own),
            merged_at=each.committed_at,
            merge_sha=each.sha,
            author=min(own, key=lambda one: one.authored_at).author,
        )


def _reachable(history: Sequence[LogCommit]) -> dict[str, int]:
    """Return what each commit reaches of the range, itself included, as one bit a commit.

    Walking back from each merge would take minutes for thousands of them.
    """
    reached: dict[str, int] = {}
    for place, each in enumerate(history):  # parents come first
        bits = 1 << place
        for parent in each.parents:
            bits |= reached.get(parent, 0)
        reached[each.sha] = bits
    return reached


def _commits_of_merge(
    merge: LogCommit, history: Sequence[LogCommit], reached: dict[str, int]
) -> Iterator[LogCommit]:
    """Yield what a merge brought to its first parent, as far as it is in the range."""
    before = reached.get(merge.parents[0], 0) if merge.parents else 0
    left = 0
    for parent in merge.parents[1:]:
        left |= reached.get(parent, 0) & ~before
    while left:
        lowest = left & -left
        yield history[lowest.bit_length() - 1]
        left ^= lowest


def _commit(commit: LogCommit) -> Change:
    return Change(
        number=None,
        title=subject(commit.message),
        created_at=commit.authored_at,
        merged_at=commit.committed_at,
        merge_sha=commit.sha,
        author=commit.author,
    )
