"""Gitea Actions, which reads like GitHub Actions and has another API.

- GITEA_ACTIONS, GITHUB_ACTIONS: both true [1]
- GITHUB_RUN_NUMBER: grows within a repository, and is what a run's address ends with [2]; that
  newer servers take its id there is [unverified], and no number hangs on it
- All other variables and the event: GitHub's [3]; github.py and github_event.py say what they mean

Outputs and summary are written as for GitHub, where the runner has files for them.

[1] https://gitea.com/gitea/act_runner, internal/app/run/runner.go
[2] https://github.com/go-gitea/gitea, models/actions/run.go
[3] https://docs.gitea.com/usage/actions/comparison
"""

from dataclasses import replace

from devlake_ci.ci import github
from devlake_ci.ci.facts import value, variable
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.model import Context

NAME = "gitea"
MARKER = "GITEA_ACTIONS"


def detect(env: Env) -> bool:
    """Recognise Gitea by its own variable, which Forgejo sets beside its own."""
    return value(env, MARKER) == "true" and value(env, "FORGEJO_ACTIONS") != "true"


def read(env: Env, read_file: ReadFile) -> Context:
    """Read variables and event as on GitHub."""
    return like_github(NAME, MARKER, env, read_file)


def like_github(name: str, marker: str, env: Env, read_file: ReadFile) -> Context:
    """Read what GitHub's reader reads, under another name and with addresses that exist."""
    context = github.read(env, read_file)
    run = value(env, "GITHUB_RUN_NUMBER")
    page = f"{context.repo_url}/actions/runs/{run}" if context.repo_url and run else None
    sources = {key: said for key, said in context.sources.items() if key != "run_url"}
    sources["provider"] = "DEVLAKE_CI" if variable(env, "DEVLAKE_CI") else marker
    return replace(
        context,
        provider=name,
        run_url=page,
        sources=sources | ({"run_url": "GITHUB_RUN_NUMBER"} if page else {}),
    )


PROVIDER = Provider(name=NAME, detect=detect, read=read, emit=github.emit, remember=github.remember)
