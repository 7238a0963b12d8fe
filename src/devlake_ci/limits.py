"""How much of each value DevLake keeps: longer ones are cut before they are sent, or refused."""

from devlake_ci.text import cut

NAME, TITLE, REF, MESSAGE, REPO_URL, REPO_ID = 255, 1000, 255, 10_000, 500, 255
"""Characters of a deployment and its commits at most. Columns of DevLake 1.0.3 (and 1.0.1, whose
name is the shortest); titles and messages have no limit there, but nobody reads more of them."""

COMMITS = 10_000
"""Commits of a deployment at most: more are a mistake, or somebody's joke."""

INCIDENT_TITLE, INCIDENT_DESCRIPTION, INCIDENT_STATUS, INCIDENT_OTHER = 255, 5000, 100, 255
"""Characters of an incident at most: columns of DevLake 1.0.3; before it a title had 255, and
nobody reads more of a description."""


def truncate(text: str | None, limit: int) -> str | None:
    """Cut a value that need not be there; None for an empty one."""
    return cut(text, limit) if text else None


PULL_REQUEST_URL, PULL_REQUEST_AUTHOR = 255, 255
"""Characters of a pull request at most: columns of DevLake 1.0.3."""
