"""Woodpecker, whose variables have names like GitLab's.

All variables: https://woodpecker-ci.org/docs/usage/environment; what is in them:
https://github.com/woodpecker-ci/woodpecker, pipeline/frontend/metadata/environment.go. CI and
CI_SYSTEM_NAME are woodpecker. CI_COMMIT_SHA is the commit, of a pull request its head.
CI_COMMIT_BRANCH is the branch, of a pull request the target; CI_COMMIT_SOURCE_BRANCH its source.
CI_COMMIT_TAG is there for tags and releases. CI_REPO_URL is the repository's page,
CI_REPO_DEFAULT_BRANCH its default branch. CI_PIPELINE_NUMBER grows within a repository, and a
restart is another one. CI_PIPELINE_EVENT, CI_PIPELINE_URL, CI_COMMIT_MESSAGE. CI_PIPELINE_CREATED
and _STARTED are seconds since 1970. CI_WORKFLOW_NAME, CI_WORKFLOW_NUMBER. CI_PIPELINE_DEPLOY_TARGET
is the environment of a deployment event. CI_COMMIT_AUTHOR is the commit's author, not who set it
off. CI_PIPELINE_STATUS differs from version to version [unverified], and the DRONE_BUILD_STATUS
that goes with it is always success (drone_compatibility.go), so the result has to be given, by one
step with `when: status: success` and one with `status: failure`.
"""

from typing import Any

from devlake_ci.ci.facts import Fact, bare_ref, commit_sha, context, mapped, value, variable
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.ci.values import host, number, unix_time
from devlake_ci.commits.repo_url import canonical
from devlake_ci.model import Context

NAME = "woodpecker"


def detect(env: Env) -> bool:
    """Recognise Woodpecker by the name that it gives in `CI`, where others say true."""
    return NAME in {value(env, "CI"), value(env, "CI_SYSTEM_NAME")}


def read(env: Env, read_file: ReadFile) -> Context:
    """Read the pipeline's variables; the result has to be given."""
    del read_file
    return context(
        env,
        Fact(NAME, "CI" if value(env, "CI") == NAME else "CI_SYSTEM_NAME"),
        _facts(env),
        job_id=_job_id(env),
        no_deployment="it runs for a pull request" if _for_pull_request(env) else None,
        run_number=number(value(env, "CI_PIPELINE_NUMBER")),
        workflow=value(env, "CI_WORKFLOW_NAME"),
        default_branch=value(env, "CI_REPO_DEFAULT_BRANCH"),
        is_tag=value(env, "CI_COMMIT_TAG") is not None,
    )


def _facts(env: Env) -> dict[str, Fact[Any] | None]:
    branch = "CI_COMMIT_SOURCE_BRANCH" if _for_pull_request(env) else "CI_COMMIT_BRANCH"
    return {
        "sha": mapped(variable(env, "CI_COMMIT_SHA"), commit_sha),
        "ref": mapped(variable(env, "CI_COMMIT_TAG", branch), bare_ref),
        "message": variable(env, "CI_COMMIT_MESSAGE"),
        "repo_url": mapped(variable(env, "CI_REPO_URL", "CI_REPO_CLONE_URL"), canonical),
        "run_id": variable(env, "CI_PIPELINE_NUMBER"),
        "job": variable(env, "CI_WORKFLOW_NAME"),
        "run_url": variable(env, "CI_PIPELINE_URL"),
        "environment": variable(env, "CI_PIPELINE_DEPLOY_TARGET"),
        "created_at": mapped(variable(env, "CI_PIPELINE_CREATED"), unix_time),
        "started_at": mapped(variable(env, "CI_PIPELINE_STARTED"), unix_time),
    }


def _job_id(env: Env) -> str | None:
    # Pipelines are counted by each server, and from 1 again by the next one.
    where = host(value(env, "CI_PIPELINE_URL"))
    return ".".join(filter(None, (where, value(env, "CI_WORKFLOW_NUMBER")))) or None


def _for_pull_request(env: Env) -> bool:
    event = value(env, "CI_PIPELINE_EVENT") or ""
    return event.startswith("pull_request") or value(env, "CI_COMMIT_PULL_REQUEST") is not None


PROVIDER = Provider(name=NAME, detect=detect, read=read)
