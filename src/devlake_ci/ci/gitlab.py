"""GitLab CI/CD, on gitlab.com and self-managed.

https://docs.gitlab.com/ci/variables/predefined_variables/
"""

from typing import Any
from urllib.parse import quote

from devlake_ci.ci.facts import (
    Fact,
    bare_ref,
    commit_sha,
    context,
    mapped,
    moment,
    value,
    variable,
)
from devlake_ci.ci.gitlab_api import get
from devlake_ci.ci.gitlab_job import deployed
from devlake_ci.ci.outputs import variables
from devlake_ci.ci.provider import Ask, Env, Provider, ReadFile
from devlake_ci.ci.values import number
from devlake_ci.commits.repo_url import canonical
from devlake_ci.commits.sha import WHOLE
from devlake_ci.effects import Effect, Replace
from devlake_ci.model import Context, Outcome
from devlake_ci.text import cut, line

NAME = "gitlab"
DOTENV = "devlake.env"
DOTENV_VALUE = 1000  # characters; GitLab takes 5 KB in all: https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv

FOR_MERGE_REQUEST = {"merge_request_event", "external_pull_request_event"}


def detect(env: Env) -> bool:
    """Recognise GitLab; `gitlab-ci-local` says `false` and wants to be named by `DEVLAKE_CI`."""
    return value(env, "GITLAB_CI") == "true"


def read(env: Env, read_file: ReadFile) -> Context:
    """Read the predefined variables; in `after_script` they say the result, too."""
    del read_file
    return context(
        env,
        Fact(NAME, "GITLAB_CI"),
        _commit(env) | _job(env),
        job_id=value(env, "CI_JOB_ID"),
        tier=value(env, "CI_ENVIRONMENT_TIER"),
        pull_request="it runs for a merge request" if _for_merge_request(env) else None,
        no_deployment=_no_deployment(env),
        visit=_visit(env),
        workflow=value(env, "CI_PIPELINE_NAME"),
        run_number=number(value(env, "CI_PIPELINE_IID")),
        default_branch=value(env, "CI_DEFAULT_BRANCH"),
        is_tag=value(env, "CI_COMMIT_TAG") is not None,
    )


def emit(outcome: Outcome, env: Env) -> tuple[Effect, ...]:
    """Write the file for the job's `artifacts: reports: dotenv`."""
    folder = value(env, "CI_PROJECT_DIR")
    text = "".join(
        f"{name}={cut(line(text), DOTENV_VALUE)}\n" for name, text in variables(outcome).items()
    )
    return (Replace(f"{folder.rstrip('/')}/{DOTENV}", text),) if folder else ()


def resolve(ref: str, env: Env, ask: Ask) -> str | None:
    """Ask for the whole SHA that `ref` stands for: https://docs.gitlab.com/api/commits/."""
    answer = get(env, ask, f"repository/commits/{quote(ref.strip(), safe='')}").body
    sha = answer.get("id") if isinstance(answer, dict) else None
    return sha if isinstance(sha, str) and WHOLE.fullmatch(sha) else None


def _commit(env: Env) -> dict[str, Fact[Any] | None]:
    # In merged results pipelines CI_COMMIT_SHA and CI_COMMIT_MESSAGE are of a merge that nobody
    # made, and this is the commit; in all others it is empty.
    source = mapped(variable(env, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"), commit_sha)
    ref = variable(env, "CI_COMMIT_TAG", "CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME")
    return {
        "sha": source or mapped(variable(env, "CI_COMMIT_SHA"), commit_sha),
        "ref": mapped(ref, bare_ref),
        "message": None if source else variable(env, "CI_COMMIT_MESSAGE"),
        # Not CI_REPOSITORY_URL, which holds a token.
        "repo_url": mapped(variable(env, "CI_PROJECT_URL"), canonical),
    }


def _job(env: Env) -> dict[str, Fact[Any] | None]:
    return {
        "run_id": variable(env, "CI_PIPELINE_ID"),
        "job": _job_name(env),
        "run_url": variable(env, "CI_PIPELINE_URL"),
        "actor": variable(env, "GITLAB_USER_LOGIN"),
        "environment": variable(env, "CI_ENVIRONMENT_NAME"),
        "created_at": mapped(variable(env, "CI_PIPELINE_CREATED_AT"), moment),
        "started_at": mapped(variable(env, "CI_JOB_STARTED_AT"), moment),
        "result": variable(env, "CI_JOB_STATUS"),
    }


def _job_name(env: Env) -> Fact[str] | None:
    # Of the template's two jobs that report how the pipeline ended, one runs: they have one name.
    if value(env, "DEVLAKE_FAILURE_JOB"):
        return Fact("pipeline", "DEVLAKE_FAILURE_JOB")
    return variable(env, "CI_JOB_NAME")


def _for_merge_request(env: Env) -> bool:
    # A merged result or a merge train has these, too; a child pipeline has the numbers only.
    return value(env, "CI_PIPELINE_SOURCE") in FOR_MERGE_REQUEST or bool(
        value(env, "CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID")
    )


def _no_deployment(env: Env) -> str | None:
    if value(env, "CI_ENVIRONMENT_ACTION") == "stop":
        return f"it stops the environment {value(env, 'CI_ENVIRONMENT_NAME') or ''}".strip()
    return None


def _visit(env: Env) -> str | None:
    # These have the environment's name and tier, and GitLab makes no deployment of them:
    # https://docs.gitlab.com/ci/yaml/#environmentaction
    action = value(env, "CI_ENVIRONMENT_ACTION")
    if action in {"prepare", "verify", "access"}:
        return f"its environment is there with action: {action}"
    return None


PROVIDER = Provider(
    name=NAME, detect=detect, read=read, emit=emit, resolve=resolve, deployed=deployed
)
