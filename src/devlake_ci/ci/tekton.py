"""Tekton Pipelines, which set no variables: a `finally` task hands over what it knows.

- TEKTON_PIPELINERUN_UID: $(context.pipelineRun.uid), unique [1]
- TEKTON_PIPELINE: $(context.pipeline.name) [1]
- TEKTON_TASK: the name of the task that deploys, as you write it
- TEKTON_TASK_STATUS: its $(tasks.NAME.status): Succeeded, Failed, or None if it was skipped [1].
  Not $(tasks.status): Completed means there that something was skipped, perhaps the deployment.

examples/tekton sets them. Commit, repository and branch are parameters of yours, and come as
DEVLAKE_SHA, DEVLAKE_REPO_URL and DEVLAKE_REF. There is no number that grows, and no time.

[1] https://tekton.dev/docs/pipelines/variables/
"""

from devlake_ci.ci.facts import Facts, convert, value, variable
from devlake_ci.ci.provider import Env, Provider
from devlake_ci.model import Result


def read(env: Env) -> Facts:
    """Read what the `finally` task hands over."""
    return Facts(
        run_id=variable(env, "TEKTON_PIPELINERUN_UID"),
        job=variable(env, "TEKTON_TASK"),
        workflow=value(env, "TEKTON_PIPELINE"),
        result=convert(
            variable(env, "TEKTON_TASK_STATUS"),
            lambda status: Result.SKIPPED if status == "None" else status,
        ),
    )


PROVIDER = Provider(marked=None, read=read)
