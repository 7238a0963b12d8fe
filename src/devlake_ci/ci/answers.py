"""Validate what the APIs of GitHub and GitLab answer; anything unexpected is a clear error.

For answers that a report can't do without. Where a missing field is just unknown: `payloads`.
"""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from devlake_ci.ci.provider import Reply
from devlake_ci.errors import MissingError
from devlake_ci.text import quoted

T = TypeVar("T")


class Answer(BaseModel):
    """An object of an answer, of which only some fields are read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


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
