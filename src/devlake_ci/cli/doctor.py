"""`devlake-ci doctor`: check whether a report would work, and say what to do if not."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import click

from devlake_ci.ci import github, gitlab
from devlake_ci.ci.facts import value
from devlake_ci.cli import params
from devlake_ci.cli.incident_reporter import IncidentReporter
from devlake_ci.cli.printing import say
from devlake_ci.cli.report import make_lookups
from devlake_ci.cli.session import Session
from devlake_ci.deployment import make_deployment, placeholder_values
from devlake_ci.devlake.address import Target, changes_target, plaintext_warning
from devlake_ci.devlake.delivery import ATTEMPT
from devlake_ci.devlake.request import Answer, NotSentError, Request
from devlake_ci.doctor import checks, server
from devlake_ci.doctor.checks import Check, State, fail, from_problem, good, warn
from devlake_ci.errors import Problem, StoppedError, UnreachedError
from devlake_ci.text import json_text, line

EXAMPLES = (
    ("As the job that deploys would report", "devlake-ci doctor --environment production"),
    ("For a program", "devlake-ci doctor --environment production --format json"),
)
MARKS = {
    State.GOOD: click.style("✓", fg="green"),
    State.WARN: click.style("!", fg="yellow"),
    State.FAIL: click.style("✗", fg="red"),
    State.UNKNOWN: click.style("?", fg="cyan"),
}


@click.command(
    cls=params.Grouped, params=params.parameters(), examples=EXAMPLES, common=("format",)
)
@click.pass_context
def doctor(context: click.Context, /, **_: object) -> None:
    """Check whether a report with these options would work, and say what to do if not.

    It stores nothing, neither in DevLake nor on this machine. ✓ is good, ✗ would stop a report,
    ! could be better, and ? can't be checked from this machine. The exit code is the one that
    `report` would exit with: 0 only if there is no ✗.
    """
    context.obj.stop_at_signals()
    session = Session(context.obj, params.options(context))
    devlake = list(_check_devlake(session))
    works = all(each.state is not State.FAIL for each in devlake)
    found = [*devlake, *_check_job(session), *_check_project(session, works)]
    if session.stopped:
        raise session.stopped
    # A report finds out in this order: 2 usage, 3 missing, 4 refused, 5 not reached.
    code = min((each.exit_code for each in found if each.state is State.FAIL), default=0)
    if session.options.format == "json":
        listed = [
            {"name": each.name, "state": each.state, "says": each.says, "todo": each.todo}
            for each in found
        ]
        say(json_text({"works": code == 0, "exit-code": code, "checks": listed}))
    else:
        say("\n".join(map(_format_check, found)))
    context.exit(code)


def _format_check(check: Check) -> str:
    said = f"{MARKS[check.state]} {check.name}: {line(check.says)}"
    return f"{said}\n    {line(check.todo)}" if check.todo else said


def _check_devlake(session: Session) -> Iterator[Check]:
    """Check the way to DevLake and what it answers, without sending a report."""
    try:
        target = session.delivery.target
    except Problem as problem:
        yield from_problem("address", problem)
        return
    yield good("address", f"{target.base}, {target.route}")
    if note := plaintext_warning(target):
        yield warn("secrecy", note, "")
    yield from _check_network(session, target)
    answers: list[Answer] = []
    try:
        found = list(_check_answers(session, target, answers.append))
    except NotSentError as error:
        why = error.hint or "Look at the DevLake server and the way to it, or raise --deadline."
        reason = f"{target.base}: {error.reason}."
        found = [fail("reached", reason, why, UnreachedError.exit_code)]
    if answers:
        yield from server.check_clock(answers[0], session.runtime.clock.now())
    yield from found


def _check_answers(
    session: Session, target: Target, seen: Callable[[Answer], None]
) -> Iterator[Check]:
    """Ask DevLake what a report of this mode needs; raise NotSentError."""
    mode, dialect = session.options.mode, session.options.dialect

    def send(request: Request) -> Answer:
        answer = session.network.send(request, min(session.time_left, ATTEMPT))
        seen(answer)
        return answer

    def get(path: str) -> Answer | None:
        url = f"{target.base}{'/rest' if target.rest else ''}{path}"
        try:
            return session.network.get(url, target.headers, min(session.time_left, ATTEMPT))
        except NotSentError:  # such as without the client certificate
            return None

    if mode != "incident" and session.options.changes != "none":
        names = placeholder_values(session.options, session.context)
        yield server.check_changes(send, changes_target(session.options, names))
    if mode != "incident" and target.route.startswith("projects/"):
        yield from server.check_project(send, get, target, dialect, incidents=mode == "both")
        return
    if mode != "incident":
        yield from server.check_connection(send, target, dialect)
    if mode != "deployment":
        yield from server.check_connection(send, target.for_connection("issues"), dialect)


def _check_project(session: Session, works: bool) -> Iterator[Check]:
    """Look whether what is reported is counted; what can't be seen from here is a reminder."""
    if not works:
        yield from checks.reminders(session.context.provider)
        return
    from devlake_ci.devlake.api import Api  # noqa: PLC0415 (as below)
    from devlake_ci.devlake.inventory import fetch_inventory, fetch_keys  # noqa: PLC0415 (it imports pydantic)
    from devlake_ci.devlake.refresh import Refresh  # noqa: PLC0415
    from devlake_ci.doctor import project  # noqa: PLC0415

    target, clock = session.delivery.target, session.runtime.clock
    api = Api(target, session.network.call, clock, lambda: min(session.time_left, ATTEMPT))
    try:
        there = fetch_inventory(api, with_keys=False)
        name = project.connection_name(target, there)
        found = [project.check_membership(name, there)]
        for each, blueprint in there.projects_with(name):
            last = Refresh(api, blueprint.id).newest()
            found += project.check_computed(each, blueprint, last)
            if session.options.changes != "none":
                found.append(project.check_pull_requests(each, blueprint))
    except StoppedError:
        raise
    except Problem:
        found = list(checks.reminders(session.context.provider))
    yield from found
    with suppress(Problem):
        if target.rest:
            fetch_keys(api)  # which only an administrator's key may read
            yield project.wide_key()


def _check_network(session: Session, target: Target) -> Iterator[Check]:
    host = urlsplit(target.base).hostname or ""
    if proxy := session.network.proxy(target.base):
        yield good("proxy", f"{line(proxy)} is on the way (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).")
    elif session.network.resolves(host, min(session.time_left, ATTEMPT)):
        yield good("name", f"{host} resolves.")
    else:
        yield fail(
            "name",
            f"{host} doesn't resolve.",
            f"Check {session.options.source('url')}, and whether this machine's name server knows "
            "the host.",
            UnreachedError.exit_code,
        )


def _check_job(session: Session) -> Iterator[Check]:
    """Work a report out, without sending it."""
    mode = session.options.mode
    facts = list(checks.facts(session.options, session.context)) if mode != "incident" else []
    yield from facts
    if facts and all(each.state is not State.FAIL for each in facts):
        yield _check_deployment(session)
    if mode != "deployment":
        yield _check_incidents(session)
    git = session.git
    head = session.runtime.read_file(".git/HEAD")
    yield from checks.checkout(git("rev-parse", "--show-toplevel"), head, git("--version"))
    yield from _check_token(session)


def _check_deployment(session: Session) -> Check:
    """Work a deployment out; where a job's result isn't known before its end, it is a success."""
    options, context = session.options, session.context
    if not (options.result or context.result):
        options = replace(options, result="success")
    ways, now = make_lookups(session, nonce=False), session.runtime.clock.now()
    try:
        made = make_deployment(options, context, ways, now)
    except Problem as problem:
        return from_problem("report", problem)
    commits = ", ".join(each.sha[:12] for each in made.commits[:3])
    return good("report", f"It would report {commits} in {made.environment}.")


def _check_incidents(session: Session) -> Check:
    """Look up which incident is open, where a report would."""
    try:
        reporter = IncidentReporter(session)
        reporter.check()
        return good("open incident", f"It is known from: {reporter.state_source}.")
    except Problem as problem:
        return from_problem("open incident", problem)


def _check_token(session: Session) -> Iterator[Check]:
    """Ask the CI's API something, as a report may."""
    env, provider, reply = session.env, session.context.provider, None
    if provider == "github":
        if (run := value(env, "GITHUB_RUN_ID")) and value(env, "DEVLAKE_GITHUB_TOKEN"):
            reply = github.get(env, session.ask, "actions", "runs", run)
        yield checks.token(provider, reply)
    if provider == "gitlab":
        if value(env, "DEVLAKE_GITLAB_TOKEN", "CI_JOB_TOKEN"):
            reply = gitlab.get(env, session.ask, "deployments?per_page=1")
        yield checks.token(provider, reply)
