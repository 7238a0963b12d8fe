"""`devlake-ci demo`: three deployments of this checkout, told to a sandbox as three CIs would."""

import click

from devlake_ci import runtime
from devlake_ci.commits.repo_url import canonical
from devlake_ci.errors import MissingError
from devlake_ci.runtime import Runtime
from devlake_ci.sandbox import Sandbox

STAND_IN = "https://github.com/acme/shop"
"""The repository that a checkout without a remote is said to be of."""

PIPELINES = {
    "GitHub Actions": {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://{host}",
        "GITHUB_REPOSITORY": "{path}",
        "GITHUB_SHA": "{sha}",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REF_NAME": "main",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_JOB": "deploy",
        "GITHUB_RUN_ID": "10000000001",
        "GITHUB_RUN_ATTEMPT": "1",
        "DEVLAKE_RESULT": "success",
        "DEVLAKE_ENVIRONMENT": "production",
    },
    "GitLab CI": {
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
    "CircleCI": {
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
}
"""The variables that each CI sets in a job that deploys a commit."""


@click.command()
@click.pass_obj
def demo(world: Runtime) -> None:
    """Report this checkout's HEAD to a sandbox as three CIs would, and show what was stored."""
    sha = world.git("rev-parse", "HEAD")
    if sha is None:
        raise MissingError("There is no git checkout here to report.", "Run it in a repository.")
    repository = canonical(world.git("remote", "get-url", "origin") or "") or STAND_IN
    with Sandbox() as devlake:
        for name, template in PIPELINES.items():
            env = filled(template, sha, repository)
            click.echo(f"\n── a deploy job on {name} runs: devlake-ci report")
            where = {
                "DEVLAKE_URL": devlake.connection_url or "",
                "DEVLAKE_TOKEN": devlake.token or "",
            }
            if code := runtime.program(["report"], env | where):
                raise click.exceptions.Exit(code)
        click.echo("\n── what DevLake stored")
        for row in devlake.rows("cicd_deployment_commits"):
            click.echo(shown(row))
    click.echo("\nSee it on a page, with your own reports: devlake-ci sandbox")


def shown(row: dict[str, str]) -> str:
    """Give one stored commit as a line."""
    return (
        f"{row['finished_date']}  {row['result']:<8}{row['environment']:<11} "
        f"{row['repo_url']} {row['commit_sha'][:12]} {row.get('ref_name', '')}"
    )


def filled(template: dict[str, str], sha: str, repository: str) -> dict[str, str]:
    """Give the variables for `sha` of `repository`."""
    host, _, path = repository.removeprefix("https://").partition("/")
    return {name: text.format(sha=sha, host=host, path=path) for name, text in template.items()}
