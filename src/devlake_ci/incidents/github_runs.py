"""Asks GitHub for the runs of a workflow, their jobs, and which of the jobs this one is.

https://docs.github.com/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow and
https://docs.github.com/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run; both need the
permission `actions: read`, and public repositories answer without a token.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from devlake_ci.ci.facts import value
from devlake_ci.ci.github import get
from devlake_ci.ci.paging import PAGE, paged
from devlake_ci.ci.provider import Ask, Env, Reply
from devlake_ci.ci.values import timestamp
from devlake_ci.errors import MissingError
from devlake_ci.text import quoted

MOST_PAGES = 10

Json = dict[str, Any]

NEVER = datetime.max.replace(tzinfo=UTC)


def workflow_file(env: Env) -> str | None:
    """Give the file name of the workflow: `owner/repo/.github/workflows/x.yml@refs/…` is `x.yml`.

    In a reusable workflow it is the caller's, whose runs these are.
    """
    path, _, _ = (value(env, "GITHUB_WORKFLOW_REF") or "").partition("@")
    return path.rpartition("/")[2] or None


def pages(env: Env, ask: Ask, file: str) -> Iterator[list[Json]]:
    """Give the runs of a workflow, the last made first; in a page, the one that ended last."""
    for page in _pages(env, ask, "workflow_runs", "workflows", file, "runs"):
        yield sorted(page, key=ended, reverse=True)


def ended(run: Json) -> datetime:
    """Tell when the last job of a run ended; one in progress may be newer than its `updated_at`.

    One that waits for an approval, perhaps for weeks, has no job that runs.
    """
    still = run.get("status") == "in_progress"
    return (None if still else timestamp(run.get("updated_at"))) or NEVER


def jobs(env: Env, ask: Ask, run: Json) -> list[Json]:
    """Give the jobs of all attempts of a run."""
    of_run = _pages(env, ask, "jobs", "runs", str(run.get("id")), "jobs", filter="all")
    return [job for page in of_run for job in page]


def own_job(env: Env, ask: Ask) -> Json:
    """Find this job; by its display name, such as `deploy (eu)`, the earlier ones are found.

    The job's id tells it; where there is none (GitHub Enterprise Server), the only job of this run
    that is in progress on this runner, else the only one that is called like its key.
    """
    if job := value(env, "DEVLAKE_CHECK_RUN_ID"):
        return _object(env, ask, "jobs", job)
    run, attempt = value(env, "GITHUB_RUN_ID"), value(env, "GITHUB_RUN_ATTEMPT") or "1"
    of_run = _pages(env, ask, "jobs", "runs", run or "", "attempts", attempt, "jobs")
    found = [job for page in of_run for job in page]
    runner = value(env, "RUNNER_NAME")
    running = [
        each for each in found
        if each.get("status") == "in_progress" and each.get("runner_name") == runner
    ]  # fmt: skip
    called = [each for each in found if each.get("name") == value(env, "GITHUB_JOB")]
    for candidates in (running, called):
        if len(candidates) == 1:
            return candidates[0]
    raise MissingError(
        "Which of this run's jobs this one is can't be told: GitHub gives its id to actions only.",
        "Use the action (it has the input check-run-id), or give --incident-state file:PATH.",
    )


def is_tag(env: Env, ask: Ask, name: str) -> bool:
    """Tell if there is a tag of that name: a run doesn't say if it was for a branch or a tag."""
    reply = get(env, ask, "git", "ref", "tags", *name.split("/"))
    if reply.status not in (200, 404):
        raise _refused(reply)
    return reply.status == 200


def _pages(env: Env, ask: Ask, key: str, *path: str, **query: str) -> Iterator[list[Json]]:
    def page(number: int) -> list[Any]:
        asked = {"per_page": str(PAGE), "page": str(number), **query}
        listed = _object(env, ask, *path, **asked).get(key)
        return listed if isinstance(listed, list) else []

    return paged(page, MOST_PAGES)


def _object(env: Env, ask: Ask, *path: str, **query: str) -> Json:
    reply = get(env, ask, "actions", *path, **query)
    if reply.status == 200 and isinstance(reply.body, dict):
        return reply.body
    raise _refused(reply)


def _refused(reply: Reply) -> MissingError:
    """Say why GitHub doesn't tell how this job ended before, and what to do."""
    what = "Which incident is open is not known: GitHub doesn't tell how this job ended before"
    if reply.status is None:
        return MissingError(
            f"{what} (it was not reached).", "Run it again, or look at GitHub's status."
        )
    said = f": {quoted(reply.message)}" if reply.message else ""
    told = f"{what} (it answered {reply.status}{said})."
    if re.search(r"rate limit", reply.message, re.IGNORECASE) or reply.status == 429:
        return MissingError(
            told, "It takes 1,000 requests an hour for a repository: run it again later."
        )
    return MissingError(
        told,
        "Give the job `permissions: actions: read` and `contents: read`; a token of your own goes "
        "into --github-token. --incident-state file:PATH needs none.",
    )
