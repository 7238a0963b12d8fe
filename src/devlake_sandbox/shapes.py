"""What a deployment and an issue look like on the wire, by version of DevLake.

Sources: contract, 'without …' and 'every field'; the order of the fields is the order of the
complaints there. backend/plugins/webhook/api/deployments.go and issues.go of
apache/incubator-devlake.
"""

import re

from devlake_sandbox import legacy_shapes
from devlake_sandbox.gostruct import Field, Struct
from devlake_sandbox.legacy_shapes import ENVIRONMENT, NAME, RESULT, time
from devlake_sandbox.versions import Version

STATUSES = ("TODO", "DONE", "IN_PROGRESS")

COMMIT = Struct(
    "WebhookDeploymentCommitReq",
    (
        Field("displayTitle", "DisplayTitle"),
        Field("repoId", "RepoId"),
        Field("repoUrl", "RepoUrl", required=True),
        NAME,
        Field("refName", "RefName"),
        Field("commitSha", "CommitSha", required=True),
        Field("commitMsg", "CommitMsg"),
        RESULT,
        Field("status", "Status"),
        time("createdDate", "CreatedDate"),
        time("startedDate", "StartedDate", required=True),
        time("finishedDate", "FinishedDate", required=True),
    ),
)


def _deployment_v1(*extra: Field) -> Struct:
    return Struct(
        "WebhookDeploymentReq",
        (
            Field("id", "Id", required=True),
            Field("displayTitle", "DisplayTitle"),
            RESULT,
            ENVIRONMENT,
            *extra,
            NAME,
            Field("deploymentCommits", "DeploymentCommits", of=COMMIT),
            time("createdDate", "CreatedDate"),
            time("startedDate", "StartedDate", required=True),
            time("finishedDate", "FinishedDate", required=True),
        ),
    )


DEPLOYMENTS = {
    "v0.20.0": legacy_shapes.DEPLOYMENT_V0_20,
    "v0.21.0": legacy_shapes.DEPLOYMENT_V0_21,
    "v1.0.1": _deployment_v1(),
    "v1.0.3": _deployment_v1(Field("originalEnvironment", "OriginalEnvironment")),
}

ISSUE = Struct(
    "WebhookIssueRequest",
    (
        Field("url", "Url"),
        Field("issueKey", "IssueKey", required=True),
        Field("title", "Title", required=True),
        Field("description", "Description"),
        Field("epicKey", "EpicKey"),
        Field("type", "Type"),
        Field("status", "Status", required=True, one_of=STATUSES),
        Field("originalStatus", "OriginalStatus", required=True),
        Field("storyPoint", "StoryPoint", "float"),
        time("resolutionDate", "ResolutionDate"),
        time("createdDate", "CreatedDate", required=True),
        time("updatedDate", "UpdatedDate"),
        Field("leadTimeMinutes", "LeadTimeMinutes", "uint"),
        Field("parentIssueKey", "ParentIssueKey"),
        Field("priority", "Priority"),
        Field("originalEstimateMinutes", "OriginalEstimateMinutes", "int"),
        Field("timeSpentMinutes", "TimeSpentMinutes", "int"),
        Field("timeRemainingMinutes", "TimeRemainingMinutes", "int"),
        Field("creatorId", "CreatorId"),
        Field("creatorName", "CreatorName"),
        Field("assigneeId", "AssigneeId"),
        Field("assigneeName", "AssigneeName"),
        Field("severity", "Severity"),
        Field("component", "Component"),
    ),
)


def deployment(version: Version) -> Struct:
    """Give what `version` takes at …/deployments."""
    return DEPLOYMENTS[version]


def issue(version: Version) -> Struct:
    """Give what `version` takes at …/issues: the same words, in snake_case before v1.0.0."""
    if version.since("v1.0.1"):
        return ISSUE
    return Struct(ISSUE.name, tuple(map(_in_snake_case, ISSUE.fields)))


def _in_snake_case(one: Field) -> Field:
    key = re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", one.key)
    return Field(key, one.name, one.kind, one.required, one.one_of)
