"""Find in the runs of a workflow on GitHub how this job ended before, so no state is kept.

https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow and
https://docs.github.com/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run need the permission
`actions: read`, https://docs.github.com/rest/git/refs#list-matching-references needs
`contents: read`; public repositories answer without a token.
"""

import re
from collections.abc import Iterator
from dataclasses import field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Generic, TypeVar

from pydantic import AwareDatetime, Field

from devlake_ci.ci import github as provider
from devlake_ci.ci.answers import ApiModel, validate_reply, within
from devlake_ci.ci.facts import value
from devlake_ci.ci.github import get
from devlake_ci.ci.provider import PAGE, Ask, Env, ReadFile, Reply, paginate
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import MissingError
from devlake_ci.incidents import github_guard as guard
from devlake_ci.incidents.branches import is_counted, listings, matching, patterns
from devlake_ci.incidents.streak import (
    UNKNOWN,
    History,
    PastRun,
    clear_result,
    is_decided_before,
    read_backwards,
)
from devlake_ci.model import Context, Result
from devlake_ci.options import Options
from devlake_ci.text import quoted

MOST_RUNS = 100
"""Runs whose jobs are listed at most: each is a request of the 1,000 an hour that a repository has
(https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""
MOST_PAGES = 10
"""Pages of a branch's runs: GitHub filters no more than 1,000 of them."""
SCANNED_PAGES = 6
"""Pages of all runs, where tags or branches are too many to be asked for by name."""

RE_RUN = timedelta(days=31)
"""How long after it was created a run can be started again, and be news: GitHub says 30 days
(https://docs.github.com/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs)."""

NEVER = datetime.max.replace(tzinfo=UTC)
T = TypeVar("T")


class Repository(ApiModel):
    """The repository of a run, or of its commit."""

    id: int


class WorkflowRun(ApiModel):
    """One run of a workflow."""

    id: int
    event: str
    status: str | None = None
    head_branch: str | None = None
    head_sha: str | None = None
    html_url: str | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime | None = None
    first_actor: str | None = within("actor", "login")
    actor: str | None = within("triggering_actor", "login")
    repository: Repository | None = None
    head_repository: Repository | None = None

    @property
    def ended_at(self) -> datetime:
        """When its last job ended. A run in progress may have newer jobs than its `updated_at`.

        One that waits for an approval, perhaps for weeks, has no job that runs.
        """
        return self.updated_at if self.updated_at and self.status != "in_progress" else NEVER

    @property
    def is_own(self) -> bool:
        """Whether it is for a branch or tag of the repository itself, and no pull request."""
        own, head = self.repository, self.head_repository
        return not self.event.startswith("pull_request") and bool(own) and own == head


class Job(ApiModel):
    """One job of one attempt of a run."""

    name: str
    status: str | None = None
    conclusion: str | None = None
    run_attempt: int = 1
    started_at: AwareDatetime | None = None
    completed_at: AwareDatetime | None = None
    runner_name: str | None = None


class _Page(ApiModel, Generic[T]):
    items: list[T]


class _Runs(_Page[WorkflowRun]):
    items: list[WorkflowRun] = Field(alias="workflow_runs")


class _Jobs(_Page[Job]):
    items: list[Job] = Field(alias="jobs")


class _Ref(ApiModel):
    ref: str


def history(options: Options, context: Context, env: Env, ask: Ask, read_file: ReadFile) -> History:
    """Find how this job ended before, back to a success that decides; raise MissingError."""
    file = workflow_file(env)
    if not file:
        raise MissingError(
            f"{UNKNOWN}: GITHUB_WORKFLOW_REF, which names the workflow, is not set.",
            "Set --incident-state file:PATH.",
        )
    guard.check_event(options, value(env, "GITHUB_EVENT_NAME"))
    api = _Api(env, ask)
    own = api.own_job()
    search = _Search(options, context, api, own.name)
    search.read(file)
    guard.check_refs(options, context, search.found)
    event = provider.event(provider.with_event(env, read_file))
    guard.check_inputs(options, context, event, own.name)
    return History(search.found, own.started_at, own.name)


def workflow(context: Context, env: Env) -> str | None:
    """Return what identifies the workflow: its file's name, for its own name may change."""
    return workflow_file(env) or context.workflow


def workflow_file(env: Env) -> str | None:
    """Return the workflow's file name: `owner/repo/.github/workflows/x.yml@refs/…` is `x.yml`.

    In a reusable workflow it is the caller's, whose runs these are.
    """
    path, _, _ = (value(env, "GITHUB_WORKFLOW_REF") or "").partition("@")
    return path.rpartition("/")[2] or None


@dataclass(frozen=True)
class _Api:
    """The parts of GitHub's API that say how jobs ended; each question may raise MissingError."""

    env: Env
    ask: Ask

    def runs(self, file: str, branch: str | None = None) -> Iterator[list[WorkflowRun]]:
        """List the runs of a workflow, for a branch or tag or for all, the last created first."""
        query = {"branch": branch} if branch else {}
        most = MOST_PAGES if branch else SCANNED_PAGES
        return self._pages(_Runs, most, "workflows", file, "runs", **query)

    def jobs(self, run: int) -> list[Job]:
        """List the jobs of all attempts of a run."""
        return self._jobs("runs", str(run), "jobs", filter="all")

    def own_job(self) -> Job:
        """Find this job: its name, such as `deploy (eu)`, finds the earlier ones.

        Its id identifies it; where there is none (GitHub Enterprise Server) it is the only job of
        this run in progress on this runner, or the only one with its key as its name.
        """
        if job := value(self.env, "DEVLAKE_CHECK_RUN_ID"):
            return self._get(Job, "actions", "jobs", job)
        run, attempt = value(self.env, "GITHUB_RUN_ID"), value(self.env, "GITHUB_RUN_ATTEMPT")
        found = self._jobs("runs", run or "", "attempts", attempt or "1", "jobs")
        runner, key = value(self.env, "RUNNER_NAME"), value(self.env, "GITHUB_JOB")
        running = [
            each for each in found if each.status == "in_progress" and each.runner_name == runner
        ]
        for candidates in (running, [each for each in found if each.name == key]):
            if len(candidates) == 1:
                return candidates[0]
        raise MissingError(
            "Could not identify this job among the jobs of its run: GitHub gives its id to actions "
            "only.",
            "Use the action (it has the input check-run-id), or set --incident-state file:PATH.",
        )

    def refs(self, kind: str, prefix: str = "") -> set[str]:
        """List the names of tags (`tags`) or branches (`heads`) that begin with `prefix`."""
        listed = self._get(list[_Ref], "git", "matching-refs", kind, *prefix.split("/"))
        return {each.ref.removeprefix(f"refs/{kind}/") for each in listed}

    def _jobs(self, *path: str, **query: str) -> list[Job]:
        return list(chain.from_iterable(self._pages(_Jobs, MOST_PAGES, *path, **query)))

    def _pages(
        self, kind: type[_Page[T]], most: int, *path: str, **query: str
    ) -> Iterator[list[T]]:
        def page(number: int) -> list[T]:
            asked = {"per_page": str(PAGE), "page": str(number), **query}
            return self._get(kind, "actions", *path, **asked).items

        return paginate(page, most)

    def _get(self, kind: type[T], *path: str, **query: str) -> T:
        reply = get(self.env, self.ask, *path, **query)
        return validate_reply(kind, reply, "GitHub", _hint(reply), UNKNOWN)


def _hint(reply: Reply) -> str:
    if reply.status == 429 or re.search(r"rate limit", reply.message, re.IGNORECASE):
        return "A repository has 1,000 requests an hour: run it again later."
    return (
        "Set `permissions: actions: read` and `contents: read` in the job, or your own token as "
        "--github-token. --incident-state file:PATH needs none."
    )


@dataclass
class _Search:
    """Reads the runs that count, the last ended first, for how the job `name` ended."""

    options: Options
    context: Context
    api: _Api
    name: str
    found: list[PastRun] = field(default_factory=list)
    listed: set[int] = field(default_factory=set)
    """The ids of the runs whose jobs were listed."""
    names: set[str] = field(default_factory=set)
    """The names of all jobs of other runs."""
    tags: set[str] = field(default_factory=set)
    is_new: bool = False
    """Whether so many runs don't have the job that none had it."""

    def read(self, file: str) -> None:
        """Read the runs of a workflow's file; raise MissingError if there are too many."""
        if not patterns(self.options):  # all tags count
            self.tags = self.api.refs("tags")
        several = self.tags | matching(self.options, ("heads", "tags"), self.api.refs)
        runs = partial(self.api.runs, file)
        lists = listings(self.options, self.context, several, runs, runs)
        is_whole = read_backwards(lists, self._read, self._is_enough)
        has_success = any(each.result is Result.SUCCESS for each in self.found)
        if not (is_whole or self.is_new or has_success):
            raise self._unknown()

    def _is_enough(self, page: list[WorkflowRun]) -> bool:
        return self.is_new or is_decided_before(
            self.found, min(run.created_at for run in page) + RE_RUN
        )

    def _read(self, runs: list[WorkflowRun]) -> None:
        for run in sorted(runs, key=lambda run: run.ended_at, reverse=True):
            if is_decided_before(self.found, run.ended_at):
                return
            if run.id not in self.listed and self._counts(run):
                if len(self.listed) == MOST_RUNS:
                    self.is_new = self._check_is_new()
                    return
                self._take(run)

    def _take(self, run: WorkflowRun) -> None:
        self.listed.add(run.id)
        is_this = str(run.id) == self.context.run_id
        if is_this and (self.context.attempt or "1") == "1":
            return  # none of its jobs ran before
        jobs = self.api.jobs(run.id)
        if not is_this:
            self.names |= {job.name for job in jobs}
        self.found += _past_runs(run, jobs, self.name, self.context)

    def _counts(self, run: WorkflowRun) -> bool:
        """Return whether a run's failures are incidents: a fork has a `main` too."""
        guard.check_event(self.options, run.event)
        ref = run.head_branch
        return run.is_own and is_counted(self.options, self.context, ref, is_tag=ref in self.tags)

    def _check_is_new(self) -> bool:
        """Return True for a job that is new: none of these runs had it. Raise MissingError.

        A matrix or a call that was skipped is listed by the first part of its jobs' names.
        """
        is_there = any(f"{self.name} ".startswith(f"{each} ") for each in self.names)
        if is_there or self.found:
            raise self._unknown()
        return True

    def _unknown(self) -> MissingError:
        return MissingError(
            f"{UNKNOWN}: no success of the job {quoted(self.name)} is among the runs that were "
            f"looked at ({len(self.listed)} of those that count).",
            "After its next success it is known again; close what is open until then by hand "
            "(devlake-ci incident close). If many branches run this workflow, name the one that "
            "counts with --incident-branches.",
        )


def _past_runs(run: WorkflowRun, jobs: list[Job], name: str, context: Context) -> Iterator[PastRun]:
    for job in jobs:
        attempt, result = str(job.run_attempt), clear_result(job.conclusion or "")
        own = (str(run.id), attempt) == (context.run_id, context.attempt or "1")
        if job.name != name or own or not (result and job.started_at and job.completed_at):
            continue
        again = f"/attempts/{attempt}" if attempt != "1" else ""
        yield PastRun(
            run_id=str(run.id),
            attempt=attempt,
            result=result,
            started_at=job.started_at,
            finished_at=job.completed_at,
            ref=run.head_branch,
            sha=run.head_sha,
            url=run.html_url and f"{run.html_url}{again}",
            actor=run.actor or run.first_actor,
        )
