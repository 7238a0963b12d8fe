"""`devlake-ci report`: tell DevLake what this job deployed."""

import json
from collections.abc import Mapping
from functools import cached_property

import click

from devlake_ci import ci
from devlake_ci import report as reporting
from devlake_ci.ci.provider import Reply
from devlake_ci.cli import params
from devlake_ci.cli.outcome import NEXT, conclude
from devlake_ci.commits.sha import Find, in_checkout
from devlake_ci.devlake.address import Target, target
from devlake_ci.devlake.delivery import DIALECTS, Delivery
from devlake_ci.devlake.request import NotSentError
from devlake_ci.errors import Problem
from devlake_ci.model import Context, Deployment, Outcome
from devlake_ci.options import Options, variable
from devlake_ci.runtime import Network, Runtime
from devlake_ci.text import line

LOOK_UP = 10.0
"""Seconds that one question to a CI's API may take: nothing that it knows is worth more."""


@click.command(cls=params.Grouped, params=params.parameters())
@click.pass_context
def report(context: click.Context, /, **_: object) -> None:
    """Tell DevLake what this job deployed.

    What isn't given is read from the CI's own variables, then from git. Each option can be set
    as a variable too, named in brackets; an empty variable counts as unset, and repeatable
    options are one a line there.
    """
    context.obj.stop_at_signals()
    run = _Run(context.obj, params.options(context))
    context.exit(conclude(run.outcome(), context.obj, run.options.format))


class _Run:
    """One report, with what its steps share."""

    def __init__(self, world: Runtime, options: Options) -> None:
        self.world = world
        self.options = options
        self.ends = world.clock.monotonic() + options.deadline
        self.env = {**world.env, **_tokens(options)}
        self.provider = ci.provider(self.env)

    def outcome(self) -> Outcome:
        """Report, and say what became of it."""
        deployment = None
        try:
            context = ci.context(self.env, self.world.read_file, self.world.git)
            now = self.world.clock.now()
            deployment = reporting.deployment(self.options, context, self._lookups(context), now)
            where = target(self.options, reporting.names(self.options, context))
            if self.options.dry_run:
                requests = self._requests(where, deployment)
                return Outcome(reported=False, deployment=deployment, requests=requests)
            self._deliver(where, deployment)
        except Problem as problem:
            soft = self.options.on_failure == "warn"
            return Outcome(reported=False, deployment=deployment, problem=problem, soft=soft)
        return Outcome(reported=True, deployment=deployment, notes=(NEXT,))

    @cached_property
    def _network(self) -> Network:
        return self.world.connect(self.options)

    def _deliver(self, where: Target, deployment: Deployment) -> None:
        Delivery(
            target=where,
            send=self._network.send,
            clock=self.world.clock,
            ends=self.ends,
            dialect=self.options.dialect,
            log=self._log,
        ).deployment(deployment)

    def _requests(self, where: Target, deployment: Deployment) -> tuple[dict[str, object], ...]:
        """Give what would be sent."""
        dialect = "v1" if self.options.dialect == "auto" else self.options.dialect
        return tuple(
            {"method": "POST", "url": where.url, "body": body}
            for body in DIALECTS[dialect].bodies(deployment)
        )

    def _lookups(self, context: Context) -> reporting.Lookups:
        def finders(repo_url: str) -> tuple[Find, ...]:
            def ask(name: str) -> str | None:
                same = repo_url == context.repo_url
                return self.provider.resolve(name, self.env, self._ask) if same else None

            return (in_checkout(self.world.git, repo_url), ask)

        return reporting.Lookups(
            finders=finders,
            message=lambda sha: self.world.git("show", "--no-patch", "--format=%B", sha),
            times=lambda: self.provider.times(self.env, self._ask),
            nonce=self.world.nonce,
        )

    def _ask(self, url: str, headers: Mapping[str, str]) -> Reply:
        """Ask a CI's API."""
        left = self.ends - self.world.clock.monotonic()
        try:
            answer = self._network.get(url, headers, min(left, LOOK_UP))
            self._log(f"GET {url}: {answer.status}")
            body = json.loads(answer.text) if answer.status == 200 else None
            return Reply(answer.status, body)
        except (NotSentError, ValueError, RecursionError) as error:
            self._log(f"GET {url}: {error}")
            return Reply(None)

    def _log(self, text: str) -> None:
        if self.options.verbose:
            click.echo(line(text), err=True)


def _tokens(options: Options) -> dict[str, str]:
    """Give the providers the tokens where they look for them, whichever way they were given."""
    names = ("github_token", "gitlab_token")
    return {variable(name): value for name in names if (value := getattr(options, name))}
