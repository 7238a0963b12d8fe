"""Argo Workflows, which sets no variables: an exit handler hands over what it knows.

What examples/argo-workflows sets, from https://argo-workflows.readthedocs.io/en/latest/variables/:
ARGO_WORKFLOW_UID is {{workflow.uid}}, unique.
ARGO_WORKFLOW_TEMPLATE is the name of the WorkflowTemplate or CronWorkflow, as you write it.
ARGO_WORKFLOW_STATUS is {{workflow.status}}, in an exit handler Succeeded, Failed or Error; a
workflow that was stopped or terminated is Failed, too. ARGO_WORKFLOW_CREATED is
{{workflow.creationTimestamp.RFC3339}}. A retried workflow keeps its uid, so what it deploys takes
the place of what the first try did. Commit, repository and branch are parameters of yours:
DEVLAKE_SHA, DEVLAKE_REPO_URL, DEVLAKE_REF. There is no number that grows.
"""

from devlake_ci.ci.facts import Fact, context, mapped, moment, outcome, value, variable
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
        "result": mapped(variable(env, "ARGO_WORKFLOW_STATUS"), outcome),
    }
    workflow = value(env, "ARGO_WORKFLOW_TEMPLATE")
    return context(env, Fact(NAME, "ARGO_WORKFLOW_UID"), facts, workflow=workflow)


PROVIDER = Provider(name=NAME, detect=detect, read=read)
