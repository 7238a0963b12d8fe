"""Gitea Actions, which reads like GitHub Actions and has another API.

- GITEA_ACTIONS, GITHUB_ACTIONS: both true [1]
- GITHUB_SERVER_URL: the address that the runner was registered with [1], perhaps one that only it
  knows; the event's repository.html_url is the server's own [2]
- GITHUB_RUN_NUMBER: grows within a repository, and is what a run's address ends with [3]; that
  newer servers take its id there is [unverified], and no number hangs on it
- All other variables and the event: GitHub's [4]; github.py says what they mean

Outputs and summary are written as for GitHub, where the runner has files for them.

[1] https://gitea.com/gitea/act_runner, internal/app/run/runner.go
[2] https://docs.gitea.com/administration/config-cheat-sheet#server-server, ROOT_URL
[3] https://github.com/go-gitea/gitea, models/actions/run.go
[4] https://docs.gitea.com/usage/actions/comparison
"""

from dataclasses import replace

from devlake_ci.ci import github
from devlake_ci.ci.facts import Fact, Facts, convert, value
from devlake_ci.ci.provider import Env, Provider
from devlake_ci.commits.repo_url import canonical


def read(env: Env) -> Facts:
    """Read variables and event as on GitHub, with the addresses that the server has itself."""
    said, run, event = github.read(env), value(env, "GITHUB_RUN_NUMBER"), github.event(env)
    html_url = event.fact("repository.html_url")
    repo_url = convert(html_url, canonical) or convert(said.repo_url, canonical)
    page = f"{repo_url.value}/actions/runs/{run}" if repo_url and run else None
    run_url = Fact(page, "GITHUB_RUN_NUMBER") if page else None
    return replace(said, repo_url=repo_url, run_url=run_url)


PROVIDER = Provider(
    unless=("FORGEJO_ACTIONS",),
    with_files=github.with_event,
    read=read,
    emit=github.emit,
    remember=github.remember,
)
