"""Asks GitLab what another job of this pipeline did, so that a job after it can report that one.

The job's own token may list a pipeline's jobs since GitLab 18.0, deployments and environments long
since: https://docs.gitlab.com/ci/jobs/ci_job_token/
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from devlake_ci.ci.facts import moment, value
from devlake_ci.ci.gitlab_api import NotAllowedError, one, pages
from devlake_ci.ci.provider import Ask, Env
from devlake_ci.errors import MissingError, NothingToReport
from devlake_ci.model import Context, Result
from devlake_ci.text import quoted
from devlake_ci.timestamps import rfc3339

# https://docs.gitlab.com/ci/jobs/#available-job-statuses
ENDED = {"failed": Result.FAILURE, "canceled": Result.ABORT, "success": Result.SUCCESS}
"""The worst first: of several legs it decides."""
NOT_ENDED = {
    *("created", "waiting_for_resource", "waiting_for_callback", "preparing", "pending"),
    *("scheduled", "manual", "skipped", "running", "canceling"),
}

DEPLOY_JOB = "DEVLAKE_DEPLOY_JOB"
"""The variable that names the job that deploys."""
VERIFY_JOB = "DEVLAKE_VERIFY_JOB"
"""The variable that names the job that checks production, for a job that reports its incidents."""


@dataclass(frozen=True)
class Job:
    """One attempt of one job, as GitLab tells it: https://docs.gitlab.com/api/jobs/."""

    id: int
    name: str
    status: str
    pipeline: str
    created_at: datetime | None
    started_at: datetime | None
    """None if it never ran."""
    finished_at: datetime | None


def deployed(context: Context, env: Env, ask: Ask, where: bool) -> Context:
    """Give the facts of the job `DEVLAKE_DEPLOY_JOB` in place of our own; ours if it is not set.

    Commit, branch and repository are the pipeline's, so they are ours too. `where` tells to ask for
    the environment as well.

    Raises NothingToReport if that job has deployed nothing, or not yet, and MissingError for what
    GitLab doesn't say.
    """
    if checks := value(env, VERIFY_JOB):
        return _verified(context, env, ask, checks)
    name = value(env, DEPLOY_JOB)
    if not name or ((context.pull_request or context.no_deployment) and where):
        return context
    legs = _legs(_jobs(context, env, ask, name), name)
    status, finished_at = _status(legs), _finished_at(legs)
    place = _place(legs, env, ask) if where else {}
    source = f"GitLab's answer about the job {name}"
    told = ("job", "environment", "created_at", "started_at", "result")
    return replace(
        context,
        job=name,
        job_id=str(max(leg.id for leg in legs)),
        environment=place.get("name"),
        tier=place.get("tier"),
        created_at=_first(leg.created_at for leg in legs),
        started_at=_first(leg.started_at for leg in legs),
        finished_at=finished_at,
        result=ENDED[status],
        result_word=status,
        sources={**context.sources, **dict.fromkeys(told, source)},
    )


def _verified(context: Context, env: Env, ask: Ask, name: str) -> Context:
    """Return the facts of the job `name`, which checks production, in place of our own.

    If the pipeline has the job `DEVLAKE_DEPLOY_JOB` too, and it didn't succeed, no incident begins:
    DevLake would count it against the deployment before. Raises Problem, like `deployed`.
    """
    if context.pull_request or context.no_deployment:
        return context
    jobs = _pipeline(context, env, ask)
    legs = _legs(jobs, name)
    status, finished_at = _status(legs), _finished_at(legs)
    source = f"GitLab's answer about the job {name}"
    return replace(
        context,
        job=name,
        job_id=str(max(leg.id for leg in legs)),
        started_at=_first(leg.started_at for leg in legs),
        finished_at=finished_at,
        result=ENDED[status],
        result_word=status,
        no_incident=not_deployed(jobs, value(env, DEPLOY_JOB)),
        sources={**context.sources, **dict.fromkeys(("job", "started_at", "result"), source)},
    )


def not_deployed(jobs: Iterable[Job], name: str | None) -> str | None:
    """Say why the pipeline of these jobs deployed nothing good; None if it did, or has no such job.

    `name` is the job that deploys, if there is one.
    """
    attempts = sorted((job for job in jobs if name and _leg(job, name)), key=lambda job: job.id)
    newest = {job.name: job for job in attempts}
    failed = next((job for job in newest.values() if job.status != "success"), None)
    return f"the job {quoted(failed.name)} of this pipeline is {failed.status}" if failed else None


def _pipeline(context: Context, env: Env, ask: Ask) -> list[Job]:
    """List all jobs of this pipeline; raises MissingError."""
    if not context.run_id:
        raise MissingError("GitLab can't be asked for this pipeline: CI_PIPELINE_ID is not set.")
    return pipeline_jobs(context.run_id, env, ask)


def pipeline_jobs(pipeline: str, env: Env, ask: Ask) -> list[Job]:
    """List all jobs of a pipeline by its id; raises MissingError."""
    return [_job(each) for each in pages(env, ask, f"pipelines/{quote(pipeline, safe='')}/jobs")]


def _jobs(context: Context, env: Env, ask: Ask, name: str) -> list[Job]:
    """List the pipeline's jobs: all of them, or where that isn't allowed those that deploy."""
    try:
        return _pipeline(context, env, ask)
    except NotAllowedError:
        jobs = [job for job, _ in _deployments(env, ask, context.created_at)]
        ours = [each for each in jobs if each.pipeline == context.run_id and _leg(each, name)]
        if not ours:  # which proves nothing: a job without an environment deploys unseen
            raise
        return ours


def _legs(jobs: Sequence[Job], name: str) -> list[Job]:
    """Find the newest attempt of the job: one, or several if it runs in parallel.

    `parallel: 3` makes `name 1/3` and so on, a matrix makes `name: [eu]` and so on.
    """
    attempts = sorted((job for job in jobs if _leg(job, name)), key=lambda job: job.id)
    newest = {job.name: job for job in attempts}
    if name in newest:
        return [newest[name]]
    if not newest:
        raise NothingToReport(
            f"Nothing is reported: this pipeline has no job {quoted(name)}.",
            "If it should have, compare deploy-job or verify-job with its name. A job that starts "
            "another pipeline doesn't count: include the template in the one that it starts.",
        )
    if not _are_parts(newest.values(), name):
        raise MissingError(
            f"The legs of the job {quoted(name)} may be a deployment each: "
            f"{quoted(', '.join(sorted(newest)))}.",
            "Include the template once a leg, with that leg's whole name as deploy-job and a "
            "job-prefix of its own, or let each leg report in its after_script.",
        )
    return list(newest.values())


def _leg(job: Job, name: str) -> re.Match[str] | None:
    """Recognise the job or a leg of it; the group says of how many, if they only share the work."""
    return re.fullmatch(rf"{re.escape(name)}(?: \d+/(\d+)|: \[.*\])?", job.name)


def _are_parts(legs: Iterable[Job], name: str) -> bool:
    """Tell if these are all the parts of one deployment, and not the legs of a matrix."""
    legs = list(legs)
    return {found[1] for leg in legs if (found := _leg(leg, name))} == {str(len(legs))}


def _status(legs: Sequence[Job]) -> str:
    for leg in legs:
        if leg.status in NOT_ENDED:
            raise NothingToReport(
                f"Nothing is reported: the job {quoted(leg.name)} is {leg.status}."
            )
        if leg.status not in ENDED:
            raise MissingError(
                f"GitLab says of the job {quoted(leg.name)} that it is {quoted(leg.status)}, which "
                "is not known here.",
                "A newer version of devlake-ci may know it.",
            )
    if not any(leg.started_at for leg in legs):
        raise NothingToReport(
            f"Nothing is reported: the job {quoted(legs[0].name)} never ran ({legs[0].status})."
        )
    statuses = {leg.status for leg in legs}
    return next(status for status in ENDED if status in statuses)


def _finished_at(legs: Sequence[Job]) -> datetime:
    times = [leg.finished_at for leg in legs if leg.finished_at]
    if len(times) < len(legs):
        raise MissingError(
            f"GitLab doesn't say when the job {quoted(legs[0].name)} ended.",
            "Run this job again.",
        )
    return max(times)


def _place(legs: Sequence[Job], env: Env, ask: Ask) -> dict[str, Any]:
    """Ask for the environment that the job deployed to: an object with its name and tier."""
    ids, found = {leg.id for leg in legs}, {}
    for job, place in _deployments(env, ask, _first(leg.created_at for leg in legs)):
        if job.id in ids:
            found[place.get("id")] = str(place.get("name"))
            ids.remove(job.id)
        if not ids:
            break
    if ids or len(found) != 1:
        names = quoted(", ".join(sorted(found.values())))
        raise MissingError(
            f"Where the job {quoted(legs[0].name)} deployed to is not known: GitLab says "
            + (f"{names}." if found else "no environment of it."),
            "Say it with the template's input environment (DEVLAKE_ENVIRONMENT).",
        )
    # Only this answer has the tier, without which the name alone might be misunderstood.
    return one(env, ask, f"environments/{next(iter(found))}")


def _deployments(
    env: Env, ask: Ask, since: datetime | None
) -> Iterator[tuple[Job, dict[str, Any]]]:
    """List jobs that deployed and where to, the latest first, back to `since`."""
    query = {"order_by": "id", "sort": "desc"}
    if since:  # GitLab wants this filter and this order together
        query = {"order_by": "updated_at", "sort": "desc", "updated_after": rfc3339(since)}
    for each in pages(env, ask, "deployments", **query):
        deployable, place = each.get("deployable"), each.get("environment")
        if isinstance(deployable, dict) and isinstance(place, dict):
            yield _job(deployable), place


def _job(told: dict[str, Any]) -> Job:
    number, pipeline = told.get("id"), told.get("pipeline")
    return Job(
        id=number if isinstance(number, int) else 0,
        name=str(told.get("name")),
        status=str(told.get("status")),
        pipeline=str(pipeline.get("id")) if isinstance(pipeline, dict) else "",
        created_at=moment(told.get("created_at")),
        started_at=moment(told.get("started_at")),
        finished_at=moment(told.get("finished_at")),
    )


def _first(times: Iterable[datetime | None]) -> datetime | None:
    return min(filter(None, times), default=None)
