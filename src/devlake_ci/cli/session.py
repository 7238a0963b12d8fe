"""One run of a command: its options, its deadline, and its ways to DevLake and to the CI."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import click

from devlake_ci import ci
from devlake_ci import report as reporting
from devlake_ci.ci.provider import Reply
from devlake_ci.cli.outcome import NEXT
from devlake_ci.devlake.address import target
from devlake_ci.devlake.delivery import DIALECTS, Delivery
from devlake_ci.devlake.request import Answer, NotSentError, Request
from devlake_ci.errors import Problem, StoppedError
from devlake_ci.model import Context, Deployment, Incident, Outcome
from devlake_ci.options import Options, variable
from devlake_ci.runtime import Network, Runtime
from devlake_ci.text import cut, line

LOOK_UP = 10.0
"""Seconds that one question to a CI's API may take: nothing that it knows is worth more."""


class Session:
    """What all that happens in one run shares."""

    def __init__(self, world: Runtime, options: Options) -> None:
        """Start the clock; nothing is asked or sent yet."""
        self.world = world
        self.options = options
        self.ends = world.clock.monotonic() + options.deadline
        self.env = {**world.env, **_tokens(options)}
        self.provider = ci.provider(self.env)
        self.stopped: StoppedError | None = None

    @cached_property
    def context(self) -> Context:
        """What the CI says of this job, or of the one that we report for; raises Problem."""
        ours = ci.context(self.env, self.world.read_file, self.world.git)
        where = not self.options.environment
        return self.provider.deployed(ours, self.env, self.ask, where)

    @cached_property
    def network(self) -> Network:
        """The one set of connections."""
        return self.world.connect(self.options)

    @cached_property
    def delivery(self) -> Delivery:
        """The way to DevLake, which remembers the dialect; raises Problem for a bad address."""
        return Delivery(
            target=target(self.options, reporting.names(self.options, self.context)),
            send=self._send,
            clock=self.world.clock,
            ends=self.ends,
            dialect=self.options.dialect,
            log=self.log,
        )

    @property
    def is_soft(self) -> bool:
        """Whether a failure is to be a warning only."""
        return self.options.on_failure == "warn"

    def tell(self, event: Deployment | Incident) -> Outcome:
        """Tell DevLake of something, or show what would be sent; a Problem is in the outcome."""
        what: dict[str, Any] = (
            {"incident": event} if isinstance(event, Incident) else {"deployment": event}
        )
        try:
            self._check_not_stopped()
            if self.options.dry_run:
                return Outcome(reported=False, requests=self._requests(event), **what)
            self.delivery.deliver(event)
        except Problem as problem:
            return self.failed(problem, **what)
        return Outcome(reported=True, notes=(NEXT,), **what)

    def failed(self, problem: Problem, **what: Any) -> Outcome:  # noqa: ANN401 (as of Outcome)
        """Give the outcome of what a problem stopped; after a signal nothing more is tried."""
        if isinstance(problem, StoppedError):
            self.stopped = problem
        return Outcome(reported=False, problem=problem, soft=self.is_soft, **what)

    def _check_not_stopped(self) -> None:
        if self.stopped:
            raise self.stopped

    def _requests(self, event: Deployment | Incident) -> tuple[dict[str, object], ...]:
        dialect = DIALECTS["legacy" if self.options.dialect == "legacy" else "v1"]
        where = self.delivery.target
        if isinstance(event, Incident):
            where, bodies = where.for_incidents(), [dialect.incident(event)]
        else:
            bodies = dialect.bodies(event)
        return tuple({"method": "POST", "url": where.url, "body": body} for body in bodies)

    def ask(self, url: str, headers: Mapping[str, str]) -> Reply:
        """Ask a CI's API, within the time that is left."""
        self._check_not_stopped()
        left = self.ends - self.world.clock.monotonic()
        try:
            answer = self.network.get(url, headers, min(left, LOOK_UP))
            self.log(f"GET {url}: {answer.status}")
            return _reply(answer)
        except (NotSentError, ValueError, RecursionError) as error:
            self.log(f"GET {url}: {error}")
            return Reply(None, message=str(error) if isinstance(error, NotSentError) else "no JSON")

    def _send(self, request: Request, seconds: float) -> Answer:
        return self.network.send(request, seconds)

    def log(self, text: str) -> None:
        """Say it if the user wants to hear more."""
        if self.options.verbose:
            click.echo(line(text), err=True)


def _reply(answer: Answer) -> Reply:
    if answer.status == 200:
        return Reply(200, json.loads(answer.text))
    try:
        said = json.loads(answer.text)
    except (ValueError, RecursionError):
        said = None
    message = (said.get("message") or said.get("error")) if isinstance(said, dict) else None
    return Reply(answer.status, None, cut(line(str(message or "")), 200))


def _tokens(options: Options) -> dict[str, str]:
    """Give the providers the tokens where they look for them, whichever way they were given."""
    names = ("github_token", "gitlab_token")
    return {variable(name): value for name in names if (value := getattr(options, name))}
