"""Decide what DevLake should hear of an incident, and build it."""

from dataclasses import replace
from datetime import datetime, timedelta

from devlake_ci import limits, vocabulary
from devlake_ci.commits.repo_url import path_of
from devlake_ci.errors import BadUsageError, NothingToReport
from devlake_ci.identity import LONGEST_KEY, incident_key, is_key
from devlake_ci.incidents.streak import (
    IncidentState,
    JobResult,
    PastRun,
    Streak,
    first_failure,
    is_outdated,
    relevant_runs,
    transition,
)
from devlake_ci.model import Context, Deployment, Environment, Incident, Result
from devlake_ci.options import Options, render
from devlake_ci.text import cut, quoted
from devlake_ci.timestamps import parse_timestamp, rfc3339

AFTER = timedelta(seconds=1)
"""How long after its deployment's end an incident begins at the earliest: one of the same second
counts against the deployment before (contract: dora-month, "at-s09-finish")."""


def result(options: Options, context: Context) -> Result:
    """Return whether all is well now: what is given by hand, else how the job ended.

    With `--mode both`, `--result` is the deployment's, so the job's own result overrides it.
    Raise MissingError if it isn't known, and NothingToReport if the job was cancelled or skipped.
    """
    word, given = (
        vocabulary.option_result(options, name) for name in ("incident_result", "result")
    )
    ended = vocabulary.ci_result(options, context)
    found = word or (ended or given if options.mode == "both" else given or ended)
    if not found:
        raise vocabulary.unknown_result_error(
            "Whether production works",
            "--incident-result (or DEVLAKE_INCIDENT_RESULT)",
            context,
        )
    if found not in (Result.SUCCESS, Result.FAILURE):
        raise NothingToReport(f"No incident is reported: the job ended as {found}.")
    return Result(found)


def check_environment(kind: Environment) -> None:
    """Check that the incident is one of PRODUCTION; raise NothingToReport.

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
    counted, first = relevant_runs(past), first_failure(past)
    return IncidentState(
        open=incident_of(options, context, streak, first) if first else None,
        newest_start=counted[-1].started_at if counted else None,
        started_at=started,
    )


def job_result(
    options: Options, context: Context, state: IncidentState, result: Result
) -> JobResult:
    """Return how the job ended this time; the CI, the user or a variable says when it began."""
    given = options.started_at and parse_timestamp(options.started_at, options.source("started_at"))
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

    `deployment` is reported beside it: an incident begins after its end. Raise NothingToReport if
    a newer run was reported already.
    """
    if is_outdated(state, this):
        raise NothingToReport(
            "No incident is reported: a run that began after this one was already reported."
        )
    at = max(now, deployment.finished_at + AFTER) if deployment else now
    fresh = incident_of(options, context, streak, failure_now(context, at))
    return transition(state.open, this.result, at, replace(fresh, original_status=this.result))


def streak_of(options: Options, context: Context, workflow: str | None, job: str | None) -> Streak:
    """Return the streak that this job's failures belong to.

    `workflow` and `job` are what the CI identifies them by. The jobs of a matrix may have the same
    name in all variables; then their index tells them apart.
    """
    index = f" ({context.matrix_index})" if context.matrix_index not in (None, "0") else ""
    return Streak(
        provider=context.provider,
        repository=(context.repo_url or "").removeprefix("https://"),
        workflow=workflow or "",
        job=job or f"{context.job or ''}{index}",
        service=options.service or "",
        environment=options.environment or context.environment or "",
    )


def incident_of(options: Options, context: Context, streak: Streak, failure: PastRun) -> Incident:
    """Return the incident that `failure` opens, the same each time; raise BadUsageError."""
    return Incident(
        key=_key(options, streak, failure),
        title=cut(_title(options, context, streak, failure), limits.INCIDENT_TITLE),
        description=cut(_description(context, streak, failure), limits.INCIDENT_DESCRIPTION),
        url=limits.truncate(failure.url, limits.INCIDENT_OTHER),
        original_status=failure.result,
        created_at=failure.finished_at,
        updated_at=failure.finished_at,
        severity=limits.truncate(options.severity, limits.INCIDENT_OTHER),
        priority=limits.truncate(options.priority, limits.INCIDENT_OTHER),
        component=limits.truncate(options.component or options.service, limits.INCIDENT_OTHER),
    )


def failure_now(context: Context, at: datetime) -> PastRun:
    """Return this run as a failure at `at`, as later runs will find it in the CI's history."""
    return PastRun(
        run_id=context.run_id or rfc3339(at),
        attempt=context.attempt or context.job_id or "",
        result=Result.FAILURE,
        started_at=context.started_at or at,
        finished_at=at,
        ref=context.ref,
        sha=context.sha,
        url=context.run_url,
        actor=context.actor,
    )


def validate_key(text: str, source: str) -> str:
    """Return a user's key; raise BadUsageError if DevLake's own route could not close it."""
    if is_key(text):
        return text
    raise BadUsageError(
        f"{source}: {quoted(text)} is not a key that is safe everywhere in DevLake.",
        f"Use letters, digits, '.', '_' and '-' only, {LONGEST_KEY} at most.",
    )


def _key(options: Options, streak: Streak, failure: PastRun) -> str:
    if options.incident_key:
        return validate_key(options.incident_key, options.source("incident_key"))
    return incident_key([*vars(streak).values(), failure.run_id, failure.attempt])


def _title(options: Options, context: Context, streak: Streak, failure: PastRun) -> str:
    values = {
        "workflow": context.workflow or streak.workflow,
        "job": streak.job,
        "branch": failure.ref or "",
        "environment": streak.environment,
        "service": streak.service,
    }
    if options.incident_title:
        return render(options.incident_title, values, options.source("incident_title"))
    what = _what(context, streak) or "The job"
    repository = path_of(f"https://{streak.repository}")
    of = f"{streak.service} of {repository}" if streak.service else repository
    where = f" in {streak.environment}" if streak.environment else ""
    return f"{of}: {what} failed{where}" if of else f"{what} failed{where}"


def _description(context: Context, streak: Streak, failure: PastRun) -> str:
    commit = failure.sha and f"{context.repo_url}/commit/{failure.sha}"
    lines = {
        "Job": _what(context, streak),
        "Environment": streak.environment,
        "Service": streak.service,
        "Branch or tag": failure.ref,
        "Commit": commit if context.repo_url else failure.sha,
        "Started by": failure.actor,
        "Run": failure.url,
    }
    return "\n".join(f"{name}: {text}" for name, text in lines.items() if text)


def _what(context: Context, streak: Streak) -> str:
    """Name workflow and job; a name that only one run has is no workflow's."""
    workflow = streak.workflow and (context.workflow or streak.workflow)
    return " / ".join(filter(None, (workflow, streak.job)))
