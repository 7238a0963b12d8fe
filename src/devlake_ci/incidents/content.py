"""What an incident says: key, title, and what failed, where, at which commit, by whom."""

from datetime import datetime

from devlake_ci.commits.repo_url import path_of
from devlake_ci.errors import BadUsageError
from devlake_ci.identity import LONGEST_KEY, is_key, key
from devlake_ci.incidents.streak import PastRun, Streak
from devlake_ci.limits import (
    INCIDENT_DESCRIPTION,
    INCIDENT_OTHER,
    INCIDENT_STATUS,
    INCIDENT_TITLE,
    truncate,
)
from devlake_ci.model import Context, Incident, Result
from devlake_ci.options import Options
from devlake_ci.placeholders import render
from devlake_ci.text import cut, quoted
from devlake_ci.timestamps import rfc3339


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
    """Return the incident that `failure` opens: the same each time, unless options change.

    Raises BadUsageError for a key or a placeholder that can't be used.
    """
    return Incident(
        key=_key(options, streak, failure),
        title=cut(_title(options, context, streak, failure), INCIDENT_TITLE),
        description=cut(_description(context, streak, failure), INCIDENT_DESCRIPTION),
        url=truncate(failure.url, INCIDENT_OTHER),
        original_status=cut(failure.result, INCIDENT_STATUS),
        created_at=failure.finished_at,
        updated_at=failure.finished_at,
        severity=truncate(options.severity, INCIDENT_OTHER),
        priority=truncate(options.priority, INCIDENT_OTHER),
        component=truncate(options.component or options.service, INCIDENT_OTHER),
    )


def this_failure(context: Context, at: datetime) -> PastRun:
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


def checked_key(text: str, source: str) -> str:
    """Return a user's key; raises BadUsageError if DevLake's own route could not close it."""
    if is_key(text):
        return text
    raise BadUsageError(
        f"{source}: {quoted(text)} is not a key that is safe everywhere in DevLake.",
        f"Use letters, digits, '.', '_' and '-' only, {LONGEST_KEY} at most.",
    )


def _key(options: Options, streak: Streak, failure: PastRun) -> str:
    if options.incident_key:
        return checked_key(options.incident_key, options.source("incident_key"))
    return key([*vars(streak).values(), failure.run_id, failure.attempt])


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
