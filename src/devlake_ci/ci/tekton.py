"""Tekton Pipelines, which set no variables: a `finally` task hands over what it knows of the run.

What examples/tekton sets, from https://tekton.dev/docs/pipelines/variables/: TEKTON_PIPELINERUN_UID
is $(context.pipelineRun.uid), unique. TEKTON_PIPELINE is $(context.pipeline.name). TEKTON_TASK is
the name of the task that deploys, as you write it, and TEKTON_TASK_STATUS its $(tasks.NAME.status):
Succeeded, Failed, or None for one that was skipped. Not $(tasks.status), whose Completed means that
something was skipped, perhaps the deployment. Commit, repository and branch are parameters of
yours: DEVLAKE_SHA, DEVLAKE_REPO_URL, DEVLAKE_REF. There is no number that grows, and no time.
"""

from devlake_ci.ci.facts import Fact, context, mapped, outcome, value, variable
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.model import Context, Result

NAME = "tekton"


def detect(env: Env) -> bool:
    """Recognise Tekton by what our example hands over."""
    return value(env, "TEKTON_PIPELINERUN_UID") is not None


def read(env: Env, read_file: ReadFile) -> Context:
    """Read what the `finally` task hands over."""
    del read_file
    facts = {
        "run_id": variable(env, "TEKTON_PIPELINERUN_UID"),
        "job": variable(env, "TEKTON_TASK"),
        "result": mapped(variable(env, "TEKTON_TASK_STATUS"), _result),
    }
    workflow = value(env, "TEKTON_PIPELINE")
    return context(env, Fact(NAME, "TEKTON_PIPELINERUN_UID"), facts, workflow=workflow)


def _result(status: str) -> Result | None:
    return Result.SKIPPED if status == "None" else outcome(status)


PROVIDER = Provider(name=NAME, detect=detect, read=read)
