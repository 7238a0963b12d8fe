"""Checks what GitHub and GitLab answer about changes; anything odd is a clear refusal."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from devlake_ci.ci.provider import Reply
from devlake_ci.errors import MissingError
from devlake_ci.text import quoted

T = TypeVar("T")


def validated(kind: type[T], reply: Reply, host: str, hint: str) -> T:
    """Return the body of an answer, checked to be of a kind; raise MissingError for another.

    `hint` says what to do if it is refused.
    """
    if reply.status is None:
        raise MissingError(
            f"{host} was not reached in time: {quoted(reply.message)}.",
            f"Look at {host}'s status. A longer --deadline gives it more time: half of it.",
        )
    if reply.status != 200:
        said = f": {quoted(reply.message)}" if reply.message else ""
        is_refused = reply.status in (401, 403, 404, 429)
        raise MissingError(
            f"The answer of {host} is {reply.status}{said}.",
            hint if is_refused else f"Look at {host}'s status.",
        )
    return checked(kind, reply.body, host)


def checked(kind: type[T], body: object, host: str) -> T:
    """Return a body, checked to be of a kind; raise MissingError."""
    try:
        return TypeAdapter(kind).validate_python(body)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "the whole"
        raise MissingError(
            f"{host}'s answer is not what its documentation says (at {quoted(where)}).",
            "A proxy may have answered in its place.",
        ) from None
