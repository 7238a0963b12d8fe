"""Finds in GitLab's deployments, or in the project's jobs, how this job ended before.

The deployments of an environment (https://docs.gitlab.com/api/deployments/) tell it of the job that
deploys there, to any job of the project; the project's jobs
(https://docs.gitlab.com/api/jobs/#list-project-jobs) tell it of every other one, to `CI_JOB_TOKEN`
since GitLab 18.0 and to a token with `read_api` before.
"""

from collections.abc import Callable, Iterator
from typing import Any

from devlake_ci.ci.facts import value
from devlake_ci.ci.gitlab import get, page_path
from devlake_ci.ci.paging import PAGE, paged
from devlake_ci.ci.provider import Ask, Env, ReadFile
from devlake_ci.ci.values import timestamp
from devlake_ci.errors import MissingError
from devlake_ci.incidents.branches import counts
from devlake_ci.incidents.history import History, Past, Source, is_known_before
from devlake_ci.model import Context, Result
from devlake_ci.options import Options
from devlake_ci.text import quoted

MOST_PAGES = 20
ENDED = {"success": Result.SUCCESS, "failed": Result.FAILURE}
SUCCESS_JOB, FAILURE_JOB = "DEVLAKE_SUCCESS_JOB", "DEVLAKE_FAILURE_JOB"
"""Variables of the template: the names of two jobs of which one runs when all went well and the
other when something failed, so that which of them ran tells how the pipeline ended."""

_MERGE_REQUESTS = "refs/merge-requests/"
"""What the ref of a merge request's pipeline begins with, which a pattern such as `*` matches, too:
https://gitlab.com/gitlab-org/gitlab/-/issues/29209"""

Json = dict[str, Any]


def history(options: Options, context: Context, env: Env, ask: Ask, read_file: ReadFile) -> History:
    """Find how this job ended before, back to a success after which nothing older matters.

    Raises MissingError if GitLab doesn't say it.
    """
    del read_file
    found: list[Past] = []
    result_of = _results(context, env)
    for page in _jobs(context, env, ask):
        for job in page:
            if (result := result_of(job)) and _counts(job, options, context):
                found += _execution(job, result)
        # A manual job may begin long after newer ones, so a page is always read whole.
        ended = [finished for job in page if (finished := timestamp(job.get("finished_at")))]
        if ended and is_known_before(found, min(ended)):
            break
    return History(found, context.started_at, context.job)


def _results(context: Context, env: Env) -> Callable[[Json], Result | None]:
    """Give how to read from a job how things stood after it; None if it says nothing of it."""
    well, badly = value(env, SUCCESS_JOB), value(env, FAILURE_JOB)
    if well and badly:
        pair = {well: Result.SUCCESS, badly: Result.FAILURE}
        return lambda job: pair.get(str(job.get("name"))) if _is_other(job, context) else None
    return lambda job: (
        ENDED.get(str(job.get("status")))
        if job.get("name") == context.job and _is_other(job, context)
        else None
    )


def _is_other(job: Json, context: Context) -> bool:
    return str(job.get("id")) != context.job_id


def _jobs(context: Context, env: Env, ask: Ask) -> Iterator[list[Json]]:
    """Give pages of jobs, the last made first."""
    deploys = value(env, "DEVLAKE_DEPLOY_JOB") or (
        value(env, "CI_ENVIRONMENT_NAME")
        and (value(env, "CI_ENVIRONMENT_ACTION") or "start") == "start"
    )
    if deploys and context.environment and not value(env, SUCCESS_JOB):
        query = {"environment": context.environment, "order_by": "id", "sort": "desc"}
        for page in _pages(env, ask, "deployments", query):
            yield [_deploying(each) for each in page]
    else:
        yield from _pages(env, ask, "jobs", {"scope[]": ["success", "failed"]})


def _deploying(deployment: Json) -> Json:
    """Give the job of a deployment, with the commit that it deployed."""
    job = deployment.get("deployable")
    return job | {"sha": deployment.get("sha")} if isinstance(job, dict) else {}


def _pages(env: Env, ask: Ask, what: str, query: dict[str, Any]) -> Iterator[list[Json]]:
    def page(number: int) -> list[Any]:
        reply = get(env, ask, page_path(what, number, **query))
        if reply.status != 200 or not isinstance(reply.body, list):
            raise MissingError(*_refusal(reply.status, reply.message))
        return reply.body

    no_success = MissingError(
        f"Which incident is open is not known: there is no success among the last "
        f"{MOST_PAGES * PAGE} {what} that GitLab knows.",
        "After its next success it is known again; what is open until then is closed by hand "
        "(devlake-ci incident close).",
    )
    return paged(page, MOST_PAGES, no_success)


def _counts(job: Json, options: Options, context: Context) -> bool:
    ref = str(job.get("ref"))
    is_merge_request = ref.startswith(_MERGE_REQUESTS)
    return not is_merge_request and counts(options, context, ref, lambda: job.get("tag") is True)


def _execution(job: Json, result: Result) -> Iterator[Past]:
    started, finished = timestamp(job.get("started_at")), timestamp(job.get("finished_at"))
    pipeline = job.get("pipeline") or {}
    if started and finished:
        yield Past(
            run_id=str(pipeline.get("id")),
            attempt=str(job.get("id")),
            result=result,
            started_at=started,
            finished_at=finished,
            ref=job.get("ref"),
            sha=job.get("sha") or (job.get("commit") or {}).get("id"),
            url=pipeline.get("web_url") or job.get("web_url"),
            actor=(job.get("user") or {}).get("username"),
        )


def _refusal(status: int | None, said: str) -> tuple[str, str]:
    what = "Which incident is open is not known: GitLab doesn't tell how this job ended before"
    if status is None:
        return f"{what} (it was not reached).", "Run it again, or look at the state of GitLab."
    return f"{what} (it answered {status}{f': {quoted(said)}' if said else ''}).", (
        "Before GitLab 18.0 a job's own token may not list jobs: give a project access token with "
        "read_api (DEVLAKE_GITLAB_TOKEN, masked), or --incident-state file:PATH in a cache."
    )


# What it has is the name of one pipeline, which may hold its commit's title.
SOURCE = Source(history=history, workflow=lambda *_: None)
