"""Decides what DevLake should hear of an incident: how the job ended, and what was open before."""

from dataclasses import replace
from datetime import datetime, timedelta

from devlake_ci import results
from devlake_ci.errors import NothingToReport
from devlake_ci.incidents.content import incident_of, this_failure
from devlake_ci.incidents.streak import (
    IncidentState,
    JobResult,
    PastRun,
    Streak,
    first_failure,
    in_order,
    is_outdated,
    transition,
)
from devlake_ci.model import Context, Deployment, Environment, Incident, Result
from devlake_ci.options import Options
from devlake_ci.timestamps import typed_moment

AFTER = timedelta(seconds=1)
"""How long after its deployment's end an incident begins at the earliest: one of the same second
counts against the deployment before (contract: dora-month, "at-s09-finish")."""


def result(options: Options, context: Context) -> Result:
    """Return whether all is well now: what is given by hand, else how the job ended.

    With `--mode both`, `--result` is the deployment's, so the job's own result goes before it.
    Raises MissingError if it isn't known, and NothingToReport if the job was cancelled or skipped.
    """
    word, given = (results.given(options, name) for name in ("incident_result", "result"))
    ended = results.of_job(options, context)
    found = word or (ended or given if options.mode == "both" else given or ended)
    if not found:
        raise results.unknown(
            "Whether production works",
            "--incident-result (or DEVLAKE_INCIDENT_RESULT)",
            context,
        )
    if found not in (Result.SUCCESS, Result.FAILURE):
        raise NothingToReport(f"No incident is reported: the job ended as {found}.")
    return Result(found)


def check_environment(kind: Environment) -> None:
    """Check that the incident is one of PRODUCTION; raises NothingToReport.

    DevLake counts each against a deployment to PRODUCTION (contract: dora-month, "staging-only").
    """
    if kind is not Environment.PRODUCTION:
        raise NothingToReport(
            f"No incident is reported: this is {kind}, and DevLake would count it against "
            "PRODUCTION.",
        )


def state_from(
    options: Options,
    context: Context,
    streak: Streak,
    past: list[PastRun],
    started: datetime | None,
) -> IncidentState:
    """Return which incident is open, by how the job ended before."""
    counted, first = in_order(past), first_failure(past)
    return IncidentState(
        open=incident_of(options, context, streak, first) if first else None,
        newest_start=counted[-1].started_at if counted else None,
        started_at=started,
    )


def job_result(
    options: Options, context: Context, state: IncidentState, result: Result
) -> JobResult:
    """Return how the job ended this time; the CI, the user or a variable says when it began."""
    given = options.started_at and typed_moment(options.started_at, options.source("started_at"))
    started = state.started_at or given or context.started_at
    return JobResult(result=result, started_at=started or None, number=context.run_number)


def next_incident(
    options: Options,
    context: Context,
    streak: Streak,
    *,
    state: IncidentState,
    this: JobResult,
    deployment: Deployment | None,
    now: datetime,
) -> Incident | None:
    """Return the incident as DevLake should have it now; None if there is nothing to report.

    `deployment` is reported beside it: an incident begins after its end. Raises NothingToReport if
    a newer run was reported already.
    """
    if is_outdated(state, this):
        raise NothingToReport(
            "No incident is reported: a run that began after this one was already reported."
        )
    at = max(now, deployment.finished_at + AFTER) if deployment else now
    fresh = incident_of(options, context, streak, this_failure(context, at))
    return transition(state.open, this.result, at, replace(fresh, original_status=this.result))
