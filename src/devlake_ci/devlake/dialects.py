"""How DevLake spells a deployment, an incident and a pull request: v1 since 1.0.0, legacy before.

Field names: backend/plugins/webhook/api/deployments.go, issues.go and pull_requests.go in
https://github.com/apache/incubator-devlake: v1.0.3 for v1, v0.20.0 and v0.21.0 for legacy.
"""

import math
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from devlake_ci.devlake.address import Target
from devlake_ci.errors import BadUsageError
from devlake_ci.identity import LONGEST_KEY
from devlake_ci.limits import COMMITS_A_REQUEST, INCIDENT_OTHER
from devlake_ci.model import Commit, Deployment, Event, Incident, PullRequest
from devlake_ci.text import cut, quoted
from devlake_ci.timestamps import rfc3339

Body = dict[str, Any]


def _v1_deployment(deployment: Deployment) -> list[Body]:
    """Spell a deployment, in as many bodies as its commits need.

    Result and dates stand on every commit too: the dashboards count commits, and one without a
    result would count as a success whatever the deployment says.
    """
    commits = [_v1_commit(each, deployment) for each in deployment.commits]
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
            "deploymentCommits": commits[start : start + COMMITS_A_REQUEST],
        }
        for start in range(0, len(commits), COMMITS_A_REQUEST)
    ]


def _v1_commit(commit: Commit, deployment: Deployment) -> Body:
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
    } | _given(repoId=commit.repo_id, refName=commit.ref, commitMsg=commit.message)


def _v1_incident(incident: Incident) -> Body:
    """Spell an incident; a closed one whole, because what is not sent is emptied.

    The minutes are sent although 1.x works them out: they are the same, and before 1.0 DevLake
    leaves 0 (contract: "incident: resolved without lead time").
    """
    resolved: Body = {}
    if incident.resolved_at:
        resolved = {
            "resolutionDate": rfc3339(incident.resolved_at),
            "leadTimeMinutes": (incident.resolved_at - incident.created_at) // timedelta(minutes=1),
        }
    optional = _given(
        description=incident.description,
        url=incident.url,
        severity=incident.severity,
        priority=incident.priority,
        component=incident.component,
    )
    return {
        "issueKey": incident.key,
        "title": incident.title,
        "type": "INCIDENT",
        "status": "DONE" if incident.resolved_at else "TODO",
        "originalStatus": incident.original_status,
        "createdDate": rfc3339(incident.created_at),
        "updatedDate": rfc3339(incident.updated_at),
        **resolved,
        **optional,
        **dict(incident.more),
    }


def _pull_request(request: PullRequest) -> Body:
    """Spell a merged pull request (since 1.0.3); DevLake names its row by the key alone."""
    merged = rfc3339(request.merged_at)
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
    } | _given(url=request.url, authorName=request.author)


def _legacy_deployment(deployment: Deployment) -> list[Body]:
    """Spell a deployment as one body a commit; the same `pipeline_id` makes them one deployment.

    The list of commits that v0.21 takes besides is refused by v0.20, so it is not used.

    What it shipped is left out: these versions take no pull requests, and one row a commit is all
    that they keep, so an older deployment of the same commit would be overwritten.
    """
    return [
        {
            "pipeline_id": deployment.id,
            "name": deployment.name,
            "result": deployment.result.value,
            "environment": deployment.environment.value,
            "repo_url": commit.repo_url,
            "commit_sha": commit.sha,
            "create_time": rfc3339(deployment.created_at),
            "start_time": rfc3339(deployment.started_at),
            "end_time": rfc3339(deployment.finished_at),
        }
        | _given(repo_id=commit.repo_id, ref_name=commit.ref, commit_msg=commit.message)
        for commit in deployment.commits
        if not commit.finished_at
    ]


def _legacy_incident(incident: Incident) -> Body:
    """Spell an incident: the words of v1 in snake_case."""
    return {
        re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): value
        for name, value in _v1_incident(incident).items()
    }


def _given(**fields: str | None) -> Body:
    """Return the fields that hold something."""
    return {name: text for name, text in fields.items() if text}


def encode(event: Event, target: Target, dialect: str) -> tuple[Target, list[Body]]:
    """Return where an event goes, and the bodies that it is in a dialect: v1 or legacy."""
    is_legacy = dialect == "legacy"
    match event:
        case Incident():
            body = _legacy_incident(event) if is_legacy else _v1_incident(event)
            return target.for_connection("issues"), [body]
        case PullRequest():
            return target.for_connection("pull_requests"), [_pull_request(event)]
    return target, _legacy_deployment(event) if is_legacy else _v1_deployment(event)


# --- the fields of an issue that only a person knows ----------------------------------------------

FieldValue = str | int | float

ISSUE_STATUSES = ("TODO", "IN_PROGRESS", "DONE")

ISSUE_FIELDS: dict[str, type[str] | type[int] | type[float]] = {
    "epicKey": str,
    "storyPoint": float,
    "parentIssueKey": str,
    "originalEstimateMinutes": int,
    "timeSpentMinutes": int,
    "timeRemainingMinutes": int,
}
"""What `--field` takes, and of which kind."""

MOST_MINUTES = 2**31 - 1


def issue_fields(entries: Iterable[str], source: str) -> dict[str, FieldValue]:
    """Parse `epicKey=SHOP-1` and the like, the last one of a name; raise BadUsageError."""
    found: dict[str, FieldValue] = {}
    for entry in entries:
        name, _, text = entry.partition("=")
        name, text = name.strip(), text.strip()
        if name not in ISSUE_FIELDS:
            raise BadUsageError(
                f"{source}: {quoted(name)} is not a field of DevLake's issues.",
                f"Use one of {', '.join(ISSUE_FIELDS)}. The other fields have their own options.",
            )
        found[name] = _field_value(name, text, source)
    return found


def person_fields(text: str | None, role: str, source: str) -> dict[str, FieldValue]:
    """Parse a person, a name or `ID=NAME`, as the fields of a `role`: creator or assignee."""
    if not text:
        return {}
    id_, separator, name = (each.strip() for each in text.rpartition("="))
    if not name or (separator and not id_):
        raise BadUsageError(f"{source}: {quoted(text)} is not a person.", "Write NAME or ID=NAME.")
    known: dict[str, FieldValue] = {f"{role}Name": cut(name, INCIDENT_OTHER)}
    return known | ({f"{role}Id": _key(id_, source)} if id_ else {})


def _field_value(name: str, text: str, source: str) -> FieldValue:
    kind = ISSUE_FIELDS[name]
    try:
        if kind is str and text:
            return _key(text, source)
        number = kind(text)
    except ValueError:
        number = math.nan
    if isinstance(number, str) or not 0 <= number <= MOST_MINUTES:
        wanted = {str: "a text", int: "a number of whole minutes", float: "a number"}[kind]
        raise BadUsageError(f"{source}: {name} can't be {quoted(text)}.", f"Use {wanted}.")
    return number


def _key(text: str, source: str) -> str:
    if len(text) <= LONGEST_KEY:
        return text
    raise BadUsageError(
        f"{source}: {quoted(text)} is too long.", f"DevLake keeps {LONGEST_KEY} characters of it."
    )
