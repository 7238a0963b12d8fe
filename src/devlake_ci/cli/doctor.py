"""`devlake-ci doctor`: check whether a report would work, and say what to do if not."""

from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import click

from devlake_ci import deployment as deployments
from devlake_ci.ci import github, gitlab
from devlake_ci.ci.facts import value
from devlake_ci.cli import params
from devlake_ci.cli.incident_reporter import IncidentReporter
from devlake_ci.cli.report import lookups
from devlake_ci.cli.session import Session
from devlake_ci.devlake.address import Target
from devlake_ci.devlake.delivery import ATTEMPT
from devlake_ci.devlake.exposure import exposed
from devlake_ci.devlake.request import Answer, NotSentError, Request
from devlake_ci.doctor import helpers, job, server
from devlake_ci.doctor.check import Check, State, bad, failed, good, odd, unknown
from devlake_ci.doctor.reminders import reminders
from devlake_ci.errors import NothingToReport, Problem, StoppedError, UnreachedError
from devlake_ci.model import Deployment
from devlake_ci.text import json_text, line

KINDS: dict[str, tuple[Literal["deployments", "issues"], ...]] = {
    "deployment": ("deployments",),
    "incident": ("issues",),
    "both": ("deployments", "issues"),
}
MARKS = {State.GOOD: "✓", State.ODD: "!", State.BAD: "✗", State.UNKNOWN: "?"}


@click.command(cls=params.Grouped, params=params.parameters())
@click.pass_context
def doctor(context: click.Context, /, **_: object) -> None:
    """Check whether a report with these options would work, and say what to do if not.

    It stores nothing, in DevLake or here. ✓ is good, ✗ would stop a report, ! could be better,
    and ? can't be known from here. The exit code is 0 only if there is no ✗.
    """
    context.obj.stop_at_signals()
    session = Session(context.obj, params.options(context))
    checks = [*_server(session), *_job(session), *reminders(session.context.provider)]
    if session.stopped:
        raise session.stopped
    code = next((each.exit_code for each in checks if each.state is State.BAD), 0)
    if session.options.format == "json":
        listed = [
            {"name": each.name, "state": each.state, "says": each.says, "todo": each.todo}
            for each in checks
        ]
        click.echo(json_text({"works": code == 0, "exit-code": code, "checks": listed}))
    else:
        click.echo("\n".join(map(_shown, checks)))
    context.exit(code)


def _shown(check: Check) -> str:
    said = f"{MARKS[check.state]} {check.name}: {line(check.says)}"
    return f"{said}\n    {line(check.todo)}" if check.todo else said


def _server(session: Session) -> Iterator[Check]:
    """Go the way of a report to DevLake, without sending one."""
    try:
        target = session.delivery.target
    except StoppedError:
        raise
    except Problem as problem:
        yield failed("address", problem)
        return
    yield good("address", f"{target.base}, {target.route}")
    if note := exposed(target):
        yield odd("secrecy", note, "")
    yield from _way(session, target)
    for kind in KINDS[session.options.mode]:
        asked = server.probe(target, kind)
        answer = _answer(session, asked)
        if isinstance(answer, Check):
            yield answer
            return
        if kind == KINDS[session.options.mode][0]:
            yield from server.clock(answer, session.world.clock.now())
        yield from server.answered(answer, asked, target)
        yield from server.spelled(answer, session.options.dialect)


def _way(session: Session, target: Target) -> Iterator[Check]:
    host = urlsplit(target.base).hostname or ""
    if proxy := session.network.proxy(target.base):
        yield good("proxy", f"{line(proxy)} is on the way (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).")
    elif session.network.resolves(host, min(session.left, ATTEMPT)):
        yield good("name", f"{host} resolves.")
    else:
        yield bad(
            "name",
            f"{host} doesn't resolve.",
            "Check --url, and whether this machine's name server knows the host.",
            UnreachedError.exit_code,
        )


def _answer(session: Session, asked: Target) -> Answer | Check:
    """Send `{}`, of which DevLake stores nothing."""
    request = Request(asked.url, {}, asked.headers)
    try:
        return session.network.send(request, min(session.left, ATTEMPT))
    except NotSentError as error:
        return bad(
            "reached",
            f"{asked.base}: {error.reason}.",
            error.hint or "Look at the DevLake server and the way to it, or raise --deadline.",
            UnreachedError.exit_code,
        )


def _job(session: Session) -> Iterator[Check]:
    """Work a report out, without sending it."""
    mode = session.options.mode
    told = list(job.told(session.options, session.context)) if mode != "incident" else []
    yield from told
    if told and all(each.state is not State.BAD for each in told):
        yield job.made(_deployment(session))
    if mode != "deployment":
        yield _incidents(session)
    git = session.git
    head = session.world.read_file(".git/HEAD")
    yield from job.checkout(git("rev-parse", "--show-toplevel"), head, git("--version"))
    yield from _helper(session)


def _deployment(session: Session) -> Deployment | Problem:
    options = job.assumed(session.options, session.context)
    try:
        return deployments.deployment(
            options, session.context, lookups(session, nonce=False), session.world.clock.now()
        )
    except StoppedError:
        raise
    except Problem as problem:
        return problem


def _incidents(session: Session) -> Check:
    """Look up which incident is open, where a report would."""
    try:
        reporter = IncidentReporter(session)
        reporter.check()
        return good("open incident", f"It is known from: {reporter.kind}.")
    except StoppedError:
        raise
    except NothingToReport as problem:
        return unknown("open incident", problem.message, problem.hint)
    except Problem as problem:
        return failed("open incident", problem)


def _helper(session: Session) -> Iterator[Check]:
    """Ask the CI's API something, as a report may."""
    env, provider = session.env, session.context.provider
    if provider == "github":
        run, has_token = value(env, "GITHUB_RUN_ID"), value(env, "DEVLAKE_GITHUB_TOKEN")
        asks = bool(run and has_token)
        yield helpers.github(
            github.get(env, session.ask, "actions", "runs", run or "") if asks else None
        )
    if provider == "gitlab":
        has_token = value(env, "DEVLAKE_GITLAB_TOKEN", "CI_JOB_TOKEN")
        yield helpers.gitlab(
            gitlab.get(env, session.ask, "deployments?per_page=1") if has_token else None
        )
