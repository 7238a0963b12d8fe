"""GitHub Actions, on github.com and GitHub Enterprise.

https://docs.github.com/actions/reference/workflows-and-actions/variables
"""

from datetime import datetime
from typing import Any

from devlake_ci.ci import github_event
from devlake_ci.ci.facts import Fact, context, mapped, renamed, value, variable
from devlake_ci.ci.github_api import resolve, times
from devlake_ci.ci.github_output import emit
from devlake_ci.ci.outputs import STARTED_AT
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.ci.values import number
from devlake_ci.commits.repo_url import canonical
from devlake_ci.effects import Append, Effect
from devlake_ci.model import Context
from devlake_ci.timestamps import rfc3339

__all__ = ["NAME", "PROVIDER", "detect", "emit", "read", "remember", "resolve", "times"]

NAME = "github"


def detect(env: Env) -> bool:
    """Recognise GitHub by its own variable, which Gitea and Forgejo set beside their own."""
    others = (value(env, "GITEA_ACTIONS"), value(env, "FORGEJO_ACTIONS"))
    return value(env, "GITHUB_ACTIONS") == "true" and "true" not in others


def read(env: Env, read_file: ReadFile) -> Context:
    """Read variables and event.

    `DEVLAKE_JOB_STATUS`, `DEVLAKE_CHECK_RUN_ID` and `DEVLAKE_MATRIX_INDEX` are what our action
    makes of `job.status`, `job.check_run_id` and `strategy.job-index`, which no variable says.
    """
    event = github_event.load(env, read_file)
    is_pull_request = github_event.for_pull_request(env, event)
    return context(
        env,
        Fact(NAME, "GITHUB_ACTIONS"),
        _run(env) | github_event.facts(env, event),
        job_id=value(env, "DEVLAKE_CHECK_RUN_ID"),
        leg=value(env, "DEVLAKE_MATRIX_INDEX"),
        pull_request="it runs for a pull request" if is_pull_request else None,
        state_dir=_state_dir(env),
        workflow=value(env, "GITHUB_WORKFLOW"),
        run_number=number(value(env, "GITHUB_RUN_NUMBER")),
        default_branch=github_event.default_branch(event),
        is_tag=value(env, "GITHUB_REF_TYPE") == "tag",
    )


def remember(started: datetime, env: Env) -> tuple[Effect, ...]:
    """Set a variable for the later steps of the job."""
    path = value(env, "GITHUB_ENV")
    return (Append(path, f"{STARTED_AT}={rfc3339(started)}\n"),) if path else ()


def _run(env: Env) -> dict[str, Fact[Any] | None]:
    repository = _repository(env)
    return {
        "repo_url": mapped(repository, canonical),
        "run_id": variable(env, "GITHUB_RUN_ID"),
        "attempt": variable(env, "GITHUB_RUN_ATTEMPT"),
        "job": variable(env, "GITHUB_JOB"),
        "run_url": _run_url(env, repository),
        "actor": variable(env, "GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"),
    }


def _repository(env: Env) -> Fact[str] | None:
    server, name = value(env, "GITHUB_SERVER_URL"), value(env, "GITHUB_REPOSITORY")
    url = f"{(server or '').rstrip('/')}/{name}"
    return Fact(url, "GITHUB_SERVER_URL/GITHUB_REPOSITORY") if server and name else None


def _run_url(env: Env, repository: Fact[str] | None) -> Fact[str] | None:
    run, attempt = value(env, "GITHUB_RUN_ID"), value(env, "GITHUB_RUN_ATTEMPT")
    if not run:
        return None
    again = f"/attempts/{attempt}" if attempt and attempt != "1" else ""
    url = mapped(repository, lambda url: f"{url}/actions/runs/{run}{again}")
    return renamed(url, "GITHUB_RUN_ID")


def _state_dir(env: Env) -> str | None:
    # The runner empties its temp folder for each job. Older ones don't mount it into a container,
    # and name it all the same; HOME is a part of it there (actions/runner,
    # src/Runner.Worker/Handlers/ContainerActionHandler.cs).
    folder, home = value(env, "RUNNER_TEMP"), value(env, "HOME")
    if home == "/github/home" and folder != "/github/runner_temp":
        folder = home
    return f"{folder.rstrip('/')}/devlake-ci" if folder else None


PROVIDER = Provider(
    name=NAME,
    detect=detect,
    read=read,
    emit=emit,
    remember=remember,
    times=times,
    resolve=resolve,
)
