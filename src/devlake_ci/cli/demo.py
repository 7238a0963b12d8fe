"""`devlake-ci demo`: deployments of this checkout and a failure, told to a sandbox as by CIs."""

from datetime import timedelta

import click

from devlake_ci.cli.printing import say
from devlake_ci.commits import remote
from devlake_ci.errors import MissingError
from devlake_ci.runtime import Runtime, folder
from devlake_ci.runtime.programs import program
from devlake_ci.timestamps import rfc3339
from devlake_sandbox import Sandbox

STAND_IN = "https://github.com/acme/shop"
"""The repository that a checkout without a remote is said to be of."""

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://{host}",
    "GITHUB_REPOSITORY": "{path}",
    "GITHUB_SHA": "{sha}",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_WORKFLOW": "release",
    "GITHUB_RUN_ATTEMPT": "1",
}
VERIFY = GITHUB | {
    "GITHUB_JOB": "verify",
    "DEVLAKE_MODE": "incident",
    "DEVLAKE_ENVIRONMENT": "production",
    "DEVLAKE_INCIDENT_BRANCHES": "main",
    "DEVLAKE_INCIDENT_STATE": "file:{folder}/incidents.json",
}
PIPELINES = {
    "a deploy job on GitHub Actions succeeds": GITHUB
    | {
        "GITHUB_JOB": "deploy",
        "GITHUB_RUN_ID": "10000000001",
        "DEVLAKE_RESULT": "success",
        "DEVLAKE_ENVIRONMENT": "production",
        "DEVLAKE_FINISHED_AT": "{earlier}",
    },
    "a deploy job on GitLab CI fails": {
        "GITLAB_CI": "true",
        "CI_PROJECT_URL": "https://{host}/{path}",
        "CI_COMMIT_SHA": "{sha}",
        "CI_COMMIT_BRANCH": "main",
        "CI_PIPELINE_ID": "20000000002",
        "CI_JOB_ID": "30000000003",
        "CI_JOB_NAME": "deploy",
        "CI_JOB_STATUS": "failed",
        "CI_ENVIRONMENT_NAME": "production/eu",
        "CI_ENVIRONMENT_TIER": "production",
    },
    "a deploy job on CircleCI succeeds": {
        "CIRCLECI": "true",
        "CIRCLE_SHA1": "{sha}",
        "CIRCLE_BRANCH": "main",
        "CIRCLE_REPOSITORY_URL": "git@{host}:{path}.git",
        "CIRCLE_WORKFLOW_ID": "7d1c8a6e-0000-4000-8000-000000000004",
        "CIRCLE_WORKFLOW_JOB_ID": "7d1c8a6e-0000-4000-8000-000000000005",
        "CIRCLE_JOB": "deploy",
        "DEVLAKE_RESULT": "success",
        "DEVLAKE_ENVIRONMENT": "staging",
    },
    "the job on GitHub Actions that checks production fails": VERIFY
    | {"GITHUB_RUN_ID": "10000000006", "DEVLAKE_RESULT": "failure"},
    "and succeeds again": VERIFY | {"GITHUB_RUN_ID": "10000000007", "DEVLAKE_RESULT": "success"},
}
"""The variables that each CI sets in such a job."""

EARLIER = timedelta(minutes=30)
"""How long ago the first deployment ended: an incident is put on one that ended before it."""


@click.command()
@click.pass_obj
def demo(runtime: Runtime) -> None:
    """Report this checkout's HEAD to a sandbox as three CIs would, and a failure that is mended.

    Then show what DevLake stored, and what its dashboard would make of it.
    """
    sha = runtime.git("rev-parse", "HEAD")
    if sha is None:
        raise MissingError("There is no git checkout here to report.", "Run it in a repository.")
    repository = remote.repository(runtime.git) or STAND_IN
    earlier = rfc3339(runtime.clock.now() - EARLIER)
    with Sandbox() as devlake, folder() as place:
        for title, template in PIPELINES.items():
            env = filled(template, repository, sha=sha, earlier=earlier, folder=place)
            say(f"\n── {title}: devlake-ci report")
            where = {
                "DEVLAKE_URL": devlake.connection_url or "",
                "DEVLAKE_TOKEN": devlake.token or "",
            }
            if code := program(["report"], env | where):
                raise click.exceptions.Exit(code)
        say("\n── what DevLake stored")
        for row in devlake.rows("cicd_deployment_commits"):
            say(shown(row))
        for row in devlake.rows("incidents"):
            say(f"{row['created_date']}  {row['status']:<8}incident    {row['title']}")
        say("\n── what its dashboard would show")
        for month in devlake.months:
            say(
                f"{month.name}: deployments {month.deployments}, "
                f"change failure rate {month.failure_rate or 0:.0%}, "
                f"failed deployment recovery time {month.recovery_hours:.1f} h"
            )
    say("\nSee it on a page, with your own reports: devlake-ci sandbox")


def shown(row: dict[str, str]) -> str:
    """Give one stored commit as a line."""
    return (
        f"{row['finished_date']}  {row['result']:<8}{row['environment']:<11} "
        f"{row['repo_url']} {row['commit_sha'][:12]} {row.get('ref_name', '')}"
    )


def filled(template: dict[str, str], repository: str, **values: str) -> dict[str, str]:
    """Give the variables of a job for `repository`."""
    host, _, path = repository.removeprefix("https://").partition("/")
    return {name: text.format(host=host, path=path, **values) for name, text in template.items()}
