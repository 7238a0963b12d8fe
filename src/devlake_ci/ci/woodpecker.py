"""Woodpecker, whose variables have names like GitLab's.

- CI, CI_SYSTEM_NAME: woodpecker [1]
- CI_COMMIT_SHA: the commit; of a pull request its head [1]
- CI_COMMIT_BRANCH, CI_COMMIT_SOURCE_BRANCH: the branch, of a pull request the target; its source
  [1]
- CI_COMMIT_TAG: there for tags and releases [2]
- CI_REPO_URL, CI_REPO_CLONE_URL, CI_REPO_DEFAULT_BRANCH: the repository [1]
- CI_PIPELINE_NUMBER: grows within a repository; a restart is another pipeline [1]
- CI_PIPELINE_EVENT, CI_COMMIT_PULL_REQUEST: pull_request (or more, with _) and its number, for one
  [2]
- CI_PIPELINE_URL, CI_COMMIT_MESSAGE: as they say [1]
- CI_PIPELINE_CREATED, CI_PIPELINE_STARTED: seconds since 1970, or 0 [2]
- CI_WORKFLOW_NAME, CI_WORKFLOW_NUMBER: the workflow; each leg of a matrix has a number [1]
- CI_PIPELINE_DEPLOY_TARGET: the environment of a deployment event [1]
- CI_COMMIT_AUTHOR: who wrote the commit [1], not who set it off, so it is not read
- CI_PIPELINE_STATUS: differs from version to version [unverified]
- DRONE_BUILD_STATUS: always success [3]

So the result has to be given: by one step with `when: status: success`, and one with `failure`.

[1] https://woodpecker-ci.org/docs/usage/environment
[2] https://github.com/woodpecker-ci/woodpecker, pipeline/frontend/metadata/environment.go
[3] ibid., drone_compatibility.go
"""

from devlake_ci.ci.facts import Facts, convert, qualify, unix_time, value, variable
from devlake_ci.ci.provider import Env, Provider


def read(env: Env) -> Facts:
    """Read the pipeline's variables; the result has to be given."""
    event = value(env, "CI_PIPELINE_EVENT") or ""
    requested = event.startswith("pull_request") or value(env, "CI_COMMIT_PULL_REQUEST")
    branch = "CI_COMMIT_SOURCE_BRANCH" if requested else "CI_COMMIT_BRANCH"
    return Facts(
        sha=variable(env, "CI_COMMIT_SHA"),
        ref=variable(env, "CI_COMMIT_TAG", branch),
        message=variable(env, "CI_COMMIT_MESSAGE"),
        repo_url=variable(env, "CI_REPO_URL", "CI_REPO_CLONE_URL"),
        run_id=qualify(variable(env, "CI_PIPELINE_NUMBER"), value(env, "CI_PIPELINE_URL")),
        job=variable(env, "CI_WORKFLOW_NAME"),
        job_id=value(env, "CI_WORKFLOW_NUMBER"),
        run_url=variable(env, "CI_PIPELINE_URL"),
        environment=variable(env, "CI_PIPELINE_DEPLOY_TARGET"),
        created_at=convert(variable(env, "CI_PIPELINE_CREATED"), unix_time),
        started_at=convert(variable(env, "CI_PIPELINE_STARTED"), unix_time),
        run_number=value(env, "CI_PIPELINE_NUMBER"),
        workflow=value(env, "CI_WORKFLOW_NAME"),
        default_branch=value(env, "CI_REPO_DEFAULT_BRANCH"),
        pull_request=requested,
        is_tag=value(env, "CI_COMMIT_TAG") is not None,
    )


PROVIDER = Provider(marked="woodpecker", read=read)
"""Recognized by the name that it gives in `CI`, where others say true."""
