"""Buildkite.

- BUILDKITE: true [1]
- BUILDKITE_COMMIT: a SHA, or a name such as HEAD that only the checkout can tell [1]
- BUILDKITE_BRANCH, BUILDKITE_TAG: the branch; in builds of tags both are the tag [1]
- BUILDKITE_REPO: a clone URL, usually by SSH [1]
- BUILDKITE_BUILD_ID, BUILDKITE_JOB_ID: UUIDs; a retry is a job of its own [1]
- BUILDKITE_RETRY_COUNT: how often the job was tried before [1]
- BUILDKITE_BUILD_NUMBER: grows within a pipeline [1]
- BUILDKITE_STEP_KEY, BUILDKITE_LABEL: the step [1]
- BUILDKITE_PIPELINE_SLUG, BUILDKITE_PIPELINE_DEFAULT_BRANCH: the pipeline, and its own setting [1]
- BUILDKITE_BUILD_URL, BUILDKITE_BUILD_CREATOR: as they say [1]
- BUILDKITE_PULL_REQUEST: a number or false [1]
- BUILDKITE_MESSAGE: perhaps what somebody typed to start the build [1], so it is not read
- BUILDKITE_COMMAND_EXIT_STATUS: in hooks after the command, how it ended [1]; below 0 it may have
  been cancelled [unverified], which is left open

There are no times. Annotations and meta-data are made by the agent, from its standard input:
https://buildkite.com/docs/agent/v3/cli-annotate and
https://buildkite.com/docs/agent/v3/cli-meta-data

[1] https://buildkite.com/docs/pipelines/configure/environment-variables
"""

from devlake_ci.ci.facts import Facts, convert, exit_code, number, value, variable, whole_sha
from devlake_ci.ci.outputs import outputs, summary
from devlake_ci.ci.provider import Effect, Env, Provider, RunProgram
from devlake_ci.errors import NothingToReport
from devlake_ci.model import Outcome, Result

AGENT = "buildkite-agent"


def read(env: Env) -> Facts:
    """Read the job's variables; in a `post-command` hook they say the result, too."""
    requested = (value(env, "BUILDKITE_PULL_REQUEST") or "false") != "false"
    return Facts(
        sha=convert(variable(env, "BUILDKITE_COMMIT"), whole_sha),
        ref=variable(env, "BUILDKITE_TAG", "BUILDKITE_BRANCH"),
        repo_url=variable(env, "BUILDKITE_REPO"),
        run_id=variable(env, "BUILDKITE_BUILD_ID"),
        attempt=convert(variable(env, "BUILDKITE_RETRY_COUNT"), _attempt),
        job=variable(env, "BUILDKITE_STEP_KEY", "BUILDKITE_LABEL"),
        job_id=value(env, "BUILDKITE_JOB_ID"),
        run_url=variable(env, "BUILDKITE_BUILD_URL"),
        actor=variable(env, "BUILDKITE_BUILD_CREATOR"),
        result=convert(variable(env, "BUILDKITE_COMMAND_EXIT_STATUS"), _result),
        run_number=value(env, "BUILDKITE_BUILD_NUMBER"),
        workflow=value(env, "BUILDKITE_PIPELINE_SLUG"),
        default_branch=value(env, "BUILDKITE_PIPELINE_DEFAULT_BRANCH"),
        pull_request=requested,
        is_tag=value(env, "BUILDKITE_TAG") is not None,
    )


def emit(outcome: Outcome, env: Env) -> tuple[Effect, ...]:
    """Annotate the build, and set the outputs as its meta-data, by the agent."""
    job = value(env, "BUILDKITE_JOB_ID")
    if not (job and value(env, "BUILDKITE_AGENT_ACCESS_TOKEN")):
        return ()
    annotate = (AGENT, "annotate", "--style", _style(outcome), "--context", f"devlake-{job}")
    kept = [
        RunProgram((AGENT, "meta-data", "set", f"devlake-{name}"), text)
        for name, text in outputs(outcome).items()
    ]
    return (RunProgram(annotate, summary(outcome)), *kept)


def _attempt(retries: str) -> str | None:
    return str((number(retries) or 0) + 1)


def _result(status: str) -> Result | None:
    return None if status.startswith("-") else exit_code(status)


def _style(outcome: Outcome) -> str:
    if outcome.reported or isinstance(outcome.problem, NothingToReport):
        return "info" if outcome.problem else "success"
    return "warning" if outcome.soft else "error"


PROVIDER = Provider(read=read, emit=emit)
