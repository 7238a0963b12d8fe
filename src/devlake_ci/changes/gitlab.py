"""What lies between two commits on GitLab, and what GitLab says was live before.

- https://docs.gitlab.com/api/repositories/#compare-branches-tags-or-commits and
  https://docs.gitlab.com/api/merge_requests/ take a token with `read_api`
- https://docs.gitlab.com/api/deployments/ and a deployment's merge requests: a job's own token may
  read them since GitLab 16.2. GitLab links no fast-forward merges there (`merge_commit_sha` only).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from pydantic import AwareDatetime, Field

from devlake_ci.changes.model import (
    Change,
    Shipped,
    make_shipped,
    newest_note,
    nothing_shipped_note,
)
from devlake_ci.changes.paths import TOUCHING, Matcher
from devlake_ci.ci import gitlab
from devlake_ci.ci.answers import ApiModel, Sha, validate_reply, within
from devlake_ci.ci.facts import value
from devlake_ci.ci.provider import PAGE, Ask, Env, paginate
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import MissingError
from devlake_ci.limits import HISTORY
from devlake_ci.model import Context
from devlake_ci.timestamps import rfc3339

HOST = "GitLab"
READ_API = (
    "Set a masked variable DEVLAKE_GITLAB_TOKEN: a project access token with read_api. A job's own "
    "token may not compare commits."
)
MOST_PAGES = 20
"""Pages of merge requests, and of a deployment's, at most."""
SKEW = timedelta(days=1)
"""How much later a commit may be dated than the merge request that it is the merge of."""
T = TypeVar("T")
ShaOrNone = Annotated[str, Field(pattern="^([0-9a-f]{40})?$")]


class _Commit(ApiModel):
    id: Sha
    committed_date: AwareDatetime


class _Comparison(ApiModel):
    commits: list[_Commit]


class MergeRequest(ApiModel):
    """A merge request that was merged."""

    iid: int
    title: str
    web_url: str | None = None
    created_at: AwareDatetime
    merged_at: AwareDatetime | None = None
    author: str | None = within("author", "name")
    sha: ShaOrNone | None = None
    merge_commit_sha: ShaOrNone | None = None
    squash_commit_sha: ShaOrNone | None = None


class _Diff(ApiModel):
    old_path: str
    new_path: str


class _Job(ApiModel):
    id: int
    finished_at: AwareDatetime | None = None
    pipeline: int | None = within("pipeline", "id")


class _Deployment(ApiModel):
    id: int
    sha: Sha
    deployable: _Job | None = None
    updated_at: AwareDatetime | None = None

    @property
    def finished_at(self) -> datetime | None:
        """When its job ended; one that was made through the API has none."""
        return self.deployable.finished_at if self.deployable else self.updated_at


@dataclass(frozen=True)
class Api:
    """The ways to ask GitLab about one project."""

    env: Env
    ask: Ask

    def get(self, kind: type[T], path: str) -> T:
        """Ask for something; raise MissingError."""
        return validate_reply(kind, gitlab.get(self.env, self.ask, path), HOST, READ_API)

    def pages(self, kind: type[T], path: str, **query: str) -> Iterator[list[T]]:
        """Ask for page after page, at most MOST_PAGES."""

        def page(number: int) -> list[T]:
            return self.get(list[kind], gitlab.page_path(path, number, **query))  # type: ignore[valid-type]

        return paginate(page, MOST_PAGES)

    def deployments(self, environment: str) -> list[_Deployment]:
        """List the last successful deployments to an environment, the latest first."""
        query = {"environment": environment, "status": "success", "order_by": "finished_at"}
        path = f"deployments?{urlencode(query)}&sort=desc&per_page=30"
        return self.get(list[_Deployment], path)


def last_deployed(api: Api, context: Context, environment: str, began: datetime) -> str | None:
    """Return what another pipeline deployed last before `began`, if any did; raise MissingError."""
    for each in api.deployments(environment):
        is_own = each.deployable and str(each.deployable.pipeline) == context.run_id
        if not is_own and each.finished_at and each.finished_at < began:
            return each.sha
    return None


def find_shipped(
    api: Api,
    base: str,
    head: str,
    is_included: Matcher | None = None,
    own: tuple[str, str | None] | None = None,
) -> Shipped:
    """Return what lies between `base` and `head`, as far as included.

    `own` is the environment and the id of the job that deployed, where GitLab itself says that
    `base` was live before: with them the job's own token is enough. Raise MissingError if GitLab
    doesn't say.
    """
    if base == head:
        return Shipped(base, notes=(nothing_shipped_note(base, head),))
    if value(api.env, "DEVLAKE_GITLAB_TOKEN"):  # a job's own token may not compare commits
        shas, dated, cut = _commits_between(api, base, head)
        if not dated:
            return Shipped(base, notes=(nothing_shipped_note(base, head),))
        found, notes = _merge_requests(api, shas, dated)
        notes, count = (*cut, *notes), f"{len(shas)} commits"
    else:
        found, notes, count = _linked_merge_requests(api, own), (), "this deployment"
    if is_included:
        found = [each for each in found if is_included(_files(api, each))]
    none = f"GitLab knows no merged merge request in {count}{TOUCHING if is_included else ''}."
    return make_shipped(base, found, notes, none)


def _commits_between(
    api: Api, base: str, head: str
) -> tuple[dict[str, int], datetime | None, tuple[str, ...]]:
    """List the commits that `head` has and `base` doesn't, each with its place in ancestry order.

    The other results are the oldest of their dates, None if there are none, and a note if these
    are not all commits.
    """
    commits = api.get(_Comparison, f"repository/compare?from={base}&to={head}").commits
    if commits and commits[0].id == head:
        commits.reverse()
    newest = commits[-HISTORY:]
    places = {each.id: place for place, each in enumerate(newest)}
    dated = min((each.committed_date for each in newest), default=None)
    notes = (newest_note(len(newest), base),) if len(newest) < len(commits) else ()
    return places, dated, notes


def _merge_requests(
    api: Api, shas: dict[str, int], since: datetime
) -> tuple[list[Change], tuple[str, ...]]:
    """List the merge requests that became one of the commits, in their order.

    That one is the merge commit, else the squash commit, else the head of a fast-forward, which is
    on no branch if GitLab rebased it at the end.
    """
    found, last = [], 0
    pages = api.pages(
        MergeRequest, "merge_requests", state="merged", scope="all", order_by="updated_at",
        updated_after=rfc3339(since - SKEW),
    )  # fmt: skip
    for number, page in enumerate(pages, 1):
        for each in page:
            merge = each.merge_commit_sha or each.squash_commit_sha or each.sha
            if merge in shas and each.merged_at:
                found.append(_change(each, merge))
        last = number if len(page) == PAGE else 0
    found.sort(key=lambda change: shas[change.merge_sha])
    if last == MOST_PAGES:
        asked = MOST_PAGES * PAGE
        return found, (f"Only the {asked} merge requests changed last were looked at.",)
    return found, ()


def _linked_merge_requests(api: Api, own: tuple[str, str | None] | None) -> list[Change]:
    """List the merge requests that GitLab itself links to the deployment of a job."""
    environment, job = own or ("", None)
    for each in api.deployments(environment) if own else []:
        if each.deployable and str(each.deployable.id) == job:
            path = f"deployments/{each.id}/merge_requests"
            return [
                _change(one, merge)
                for page in api.pages(MergeRequest, path, order_by="created_at", sort="asc")
                for one in page
                if (merge := one.merge_commit_sha or one.squash_commit_sha) and one.merged_at
            ]
    raise MissingError("GitLab can't be asked what lies between two commits.", READ_API)


def _change(asked: MergeRequest, merge: str) -> Change:
    return Change(
        number=asked.iid,
        title=asked.title,
        url=asked.web_url,
        created_at=asked.created_at,
        merged_at=asked.merged_at or asked.created_at,
        merge_sha=merge,
        author=asked.author,
    )


def _files(api: Api, change: Change) -> Iterator[str]:
    """Yield the files of a merge request: https://docs.gitlab.com/api/merge_requests/."""
    for page in api.pages(_Diff, f"merge_requests/{change.number}/diffs"):
        for each in page:
            yield from (each.old_path, each.new_path)
