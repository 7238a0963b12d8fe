"""The JSON that GitHub and GitLab write and answer, as far as it is read here.

A field that is missing or has an odd type is None: what a CI doesn't say stays unknown, and stops
nothing. Only what reads JSON imports this, for pydantic takes its time.

- GitHub's events: https://docs.github.com/webhooks/webhook-events-and-payloads
- GitHub's API: https://docs.github.com/rest/actions/workflow-runs, .../rest/commits/commits
- GitLab's API: https://docs.gitlab.com/api/jobs/, .../api/deployments/, .../api/environments/
"""

from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from devlake_ci.ci.facts import UNSET, timestamp


def _text(found: object) -> str | None:
    text = found.strip() if isinstance(found, str) else ""
    # JSON can escape one half of a surrogate pair, which is no text.
    text = text.encode(errors="surrogatepass").decode(errors="replace")
    return None if text in UNSET else text


def _number(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _objects(found: object) -> list[object]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _object(found: object) -> object:
    return found if isinstance(found, dict) else {}


Text = Annotated[str | None, BeforeValidator(_text)]
"""Text without the space around it; None for anything else, and for none."""
Number = Annotated[int | None, BeforeValidator(_number)]
Time = Annotated[datetime | None, BeforeValidator(timestamp)]
"""A time with a zone, in UTC."""
Flag = Annotated[bool, BeforeValidator(lambda found: found is True)]
Object = BeforeValidator(_object)
"""For an object: an empty one in place of anything else."""


class Payload(BaseModel):
    """An object of which every field may be missing."""

    model_config = ConfigDict(extra="ignore", frozen=True)


M = TypeVar("M", bound=Payload)


def parsed(model: type[M], found: object) -> M:
    """Read `found` as a model; anything but an object is one without any field."""
    return model.model_validate(_object(found))


class HeadCommit(Payload):
    """A commit with its message."""

    id: Text = None
    message: Text = None


class Branch(Payload):
    """A side of a pull request, or a branch."""

    sha: Text = None
    ref: Text = None
    name: Text = None


_OneBranch = Annotated[Branch, Object]
_OneCommit = Annotated[HeadCommit, Object]
_Branches = Annotated[list[Branch], BeforeValidator(_objects)]


class PullRequest(Payload):
    """The pull request that an event is about."""

    merged: Flag = False
    merge_commit_sha: Text = None
    head: _OneBranch = Branch()
    base: _OneBranch = Branch()


class CheckSuite(Payload):
    """All checks that an app made of a commit; `pull_requests` is empty for forks."""

    head_sha: Text = None
    head_branch: Text = None
    pull_requests: _Branches = []


class CheckRun(Payload):
    """One check of a commit."""

    head_sha: Text = None
    check_suite: Annotated[CheckSuite, Object] = CheckSuite()
    pull_requests: _Branches = []


class WorkflowRun(Payload):
    """The run that set this one off, or an answer of the API about one."""

    event: Text = None
    head_sha: Text = None
    head_branch: Text = None
    head_commit: _OneCommit = HeadCommit()
    created_at: Time = None
    run_started_at: Time = None


class GitHubDeployment(Payload):
    """A deployment that somebody made through GitHub's API."""

    sha: Text = None
    ref: Text = None
    environment: Text = None
    created_at: Time = None


class State(Payload):
    """How a deployment stands."""

    state: Text = None


class Release(Payload):
    """A release."""

    tag_name: Text = None


class Build(Payload):
    """A build of GitHub Pages."""

    commit: Text = None


class MergeGroup(Payload):
    """Pull requests that a merge queue merged to see if they work together."""

    head_commit: _OneCommit = HeadCommit()


class Issue(Payload):
    """An issue or a pull request that was commented on; `pull_request` tells them apart."""

    pull_request: Any = None


class Repository(Payload):
    """The repository that an event happened in."""

    html_url: Text = None
    default_branch: Text = None


class Event(Payload):
    """What GitHub, Gitea and Forgejo write to `GITHUB_EVENT_PATH`."""

    action: Text = None
    sha: Text = None
    branches: _Branches = []
    build: Annotated[Build, Object] = Build()
    check_run: Annotated[CheckRun, Object] = CheckRun()
    check_suite: Annotated[CheckSuite, Object] = CheckSuite()
    deployment: Annotated[GitHubDeployment, Object] = GitHubDeployment()
    deployment_status: Annotated[State, Object] = State()
    head_commit: _OneCommit = HeadCommit()
    issue: Annotated[Issue, Object] = Issue()
    merge_group: Annotated[MergeGroup, Object] = MergeGroup()
    pull_request: Annotated[PullRequest, Object] = PullRequest()
    release: Annotated[Release, Object] = Release()
    repository: Annotated[Repository, Object] = Repository()
    workflow_run: Annotated[WorkflowRun, Object] = WorkflowRun()


class GitHubJob(Payload):
    """A job of a run."""

    started_at: Time = None


class GitHubCommit(Payload):
    """A commit, as GitHub's API answers."""

    sha: Text = None


class GitLabCommit(Payload):
    """A commit, as GitLab's API answers."""

    id: Text = None


class Pipeline(Payload):
    """The pipeline that a job belongs to."""

    id: Number = None


class GitLabJob(Payload):
    """One attempt of one job."""

    id: Number = None
    name: Text = None
    status: Text = None
    pipeline: Annotated[Pipeline, Object] = Pipeline()
    created_at: Time = None
    started_at: Time = None
    """None if it never ran."""
    finished_at: Time = None


class GitLabEnvironment(Payload):
    """An environment; only the answer about it alone has its tier."""

    id: Number = None
    name: Text = None
    tier: Text = None


class GitLabDeployment(Payload):
    """A deployment: which job deployed, and where to."""

    deployable: Annotated[GitLabJob, Object] = GitLabJob()
    environment: Annotated[GitLabEnvironment, Object] = GitLabEnvironment()
