"""Find on GitLab how this job ended before, so no state is kept.

Three lists tell it, and which of them may be read depends on the job and on the token:

- The deployments of an environment (https://docs.gitlab.com/api/deployments/) name the job that
  deploys there. Every job's own token may read them.
- The pipelines of a branch (https://docs.gitlab.com/api/pipelines/) and their jobs tell of any
  job. That takes a token with `read_api`: https://docs.gitlab.com/ci/jobs/ci_job_token/
- The project's jobs (https://docs.gitlab.com/api/jobs/), which a job's own token may list since
  GitLab 18.0. They are everybody's, so in a busy project the pipelines that deployed are read.
"""

from collections.abc import Iterator
from dataclasses import field
from datetime import datetime
from itertools import chain, islice
from typing import Any, TypeVar

from pydantic import AliasPath, AwareDatetime, Field

from devlake_ci.ci.answers import ApiModel, validate_reply, within
from devlake_ci.ci.facts import value
from devlake_ci.ci.gitlab import DEPLOY_JOB, VERIFY_JOB, get, match_part, page_path
from devlake_ci.ci.provider import Ask, Env, ReadFile, paginate
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import MissingError
from devlake_ci.incidents.branches import is_counted, listings, matching, patterns
from devlake_ci.incidents.streak import (
    UNKNOWN,
    History,
    PastRun,
    clear_result,
    first_failure,
    is_decided_before,
    read_backwards,
)
from devlake_ci.model import Context, Result
from devlake_ci.options import Options

MOST_PAGES = 20
"""Pages of deployments, and of the pipelines of one branch."""
SCANNED_PAGES = 4
"""Pages of what is everybody's: the project's jobs, or pipelines where a pattern names branches."""
MOST_PIPELINES = 50
"""Pipelines whose jobs are listed at most."""

MERGE_REQUESTS = "refs/merge-requests/"
"""The beginning of the ref of a merge request's pipeline; a pattern such as `*` matches it, too:
https://gitlab.com/gitlab-org/gitlab/-/issues/29209"""

REFUSED = (
    "Before GitLab 18.0 a job's own token may not list jobs: pass a project access token with "
    "read_api (DEVLAKE_GITLAB_TOKEN, masked), or --incident-state file:PATH in a cache."
)
AFTERWARDS = (
    "After its next success it is known again; close what is open until then by hand (devlake-ci "
    "incident close)."
)
READ_API = (
    "This job's own token lists the jobs of all branches only. Pass a project access token with "
    "read_api (DEVLAKE_GITLAB_TOKEN, masked): with it GitLab is asked for the branch's pipelines."
)

T = TypeVar("T")


class Job(ApiModel):
    """One attempt of one job."""

    id: int
    name: str
    status: str
    ref: str | None = None
    tag: bool | None = None
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    web_url: str | None = None
    sha: str | None = within("commit", "id")
    pipeline: int = Field(validation_alias=AliasPath("pipeline", "id"))
    pipeline_url: str | None = within("pipeline", "web_url")
    user: str | None = within("user", "username")


class Deployment(ApiModel):
    """One deployment, and the job that made it; one that was made through the API has none."""

    sha: str | None = None
    deployable: Job | None = None


class Pipeline(ApiModel):
    """One pipeline."""

    id: int
    ref: str | None = None
    updated_at: AwareDatetime


class _Ref(ApiModel):
    name: str


def history(options: Options, context: Context, env: Env, ask: Ask, _: ReadFile) -> History:
    """Find how this job ended before, back to a success that decides; raise MissingError."""
    search = _Search(options, context, env, _Api(env, ask))
    search.read()
    return History(search.failures_that_count(), context.started_at, context.job)


def workflow(_: Context, __: Env) -> None:
    """Return None: a pipeline's name is that of one pipeline, and may have its commit's title."""


@dataclass(frozen=True)
class _Api:
    """The parts of GitLab's API that say how jobs ended; each question may raise MissingError."""

    env: Env
    ask: Ask

    def jobs(self) -> Iterator[list[Job]]:
        """List the project's jobs that ended, the last created first."""
        return self._pages(list[Job], "jobs", SCANNED_PAGES, **{"scope[]": ["success", "failed"]})

    def deployments(self, environment: str | None) -> Iterator[list[Deployment]]:
        """List the deployments to an environment, or to any, the last created first."""
        query = {"environment": environment} if environment else {}
        return self._pages(
            list[Deployment], "deployments", MOST_PAGES, order_by="id", sort="desc", **query
        )

    def pipelines(self, most: int, **query: str) -> Iterator[list[Pipeline]]:
        """List pipelines, the last updated first."""
        if value(self.env, "CI_PIPELINE_SOURCE") == "parent_pipeline":  # hidden otherwise
            query["source"] = "parent_pipeline"
        return self._pages(
            list[Pipeline], "pipelines", most, order_by="updated_at", sort="desc", **query
        )

    def refs(self, kind: str, prefix: str) -> list[str]:
        """List the first hundred `branches` or `tags` whose names begin with `prefix`."""
        listed = self._pages(list[_Ref], f"repository/{kind}", 1, search=f"^{prefix}")
        return [each.name for page in listed for each in page]

    def of_pipeline(self, pipeline: int) -> list[Job]:
        """List the jobs of a pipeline, with those that were retried."""
        path = f"pipelines/{pipeline}/jobs"
        return list(
            chain.from_iterable(self._pages(list[Job], path, MOST_PAGES, include_retried="true"))
        )

    def _pages(self, kind: type[list[T]], path: str, most: int, **query: Any) -> Iterator[list[T]]:  # noqa: ANN401 (text, or several)
        def page(number: int) -> list[T]:
            reply = get(self.env, self.ask, page_path(path, number, **query))
            return validate_reply(kind, reply, "GitLab", REFUSED, UNKNOWN)

        return paginate(page, most)


@dataclass
class _Search:
    """Reads what counts, the last first, for how the job ended."""

    options: Options
    context: Context
    env: Env
    api: _Api
    found: list[PastRun] = field(default_factory=list)
    pipelines: dict[int, list[Job]] = field(default_factory=dict)
    """The pipelines whose jobs were listed."""

    def read(self) -> None:
        """Read it where this token may; raise MissingError if there is too much of it."""
        if self._deploys():
            listing = self.api.deployments(self.context.environment)
            what, hint = "deployments", AFTERWARDS
            is_whole = read_backwards([listing], self._read_deployments, self._is_enough)
        elif value(self.env, "DEVLAKE_GITLAB_TOKEN"):
            what, hint = "pipelines", AFTERWARDS
            is_whole = read_backwards(self._listings(), self._read_pipelines, self._is_enough)
        else:
            what, hint = "jobs", READ_API
            is_whole = read_backwards([self.api.jobs()], self._read_jobs, self._is_enough)
            is_whole = is_whole or self._read_deployed()
        if not is_whole:
            raise MissingError(
                f"{UNKNOWN}: no success of this job is among the {what} that were looked at.", hint
            )

    def failures_that_count(self) -> list[PastRun]:
        """Return what was found, without failures after a deployment that had failed itself.

        They opened no incident: `DEVLAKE_VERIFY_JOB` was reported with `DEVLAKE_DEPLOY_JOB`.
        """
        found = list(self.found)
        deploys = value(self.env, DEPLOY_JOB) if value(self.env, VERIFY_JOB) else None
        while deploys and (first := first_failure(found)):
            if _had_deployed(self._of_pipeline(int(first.run_id)), deploys, first.started_at):
                break
            found.remove(first)
        return found

    def _deploys(self) -> bool:
        """Return whether the deployments of an environment tell of this job."""
        if value(self.env, VERIFY_JOB) or not self.context.environment:
            return False
        action = value(self.env, "CI_ENVIRONMENT_ACTION") or "start"
        return bool(value(self.env, DEPLOY_JOB)) or (
            bool(value(self.env, "CI_ENVIRONMENT_NAME")) and action == "start"
        )

    def _listings(self) -> list[Iterator[list[Pipeline]]]:
        """List the pipelines of each branch that counts, and of tags."""
        found = listings(
            self.options,
            self.context,
            sorted(matching(self.options, ("branches", "tags"), self.api.refs)),
            lambda: self.api.pipelines(SCANNED_PAGES),
            lambda ref: self.api.pipelines(MOST_PAGES, ref=ref),
        )
        if not patterns(self.options):  # the last pipeline of each tag
            found.insert(0, self.api.pipelines(MOST_PAGES, scope="tags"))
        return found

    def _read_pipelines(self, pipelines: list[Pipeline]) -> None:
        for each in sorted(pipelines, key=lambda pipeline: pipeline.updated_at, reverse=True):
            if is_decided_before(self.found, each.updated_at):
                return
            named = patterns(self.options)
            if named and not is_counted(self.options, self.context, each.ref, is_tag=False):
                continue
            if each.id not in self.pipelines:
                self._read_jobs(self._of_pipeline(each.id))

    def _read_deployments(self, deployments: list[Deployment]) -> None:
        made = [(each.deployable, each.sha) for each in deployments if each.deployable]
        self._read_jobs([job.model_copy(update={"sha": sha or job.sha}) for job, sha in made])

    def _read_deployed(self) -> bool:
        """Read the jobs of the pipelines that deployed; False if they don't tell of this job."""
        for page in islice(self.api.deployments(self.context.environment), SCANNED_PAGES):
            for job in (each.deployable for each in page if each.deployable):
                if job.pipeline in self.pipelines or not self._counts(job):
                    continue
                self._read_jobs(self._of_pipeline(job.pipeline))
                if any(each.result is Result.SUCCESS for each in self.found):
                    return True
        return False

    def _read_jobs(self, jobs: list[Job]) -> None:
        """Take in the jobs of a whole page: a manual one may begin long after newer ones."""
        known = {each.attempt for each in self.found}
        for job in jobs:
            result = self._result(job)
            if not result or not self._counts(job) or str(job.id) in known:
                continue
            if job.started_at and job.finished_at:
                self.found.append(_past_run(job, result, job.started_at, job.finished_at))

    def _is_enough(self, page: list[Job] | list[Deployment] | list[Pipeline]) -> bool:
        ended = min(filter(None, map(_ended_at, page)), default=None)
        return ended is not None and is_decided_before(self.found, ended)

    def _of_pipeline(self, pipeline: int) -> list[Job]:
        if pipeline not in self.pipelines:
            if len(self.pipelines) == MOST_PIPELINES:
                raise MissingError(
                    f"{UNKNOWN}: no success of this job is in the {MOST_PIPELINES} pipelines that "
                    "were looked at.",
                    AFTERWARDS,
                )
            self.pipelines[pipeline] = self.api.of_pipeline(pipeline)
        return self.pipelines[pipeline]

    def _result(self, job: Job) -> Result | None:
        """Return how an earlier run of this job ended; None for any other job, or no clear end."""
        is_own = str(job.id) == self.context.job_id
        return None if is_own or job.name != self.context.job else clear_result(job.status)

    def _counts(self, job: Job) -> bool:
        ref = job.ref or ""
        return not ref.startswith(MERGE_REQUESTS) and is_counted(
            self.options, self.context, ref, is_tag=bool(job.tag)
        )


def _ended_at(each: Job | Deployment | Pipeline) -> datetime | None:
    match each:
        case Pipeline():
            return each.updated_at
        case Deployment():
            return each.deployable.finished_at if each.deployable else None
    return each.finished_at


def _had_deployed(jobs: list[Job], name: str, before: datetime) -> bool:
    """Return whether the job `name` had succeeded `before`, or is not among a pipeline's jobs."""
    legs = [job for job in jobs if match_part(job.name, name)]
    ended = [job for job in legs if job.finished_at and job.finished_at <= before]
    newest = {job.name: job.status for job in sorted(ended, key=lambda job: job.id)}
    return newest == {job.name: "success" for job in legs}


def _past_run(job: Job, result: Result, started: datetime, finished: datetime) -> PastRun:
    return PastRun(
        run_id=str(job.pipeline),
        attempt=str(job.id),
        result=result,
        started_at=started,
        finished_at=finished,
        ref=job.ref,
        sha=job.sha,
        url=job.pipeline_url or job.web_url,
        actor=job.user,
    )
