"""Finds in GitHub's runs how this job ended before: no state of our own has to be kept.

https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow and
https://docs.github.com/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run; both need the
permission `actions: read`, and public repositories answer without a token.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from devlake_ci.ci.facts import moment, value
from devlake_ci.ci.github_api import get
from devlake_ci.ci.provider import Ask, Env
from devlake_ci.errors import MissingError
from devlake_ci.incidents.branches import matches, patterns
from devlake_ci.incidents.history import History, Past, is_known_before
from devlake_ci.model import Context, Result
from devlake_ci.options import Options
from devlake_ci.text import quoted

PAGE = 100  # the most that GitHub gives at once
MOST_PAGES = 10
MOST_RUNS = 100
"""Runs whose jobs are asked for at most: each is a request of the 1,000 an hour that a repository
has (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""

ENDED = {
    "success": Result.SUCCESS,
    "failure": Result.FAILURE,
    "timed_out": Result.FAILURE,
}
"""The conclusions that say how things stand; all others say nothing of it."""

Json = dict[str, Any]


def workflow_file(env: Env) -> str | None:
    """Give the file name of the workflow: `owner/repo/.github/workflows/x.yml@refs/…` is `x.yml`.

    In a reusable workflow it is the caller's, whose runs these are.
    """
    path, _, _ = (value(env, "GITHUB_WORKFLOW_REF") or "").partition("@")
    return path.rpartition("/")[2] or None


def history(options: Options, context: Context, env: Env, ask: Ask) -> History:
    """Find how this job ended before, back to a success after which nothing older matters.

    Raises MissingError if GitHub doesn't say it, or if no success is among the runs looked at.
    """
    file = workflow_file(env)
    if not file:
        raise MissingError(
            "Which workflow this is is not known: GITHUB_WORKFLOW_REF is not set.",
            "Give --incident-state file:PATH.",
        )
    own = own_job(env, ask)
    name = str(own.get("name"))
    found: list[Past] = []
    for asked, run in enumerate(_runs(options, context, env, ask, file)):
        ended = moment(run.get("updated_at"))
        if ended and is_known_before(found, ended):
            break
        if asked == MOST_RUNS:
            raise _too_many(name)
        found += _executions(run, _jobs(env, ask, run), name, context)
    return History(found, moment(own.get("started_at")))


def _runs(options: Options, context: Context, env: Env, ask: Ask, file: str) -> Iterator[Json]:
    """Give the runs whose failures are incidents; of each page the one that ended last first."""
    is_tag = cache(lambda ref: get(env, ask, "git", "ref", "tags", *ref.split("/")).status == 200)
    wanted = patterns(options)
    for page in range(1, MOST_PAGES + 1):
        runs = _list(env, ask, "workflow_runs", "workflows", file, "runs", page=page)
        for run in sorted(runs, key=lambda each: str(each.get("updated_at")), reverse=True):
            ref = run.get("head_branch")
            if (
                isinstance(ref, str)
                and _is_own(run)
                and (
                    matches(ref, wanted) if wanted else ref == context.default_branch or is_tag(ref)
                )
            ):
                yield run
        if len(runs) < PAGE:
            return


def _is_own(run: Json) -> bool:
    """Tell if a run is for a branch or tag of the repository itself: a fork has a `main` too."""
    of, repository = run.get("head_repository") or {}, run.get("repository") or {}
    is_pull_request = str(run.get("event")).startswith("pull_request")
    return not is_pull_request and of.get("id") == repository.get("id")


def own_job(env: Env, ask: Ask) -> Json:
    """Find this job; by its display name, such as `deploy (eu)`, the earlier ones are found.

    The job's id tells it; where there is none (GitHub Enterprise Server), the only job of this run
    that is in progress on this runner, else the only one that is called like its key.
    """
    if job := value(env, "DEVLAKE_CHECK_RUN_ID"):
        return _object(env, ask, "jobs", job)
    run, attempt = value(env, "GITHUB_RUN_ID"), value(env, "GITHUB_RUN_ATTEMPT") or "1"
    jobs = _list(env, ask, "jobs", "runs", run or "", "attempts", attempt, "jobs")
    runner = value(env, "RUNNER_NAME")
    running = [
        each for each in jobs
        if each.get("status") == "in_progress" and each.get("runner_name") == runner
    ]  # fmt: skip
    called = [each for each in jobs if each.get("name") == value(env, "GITHUB_JOB")]
    for candidates in (running, called):
        if len(candidates) == 1:
            return candidates[0]
    raise MissingError(
        "Which of this run's jobs this one is can't be told: GitHub gives its id to actions only.",
        "Use the action (it has the input check-run-id), or give --incident-state file:PATH.",
    )


def _executions(run: Json, jobs: list[Json], name: str, context: Context) -> Iterator[Past]:
    for job in jobs:
        result = ENDED.get(str(job.get("conclusion")))
        started, finished = moment(job.get("started_at")), moment(job.get("completed_at"))
        attempt = str(job.get("run_attempt") or 1)
        own = (str(run.get("id")), attempt) == (context.run_id, context.attempt or "1")
        if job.get("name") != name or own or not (result and started and finished):
            continue
        again = f"/attempts/{attempt}" if attempt != "1" else ""
        yield Past(
            run_id=str(run.get("id")),
            attempt=attempt,
            result=result,
            started_at=started,
            finished_at=finished,
            ref=run.get("head_branch"),
            sha=run.get("head_sha"),
            url=f"{run.get('html_url')}{again}",
            actor=(run.get("triggering_actor") or run.get("actor") or {}).get("login"),
        )


def _jobs(env: Env, ask: Ask, run: Json) -> list[Json]:
    """Give the jobs of all attempts of a run; a large matrix takes several pages."""
    found: list[Json] = []
    for page in range(1, MOST_PAGES + 1):
        more = _list(env, ask, "jobs", "runs", str(run.get("id")), "jobs", page=page, filter="all")
        found += more
        if len(more) < PAGE:
            break
    return found


def _list(env: Env, ask: Ask, key: str, *path: str, page: int = 1, **query: str) -> list[Json]:
    asked = {"per_page": str(PAGE), "page": str(page), **query}
    found = _object(env, ask, *path, **asked).get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _object(env: Env, ask: Ask, *path: str, **query: str) -> Json:
    reply = get(env, ask, "actions", *path, **query)
    if reply.status == 200 and isinstance(reply.body, dict):
        return reply.body
    raise MissingError(*_refusal(reply.status, reply.message))


def _refusal(status: int | None, said: str) -> tuple[str, str]:
    """Say why GitHub doesn't tell how this job ended before, and what to do."""
    what = "Which incident is open is not known: GitHub doesn't tell how this job ended before"
    if status is None:
        return f"{what} (it was not reached).", "Run it again, or look at GitHub's status."
    told = f"{what} (it answered {status}{f': {quoted(said)}' if said else ''})."
    if re.search(r"rate limit", said, re.IGNORECASE) or status == 429:
        return told, "It takes 1,000 requests an hour for a repository: run it again later."
    return told, (
        "Give the job `permissions: actions: read` (with contents: read, if it checks anything "
        "out); a token of your own goes into --github-token. --incident-state file:PATH needs none."
    )


def _too_many(name: str) -> MissingError:
    return MissingError(
        f"Which incident is open is not known: the job {quoted(name)} didn't succeed in the last "
        f"{MOST_RUNS} runs that were looked at.",
        "Close what is open by hand (devlake-ci incident close), or give --incident-key.",
    )
