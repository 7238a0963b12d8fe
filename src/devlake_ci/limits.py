"""How much is sent: longer values than DevLake keeps are cut or refused, and so is too much."""

from devlake_ci.text import cut

NAME, TITLE, REF, MESSAGE, REPO_URL, REPO_ID = 255, 1000, 255, 10_000, 500, 255
"""Characters of a deployment and its commits at most. Columns of DevLake 1.0.3 (and 1.0.1, whose
name is the shortest); titles and messages have no limit there, but nobody reads more of them."""

COMMITS_A_REQUEST = 2000
"""Commits in one request: of some 2,100, DevLake's statement has too many placeholders, and it
answers 500 "Error 1390" (seen live, v1.0.3 on MariaDB). Several requests with one id are one
deployment."""

MOST_COMMITS = 10_000
"""Commits of a deployment at most: more are a mistake, or somebody's joke."""

INCIDENT_TITLE, INCIDENT_DESCRIPTION, INCIDENT_OTHER = 255, 5000, 255
"""Characters of an incident at most: columns of DevLake 1.0.3; before it a title had 255, and
nobody reads more of a description."""

PULL_REQUEST_URL, PULL_REQUEST_AUTHOR = 255, 255
"""Characters of a pull request at most: columns of DevLake 1.0.3."""

MOST_CHANGES = 250
"""Pull requests of one deployment at most."""

HISTORY = 10_000
"""Commits between two deployments that are looked at, at most."""


def truncate(text: str | None, limit: int) -> str | None:
    """Cut a value that need not be there; None for an empty one."""
    return cut(text, limit) if text else None
