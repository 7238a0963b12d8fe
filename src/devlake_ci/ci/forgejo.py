"""Forgejo Actions, which reads like GitHub Actions and has another API.

- FORGEJO_ACTIONS, GITEA_ACTIONS, GITHUB_ACTIONS: all true [1]; runners before v7 are taken for
  Gitea's
- All other variables and the event: GitHub's [2]; gitea.py reads them

[1] https://code.forgejo.org/forgejo/runner, internal/app/run/runner.go
[2] https://forgejo.org/docs/latest/user/actions/reference/
"""

from dataclasses import replace

from devlake_ci.ci import gitea

PROVIDER = replace(gitea.PROVIDER, unless=())
