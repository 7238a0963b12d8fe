"""Drone, and Harness CI, which sets Drone's variables too.

All variables: https://docs.drone.io/pipeline/environment/reference/ and
https://developer.harness.io/docs/continuous-integration/troubleshoot-ci/ci-env-var; what is in
them: https://github.com/drone/runner-go, environ/environ.go and pipeline/state.go. DRONE_COMMIT_SHA
is the commit, of a pull request its head. DRONE_BRANCH is the branch, of a pull request the target;
DRONE_SOURCE_BRANCH its source. DRONE_TAG is there for refs/tags/ only. DRONE_GIT_HTTP_URL and
DRONE_REPO_LINK are the repository, DRONE_REPO_BRANCH its default branch. DRONE_BUILD_NUMBER grows
within a repository, and a restart is another build. DRONE_BUILD_LINK, DRONE_BUILD_TRIGGER,
DRONE_COMMIT_MESSAGE. DRONE_BUILD_CREATED and _STARTED are seconds since 1970. DRONE_STAGE_NAME is
the pipeline in the file; a matrix has stages with numbers. DRONE_DEPLOY_TO is where `drone build
promote` deploys to. DRONE_BUILD_STATUS and DRONE_STAGE_STATUS are success until a step fails, then
failure; killed counts as failure. In Harness, what the status says while a build runs is
[unverified], so there the result has to be given; HARNESS_EXECUTION_ID is unique.
"""

from typing import Any

from devlake_ci.ci.facts import (
    Fact,
    bare_ref,
    commit_sha,
    context,
    mapped,
    outcome,
    value,
    variable,
)
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.ci.values import host, number, unix_time
from devlake_ci.commits.repo_url import canonical
from devlake_ci.model import Context

NAME = "drone"


def detect(env: Env) -> bool:
    """Recognise Drone and Harness by the variable that both set."""
    return value(env, "DRONE") == "true"


def read(env: Env, read_file: ReadFile) -> Context:
    """Read the build's variables."""
    del read_file
    return context(
        env,
        Fact(NAME, "DRONE"),
        _commit(env) | _build(env),
        job_id=_job_id(env),
        no_deployment="it runs for a pull request" if _for_pull_request(env) else None,
        run_number=number(value(env, "DRONE_BUILD_NUMBER")),
        workflow=value(env, "DRONE_STAGE_NAME"),
        default_branch=value(env, "DRONE_REPO_BRANCH"),
        is_tag=value(env, "DRONE_TAG") is not None,
    )


def _commit(env: Env) -> dict[str, Fact[Any] | None]:
    branch = "DRONE_SOURCE_BRANCH" if _for_pull_request(env) else "DRONE_BRANCH"
    url = variable(env, "DRONE_GIT_HTTP_URL", "DRONE_REPO_LINK")
    return {
        "sha": mapped(variable(env, "DRONE_COMMIT_SHA"), commit_sha),
        "ref": mapped(variable(env, "DRONE_TAG", branch), bare_ref),
        "message": variable(env, "DRONE_COMMIT_MESSAGE"),
        "repo_url": mapped(url, canonical),
    }


def _build(env: Env) -> dict[str, Fact[Any] | None]:
    return {
        "run_id": variable(env, "DRONE_BUILD_NUMBER"),
        "job": variable(env, "DRONE_STAGE_NAME"),
        "run_url": variable(env, "DRONE_BUILD_LINK"),
        "actor": variable(env, "DRONE_BUILD_TRIGGER"),
        "environment": variable(env, "DRONE_DEPLOY_TO"),
        "created_at": mapped(variable(env, "DRONE_BUILD_CREATED"), unix_time),
        "started_at": mapped(variable(env, "DRONE_BUILD_STARTED"), unix_time),
        "result": _result(env),
    }


def _result(env: Env) -> Fact[Any] | None:
    if value(env, "HARNESS_BUILD_ID"):
        return None
    statuses = [variable(env, name) for name in ("DRONE_BUILD_STATUS", "DRONE_STAGE_STATUS")]
    worst = next((each for each in statuses if each and each.value != "success"), statuses[0])
    return mapped(worst, outcome)


def _job_id(env: Env) -> str | None:
    # Builds are counted by each server, and from 1 again by the next one.
    where = value(env, "HARNESS_EXECUTION_ID") or host(value(env, "DRONE_BUILD_LINK"))
    return ".".join(filter(None, (where, value(env, "DRONE_STAGE_NUMBER")))) or None


def _for_pull_request(env: Env) -> bool:
    event = value(env, "DRONE_BUILD_EVENT")
    return event == "pull_request" or value(env, "DRONE_PULL_REQUEST") is not None


PROVIDER = Provider(name=NAME, detect=detect, read=read)
