"""What a blueprint makes its project's run do.

Sources: contract/setup-*.json, 'blueprint: …'; backend/server/services/blueprint_makeplan_v200.go
of apache/devlake.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from devlake_sandbox.store import Document
from devlake_sandbox.versions import Version

WEBHOOK = "webhook"
WITHOUT_SCOPES = {WEBHOOK, "jenkins"}
"""The plugins whose connections DevLake takes into a blueprint without scopes."""
Plan = list[list[Document]]


def plan(
    version: Version, project: str, connections: Sequence[Mapping[str, Any]], *, dora: bool
) -> Plan:
    """Return the stages of tasks; without the dora metric, a run computes nothing."""
    others = [one for one in connections if one["pluginName"] != WEBHOOK]
    mapping = {"projectName": project, "scopes": scopes(version, connections) or None}
    stages = [[_task(one["pluginName"], [], connectionId=one["connectionId"])] for one in others]
    stages.append([_task("org", ["setProjectMapping"], projectMappings=[mapping])])
    return stages + (_dora(version, project) if dora else [])


def scopes(version: Version, connections: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Return the rows that a run writes into the mapping of the project."""
    tables = ["cicd_scopes", "boards", *(["repos"] if version.since("v1.0.3") else [])]
    return [
        {"table": table, "rowId": f"{WEBHOOK}:{one['connectionId']}"}
        for one in connections
        if one["pluginName"] == WEBHOOK
        for table in tables
    ]


def is_empty(version: Version, stages: Plan) -> bool:
    """Return whether DevLake calls a plan empty: before v0.21, one without a collecting plugin."""
    if version.since("v0.21.0"):
        return not stages
    own = {"org", "refdiff", "dora"}
    return all(task["plugin"] in own for stage in stages for task in stage)


def _dora(version: Version, project: str) -> Plan:
    first = ["generateDeployments", "generateDeploymentCommits"]
    convert = ["ConvertIssuesToIncidents"] if version.since("v1.0.1") else []
    last = ["calculateChangeLeadTime", *convert, "ConnectIncidentToDeployment"]
    return [
        [_task("dora", [*first, "enrichPrevSuccessDeploymentCommits"], projectName=project)],
        [_task("refdiff", ["calculateDeploymentCommitsDiff"], projectName=project)],
        [_task("dora", last, projectName=project)],
    ]


def _task(plugin: str, subtasks: list[str], **options: object) -> Document:
    return {"plugin": plugin, "subtasks": subtasks, "options": options}
