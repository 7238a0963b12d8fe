"""Reports of the real program to a stand-in for each version of DevLake: what is stored, whole."""

import pytest
import requests

from devlake_sandbox import VERSIONS, Sandbox
from tests.support import SHA

PIPELINE = {
    "GITLAB_CI": "true",
    "CI_PROJECT_URL": "https://gitlab.com/acme/shop",
    "CI_COMMIT_SHA": SHA,
    "CI_COMMIT_TAG": "v1.2.3",
    "CI_COMMIT_MESSAGE": "Sell more",
    "CI_PIPELINE_ID": "42",
    "CI_JOB_ID": "7",
    "CI_JOB_NAME": "deploy",
    "CI_JOB_STATUS": "failed",
    "CI_ENVIRONMENT_NAME": "eu/production",
    "CI_ENVIRONMENT_TIER": "production",
    "CI_PIPELINE_CREATED_AT": "2026-03-01T11:50:00Z",
    "CI_JOB_STARTED_AT": "2026-03-01T11:55:00Z",
}
ID = "gitlab:gitlab.com/acme/shop:42:7::eu/production"
TIMES = {
    "created_date": "2026-03-01 11:50:00.000",
    "started_date": "2026-03-01 11:55:00.000",
    "finished_date": "2026-03-01 12:00:00.000",
    "duration_sec": "300",
}


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def devlake(version):
    with Sandbox(version=version) as sandbox:
        yield sandbox


@pytest.fixture
def report(devlake_ci, devlake):
    def ran(*arguments, **env):
        where = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
        return devlake_ci("report", *arguments, env=PIPELINE | where | env)

    return ran


def test_whatever_the_version_the_right_rows_are_stored(devlake, report):
    ran = report()

    assert ran.code == 0
    (deployment,) = devlake.rows("cicd_deployments")
    (commit,) = devlake.rows("cicd_deployment_commits")
    for row in (deployment, commit):
        assert {name: row[name] for name in TIMES} == TIMES
        assert (row["result"], row["environment"]) == ("FAILURE", "PRODUCTION")
    assert deployment["id"] == commit["cicd_deployment_id"] == ID
    assert commit["repo_url"] == "https://gitlab.com/acme/shop"
    assert (commit["commit_sha"], commit["ref_name"]) == (SHA, "v1.2.3")


def test_the_newest_version_keeps_the_users_own_word_for_the_environment(version, devlake, report):
    report()

    (deployment,) = devlake.rows("cicd_deployments")
    assert (deployment.get("original_environment") == "eu/production") == (
        version in ("v1.0.3", "main")
    )


def test_nothing_that_is_sent_is_dropped_in_silence_by_the_newest_version(version, devlake, report):
    report()

    assert version != "v1.0.3" or devlake.requests[-1]["ignored"] == []


def test_a_retry_overwrites_and_a_rerun_is_another_deployment(devlake, report):
    report()
    report()
    report(CI_JOB_ID="8")

    assert len(devlake.rows("cicd_deployments")) == 2


def test_services_and_environments_of_one_job_are_deployments_of_their_own(devlake, report):
    report("--service", "api")
    report("--service", "web")
    report("--service", "web", "--environment", "staging")

    assert len(devlake.rows("cicd_deployments")) == 3


def test_a_connections_own_key_is_not_good_for_its_name(report):
    ran = report("--connection", "ci")

    assert ran.code == 4
    assert "403: path doesn't match api key's scope" in ran.err
    assert "Set --connection to that NUMBER" in ran.err


def test_a_new_project_gets_its_connection_and_the_deployment(devlake_ci):
    with Sandbox(version="v1.0.3", empty=True) as devlake:
        requests.post(f"{devlake.url}/projects", json={"name": "shop"}, timeout=10)
        where = {"DEVLAKE_URL": f"{devlake.url}/api", "DEVLAKE_PROJECT": "{repo}"}

        ran = devlake_ci("report", env=PIPELINE | where)

        assert ran.code == 0
        assert [row["id"] for row in devlake.rows("cicd_deployments")] == [ID]
        assert [each["status"] for each in devlake.requests[-2:]] == [404, 200]


def test_a_project_is_too_new_for_older_versions(devlake_ci):
    with Sandbox(version="v1.0.1", empty=True) as devlake:
        where = {"DEVLAKE_URL": devlake.url, "DEVLAKE_PROJECT": "shop"}

        ran = devlake_ci("report", env=PIPELINE | where)

        assert ran.code == 4
        assert "by project since 1.0.3" in ran.err
