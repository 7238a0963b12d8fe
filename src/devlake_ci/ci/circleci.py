"""CircleCI, cloud and server.

https://circleci.com/docs/reference/variables/#built-in-environment-variables
"""

import shlex
from datetime import datetime
from typing import Any

from devlake_ci.ci.facts import Fact, bare_ref, commit_sha, context, mapped, value, variable
from devlake_ci.ci.oidc import repository, started
from devlake_ci.ci.outputs import STARTED_AT, variables
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.ci.values import number
from devlake_ci.commits.repo_url import canonical
from devlake_ci.effects import Append, Effect
from devlake_ci.model import Context, Outcome
from devlake_ci.timestamps import rfc3339

NAME = "circleci"


def detect(env: Env) -> bool:
    """Recognise CircleCI by its own variable."""
    return value(env, "CIRCLECI") == "true"


def read(env: Env, read_file: ReadFile) -> Context:
    """Read the built-in variables, and the OIDC token where they don't say it."""
    del read_file
    return context(
        env,
        Fact(NAME, "CIRCLECI"),
        _facts(env),
        job_id=value(env, "CIRCLE_WORKFLOW_JOB_ID"),
        # Only pull requests from forks have a number.
        pull_request="it runs for a pull request" if value(env, "CIRCLE_PR_NUMBER") else None,
        run_number=number(value(env, "CIRCLE_BUILD_NUM")),
        is_tag=value(env, "CIRCLE_TAG") is not None,
    )


def emit(outcome: Outcome, env: Env) -> tuple[Effect, ...]:
    """Export the outputs to the later steps of the job."""
    return _export(variables(outcome), env)


def remember(started: datetime, env: Env) -> tuple[Effect, ...]:
    """Export the start time to the later steps of the job."""
    return _export({STARTED_AT: rfc3339(started)}, env)


def _facts(env: Env) -> dict[str, Fact[Any] | None]:
    # Projects of the GitHub App, of GitLab and of Bitbucket Data Center have no repository URL.
    return {
        "sha": mapped(variable(env, "CIRCLE_SHA1"), commit_sha),
        "ref": mapped(variable(env, "CIRCLE_TAG", "CIRCLE_BRANCH"), bare_ref),
        "repo_url": mapped(variable(env, "CIRCLE_REPOSITORY_URL"), canonical) or repository(env),
        "run_id": variable(env, "CIRCLE_WORKFLOW_ID"),
        "job": variable(env, "CIRCLE_JOB"),
        "run_url": variable(env, "CIRCLE_BUILD_URL") or _workflow_url(env),
        "actor": variable(env, "CIRCLE_USERNAME"),
        "started_at": started(env),
    }


def _workflow_url(env: Env) -> Fact[str] | None:
    workflow = variable(env, "CIRCLE_WORKFLOW_ID")
    return mapped(workflow, lambda id_: f"https://app.circleci.com/pipelines/workflows/{id_}")


def _export(values: dict[str, str], env: Env) -> tuple[Effect, ...]:
    path = value(env, "BASH_ENV")
    text = "".join(f"export {name}={shlex.quote(text)}\n" for name, text in values.items())
    return (Append(path, text),) if path else ()


PROVIDER = Provider(name=NAME, detect=detect, read=read, emit=emit, remember=remember)
