"""Turn a deployment's request into the rows that DevLake v0.20 and v0.21 store.

Sources: contract, 'snake_case: …'. A commit's row is keyed by repository and SHA alone, so the
same commit deployed elsewhere later moves there.
"""

from datetime import UTC, datetime

from devlake_sandbox.answers import SERVER_ERROR, refusal
from devlake_sandbox.decoding import Values
from devlake_sandbox.deployments import dates, drop, outcome, url_hash
from devlake_sandbox.tables import Row, whole_seconds
from devlake_sandbox.versions import Version

SINCE_V0_21 = {"original_result", "original_status"}


def rows(version: Version, connection: int, request: Values) -> tuple[list[Row], list[Row]]:
    """Return the rows of the commits and, one for each, the deployment's row: the last stays."""
    missing = set() if version.since("v0.21.0") else SINCE_V0_21
    shared = _shared(connection, request)
    members = _members(request)
    commits = [shared | _commit(connection, member) for member in members]
    deployment = request["PipelineId"] or (commits[0]["id"] if commits else "")
    name = request.get("Name") or _default_name(members)
    return (
        [drop({**row, "cicd_deployment_id": deployment}, missing) for row in commits],
        [drop({**shared, "id": deployment, "name": name}, missing) for _ in commits],
    )


def _shared(connection: int, request: Values) -> Row:
    started, finished = request["StartedDate"], request["FinishedDate"] or datetime.now(UTC)
    return {
        "cicd_scope_id": f"webhook:{connection}",
        **outcome(request["Result"] or "SUCCESS", "DONE"),
        "environment": request["Environment"] or "PRODUCTION",
        **dates({**request, "FinishedDate": finished}, request["CreatedDate"] or started),
        "duration_sec": whole_seconds(finished - started),
    }


def _members(request: Values) -> list[Values]:
    """Return the commits: those listed (since v0.21), else the one that the request names."""
    if request.get("DeploymentCommits") is not None:
        listed: list[Values] = request["DeploymentCommits"]
        return [{**one, "Name": "", "RepoId": request["RepoId"]} for one in listed]
    if not (request["CommitSha"] and request["RepoUrl"]):
        error = "commit_sha or repo_url is required"
        raise refusal(SERVER_ERROR, error, error)
    return [request]


def _commit(connection: int, commit: Values) -> Row:
    sha, url = commit["CommitSha"], commit["RepoUrl"]
    return {
        "id": f"webhook:{connection}:{url_hash(url)}:{sha}",
        "name": commit.get("Name") or _default_name([commit]),
        "commit_sha": sha,
        "commit_msg": commit.get("CommitMsg", ""),
        "ref_name": commit["RefName"],
        "repo_id": commit["RepoId"],
        "repo_url": url,
    }


def _default_name(commits: list[Values]) -> str:
    return f"deployment for {','.join(commit['CommitSha'] for commit in commits)}"
