"""How DevLake before 1.0.0 spells an incident, and a deployment: one commit a request.

Field names: backend/plugins/webhook/api/deployments.go and issues.go in
apache/incubator-devlake, v0.20.0 and v0.21.0. The list of commits that
v0.21 takes besides is refused by v0.20, so it is not used.
"""

import re

from devlake_ci.devlake import v1
from devlake_ci.devlake.v1 import Body
from devlake_ci.model import Commit, Deployment, Incident
from devlake_ci.timestamps import rfc3339


def bodies(deployment: Deployment) -> list[Body]:
    """Spell a deployment as one body a commit; the same `pipeline_id` makes them one deployment.

    What it shipped is left out: these versions take no pull requests, and one row a commit is all
    that they keep, so an older deployment of the same commit would be overwritten.
    """
    return [_body(each, deployment) for each in deployment.commits if not each.finished_at]


def incident(incident: Incident) -> Body:
    """Spell an incident: the words of v1 in snake_case."""
    return {_snake(name): value for name, value in v1.incident(incident).items()}


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _body(commit: Commit, deployment: Deployment) -> Body:
    optional = {
        "repo_id": commit.repo_id,
        "ref_name": commit.ref,
        "commit_msg": commit.message,
    }
    return {
        "pipeline_id": deployment.id,
        "name": deployment.name,
        "result": deployment.result.value,
        "environment": deployment.environment.value,
        "repo_url": commit.repo_url,
        "commit_sha": commit.sha,
        "create_time": rfc3339(deployment.created_at),
        "start_time": rfc3339(deployment.started_at),
        "end_time": rfc3339(deployment.finished_at),
    } | {key: value for key, value in optional.items() if value}
