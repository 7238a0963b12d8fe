"""What lies between two commits on GitHub: a list of commits, and the pull requests of each.

- https://docs.github.com/rest/commits/commits#compare-two-commits (`contents: read`)
- https://docs.github.com/graphql/reference/objects#commit, `associatedPullRequests`
  (`pull-requests: read`); without the permission it is null, and says why in `errors`
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from pydantic import AliasPath, AwareDatetime, Field

from devlake_ci.changes.model import Change, Shipped, make_shipped, nothing_shipped_note
from devlake_ci.changes.paths import TOUCHING, Matcher
from devlake_ci.ci import github
from devlake_ci.ci.answers import ApiModel, Sha, validate, validate_reply, within
from devlake_ci.ci.facts import value
from devlake_ci.ci.provider import PAGE, Ask, Env, Query
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import MissingError
from devlake_ci.limits import HISTORY
from devlake_ci.text import cut, line, quoted

T = TypeVar("T")

HOST = "GitHub"
PERMISSIONS = (
    "Set `permissions: contents: read` and `pull-requests: read` in the job, or your own token as "
    "--github-token."
)
_RATE = "A repository has 1,000 requests an hour: its next deployment may ask again."
MOST_FILES = 3000
"""Files of a pull request that GitHub lists at most."""
_FIELDS = (
    "number title url createdAt mergedAt mergeCommit{oid} author{login} "
    "baseRepository{nameWithOwner}"
)


class _Commit(ApiModel):
    sha: Sha


class _Comparison(ApiModel):
    status: str
    total_commits: int
    commits: list[_Commit]


class PullRequest(ApiModel):
    """A pull request that a commit belongs to."""

    number: int
    title: str
    url: str | None = None
    created_at: AwareDatetime = Field(alias="createdAt")
    merged_at: AwareDatetime | None = Field(None, alias="mergedAt")
    merge_commit: str | None = within("mergeCommit", "oid")
    author: str | None = within("author", "login")
    base_repository: str | None = within("baseRepository", "nameWithOwner")


class _PullRequests(ApiModel):
    nodes: list[PullRequest | None]


class _Associated(ApiModel):
    pull_requests: _PullRequests | None = Field(None, alias="associatedPullRequests")


class _File(ApiModel):
    path: str


class _Files(ApiModel):
    nodes: list[_File]
    has_next: bool = Field(validation_alias=AliasPath("pageInfo", "hasNextPage"))
    end: str | None = within("pageInfo", "endCursor")


class _WithFiles(ApiModel):
    files: _Files | None = None


class _Error(ApiModel):
    message: str = ""
    type: str | None = None


class _Response(ApiModel):
    errors: list[_Error] | None = None
    repository: dict[str, Any] | None = within("data", "repository")


@dataclass(frozen=True)
class Api:
    """The ways to ask GitHub about one repository."""

    env: Env
    ask: Ask
    query: Query

    @property
    def repository(self) -> str:
        """Return `owner/name`."""
        return value(self.env, "GITHUB_REPOSITORY") or ""

    def graphql(self, fields: str, arguments: str = "", **variables: object) -> dict[str, Any]:
        """Ask for fields of the repository; raise MissingError."""
        owner, _, name = self.repository.partition("/")
        text = (
            f"query($o:String!,$n:String!{arguments}){{repository(owner:$o,name:$n){{{fields}}}}}"
        )
        reply = github.graphql(self.env, self.query, text, o=owner, n=name, **variables)
        response = validate_reply(_Response, reply, HOST, hint(reply.message))
        if response.errors:
            raise _graphql_error(response.errors[0])
        return validate(dict[str, Any], response.repository, HOST)


def hint(message: str) -> str:
    """Return what to do about a refusal with these words."""
    return _RATE if re.search("rate limit", message, re.IGNORECASE) else PERMISSIONS


def _graphql_error(error: _Error) -> MissingError:
    """Make the error for an answer that says 200 and is none: https://docs.github.com/graphql."""
    words = cut(line(error.message), 200)
    is_rate = error.type in ("RATE_LIMIT", "RATE_LIMITED")
    return MissingError(f"GitHub refused: {quoted(words)}.", _RATE if is_rate else hint(words))


def find_shipped(api: Api, base: str, head: str, is_included: Matcher | None = None) -> Shipped:
    """Return what lies between `base` and `head`, as far as included; raise MissingError."""
    shas, notes = _commits_between(api, base, head)
    if not shas:
        return Shipped(base, notes=(nothing_shipped_note(base, head),))
    found = _pull_requests(api, shas)
    if is_included:
        found = list(_filter_by_files(api, found, is_included))
    which = f"{len(shas)} commits{TOUCHING if is_included else ''}"
    none = f"GitHub knows no merged pull request in {which}."
    return make_shipped(base, found, notes, none)


def _commits_between(api: Api, base: str, head: str) -> tuple[list[str], tuple[str, ...]]:
    """List the commits that `head` has and `base` doesn't, oldest first; a note if not all."""
    shas: list[str] = []
    while True:
        number = str(len(shas) // PAGE + 1)
        reply = github.get(
            api.env, api.ask, "compare", f"{base}...{head}", per_page=str(PAGE), page=number
        )
        if reply.status in (404, 422):
            raise MissingError(
                f"GitHub can't compare {base[:12]} (what was live before) with {head[:12]}: "
                f"{quoted(reply.message)}.",
                "Check that both are in this repository.",
            )
        page = validate_reply(_Comparison, reply, HOST, hint(reply.message))
        shas += [each.sha for each in page.commits]
        if len(page.commits) < PAGE or len(shas) >= page.total_commits:
            return shas, ()
        if len(shas) >= HISTORY:
            left = page.total_commits - len(shas)
            return shas, (f"The newest {left} of {page.total_commits} commits were not looked at.",)


def _pull_requests(api: Api, shas: Sequence[str]) -> list[Change]:
    """List the merged pull requests whose merge commit is among the commits, in their order."""
    place = {sha: index for index, sha in enumerate(shas)}
    found: dict[int, Change] = {}
    for several in batches(shas, PAGE):
        fields = " ".join(
            f'c{index}:object(oid:"{sha}"){{...on Commit{{associatedPullRequests(first:10)'
            f"{{nodes{{{_FIELDS}}}}}}}}}"
            for index, sha in enumerate(several)
        )
        answer = api.graphql(fields)
        for index, sha in enumerate(several):
            for each in _parse_associated(answer.get(f"c{index}"), sha):
                if change := _change(api, each, sha, place):
                    kept = found.get(change.number or 0)
                    if not kept or place[kept.merge_sha] < place[change.merge_sha]:
                        found[each.number] = change
    return sorted(found.values(), key=lambda change: place[change.merge_sha])


def _parse_associated(body: object, sha: str) -> Iterator[PullRequest]:
    commit = validate(_Associated, body, HOST)
    if commit.pull_requests is None:
        raise MissingError(f"GitHub doesn't tell the pull requests of {sha[:12]}.", PERMISSIONS)
    yield from filter(None, commit.pull_requests.nodes)


def _change(api: Api, asked: PullRequest, sha: str, place: dict[str, int]) -> Change | None:
    """Return a merged pull request of this repository whose merge commit lies between.

    A merge that GitHub names no commit of is the last of its commits that lie between.
    """
    merge, into = asked.merge_commit or sha, asked.base_repository
    is_ours = not into or into.lower() == api.repository.lower()
    if not asked.merged_at or merge not in place or not is_ours:
        return None
    return Change(
        number=asked.number,
        title=asked.title,
        url=asked.url,
        created_at=asked.created_at,
        merged_at=asked.merged_at,
        merge_sha=merge,
        author=asked.author,
    )


def _filter_by_files(api: Api, changes: Sequence[Change], is_included: Matcher) -> Iterator[Change]:
    """Yield the changes of which a file is included."""
    for several in batches(changes, PAGE // 2):
        answer = api.graphql(" ".join(_files(each.number) for each in several))
        for each in several:
            if is_included(_paths(api, each, answer)):
                yield each


def _files(number: int | None, after: str = "") -> str:
    return (
        f"p{number}:pullRequest(number:{number}){{files(first:100{after})"
        "{nodes{path} pageInfo{hasNextPage endCursor}}}"
    )


def _paths(api: Api, change: Change, answer: dict[str, Any]) -> Iterator[str]:
    """Yield the files of a pull request; `answer` has the first of them."""
    for _ in range(MOST_FILES // PAGE):
        files = validate(_WithFiles, answer.get(f"p{change.number}"), HOST).files
        if files:
            yield from (each.path for each in files.nodes)
        if not files or not files.has_next:
            return
        answer = api.graphql(_files(change.number, ",after:$c"), ",$c:String", c=files.end)


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the items, so many at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
