"""The commits of a deployment that make DevLake count what it shipped.

A merged pull request counts when its merge commit is one of a deployment's commits that has a
predecessor in the same repository and environment (docs/lead-time.md).
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from devlake_ci.changes.model import Shipped
from devlake_ci.model import Commit, Deployment

APART = timedelta(milliseconds=1)
"""What DevLake's database can tell apart."""


def add_shipped(deployment: Deployment, shipped: dict[str, Shipped]) -> Deployment:
    """Return the deployment with what it shipped of each repository, by the repository's URL.

    It leads to the repository's first commit; any other of it is as it was.
    """
    commits: list[Commit] = []
    left = dict(shipped)
    for each in deployment.commits:
        found = left.pop(each.repo_url, None)
        listed = {one.sha for one in deployment.commits if one.repo_url == each.repo_url}
        shas = _before(listed, found) if found and found.changes else []
        commits += [*_entries(each, shas, deployment.finished_at), each]
    return replace(deployment, commits=tuple(commits))


def _before(listed: Container[str], shipped: Shipped) -> list[str]:
    """List what goes before the deployed commit: often that is the last merge commit itself."""
    wanted = [shipped.base, *(each.merge_sha for each in shipped.changes)]
    return [sha for sha in dict.fromkeys(wanted) if sha and sha not in listed]


def _entries(own: Commit, shas: Iterable[str], finished: datetime) -> Iterator[Commit]:
    before = list(shas)
    for count, sha in enumerate(before):
        when = finished - APART * (len(before) - count)
        yield replace(own, sha=sha, ref=None, message=None, finished_at=when)
