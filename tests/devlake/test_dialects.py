"""How a deployment with every field set is spelled in each dialect."""

from datetime import UTC, datetime

from devlake_ci.devlake.address import Target
from devlake_ci.devlake.dialects import encode
from devlake_ci.model import Commit, Deployment, Environment, Result

TARGET = Target("https://devlake.example.com/api", "connections/1", rest=True)
SHOP = Commit(
    repo_url="https://github.com/acme/shop", sha="a" * 40, ref="main", message="Sell", name="shop",
    repo_id="github:GithubRepo:1:7",
)  # fmt: skip
PAY = Commit(repo_url="https://github.com/acme/pay", sha="b" * 40)
DEPLOYMENT = Deployment(
    id="x-1", name="Deploy", title="Release 7", result=Result.FAILURE,
    environment=Environment.STAGING, original_environment="stage-eu",
    created_at=datetime(2026, 3, 1, 10, 0, tzinfo=UTC),
    started_at=datetime(2026, 3, 1, 10, 1, 0, 500_000, tzinfo=UTC),
    finished_at=datetime(2026, 3, 1, 10, 9, tzinfo=UTC), commits=(SHOP, PAY),
)  # fmt: skip


def test_v1_has_one_body_whose_commits_carry_result_and_dates():
    shared = {
        "displayTitle": "Release 7",
        "result": "FAILURE",
        "createdDate": "2026-03-01T10:00:00Z",
        "startedDate": "2026-03-01T10:01:00.500Z",
        "finishedDate": "2026-03-01T10:09:00Z",
    }

    assert encode(DEPLOYMENT, TARGET, "v1")[1] == [
        {
            **shared,
            "id": "x-1",
            "name": "Deploy",
            "environment": "STAGING",
            "originalEnvironment": "stage-eu",
            "deploymentCommits": [
                {
                    **shared,
                    "status": "DONE",
                    "name": "shop",
                    "repoUrl": "https://github.com/acme/shop",
                    "repoId": "github:GithubRepo:1:7",
                    "commitSha": "a" * 40,
                    "refName": "main",
                    "commitMsg": "Sell",
                },
                {
                    **shared,
                    "status": "DONE",
                    "name": "Deploy",
                    "repoUrl": "https://github.com/acme/pay",
                    "commitSha": "b" * 40,
                },
            ],
        }
    ]


def test_legacy_has_a_body_a_commit_with_the_same_pipeline():
    shared = {
        "pipeline_id": "x-1",
        "name": "Deploy",
        "result": "FAILURE",
        "environment": "STAGING",
        "create_time": "2026-03-01T10:00:00Z",
        "start_time": "2026-03-01T10:01:00.500Z",
        "end_time": "2026-03-01T10:09:00Z",
    }

    assert encode(DEPLOYMENT, TARGET, "legacy")[1] == [
        {
            **shared,
            "repo_url": "https://github.com/acme/shop",
            "repo_id": "github:GithubRepo:1:7",
            "commit_sha": "a" * 40,
            "ref_name": "main",
            "commit_msg": "Sell",
        },
        {**shared, "repo_url": "https://github.com/acme/pay", "commit_sha": "b" * 40},
    ]
