"""DevLake's tables as far as the sandbox keeps them: rows of texts, and their longest values."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from devlake_sandbox.answers import SERVER_ERROR, refusal
from devlake_sandbox.versions import Version

DEPLOYMENTS = "cicd_deployments"
COMMITS = "cicd_deployment_commits"
ISSUES = "issues"
INCIDENTS = "incidents"
PULL_REQUESTS = "pull_requests"
TABLES = (DEPLOYMENTS, COMMITS, ISSUES, INCIDENTS, PULL_REQUESTS)

Row = dict[str, str]
"""Column -> value as MariaDB's client prints it; empty columns may be left out."""

LONGEST = 255
SHORTER = dict.fromkeys(("result", "original_result", "status", "original_status", "type"), 100)
SHA = 40
PULL_REQUEST_SHAS = {"merge_commit_sha", "base_commit_sha", "head_commit_sha"}
MOST_COMMITS = 65_535 // 31
"""MariaDB takes 65,535 placeholders a statement, and a commit's row has 31 columns."""
UNBOUNDED = {"title", "description", "display_title", "commit_msg"}


def check_lengths(version: Version, table: str, row: Mapping[str, str]) -> Row:
    """Return the row without its empty columns, or refuse it with MariaDB's error 1406.

    Lengths in characters: contract, '… of 256 characters', by version.
    """
    for column, value in row.items():
        if len(value) > _limit(version, table, column):
            error = f"Error 1406 (22001): Data too long for column '{column}' at row 1"
            raise refusal(SERVER_ERROR, f"{error} (500)", error)
    return {column: value for column, value in row.items() if value}


def _limit(version: Version, table: str, column: str) -> float:
    if column in UNBOUNDED:
        return float("inf")
    if column in PULL_REQUEST_SHAS:
        return SHA
    if column == "repo_url":
        return 500 if version.since("v1.0.1") else 191
    if (table, column) == (DEPLOYMENTS, "name") and version.since("v1.0.3"):
        return float("inf")
    return SHORTER.get(column, LONGEST)


def format_time(value: datetime | None) -> str:
    """Format a time in UTC, cut to milliseconds, as in a column of type datetime(3)."""
    return value.replace(tzinfo=None).isoformat(" ", "milliseconds") if value else ""


def parse_time(value: str) -> datetime:
    """Parse what `format_time` wrote."""
    return datetime.fromisoformat(value)


def whole_seconds(span: timedelta) -> str:
    """Return whole seconds, rounded towards zero, as Go divides integers."""
    return str(int(span / timedelta(seconds=1)))
