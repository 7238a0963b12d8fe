"""Words an incident: what failed, where, at which commit, by whom."""

from dataclasses import dataclass
from datetime import datetime

from devlake_ci.commits.repo_url import path_of
from devlake_ci.errors import BadUsageError
from devlake_ci.identity import LONGEST_KEY, is_key, key
from devlake_ci.incidents.history import Past
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


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Whose failures in a row are one incident: a job of a workflow, for a service and place."""

    provider: str = ""
    repository: str = ""
    workflow: str = ""
    job: str = ""
    service: str = ""
    environment: str = ""

    @property
    def name(self) -> str:
        """Give it as one text, to tell it from others."""
        return "\n".join(vars(self).values())


def stretch(options: Options, context: Context, workflow: str | None, job: str | None) -> Stretch:
    """Work out whose failures this job's are.

    `workflow` and `job` are what the CI identifies them by. Legs of a matrix may share all names
    that variables say; then their place in it tells them apart.
    """
    leg = f" ({context.matrix_index})" if context.matrix_index not in (None, "0") else ""
    return Stretch(
        provider=context.provider,
        repository=(context.repo_url or "").removeprefix("https://"),
        workflow=workflow or "",
        job=job or f"{context.job or ''}{leg}",
        service=options.service or "",
        environment=options.environment or context.environment or "",
    )


def worded(options: Options, context: Context, whose: Stretch, failure: Past) -> Incident:
    """Word the incident that `failure` opens.

    It comes out the same whenever it is worked out, but for the user's own words.
    Raises BadUsageError for a key or a placeholder that can't be used.
    """
    return Incident(
        key=_key(options, whose, failure),
        title=cut(_title(options, context, whose, failure), INCIDENT_TITLE),
        description=cut(_description(context, whose, failure), INCIDENT_DESCRIPTION),
        url=truncate(failure.url, INCIDENT_OTHER),
        original_status=cut(failure.result, INCIDENT_STATUS),
        created_at=failure.finished_at,
        updated_at=failure.finished_at,
        severity=truncate(options.severity, INCIDENT_OTHER),
        priority=truncate(options.priority, INCIDENT_OTHER),
        component=truncate(options.component or options.service, INCIDENT_OTHER),
    )


def this_failure(context: Context, at: datetime) -> Past:
    """Give this very run as a failure at `at`, as later runs will find it in the CI's history."""
    return Past(
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
    """Give a user's key back; raises BadUsageError if DevLake couldn't close it by its route."""
    if is_key(text):
        return text
    raise BadUsageError(
        f"{source}: {quoted(text)} is not a key that is safe everywhere in DevLake.",
        f"Use letters, digits, '.', '_' and '-' only, {LONGEST_KEY} at most.",
    )


def _key(options: Options, whose: Stretch, failure: Past) -> str:
    if options.incident_key:
        return checked_key(options.incident_key, options.source("incident_key"))
    return key([*vars(whose).values(), failure.run_id, failure.attempt])


def _title(options: Options, context: Context, whose: Stretch, failure: Past) -> str:
    values = {
        "workflow": context.workflow or whose.workflow,
        "job": whose.job,
        "branch": failure.ref or "",
        "environment": whose.environment,
        "service": whose.service,
    }
    if options.incident_title:
        return render(options.incident_title, values, options.source("incident_title"))
    what = _what(context, whose) or "The job"
    repository = path_of(f"https://{whose.repository}")
    of = f"{whose.service} of {repository}" if whose.service else repository
    where = f" in {whose.environment}" if whose.environment else ""
    return f"{of}: {what} failed{where}" if of else f"{what} failed{where}"


def _description(context: Context, whose: Stretch, failure: Past) -> str:
    commit = failure.sha and f"{context.repo_url}/commit/{failure.sha}"
    lines = {
        "Job": _what(context, whose),
        "Environment": whose.environment,
        "Service": whose.service,
        "Branch or tag": failure.ref,
        "Commit": commit if context.repo_url else failure.sha,
        "Started by": failure.actor,
        "Run": failure.url,
    }
    return "\n".join(f"{name}: {text}" for name, text in lines.items() if text)


def _what(context: Context, whose: Stretch) -> str:
    """Name workflow and job; a name that tells one run from another is none of a workflow."""
    workflow = whose.workflow and (context.workflow or whose.workflow)
    return " / ".join(filter(None, (workflow, whose.job)))
