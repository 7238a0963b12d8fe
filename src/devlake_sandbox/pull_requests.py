"""Turn a pull request's request into the row that DevLake stores (since v1.0.3).

Sources: contract/setup-*.json, 'pull request: …'; backend/plugins/webhook/api/pull_requests.go of
apache/devlake.
"""

import re

from devlake_sandbox.decoding import Values
from devlake_sandbox.tables import Row, format_time

DATES = ("CreatedDate", "MergedDate", "ClosedDate")
NUMBERS = ("PullRequestKey", "Additions", "Deletions")


def row(connection: int, request: Values) -> Row:
    """Return the row; the key alone names it, so another repository's same number replaces it."""
    columns = {
        re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(): value
        for name, value in request.items()
        if name not in {"Id", "IsDraft", *DATES, *NUMBERS}
    }
    return {
        **columns,
        "id": f"webhook:{connection}:{request['PullRequestKey']}",
        "base_repo_id": f"webhook:{connection}",
        "is_draft": str(int(request["IsDraft"])),
        "pull_request_key": str(request["PullRequestKey"]),
        "additions": str(request["Additions"]),
        "deletions": str(request["Deletions"]),
        "created_date": format_time(request["CreatedDate"]),
        "merged_date": format_time(request["MergedDate"]),
        "closed_date": format_time(request["ClosedDate"]),
    }
