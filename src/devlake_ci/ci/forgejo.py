"""Forgejo Actions, which reads like GitHub Actions and has another API.

FORGEJO_ACTIONS is true, and so are GITEA_ACTIONS and GITHUB_ACTIONS (internal/app/run/runner.go of
https://code.forgejo.org/forgejo/runner, v7 and later; older ones are taken for Gitea). The other
variables: https://forgejo.org/docs/latest/user/actions/reference/; gitea.py reads them.
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
