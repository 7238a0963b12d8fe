"""Drone, and Harness CI, which sets Drone's variables too.

- DRONE: true [1]
- DRONE_COMMIT_SHA: the commit; of a pull request its head [1]
- DRONE_BRANCH, DRONE_SOURCE_BRANCH: the branch, of a pull request the target; its source [1]
- DRONE_TAG: there for refs/tags/ only [2]
- DRONE_GIT_HTTP_URL, DRONE_REPO_LINK, DRONE_REPO_BRANCH: the repository, and its default branch [1]
- DRONE_BUILD_NUMBER: grows within a repository; a restart is another build [1]
- DRONE_BUILD_EVENT, DRONE_PULL_REQUEST: pull_request and its number, for one [1]
- DRONE_BUILD_LINK, DRONE_BUILD_TRIGGER, DRONE_COMMIT_MESSAGE: as they say [1]
- DRONE_BUILD_CREATED, DRONE_BUILD_STARTED: seconds since 1970, or 0 [2]
- DRONE_STAGE_NAME, DRONE_STAGE_NUMBER: the pipeline in the file [1]
- DRONE_DEPLOY_TO: where `drone build promote` deploys to [1]
- DRONE_BUILD_STATUS, DRONE_STAGE_STATUS: success until a step fails, then failure, brought up to
  date for each step [2]. In Harness that is [unverified], so there the result has to be given.
- HARNESS_EXECUTION_ID: unique [3]
- HARNESS_STAGE_INDEX, HARNESS_STEP_INDEX, HARNESS_NODE_INDEX: which leg of a matrix the stage or
  the step is [3]

[1] https://docs.drone.io/pipeline/environment/reference/
[2] https://github.com/drone/runner-go, environ/environ.go, pipeline/state.go and
    pipeline/runtime/execer.go
[3] https://developer.harness.io/docs/continuous-integration/troubleshoot-ci/ci-env-var
"""

from devlake_ci.ci.facts import Fact, Facts, convert, join, qualify, unix_time, value, variable
from devlake_ci.ci.provider import Env, Provider

_JOB = ("DRONE_STAGE_NUMBER", "HARNESS_STAGE_INDEX", "HARNESS_STEP_INDEX", "HARNESS_NODE_INDEX")


def read(env: Env) -> Facts:
    """Read the build's variables."""
    event = value(env, "DRONE_BUILD_EVENT")
    requested = event == "pull_request" or value(env, "DRONE_PULL_REQUEST")
    branch = "DRONE_SOURCE_BRANCH" if requested else "DRONE_BRANCH"
    job = join(env, *_JOB)
    # As a URL, an id is all host.
    server = value(env, "HARNESS_EXECUTION_ID", "DRONE_BUILD_LINK")
    return Facts(
        sha=variable(env, "DRONE_COMMIT_SHA"),
        ref=variable(env, "DRONE_TAG", branch),
        message=variable(env, "DRONE_COMMIT_MESSAGE"),
        repo_url=variable(env, "DRONE_GIT_HTTP_URL", "DRONE_REPO_LINK"),
        run_id=qualify(variable(env, "DRONE_BUILD_NUMBER"), server),
        job=variable(env, "DRONE_STAGE_NAME"),
        job_id=job.value if job else None,
        run_url=variable(env, "DRONE_BUILD_LINK"),
        actor=variable(env, "DRONE_BUILD_TRIGGER"),
        environment=variable(env, "DRONE_DEPLOY_TO"),
        created_at=convert(variable(env, "DRONE_BUILD_CREATED"), unix_time),
        started_at=convert(variable(env, "DRONE_BUILD_STARTED"), unix_time),
        result=_status(env),
        run_number=value(env, "DRONE_BUILD_NUMBER"),
        workflow=value(env, "DRONE_STAGE_NAME"),
        default_branch=value(env, "DRONE_REPO_BRANCH"),
        pull_request=requested,
        is_tag=value(env, "DRONE_TAG") is not None,
    )


def _status(env: Env) -> Fact[str] | None:
    if any(name.startswith("HARNESS_") for name in env):
        return None
    statuses = [variable(env, name) for name in ("DRONE_BUILD_STATUS", "DRONE_STAGE_STATUS")]
    return next((each for each in statuses if each and each.value != "success"), statuses[0])


PROVIDER = Provider(read=read)
"""Both Drone and Harness set it."""
