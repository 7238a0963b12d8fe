"""What a DevLake server answers: a status and, usually, JSON.

Shapes and messages: tests/data/contract; the chains of "Wraps:" are how DevLake prints an error
together with what caused it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

JSON = "application/json; charset=utf-8"
PLAIN = "text/plain"
CSV = "text/csv"
HTML = "text/html; charset=utf-8"

OK = 200
CREATED = 201
MOVED_PERMANENTLY = 301
TEMPORARY_REDIRECT = 307
BAD_REQUEST = 400
NOT_FOUND = 404
SERVER_ERROR = 500


@dataclass(frozen=True)
class Answer:
    """A status, a body (an object to be written as JSON, or text) and headers."""

    status: int
    body: object = ""
    content_type: str | None = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    """JSON paths of the keys that were dropped in silence."""

    def payload(self) -> bytes:
        """Return the body as it goes over the wire."""
        if self.content_type == JSON:
            return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode(
                errors="replace"
            )
        return str(self.body).encode(errors="replace")


class RefusedError(Exception):
    """A request that goes no further; what was written for it is rolled back."""

    def __init__(self, answer: Answer) -> None:
        """Carry the `answer` that the client gets."""
        super().__init__(answer.status)
        self.answer = answer


def success(message: str = "success", ignored: tuple[str, ...] = ()) -> Answer:
    """Return the answer to what was stored."""
    return Answer(OK, {"success": True, "message": message, "data": None}, ignored=ignored)


def refusal(status: int, *errors: str) -> RefusedError:
    """Return a refusal: an error and, from the second on, what caused it."""
    body = {"success": False, "message": chain(errors), "data": None}
    return RefusedError(Answer(status, body))


def chain(errors: tuple[str, ...]) -> str:
    """Format an error and its causes as github.com/cockroachdb/errors does for DevLake."""
    first, *causes = map(_indent, errors)
    wraps = (f"\nWraps: ({n}) {cause}".rstrip() for n, cause in enumerate(causes, start=2))
    return first + "".join(wraps)


def _indent(error: str) -> str:
    first, *more = error.split("\n")
    return "\n".join([first, *(f"  | {line}".rstrip() for line in more)])


def not_found(what: str | None = None) -> RefusedError:
    """Return a refusal for a row that isn't there; `what` names it where DevLake does."""
    record = ("record not found (404)", "record not found")
    return refusal(NOT_FOUND, *((f"{what} (404)", *record) if what else record))


def no_such_route() -> RefusedError:
    """Return a refusal for a path that the server doesn't have."""
    return RefusedError(Answer(NOT_FOUND, "404 page not found", PLAIN))
