"""The fields of deployments, issues and pull requests, by version of DevLake.

Sources: contract, 'without …', 'every field' and 'snake_case: …'; violations are listed in the
order of the fields. backend/plugins/webhook/api of apache/devlake.
"""

import re
from dataclasses import replace

from devlake_sandbox.decoding import Field, Struct
from devlake_sandbox.versions import Version

ENVIRONMENTS = ("PRODUCTION", "STAGING", "TESTING", "DEVELOPMENT")


def time(key: str, name: str, *, required: bool = False) -> Field:
    """Return a field that holds a timestamp."""
    return Field(key, name, "time", required)


ENVIRONMENT = Field("environment", "Environment", one_of=ENVIRONMENTS)
RESULT = Field("result", "Result")
NAME = Field("name", "Name")

STATUSES = ("TODO", "DONE", "IN_PROGRESS")

LEGACY_START = (
    RESULT,
    time("create_time", "CreatedDate"),
    time("start_time", "StartedDate", required=True),
    time("end_time", "FinishedDate"),
)
DEPLOYMENT_V0_20 = Struct(
    "WebhookDeployTaskRequest",
    (
        Field("pipeline_id", "PipelineId"),
        Field("repo_url", "RepoUrl", required=True),
        Field("commit_sha", "CommitSha", required=True),
        Field("repo_id", "RepoId"),
        Field("ref_name", "RefName"),
        *LEGACY_START,
        ENVIRONMENT,
    ),
)
COMMIT_V0_21 = Struct(
    "DeploymentCommit",
    (
        Field("repo_url", "RepoUrl", required=True),
        NAME,
        Field("ref_name", "RefName"),
        Field("commit_sha", "CommitSha", required=True),
        Field("commit_msg", "CommitMsg"),
    ),
)
DEPLOYMENT_V0_21 = Struct(
    "WebhookDeployTaskRequest",
    (
        Field("pipeline_id", "PipelineId"),
        Field("repo_id", "RepoId"),
        *LEGACY_START,
        Field("repo_url", "RepoUrl"),
        ENVIRONMENT,
        NAME,
        Field("ref_name", "RefName"),
        Field("commit_sha", "CommitSha"),
        Field("commit_msg", "CommitMsg"),
        Field("deploymentCommits", "DeploymentCommits", of=COMMIT_V0_21),
    ),
)

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
    "v0.20.0": DEPLOYMENT_V0_20,
    "v0.21.0": DEPLOYMENT_V0_21,
    "v1.0.1": _deployment_v1(),
    "v1.0.3": _deployment_v1(Field("originalEnvironment", "OriginalEnvironment")),
    "main": _deployment_v1(Field("originalEnvironment", "OriginalEnvironment")),
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
        Field("leadTimeMinutes", "LeadTimeMinutes", "int"),
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


PULL_REQUEST = Struct(
    "WebhookPullRequestReq",
    (
        Field("id", "Id", required=True),
        Field("baseRepoId", "BaseRepoId"),
        Field("headRepoId", "HeadRepoId"),
        Field("status", "Status", one_of=("OPEN", "CLOSED", "MERGED")),
        Field("originalStatus", "OriginalStatus"),
        Field("displayTitle", "Title", required=True),
        Field("description", "Description"),
        Field("url", "Url"),
        Field("authorName", "AuthorName"),
        Field("authorId", "AuthorId"),
        Field("mergedByName", "MergedByName"),
        Field("mergedById", "MergedById"),
        Field("parentPrId", "ParentPrId"),
        Field("pullRequestKey", "PullRequestKey", "int", required=True),
        time("createdDate", "CreatedDate", required=True),
        time("mergedDate", "MergedDate"),
        time("closedDate", "ClosedDate"),
        Field("type", "Type"),
        Field("component", "Component"),
        Field("mergeCommitSha", "MergeCommitSha"),
        Field("headRef", "HeadRef"),
        Field("baseRef", "BaseRef"),
        Field("baseCommitSha", "BaseCommitSha"),
        Field("headCommitSha", "HeadCommitSha"),
        Field("additions", "Additions", "int"),
        Field("deletions", "Deletions", "int"),
        Field("isDraft", "IsDraft", "bool"),
    ),
)


def deployment(version: Version) -> Struct:
    """Return the fields that `version` takes at …/deployments."""
    return DEPLOYMENTS[version]


def issue(version: Version) -> Struct:
    """Return the fields that `version` takes at …/issues, in snake_case before v1.0.0."""
    if version.since("v1.0.1"):
        return ISSUE
    return Struct(ISSUE.name, tuple(map(_in_snake_case, ISSUE.fields)))


def _in_snake_case(one: Field) -> Field:
    key = re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", one.key)
    return replace(one, key=key)
