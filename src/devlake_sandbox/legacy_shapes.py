"""What a deployment looked like on the wire before DevLake v1.0, and what it has kept since.

Source: contract, 'snake_case: …'.
"""

from devlake_sandbox.gostruct import Field, Struct

ENVIRONMENTS = ("PRODUCTION", "STAGING", "TESTING", "DEVELOPMENT")


def time(key: str, name: str, *, required: bool = False) -> Field:
    """Give a field that holds a date."""
    return Field(key, name, "time", required)


ENVIRONMENT = Field("environment", "Environment", one_of=ENVIRONMENTS)
RESULT = Field("result", "Result")
NAME = Field("name", "Name")

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
