"""Forgejo Actions, which reads like GitHub Actions and has another API.

- FORGEJO_ACTIONS, GITEA_ACTIONS, GITHUB_ACTIONS: all true [1]; runners before v7 are taken for
  Gitea's
- All other variables and the event: GitHub's [2]; gitea.py reads them

[1] https://code.forgejo.org/forgejo/runner, internal/app/run/runner.go
[2] https://forgejo.org/docs/latest/user/actions/reference/
"""

from devlake_ci.ci import github
from devlake_ci.ci.facts import value
from devlake_ci.ci.gitea import like_github
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.model import Context

NAME = "forgejo"
MARKER = "FORGEJO_ACTIONS"


def detect(env: Env) -> bool:
    """Recognise Forgejo by its own variable."""
    return value(env, MARKER) == "true"


def read(env: Env, read_file: ReadFile) -> Context:
    """Read variables and event as on GitHub."""
    return like_github(NAME, MARKER, env, read_file)


PROVIDER = Provider(name=NAME, detect=detect, read=read, emit=github.emit, remember=github.remember)
