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

from devlake_ci.ci.facts import Fact, context, mapped, moment, value, variable
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.model import Context

NAME = "argo"


def detect(env: Env) -> bool:
    """Recognise Argo Workflows by what our example hands over."""
    return value(env, "ARGO_WORKFLOW_UID") is not None


def read(env: Env, read_file: ReadFile) -> Context:
    """Read what the exit handler hands over."""
    del read_file
    facts = {
        "run_id": variable(env, "ARGO_WORKFLOW_UID"),
        "job": variable(env, "ARGO_WORKFLOW_TEMPLATE"),
        "created_at": mapped(variable(env, "ARGO_WORKFLOW_CREATED"), moment),
        "result": variable(env, "ARGO_WORKFLOW_STATUS"),
    }
    workflow = value(env, "ARGO_WORKFLOW_TEMPLATE")
    return context(env, Fact(NAME, "ARGO_WORKFLOW_UID"), facts, workflow=workflow)


PROVIDER = Provider(name=NAME, detect=detect, read=read)
