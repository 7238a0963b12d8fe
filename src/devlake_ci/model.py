"""The program's own terms for what happened in a pipeline, independent of any CI and of HTTP."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from devlake_ci.dataclass import dataclass
from devlake_ci.errors import Problem


class Result(StrEnum):
    """How a job ended; DevLake's documented words, and SKIPPED for "nothing was deployed".

    No CI's word means MANUAL: it is sent only if a user gives it.
    """

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    ABORT = "ABORT"
    MANUAL = "MANUAL"
    SKIPPED = "SKIPPED"


class Environment(StrEnum):
    """Where something was deployed: the only words that DevLake accepts (docs: devlake 1.0.3)."""

    PRODUCTION = "PRODUCTION"
    STAGING = "STAGING"
    TESTING = "TESTING"
    DEVELOPMENT = "DEVELOPMENT"


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a CI says of the job that runs us; None where it doesn't say.

    The fields down to `result` are what `devlake-ci context` shows, in this order; `sources` names
    for each of them the variable, file or command that it came from.
    """

    provider: str
    sha: str | None = None
    """The commit that the job is about, as the CI writes it (normally 40 hex characters)."""
    ref: str | None = None
    """A bare branch or tag name."""
    repo_url: str | None = None
    """`https://host/path`, see `commits.repo_url.canonical`."""
    run_id: str | None = None
    attempt: str | None = None
    job: str | None = None
    run_url: str | None = None
    message: str | None = None
    actor: str | None = None
    environment: str | None = None
    """The CI's own name for where it deploys, such as `production/eu`."""
    created_at: datetime | None = None
    """When the run was queued; with a time zone, like all times here."""
    started_at: datetime | None = None
    result: Result | None = None
    """What `result_word` normally means; None if that is open."""
    sources: Mapping[str, str] = field(default_factory=dict)

    result_word: str | None = None
    """The CI's own word for how the job ended, such as SucceededWithIssues: `--result-map` may say
    what it means."""
    job_id: str | None = None
    """The CI's id of this very job within its run: another in each leg of a matrix and in each
    retry. With it, attempt and name of the job are no part of a deployment's id."""
    matrix_index: str | None = None
    """Which leg of a matrix the job is, where the CI has no `job_id`; None if it doesn't say."""
    matrix_note: str | None = None
    """Why the reports of a matrix's legs are one deployment here, and what to do about it, as
    sentences for the user; None where the CI tells them apart."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Why a field is None though the CI or the checkout says something, and how to give it: by the
    field's name, as sentences for the user."""
    tier: str | None = None
    """What kind of environment the CI takes `environment` for (GitLab), or None."""
    pull_request: str | None = None
    """Why the run counts as one for a pull or merge request, such as "it runs for a pull request":
    its commit may never reach production. None for all others, and for the merge itself."""
    stops: str | None = None
    """Why this job neither deploys nor breaks anything, such as "it stops the environment
    review/7"; None if it may well do so."""
    no_deployment: str | None = None
    """Why this job deploys nothing to `environment`, though it may find it broken, such as "the job
    has its environment with action: verify"; None if it may well deploy."""
    no_incident: str | None = None
    """Why no incident begins in this run, such as "the job deploy of this pipeline is failed": an
    incident counts against the last successful deployment. None if one may begin."""
    state_dir: str | None = None
    """A folder that lives as long as this job and no longer, or None."""
    run_number: int | None = None
    """Another than `run_id`: it grows with each run of the workflow, where the CI has one."""
    workflow: str | None = None
    """The pipeline's or workflow's name."""
    default_branch: str | None = None
    """The repository's default branch, if the CI says it."""
    is_tag: bool = False
    """Whether the run is for a tag."""
    finished_at: datetime | None = None
    """When the job ended, where it isn't our own; None while it runs."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit of a deployment: whole SHA, canonical repository URL."""

    repo_url: str
    sha: str
    ref: str | None = None
    message: str | None = None
    name: str | None = None
    repo_id: str | None = None
    finished_at: datetime | None = None
    """When it is said to be deployed, where it is not the commit that was: what was live before, or
    one that was shipped with it. None for the deployed commit, which has the deployment's time."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One deployment; result and times hold for all of its commits. Times have a zone."""

    id: str
    name: str
    title: str | None
    result: Result
    environment: Environment
    original_environment: str
    created_at: datetime
    started_at: datetime
    finished_at: datetime
    commits: tuple[Commit, ...]

    @property
    def deployed(self) -> tuple[Commit, ...]:
        """The commits that were deployed, without what they shipped."""
        return tuple(each for each in self.commits if each.finished_at is None)


@dataclass(frozen=True, kw_only=True)
class Incident:
    """One incident, open until `resolved_at` is known. Times have a zone."""

    key: str
    title: str
    description: str | None = None
    url: str | None = None
    original_status: str
    """The CI's word for how the job ended that opened or closed it."""
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = None
    severity: str | None = None
    priority: str | None = None
    component: str | None = None
    more: tuple[tuple[str, str | int | float], ...] = ()
    """What else a person said of it, by DevLake's names (`devlake.dialects`)."""

    @property
    def status(self) -> str:
        """Return `open` or `closed`."""
        return "closed" if self.resolved_at else "open"


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """One merged pull or merge request, or a commit of a team that has none. Times have a zone."""

    key: int
    """DevLake's `pullRequestKey`, see `changes.model`."""
    title: str
    url: str | None = None
    created_at: datetime
    merged_at: datetime
    merge_sha: str
    """The commit that it became on its target branch."""
    author: str | None = None
    """Its author's name, only if the user wants it sent."""


Event = Deployment | Incident | PullRequest
"""What DevLake is told of."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a report: `reported` only after DevLake's own "success"."""

    reported: bool
    deployment: Deployment | None = None
    incident: Incident | None = None
    problem: Problem | None = None
    soft: bool = False
    """True if what goes wrong, printing the result too, is a warning only: `--on-failure warn`."""
    requests: tuple[Mapping[str, object], ...] = ()
    """With `--dry-run`, what would be sent: objects of method, url and body."""
    notes: tuple[str, ...] = ()
    """What a person should know besides, one sentence each."""
