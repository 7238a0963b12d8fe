"""Turn an issue's request into the rows that DevLake stores; some issues are incidents.

Sources: contract, 'incident: …'; backend/plugins/webhook/api/issues.go of apache/devlake.
"""

from datetime import UTC, datetime, timedelta

from devlake_sandbox import tables
from devlake_sandbox.answers import SERVER_ERROR, refusal
from devlake_sandbox.decoding import Values, to_text
from devlake_sandbox.store import Store
from devlake_sandbox.tables import Row, format_time
from devlake_sandbox.versions import Version

INCIDENT = "INCIDENT"
"""The only type, in this very case, that makes an incident of an issue."""

# Column of table issues -> column of table incidents; those alike in both are COMMON.
RENAMED = {"issue_key": "incident_key", "parent_issue_id": "parent_incident_id"}
COMMON = """
    id url title description status original_status resolution_date created_date updated_date
    lead_time_minutes original_estimate_minutes time_spent_minutes time_remaining_minutes
    creator_id creator_name assignee_id assignee_name priority severity component
"""


def issue_row(version: Version, connection: int, request: Values) -> Row:
    """Return the row of table issues; it replaces all of an earlier one."""
    return {
        "id": issue_id(connection, request["IssueKey"]),
        "url": request["Url"],
        "issue_key": request["IssueKey"],
        "title": request["Title"],
        "description": request["Description"],
        "epic_key": request["EpicKey"],
        "type": request["Type"],
        "status": request["Status"],
        "original_status": request["OriginalStatus"],
        "resolution_date": format_time(request["ResolutionDate"]),
        "created_date": format_time(request["CreatedDate"]),
        "updated_date": format_time(request["UpdatedDate"]),
        "priority": request["Priority"],
        "severity": request["Severity"],
        "component": request["Component"],
        **_numbers(version, request),
        **_people(connection, request),
    }


def _numbers(version: Version, request: Values) -> Row:
    numbers = {
        "story_point": request["StoryPoint"],
        "lead_time_minutes": _lead_time(version, request),
        "original_estimate_minutes": request["OriginalEstimateMinutes"],
        "time_spent_minutes": request["TimeSpentMinutes"],
        "time_remaining_minutes": request["TimeRemainingMinutes"],
        "is_subtask": 0,
    }
    if not version.since("v1.0.1"):
        del numbers["is_subtask"]
    return {
        column: to_text(number) if isinstance(number, float) else str(number)
        for column, number in numbers.items()
    }


def _lead_time(version: Version, request: Values) -> int:
    """Return the minutes from created to resolved, which v1.x computes where none were sent."""
    minutes = int(request["LeadTimeMinutes"])
    if not minutes and request["ResolutionDate"] and version.since("v1.0.1"):
        took: timedelta = request["ResolutionDate"] - request["CreatedDate"]
        minutes = int(took / timedelta(minutes=1))
    if minutes < 0:
        error = "Error 1264 (22003): Out of range value for column 'lead_time_minutes' at row 1"
        raise refusal(SERVER_ERROR, f"{error} (500)", error)
    return minutes


def _people(connection: int, request: Values) -> Row:
    ids = {
        "creator_id": request["CreatorId"],
        "assignee_id": request["AssigneeId"],
        "parent_issue_id": request["ParentIssueKey"],
    }
    names = {"creator_name": request["CreatorName"], "assignee_name": request["AssigneeName"]}
    return {column: issue_id(connection, key) for column, key in ids.items() if key} | names


def incident_row(connection: int, issue: Row) -> Row:
    """Return the row of table incidents (v1.x) for an issue of type INCIDENT."""
    same = {column: issue.get(column, "") for column in COMMON.split()}
    renamed = {new: issue.get(old, "") for old, new in RENAMED.items()}
    return {**same, **renamed, "table": "boards", "scope_id": f"webhook:{connection}"}


def close(version: Version, issue: Row) -> Row:
    """Return an issue's row after the close route: status DONE, and no more before June 2026.

    Since then the resolution is dated now unless it has a date, and the lead time is computed
    where it is 0: contract/devlake-main.json, 'incident: close'.
    """
    row = {**issue, "original_status": "", "status": "DONE"}
    if version.since("main"):
        now = datetime.now(UTC)
        row["resolution_date"] = issue.get("resolution_date") or format_time(now)
        if issue.get("lead_time_minutes", "0") == "0":
            took = tables.parse_time(row["resolution_date"]) - tables.parse_time(
                issue["created_date"]
            )
            row["lead_time_minutes"] = str(int(took / timedelta(minutes=1)))
    return row


def issue_id(connection: int, key: str) -> str:
    """Return the row id of issue `key`, or of a person, who is named alike."""
    return f"webhook:{connection}:{key}"


def all_incidents(store: Store, version: Version) -> list[Row]:
    """Return the incidents as rows of table incidents; before v1.0, issues of that type."""
    if version.since("v1.0.1"):
        return store.all(tables.INCIDENTS)
    issues = store.all(tables.ISSUES)
    return [incident_row(0, issue) for issue in issues if issue.get("type") == INCIDENT]
