"""Turn a deployment's request into the rows that DevLake v1.x stores.

Sources: contract, 'camelCase: …'; backend/plugins/webhook/api/deployments.go of apache/devlake.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from devlake_sandbox.answers import BAD_REQUEST, refusal
from devlake_sandbox.decoding import Values
from devlake_sandbox.tables import Row, format_time, whole_seconds
from devlake_sandbox.versions import Version


def rows(version: Version, connection: int, request: Values) -> tuple[list[Row], list[Row]]:
    """Return the rows of the commits and the one row of the deployment."""
    if not request["DeploymentCommits"]:
        raise refusal(BAD_REQUEST, "deployment_commits is empty (400)")
    shared = {
        "cicd_scope_id": f"webhook:{connection}",
        "environment": request["Environment"] or "PRODUCTION",
        "original_environment": _original_environment(version, request),
        "duration_sec": whole_seconds(request["FinishedDate"] - request["StartedDate"]),
    }
    created = request["CreatedDate"] or request["StartedDate"]
    commits = [
        shared | _commit(connection, request["Id"], created, commit)
        for commit in request["DeploymentCommits"]
    ]
    return commits, [shared | _deployment(request, commits, shared["environment"])]


def _original_environment(version: Version, request: Values) -> str:
    """Return the user's own word; before v1.0.3 there was no field for it."""
    if version.since("v1.0.3"):
        return str(request["OriginalEnvironment"])
    return request["Environment"] or "PRODUCTION"


def _commit(connection: int, deployment: str, created: datetime, commit: Values) -> Row:
    sha, url = commit["CommitSha"], commit["RepoUrl"]
    return {
        "id": f"webhook:{connection}:{deployment}:{url_hash(url)}:{sha}",
        "cicd_deployment_id": deployment,
        "name": commit["Name"] or f"deployment for {sha}",
        "display_title": commit["DisplayTitle"],
        **outcome(commit["Result"] or "SUCCESS", commit["Status"] or "DONE"),
        **dates(commit, commit["CreatedDate"] or created),
        "commit_sha": sha,
        "commit_msg": commit["CommitMsg"],
        "ref_name": commit["RefName"],
        "repo_id": commit["RepoId"],
        "repo_url": url,
    }


def _deployment(request: Values, commits: list[Row], environment: str) -> Row:
    """Take what isn't the deployment's own from its first commit, as DevLake does."""
    shas = ",".join(commit["commit_sha"] for commit in commits)
    inherited = ("original_result", "status", "original_status")
    return {
        **{column: commits[0][column] for column in inherited},
        "id": request["Id"],
        "name": request["Name"] or f"deploy {shas} to {environment}",
        "display_title": request["DisplayTitle"],
        "result": request["Result"] or "SUCCESS",
        **dates(request, request["CreatedDate"] or request["StartedDate"]),
    }


def outcome(result: str, status: str) -> Row:
    """Return the columns for how something ended, with their "original" twins."""
    return {
        "result": result,
        "original_result": result,
        "status": status,
        "original_status": status,
    }


def dates(request: Values, created: datetime) -> Row:
    """Return the columns of the three dates; without an end it is now, as in DevLake."""
    return {
        "created_date": format_time(created),
        "started_date": format_time(request["StartedDate"]),
        "finished_date": format_time(request["FinishedDate"] or datetime.now(UTC)),
    }


def url_hash(url: str) -> str:
    """Return the part of a commit row's id that stands for its repository."""
    return hashlib.md5(url.encode(), usedforsecurity=False).hexdigest()[:16]


def drop(row: Mapping[str, str], columns: set[str]) -> Row:
    """Return the row without columns that a version doesn't have."""
    return {column: value for column, value in row.items() if column not in columns}
