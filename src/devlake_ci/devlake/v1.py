"""How DevLake 1.0.0 and later spells a deployment.

Field names: backend/plugins/webhook/api/deployments.go in apache/incubator-devlake, v1.0.3.
"""

from typing import Any

from devlake_ci.model import Commit, Deployment
from devlake_ci.moments import rfc3339

Body = dict[str, Any]


def bodies(deployment: Deployment) -> list[Body]:
    """Spell a deployment as the one body that v1 takes.

    Result and dates stand on every commit too: the dashboards count commits, and one without a
    result would count as a success whatever the deployment says.
    """
    return [
        {
            "id": deployment.id,
            "displayTitle": deployment.title or deployment.name,
            "result": deployment.result.value,
            "environment": deployment.environment.value,
            "originalEnvironment": deployment.original_environment,
            "name": deployment.name,
            "createdDate": rfc3339(deployment.created_at),
            "startedDate": rfc3339(deployment.started_at),
            "finishedDate": rfc3339(deployment.finished_at),
            "deploymentCommits": [_commit(each, deployment) for each in deployment.commits],
        }
    ]


def _commit(commit: Commit, deployment: Deployment) -> Body:
    optional = {
        "repoId": commit.repo_id,
        "refName": commit.ref,
        "commitMsg": commit.message,
    }
    return {
        "displayTitle": deployment.title or deployment.name,
        "repoUrl": commit.repo_url,
        "name": commit.name or deployment.name,
        "commitSha": commit.sha,
        "result": deployment.result.value,
        "status": "DONE",
        "createdDate": rfc3339(deployment.created_at),
        "startedDate": rfc3339(deployment.started_at),
        "finishedDate": rfc3339(deployment.finished_at),
    } | {key: value for key, value in optional.items() if value}
