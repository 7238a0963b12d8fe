"""A made-up history for the demo: three pull requests, each merged as GitHub merges."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from devlake_ci.ci.provider import Replace
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import MissingError
from devlake_ci.runtime import Runtime

WHO = "Ada <ada@example.com>"


@dataclass(frozen=True)
class Merged:
    """A pull request of one commit; the times are hours since the story began."""

    number: int
    title: str
    created: float
    merged: float


PULL_REQUESTS = (
    Merged(41, "Sell apples", -5, -1),
    Merged(42, "Sell baskets", 5, 23),
    Merged(43, "Sell cherries", 40, 47),
)


def history(runtime: Runtime, folder: str, repository: str, begin: datetime) -> list[str]:
    """Make it in an empty folder, without a working tree; return what main was after each merge.

    The first SHA is what it was before all of them. Raise MissingError without git.
    """
    made = _Repository(runtime, folder, begin)
    made.git("init", "--quiet", "--bare")
    made.git("config", "remote.origin.url", repository)
    main = [made.commit("Open the shop", -100, ())]
    for each in PULL_REQUESTS:
        work = made.commit(each.title, each.created, main[-1:])
        title = f"Merge pull request #{each.number} from acme/topic\n\n{each.title}"
        main.append(made.commit(title, each.merged, (main[-1], work)))
    return main


@dataclass(frozen=True)
class _Repository:
    runtime: Runtime
    folder: str
    begin: datetime

    def git(self, *arguments: str) -> str:
        """Run git in it; return what it prints."""
        return self.runtime.git("--git-dir", self.folder, *arguments) or ""

    def commit(self, message: str, hours: float, parents: Sequence[str]) -> str:
        """Write a commit without files; return its SHA."""
        at = f"{int((self.begin + timedelta(hours=hours)).timestamp())} +0000"
        head = [f"tree {self.git('mktree')}", *(f"parent {each}" for each in parents)]
        lines = [*head, f"author {WHO} {at}", f"committer {WHO} {at}", "", message, ""]
        path = f"{self.folder}/commit"
        self.runtime.write(Replace(path, "\n".join(lines)))
        if sha := self.git("hash-object", "-t", "commit", "-w", path):
            return sha
        raise MissingError("git can't be run, or made no commit.", "Install git.")
