"""The JSON that GitHub's and GitLab's APIs answer, as far as it is read here.

A field that is missing or has an odd type is None: what a CI doesn't say stays unknown, and stops
nothing; where it has to, `answers` validates strictly. Only what asks an API imports this, for
pydantic takes its time.

- GitHub's API: https://docs.github.com/rest/actions/workflow-runs, .../rest/commits/commits
- GitLab's API: https://docs.gitlab.com/api/jobs/, .../api/deployments/, .../api/environments/
"""

from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from devlake_ci.ci.event import text
from devlake_ci.ci.facts import timestamp


def _number(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _object(found: object) -> object:
    return found if isinstance(found, dict) else {}


Text = Annotated[str | None, BeforeValidator(text)]
"""Text without the space around it; None for anything else, and for none."""
Number = Annotated[int | None, BeforeValidator(_number)]
Time = Annotated[datetime | None, BeforeValidator(timestamp)]
"""A time with a zone, in UTC."""
Object = BeforeValidator(_object)
"""For an object: an empty one in place of anything else."""


class Payload(BaseModel):
    """An object of which every field may be missing."""

    model_config = ConfigDict(extra="ignore", frozen=True)


M = TypeVar("M", bound=Payload)


def parse(model: type[M], found: object) -> M:
    """Parse JSON leniently as a model; anything but an object is one without any field."""
    return model.model_validate(_object(found))


class WorkflowRun(Payload):
    """An attempt of a run."""

    created_at: Time = None
    run_started_at: Time = None


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
