"""Asks GitHub's API what no variable says: when a run began, and which commit a name stands for.

https://docs.github.com/rest/actions/workflow-runs and https://docs.github.com/rest/commits/commits
"""

from datetime import datetime
from urllib.parse import quote, urlencode

from devlake_ci.ci.facts import moment, value
from devlake_ci.ci.provider import Ask, Env, Reply
from devlake_ci.commits.sha import WHOLE


def times(env: Env, ask: Ask) -> tuple[datetime | None, datetime | None]:
    """Ask when this attempt was queued, and when the job `DEVLAKE_CHECK_RUN_ID` started.

    Needs `DEVLAKE_GITHUB_TOKEN` with the permission `actions: read`.
    """
    run, job = value(env, "GITHUB_RUN_ID"), value(env, "DEVLAKE_CHECK_RUN_ID")
    if not value(env, "DEVLAKE_GITHUB_TOKEN"):
        return None, None
    attempt = value(env, "GITHUB_RUN_ATTEMPT") or "1"
    # A re-run keeps the `created_at` of the first attempt.
    began = "created_at" if attempt == "1" else "run_started_at"
    created = _get(env, ask, "actions", "runs", run, "attempts", attempt).get(began)
    started = _get(env, ask, "actions", "jobs", job).get("started_at")
    return moment(created), moment(started)


def resolve(ref: str, env: Env, ask: Ask) -> str | None:
    """Ask for the whole SHA that `ref` (a branch, a tag, a short SHA) stands for.

    Public repositories answer without a token; an ambiguous name gets no answer.
    """
    sha = _get(env, ask, "commits", ref.strip().removeprefix("refs/")).get("sha")
    return sha if isinstance(sha, str) and WHOLE.fullmatch(sha) else None


def get(env: Env, ask: Ask, *path: str, **query: str) -> Reply:
    """Ask for something of the run's repository."""
    api, repo = value(env, "GITHUB_API_URL"), value(env, "GITHUB_REPOSITORY")
    if not (api and repo):
        return Reply(None)
    tail = "/".join(quote(part, safe="") for part in path) + f"?{urlencode(query)}" * bool(query)
    return ask(f"{api.rstrip('/')}/repos/{quote(repo)}/{tail}", _headers(env))


def _get(env: Env, ask: Ask, *path: str | None) -> dict[str, object]:
    answer = get(env, ask, *(part or "" for part in path)).body if all(path) else None
    return answer if isinstance(answer, dict) else {}


def _headers(env: Env) -> dict[str, str]:
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    token = value(env, "DEVLAKE_GITHUB_TOKEN")
    return headers | ({"Authorization": f"Bearer {token}"} if token else {})
