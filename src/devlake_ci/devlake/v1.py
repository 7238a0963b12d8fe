"""How DevLake 1.0.0 and later spells a deployment, an incident and a pull request.

Field names: backend/plugins/webhook/api/deployments.go, issues.go and pull_requests.go in
apache/incubator-devlake, v1.0.3.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from devlake_ci.model import Commit, Deployment, Incident, PullRequest
from devlake_ci.timestamps import rfc3339

Body = dict[str, Any]

MOST_COMMITS = 2000
"""Commits in one request: of some 2,100, DevLake's statement has too many placeholders, and it
answers 500 "Error 1390" (seen live, v1.0.3 on MariaDB). Several requests with one id are one
deployment."""


def bodies(deployment: Deployment) -> list[Body]:
    """Spell a deployment, in as many bodies as its commits need.

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
            "deploymentCommits": [_commit(each, deployment) for each in commits],
        }
        for commits in _batches(deployment.commits)
    ]


def _batches(commits: tuple[Commit, ...]) -> Iterator[tuple[Commit, ...]]:
    for start in range(0, len(commits), MOST_COMMITS):
        yield commits[start : start + MOST_COMMITS]


def incident(incident: Incident) -> Body:
    """Spell an incident; a closed one whole, because what is not sent is emptied.

    The minutes are sent although 1.x works them out: they are the same, and before 1.0 DevLake
    leaves 0 (contract: "incident: resolved without lead time").
    """
    optional = {
        "description": incident.description,
        "url": incident.url,
        "severity": incident.severity,
        "priority": incident.priority,
        "component": incident.component,
    }
    resolved = {}
    if incident.resolved_at:
        resolved = {
            "resolutionDate": rfc3339(incident.resolved_at),
            "leadTimeMinutes": (incident.resolved_at - incident.created_at) // timedelta(minutes=1),
        }
    return (
        {
            "issueKey": incident.key,
            "title": incident.title,
            "type": "INCIDENT",
            "status": "DONE" if incident.resolved_at else "TODO",
            "originalStatus": incident.original_status,
            "createdDate": rfc3339(incident.created_at),
            "updatedDate": rfc3339(incident.updated_at),
        }
        | resolved
        | {key: value for key, value in optional.items() if value}
        | dict(incident.more)
    )


def pull_request(request: PullRequest) -> Body:
    """Spell a merged pull request (since 1.0.3); DevLake names its row by the key alone."""
    merged = rfc3339(request.merged_at)
    optional = {"url": request.url, "authorName": request.author}
    return {
        "id": str(request.key),
        "pullRequestKey": request.key,
        "displayTitle": request.title,
        "status": "MERGED",
        "originalStatus": "merged",
        "createdDate": rfc3339(request.created_at),
        "mergedDate": merged,
        "closedDate": merged,
        "mergeCommitSha": request.merge_sha,
    } | {key: value for key, value in optional.items() if value}


def _commit(commit: Commit, deployment: Deployment) -> Body:
    optional = {
        "repoId": commit.repo_id,
        "refName": commit.ref,
        "commitMsg": commit.message,
    }
    finished = commit.finished_at or deployment.finished_at
    return {
        "displayTitle": deployment.title or deployment.name,
        "repoUrl": commit.repo_url,
        "name": commit.name or deployment.name,
        "commitSha": commit.sha,
        "result": deployment.result.value,
        "status": "DONE",
        "createdDate": rfc3339(min(deployment.created_at, finished)),
        "startedDate": rfc3339(min(deployment.started_at, finished)),
        "finishedDate": rfc3339(finished),
    } | {key: value for key, value in optional.items() if value}
