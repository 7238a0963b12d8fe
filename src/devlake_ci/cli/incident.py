"""`devlake-ci incident`: open and close an incident by hand."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from devlake_ci.cli import params
from devlake_ci.cli.incident_reporter import save_state
from devlake_ci.cli.outcome import conclude, merge
from devlake_ci.cli.session import Session
from devlake_ci.dataclass import dataclass
from devlake_ci.devlake import dialects
from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.incidents.decision import AFTER, validate_key
from devlake_ci.incidents.streak import ELSEWHERE, IncidentState, Streak
from devlake_ci.limits import INCIDENT_DESCRIPTION, INCIDENT_OTHER, INCIDENT_TITLE, truncate
from devlake_ci.model import Incident, Outcome
from devlake_ci.text import cut, quoted, without_user_info
from devlake_ci.timestamps import parse_past_timestamp, rfc3339

if TYPE_CHECKING:
    from devlake_ci.incidents.state_file import StateFile

OPTIONS = (
    *("url", "connection", "project", "token", "header", "ca_bundle", "client_cert", "client_key"),
    *("dialect", "service", "severity", "priority", "component", "incident_state", "deadline"),
    *("on_failure", "spool", "refresh", "refresh_wait", "dry_run", "format", "verbose"),
)
"""The options of `report` that say something of an incident by hand, too."""
COMMON = ("severity", "incident_state")
"""Those of them that the text of `--help` names."""
HELP = {
    "service": "The service concerned: the default of --component, and {service} in --connection.",
    "incident_state": "With file:PATH, the file in which `open` notes the incident for `close`.",
}
"""What two of them mean here."""


@dataclass(frozen=True, kw_only=True)
class IncidentArguments:
    """What is typed for one incident; its variables would be those of a deployment."""

    key: str
    named: str | None = None
    description: str | None = None
    link: str | None = None
    opened: str | None = None
    closed: str | None = None
    kind: str | None = None
    status: str | None = None
    creator: str | None = None
    assignee: str | None = None
    field: tuple[str, ...] = ()


Build = Callable[[Session, IncidentArguments, Incident | None], Incident]
"""Makes an incident of what is typed and, if there is one, of the incident that is open."""


_PARAMETERS: list[click.Parameter] = [
    click.Argument(["key"]),
    click.Option(["--title", "named"], metavar="TEXT", help="The incident's title."),
    click.Option(["--description"], metavar="TEXT", help="What happened."),
    click.Option(["--link"], metavar="URL", help="A page about it. Default: the page of this run."),
    click.Option(
        ["--created-at", "opened"],
        metavar="TIME",
        help="When it began. Default: for open, one second from now.",
    ),
    click.Option(
        ["--type", "kind"],
        metavar="WORD",
        callback=params.validate,
        help="Its type in DevLake, whose metrics count only INCIDENT. Default: INCIDENT.",
    ),
    click.Option(
        ["--status"],
        type=click.Choice(dialects.ISSUE_STATUSES, case_sensitive=False),
        help="Its status in DevLake. Default: TODO for open, DONE for close.",
    ),
    click.Option(
        ["--creator"], metavar="NAME|ID=NAME", callback=params.validate, help="Who reported it."
    ),
    click.Option(
        ["--assignee"], metavar="NAME|ID=NAME", callback=params.validate, help="Who is to fix it."
    ),
    click.Option(
        ["--field"],
        multiple=True,
        metavar="NAME=VALUE",
        callback=params.validate,
        help=f"Another field of DevLake's issues: {', '.join(dialects.ISSUE_FIELDS)}.",
    ),
]
_RESOLVED_AT = click.Option(
    ["--resolved-at", "closed"], metavar="TIME", help="When it ended. Default: now."
)


@click.group(no_args_is_help=False)
def incident() -> None:
    """Open and close an incident by hand."""


@incident.command(
    "open",
    cls=params.Grouped,
    common=COMMON,
    params=[*params.parameters(*OPTIONS, **HELP), *_PARAMETERS],
    examples=(
        (
            "The incident begins now",
            'devlake-ci incident open db-1 --title "Database down" --severity high',
        ),
    ),
)
@click.pass_context
def open_(context: click.Context, /, **_: object) -> None:
    """Open the incident KEY.

    --title is required. DevLake counts the incident against the last successful deployment to
    PRODUCTION that finished before the incident began (--created-at). By default the incident
    begins one second from now, so that a deployment that finished in the current second still
    counts. Opening the same KEY again replaces the whole incident. With --incident-state file:PATH,
    the file remembers the incident for `close`.
    """
    _run(context, _open_incident)


@incident.command(
    "close",
    cls=params.Grouped,
    common=COMMON,
    params=[*params.parameters(*OPTIONS, **HELP), _RESOLVED_AT, *_PARAMETERS],
    examples=(
        (
            "The incident ends now; title and beginning are repeated",
            'devlake-ci incident close db-1 --title "Database down" '
            "--created-at 2026-03-01T11:00:00Z",
        ),
    ),
)
@click.pass_context
def close(context: click.Context, /, **_: object) -> None:
    """Close the incident KEY.

    DevLake empties fields that it isn't sent: repeat --title and --created-at as they were when
    you opened the incident, or set --incident-state file:PATH to the file that remembers them.
    """
    _run(context, _close_incident)


def _run(context: click.Context, build: Build) -> None:
    """Build the incident from what is typed and what the state file has, send it, and save it."""
    session = Session(context.obj, params.options(context))
    names = {each.name for each in fields(IncidentArguments)} & context.params.keys()
    typed = IncidentArguments(**{name: context.params[name] for name in names})
    outcome = session.refresh(session.attempt(lambda: _report(session, typed, build)))
    context.obj.ignore_signals()
    context.exit(conclude(outcome, context.obj, session.options.format))


def _report(session: Session, typed: IncidentArguments, build: Build) -> Outcome:
    key = validate_key(typed.key, "KEY")
    file, streak = _state_file(session), Streak(job=key)
    state = file.load(streak) if file else IncidentState()
    event = build(session, typed, state.open)
    outcome = session.send(event)
    if not file or session.options.dry_run:
        return outcome
    is_over = event.resolved_at and outcome.reported
    after = IncidentState(open=None if is_over else replace(event, resolved_at=None))
    outcome = replace(outcome, notes=outcome.notes + state.notes)
    return merge(outcome, save_state(session, file, streak, after))


def _state_file(session: Session) -> "StateFile | None":
    if session.options.incident_state in ELSEWHERE:
        return None
    from devlake_ci.incidents.state_file import StateFile, path_in  # noqa: PLC0415 (pydantic)

    found = path_in(session.options)
    return StateFile(session.runtime, found, session.options.dry_run) if found else None


def _open_incident(session: Session, typed: IncidentArguments, _: Incident | None) -> Incident:
    if not typed.named:
        raise BadUsageError("The incident has no title.", "Set --title.")
    if typed.status == "DONE":
        raise BadUsageError(
            "--status: an incident can't be opened as DONE.", "Close it: devlake-ci incident close."
        )
    # A deployment that ended in this very second is one before it.
    created = _time(session, typed.opened, "--created-at") or session.runtime.clock.now() + AFTER
    return _incident(session, typed, typed.named, created)


def _close_incident(
    session: Session, typed: IncidentArguments, before: Incident | None
) -> Incident:
    if typed.status not in (None, "DONE"):
        raise BadUsageError(
            f"--status: an incident is DONE when it is closed, not {typed.status}.",
            "Leave it out, or open the incident again with this status.",
        )
    now = session.runtime.clock.now()
    title = typed.named or (before and before.title)
    created = _time(session, typed.opened, "--created-at") or (before and before.created_at)
    if not (title and created):
        raise MissingError(
            f"The title of {quoted(typed.key)}, or when it began, is not known here, and DevLake "
            "empties what it isn't sent.",
            "Set --title and --created-at as they were, or --incident-state file:PATH.",
        )
    resolved = _time(session, typed.closed, "--resolved-at") or max(now, created)
    if resolved < created:
        raise BadUsageError(
            f"The incident would have ended ({rfc3339(resolved)}) before it began "
            f"({rfc3339(created)}).",
            "Fix --resolved-at or --created-at.",
        )
    made = _incident(session, typed, title, created)
    more = dict(before.more if before else ()) | dict(made.more)
    more.pop("status", None)
    return replace(
        before or made,
        **{name: each for name in TEXTS if (each := getattr(made, name))},
        title=made.title,
        created_at=created,
        updated_at=max(resolved, now),
        resolved_at=resolved,
        original_status="closed",
        more=tuple(more.items()),
    )


TEXTS = ("description", "url", "severity", "priority", "component")


def _incident(
    session: Session, typed: IncidentArguments, title: str, created: datetime
) -> Incident:
    options = session.options
    component = options.component or options.service
    return Incident(
        key=typed.key,
        title=cut(title, INCIDENT_TITLE),
        description=truncate(typed.description, INCIDENT_DESCRIPTION),
        url=truncate(
            without_user_info(typed.link or session.context.run_url or ""), INCIDENT_OTHER
        ),
        original_status="open",
        created_at=created,
        updated_at=max(created, session.runtime.clock.now()),  # of two words the later one counts
        severity=truncate(options.severity, INCIDENT_OTHER),
        priority=truncate(options.priority, INCIDENT_OTHER),
        component=truncate(component, INCIDENT_OTHER),
        more=tuple(_more(typed).items()),
    )


def _more(typed: IncidentArguments) -> dict[str, dialects.FieldValue]:
    """Return what only a person knows; nobody is named who wasn't typed."""
    chosen = {"type": truncate(typed.kind, INCIDENT_OTHER), "status": typed.status}
    return (
        {name: text for name, text in chosen.items() if text}
        | dialects.person_fields(typed.creator, "creator", "--creator")
        | dialects.person_fields(typed.assignee, "assignee", "--assignee")
        | dialects.issue_fields(typed.field, "--field")
    )


def _time(session: Session, text: str | None, source: str) -> datetime | None:
    return parse_past_timestamp(text, source, session.runtime.clock.now()) if text else None
