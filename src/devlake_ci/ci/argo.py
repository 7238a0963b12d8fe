"""Argo Workflows, which sets no variables: an exit handler hands over what it knows.

- ARGO_WORKFLOW_UID: {{workflow.uid}}, unique; a retry keeps it, so that what it deploys takes the
  place of what the first try did [1]
- ARGO_WORKFLOW_TEMPLATE: the name of the WorkflowTemplate, as you write it
- ARGO_WORKFLOW_STATUS: {{workflow.status}}, in an exit handler Succeeded, Failed or Error [1]; that
  one which was stopped is Failed is [unverified]
- ARGO_WORKFLOW_CREATED: {{workflow.creationTimestamp.RFC3339}} [1]

examples/argo-workflows sets them. Commit, repository and branch are parameters of yours, and come
as DEVLAKE_SHA, DEVLAKE_REPO_URL and DEVLAKE_REF. There is no number that grows.

[1] https://argo-workflows.readthedocs.io/en/latest/variables/
"""

from devlake_ci.ci.facts import Facts, convert, timestamp, value, variable
from devlake_ci.ci.provider import Env, Provider


def read(env: Env) -> Facts:
    """Read what the exit handler hands over."""
    return Facts(
        run_id=variable(env, "ARGO_WORKFLOW_UID"),
        job=variable(env, "ARGO_WORKFLOW_TEMPLATE"),
        workflow=value(env, "ARGO_WORKFLOW_TEMPLATE"),
        created_at=convert(variable(env, "ARGO_WORKFLOW_CREATED"), timestamp),
        result=variable(env, "ARGO_WORKFLOW_STATUS"),
    )


PROVIDER = Provider(marked=None, read=read)
