"""Checks what GitHub and GitLab answer about earlier jobs; anything odd is a clear refusal."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from devlake_ci.ci.provider import Reply
from devlake_ci.errors import MissingError
from devlake_ci.text import quoted

UNKNOWN = "Which incident is open is not known"
T = TypeVar("T")


class Answer(BaseModel):
    """An object of an answer, of which only some fields are read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def validated(kind: type[T], reply: Reply, ci: str, hint: str) -> T:
    """Return the body of an answer, checked to be of a kind.

    `hint` says what to do if it is refused. Raise MissingError for any other answer than 200, and
    for a body of another kind.
    """
    if reply.status is None:
        raise MissingError(
            f"{UNKNOWN}: {ci} was not reached.", f"Run it again, or look at {ci}'s status."
        )
    if reply.status != 200:
        said = f": {quoted(reply.message)}" if reply.message else ""
        is_refused = reply.status in (401, 403, 404, 429)
        raise MissingError(
            f"{UNKNOWN}: {ci} answered {reply.status}{said}.",
            hint if is_refused else f"Run it again, or look at {ci}'s status.",
        )
    try:
        return TypeAdapter(kind).validate_python(reply.body)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the whole"
        raise MissingError(
            f"{UNKNOWN}: {ci}'s answer is not what its documentation says (at {quoted(where)}).",
            "A proxy may have answered in its place. Give --incident-state file:PATH.",
        ) from None
