"""From how a job ended and how it stood before to what DevLake should hear of an incident."""

from dataclasses import replace
from datetime import datetime, timedelta

from devlake_ci import results
from devlake_ci.errors import NothingToReport
from devlake_ci.incidents.history import Past, counted, first_failure
from devlake_ci.incidents.incident import Stretch, this_failure, worded
from devlake_ci.incidents.standing import Event, Standing, is_outdated
from devlake_ci.incidents.transition import transition
from devlake_ci.model import Context, Deployment, Environment, Incident, Result
from devlake_ci.options import Options
from devlake_ci.timestamps import typed_moment

AFTER = timedelta(seconds=1)
"""How long after its deployment's end an incident begins at the earliest: one of the very same
second would go to the deployment before (contract: dora-month, "at-s09-finish")."""


def result(options: Options, context: Context) -> Result:
    """Work out whether it is all right now: what is given by hand, else how the job ended.

    With `--mode both` the `--result` is the deployment's, so the job's own goes before it.
    Raises MissingError if nobody says it, and NothingToReport if the job says nothing of it.
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


def check_place(kind: Environment) -> None:
    """Check that DevLake would not count the incident for another environment than this one.

    It puts each on a deployment to PRODUCTION (contract: dora-month, "staging-only"). Raises
    NothingToReport for all others.
    """
    if kind is not Environment.PRODUCTION:
        raise NothingToReport(
            f"No incident is reported: this is {kind}, and DevLake would count it against "
            "PRODUCTION.",
        )


def from_history(
    options: Options, context: Context, whose: Stretch, past: list[Past], started: datetime | None
) -> Standing:
    """Give how the job stands by how it ended before."""
    newest = counted(past)[-1].started_at if past else None
    first = first_failure(past)
    if first and options.mode == "both":
        first = replace(first, finished_at=first.finished_at + AFTER)
    return Standing(
        open=worded(options, context, whose, first) if first else None,
        newest_start=newest,
        started_at=started,
    )


def event(options: Options, context: Context, standing: Standing, ended: Result) -> Event:
    """Give this end of the job: when it began is what the CI, the user or a variable says."""
    given = options.started_at and typed_moment(options.started_at, options.source("started_at"))
    started = standing.started_at or given or context.started_at
    return Event(result=ended, started_at=started or None, number=context.run_number)


def incident(
    options: Options,
    context: Context,
    whose: Stretch,
    *,
    standing: Standing,
    this: Event,
    deployment: Deployment | None,
    now: datetime,
) -> Incident | None:
    """Give the incident as DevLake should have it now; None if it has nothing to hear.

    `deployment` is what is reported beside it: an incident begins after that. Raises
    NothingToReport if a newer run has told already how things stand.
    """
    if is_outdated(standing, this):
        raise NothingToReport(
            "No incident is reported: a run that began after this one has already told how it is."
        )
    at = max(now, deployment.finished_at + AFTER) if deployment else now
    fresh = worded(options, context, whose, this_failure(context, at))
    return transition(standing.open, this.result, at, replace(fresh, original_status=this.result))
