"""Send an event until DevLake has stored it, refuses it, or time is up."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from devlake_ci.clock import Clock
from devlake_ci.dataclass import dataclass
from devlake_ci.devlake import hints
from devlake_ci.devlake.address import Target
from devlake_ci.devlake.answers import Verdict, verdict
from devlake_ci.devlake.dialects import Body, encode
from devlake_ci.devlake.request import Answer, NotSentError, Request
from devlake_ci.errors import InvalidReportError, Problem, RefusedError, UnreachedError
from devlake_ci.model import Event, PullRequest

ATTEMPT = 30.0
"""Seconds that one attempt may take, so that a server that hangs gets a second one."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds: the bounds of the pauses between attempts, which double and are jittered in full
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)."""


@dataclass
class Delivery:
    """One run's way to DevLake, within one deadline; it remembers which dialect was understood."""

    target: Target
    send: Callable[[Request, float], Answer]
    """POST within so many seconds; raise NotSentError."""
    clock: Clock
    deadline: float
    """When time is up, on `clock.monotonic`."""
    dialect: str = "auto"
    log: Callable[[str], None] = field(default=lambda _: None)

    def deliver(self, event: Event) -> None:
        """Deliver it; return only when DevLake said of all of it that it is stored.

        Raise RefusedError if DevLake says no, UnreachedError if time runs out first.
        """
        first = "legacy" if self.dialect == "legacy" else "v1"
        for dialect in (first, "legacy"):
            try:
                self._send_all(*encode(event, self.target, dialect))
            except _OtherDialectError as other:
                said, hint = other.verdict.message, other.verdict.hint
                if isinstance(event, PullRequest):  # legacy has none
                    raise RefusedError(said, hints.PULL_REQUESTS) from None
                if self.dialect != "auto":
                    raise RefusedError(said, hint) from None
                self.log(f"{said} Going on in the legacy dialect.")
                self.dialect = "legacy"
            else:
                return

    def _send_all(self, target: Target, bodies: list[Body]) -> None:
        for stored, body in enumerate(bodies):
            try:
                self._send_until_stored(body, target)
            except Problem as problem:
                if stored:
                    problem.message += (
                        f" {stored} of its {len(bodies)} requests were stored before; sending the "
                        "same report again completes the deployment."
                    )
                raise

    def _send_until_stored(self, body: Mapping[str, Any], target: Target) -> None:
        request = Request(target.url, body, target.headers)
        pause, attempts, may_retry_once = FIRST_PAUSE, 0, True
        while True:
            attempts += 1
            judged = self._attempt(request, target)
            self.log(f"Attempt {attempts}: {judged.message or judged.kind}")
            if judged.kind == "stored":
                return
            if judged.kind == "switch dialect":
                raise _OtherDialectError(judged)
            is_last = judged.attempts is not None and attempts >= judged.attempts
            if judged.kind == "refused" or is_last:
                refused = InvalidReportError if judged.about_event else RefusedError
                raise refused(judged.message, judged.hint)
            if judged.kind == "retry once":
                if not may_retry_once:
                    raise RefusedError(judged.message, judged.hint)
                may_retry_once = False
            else:
                self._pause(judged, pause, attempts)
                pause = min(pause * 2, LONGEST_PAUSE)

    def _attempt(self, request: Request, target: Target) -> Verdict:
        left = self.deadline - self.clock.monotonic()
        try:
            answer = self.send(request, max(min(left, ATTEMPT), 0.0))
        except NotSentError as error:
            if not error.passing:
                raise UnreachedError(f"{self.target.base}: {error.reason}.", error.hint) from None
            return Verdict("retry", f"{self.target.base}: {error.reason}.", error.hint)
        return verdict(answer, request.body or {}, target, self.clock.now())

    def _pause(self, judged: Verdict, pause: float, attempts: int) -> None:
        """Wait before the next attempt, or give up if it could only be made too late."""
        wait = max(self.clock.random() * pause, judged.wait or 0.0)
        if self.clock.monotonic() + wait >= self.deadline:
            asked = f" It asks to wait {judged.wait:.0f} s." if judged.wait else ""
            tries = "1 attempt" if attempts == 1 else f"{attempts} attempts"
            raise UnreachedError(
                f"Not stored within the deadline, after {tries}. {judged.message}{asked}",
                judged.hint or hints.PASSING,
            )
        self.clock.sleep(wait)


class _OtherDialectError(Exception):
    """The server calls missing what was sent."""

    def __init__(self, judged: Verdict) -> None:
        super().__init__(judged.message)
        self.verdict = judged
