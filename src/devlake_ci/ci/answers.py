"""Validate what the APIs of GitHub and GitLab answer.

- Strictly, with `validate`, where a report can't do without it: anything unexpected is an error.
- Leniently, with `parse`, where it only completes what variables say: a field that is missing or
  has an odd type is None, for what a CI doesn't say stays unknown, and stops nothing.

Only what asks an API imports this, for pydantic takes its time.

GitLab's API: https://docs.gitlab.com/api/jobs/, .../api/deployments/, .../api/environments/
"""

from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from devlake_ci.ci.facts import timestamp
from devlake_ci.ci.json_object import text
from devlake_ci.ci.provider import Reply
from devlake_ci.errors import MissingError
from devlake_ci.text import quoted

T = TypeVar("T")
M = TypeVar("M", bound="Payload")

Sha = Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
"""What DevLake has room for: a longer one costs the deployment a 500."""


class ApiModel(BaseModel):
    """An object of an answer, of which only some fields are read."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _check_paths(cls, found: object) -> object:
        """Refuse what is no object where a field is read from one: pydantic takes the default."""
        aliases = (each.validation_alias for each in cls.model_fields.values())
        for path in (each.path for each in aliases if isinstance(each, AliasPath)):
            inner = found
            for name in path:
                if not isinstance(inner, dict | None):
                    raise ValueError(f"{name} is in no object")  # noqa: TRY004 (as pydantic wants it)
                inner = inner.get(name) if inner else None
        return found


def within(*path: str) -> Any:  # noqa: ANN401 (as pydantic's own Field)
    """Declare a field that is deeper in the answer; None if what it is in is missing or null."""
    return Field(None, validation_alias=AliasPath(*path))


def validate_reply(kind: type[T], reply: Reply, host: str, hint: str, unknown: str = "") -> T:
    """Return the body of a reply, validated as `kind`.

    `hint` says what to do if the request is refused, `unknown` what is not known without the
    answer. Raise MissingError for any other status than 200, and for a body of another kind.
    """
    if reply.status == 200:
        return validate(kind, reply.body, host, unknown)
    lead = f"{unknown}: " if unknown else ""
    said = f": {quoted(reply.message)}" if reply.message else ""
    if reply.status is None:
        raise MissingError(
            f"{lead}{host} was not reached{said}.",
            f"Run it again, or look at {host}'s status. A longer --deadline gives it more time: "
            "half of it.",
        )
    is_refused = reply.status in (401, 403, 404, 429)
    raise MissingError(
        f"{lead}{host} answered {reply.status}{said}.",
        hint if is_refused else f"Run it again, or look at {host}'s status.",
    )


def validate(kind: type[T], body: object, host: str, unknown: str = "") -> T:
    """Return a body, validated as `kind`; raise MissingError."""
    try:
        return TypeAdapter(kind).validate_python(body)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the whole"
        lead = f"{unknown}: " if unknown else ""
        raise MissingError(
            f"{lead}{host}'s answer is not what its documentation says (at {quoted(where)}).",
            "A proxy may have answered in its place.",
        ) from None


# --- leniently ------------------------------------------------------------------------------------


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

    model_config = ApiModel.model_config


def parse(model: type[M], body: object) -> M:
    """Parse JSON leniently as a model; anything but an object is one without any field."""
    return model.model_validate(_object(body))


class GitLabJob(Payload):
    """One attempt of one job."""

    id: Number = None
    name: Text = None
    status: Text = None
    pipeline: Number = within("pipeline", "id")
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
