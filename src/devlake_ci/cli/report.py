"""`devlake-ci report`: tell DevLake what this job deployed, and whether it is all right."""

from dataclasses import replace

import click

from devlake_ci.ci import repositories
from devlake_ci.cli import params
from devlake_ci.cli.outcome import conclude, merge
from devlake_ci.cli.session import Session
from devlake_ci.commits.additional import additional_commits
from devlake_ci.commits.sha import Find, in_checkout
from devlake_ci.deployment import Lookups, make_deployment, start_note
from devlake_ci.model import Commit, Outcome
from devlake_ci.options import Options
from devlake_ci.runtime import workspace

EXAMPLES = (
    (
        "Where the CI says how the job ended, such as GitLab's after_script",
        "devlake-ci report --environment production",
    ),
    (
        "Anywhere, in a step that runs after a success",
        "devlake-ci report --environment production --result success",
    ),
    (
        "Look first, send nothing",
        "devlake-ci report --environment prod-eu --result success --dry-run",
    ),
    ("A check of production", "devlake-ci report --mode incident --environment production"),
)


@click.command(cls=params.Grouped, params=params.parameters(), examples=EXAMPLES)
@click.pass_context
def report(context: click.Context, /, **_: object) -> None:
    """Tell DevLake what this job deployed.

    Values that you don't set are read from the CI's own variables, then from git. Each option can
    also be set as the variable in brackets. An empty variable counts as unset, unless it is a
    result. The variable of a repeatable option takes one value per line.
    """
    session = Session(context.obj, params.options(context))
    became = outcome(session)
    context.obj.ignore_signals()
    context.exit(conclude(became, context.obj, session.options.format))


def outcome(session: Session) -> Outcome:
    """Report, and say what became of it."""
    if session.options.mode == "incident":
        return session.refresh(session.attempt(lambda: _incident(session)))
    first = session.attempt(lambda: _deployment(session))
    if session.options.mode == "deployment":
        return session.refresh(first)
    second = session.attempt(lambda: _incident(session, first))
    return session.refresh(merge(first, second))


def _deployment(session: Session) -> Outcome:
    now, options = session.runtime.clock.now(), session.options
    ways = session.lookups or make_lookups(session)
    if (note := session.context.matrix_note) and not (options.service or options.id):
        session.log(note)
    made = session.find_out(lambda: make_deployment(options, session.context, ways, now))
    if options.changes == "none":
        outcome = session.send(made)
    else:
        from devlake_ci.cli.changes import Changes  # noqa: PLC0415 (it imports pydantic)

        changes = Changes(session, ways.finders)
        outcome = changes.send(session.send(changes.add_to(made)))
    note = start_note(options, session.context, made)
    if not note or (outcome.problem and not session.is_kept):
        return outcome
    return replace(outcome, notes=(note, *outcome.notes))


def _incident(session: Session, beside: Outcome | None = None) -> Outcome:
    from devlake_ci.cli.incident_reporter import IncidentReporter  # noqa: PLC0415 (few report any)

    return IncidentReporter(session).outcome(beside)


def make_lookups(session: Session, *, nonce: bool = True) -> Lookups:
    """Return the ways to find out what nobody gave; `nonce` says whether one may be written."""
    return Lookups(
        finders=lambda repo_url: _finders(session, repo_url),
        message=lambda sha: session.git("show", "--no-patch", "--format=%B", sha),
        times=lambda: session.provider.times(session.env, session.ask),
        nonce=session.runtime.nonce if nonce else lambda _: None,
        additional=lambda: find_additional(session, session.options),
    )


def find_additional(session: Session, options: Options) -> tuple[Commit, ...]:
    """Return the commits that the options name beside the job's own; raise Problem."""
    return additional_commits(
        options,
        repositories.server(session.context, session.env, options.repo_url),
        lambda repo_url: _finders(session, repo_url),
        workspace(session.runtime.env, session.time_left_to_ask),
    )


def _finders(session: Session, repo_url: str) -> tuple[Find, ...]:
    ask = repositories.resolver(repo_url, session.context, session.env, session.ask)
    return (in_checkout(session.git, repo_url), *filter(None, [ask]))
