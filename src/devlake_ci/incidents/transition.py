"""What a job's end does to an incident: opens it, keeps it open, closes it, or nothing."""

from dataclasses import replace
from datetime import datetime

from devlake_ci.model import Incident, Result


def transition(
    open_: Incident | None, result: Result, now: datetime, fresh: Incident
) -> Incident | None:
    """Give the incident as DevLake should have it now, or None if there is nothing to say.

    `open_` is the one that is open, `fresh` the one that this run would open. What is sent
    overwrites all of an incident, so a closed one is the open one whole, with its end.
    """
    match result:
        case Result.FAILURE:
            return replace(open_, updated_at=max(now, open_.created_at)) if open_ else fresh
        case Result.SUCCESS if open_:
            end = max(now, open_.created_at)
            status = fresh.original_status
            return replace(open_, updated_at=end, resolved_at=end, original_status=status)
    return None
