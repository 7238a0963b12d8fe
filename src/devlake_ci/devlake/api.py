"""Ask and change what DevLake keeps beside reports: connections, projects, blueprints, runs, keys.

The answers: contract/setup-*.json (tests/data).
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from devlake_ci.clock import Clock
from devlake_ci.dataclass import dataclass
from devlake_ci.devlake import hints
from devlake_ci.devlake.address import Target
from devlake_ci.devlake.answers import TRANSIENT as ASK_AGAIN
from devlake_ci.devlake.answers import message
from devlake_ci.devlake.delivery import ATTEMPT, FIRST_PAUSE, LONGEST_PAUSE
from devlake_ci.devlake.request import Answer, NotSentError, Request
from devlake_ci.errors import RefusedError, UnreachedError
from devlake_ci.text import Redactor, cut, line

TRANSIENT = ASK_AGAIN | {500, 502, 503, 504}
"""Answers after which the same GET may pass."""


class ApiError(RefusedError):
    """DevLake refused a request; `status` and `said` are its own."""

    def __init__(self, message: str, hint: str, status: int, said: str) -> None:
        super().__init__(message, hint)
        self.status = status
        self.said = said


@dataclass
class Api:
    """The way to DevLake's API.

    A GET is repeated, within `seconds`, while that may help; a request that changes something is
    sent once: what became of one without an answer is not known.
    """

    target: Target
    call: Callable[[Request, float], Answer]
    clock: Clock
    seconds: Callable[[], float]
    """Seconds that one request may take, repeats included."""
    log: Callable[[str], None] = lambda _: None

    def fetch(self, path: str) -> Any:  # noqa: ANN401 (any JSON)
        """Return the JSON of a path; raise ApiError, UnreachedError."""
        deadline, pause = self.clock.monotonic() + self.seconds(), FIRST_PAUSE
        while True:
            wait = self.clock.random() * pause
            left = deadline - self.clock.monotonic()
            try:
                return self._exchange("GET", path, None, min(left, ATTEMPT))
            except (ApiError, UnreachedError) as error:
                lasting = isinstance(error, ApiError) and error.status not in TRANSIENT
                if lasting or self.clock.monotonic() + wait >= deadline:
                    raise
            self.clock.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)

    def change(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 (any JSON)
        """Send a change, and return the JSON of the answer; raise ApiError, UnreachedError."""
        return self._exchange(method, path, body, min(self.seconds(), ATTEMPT))

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None, seconds: float
    ) -> Any:  # noqa: ANN401 (any JSON)
        url = f"{self.target.base}{'/rest' if self.target.rest else ''}{path}"
        request = Request(url, body, self.target.headers, method)
        try:
            answer = self.call(request, max(seconds, 0.0))
        except NotSentError as error:
            hint = error.hint or hints.PASSING
            raise UnreachedError(f"{method} {path}: {error.reason}.", hint) from None
        self.log(f"{method} {path}: {answer.status}")
        if 200 <= answer.status < 300:
            try:
                return json.loads(answer.text)
            except (ValueError, RecursionError):
                raise RefusedError(
                    f"{method} {path}: the answer is not what DevLake's API says, but other text "
                    "or a web page.",
                    hints.BASE,
                ) from None
        if 300 <= answer.status < 400:
            raise RefusedError(*hints.redirect(answer, self.target))
        said = self._error_text(answer)
        raise ApiError(
            f"{method} {path}: DevLake answered {answer.status}: {said}",
            _hint(answer.status, said, path),
            answer.status,
            said,
        )

    def _error_text(self, answer: Answer) -> str:
        """Return what DevLake says, with its causes: here they say more than the error does."""
        first = message(answer, self.target.secrets)
        try:
            told = causes(json.loads(answer.text)["message"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return first
        return cut(line(Redactor(self.target.secrets).redact(told)), 500)


def causes(text: str) -> str:
    """Return an error of DevLake's with its causes, each once: "run failed: disk full".

    DevLake prints a cause after "Wraps: (2)", those of a task indented by "|", and often adds the
    status to a text that the next one repeats (github.com/cockroachdb/errors).
    """
    told = re.split(r"[\s|]*Wraps: \(\d+\)[\s|]*", text.partition("Error types:")[0])
    plain = (re.sub(r" \(\d{3}\)$", "", each.strip("| \n").rstrip(".")) for each in told)
    return ": ".join(dict.fromkeys(filter(None, plain)))


def _hint(status: int, said: str, path: str) -> str:
    """Return what to do about a refusal of a request to this path."""
    for code, pattern, text in _REFUSALS:
        if code == status and re.search(pattern, said):
            return text.format(path=path.partition("?")[0])
    if status in TRANSIENT:
        return "Look at the state of the DevLake server, and run it again."
    return "Change what the message says, and run it again."


_REFUSALS = (
    (401, "^unauthorized$", "This DevLake asks for a login (AUTH_ENABLED), and then takes no API "
     "key: put a user into the URL (https://user:password@devlake.example.com/api), and no token."),
    (401, "", "Use the key of an administrator (allowed path .*), a user in the URL, or, inside a "
     "private network, no key and a URL without /rest."),
    (403, "is invalid|has expired", "Use the key of an administrator (allowed path .*): "
     "create one in DevLake, under API Keys."),
    (403, "", "The API key does not open {path}. A pipeline's key can't: use an administrator's "
     "(allowed path .*, created under API Keys), or, on a private network, unset DEVLAKE_TOKEN."),
    (404, "^404 page not found", "This server has no {path}: it is older than DevLake 0.20, or the "
     "address is wrong. " + hints.BASE),
    (428, "", hints.MIGRATION),
)  # fmt: skip
