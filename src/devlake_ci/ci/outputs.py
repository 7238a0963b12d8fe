"""What a report tells the later steps of a job, as names and values that suit every CI."""

from devlake_ci.errors import NothingToReport
from devlake_ci.model import Outcome
from devlake_ci.text import line

STARTED_AT = "DEVLAKE_STARTED_AT"


def outputs(outcome: Outcome) -> dict[str, str]:
    """Return `reported` and, as far as known, the ids and results of deployment and incident."""
    values = {"reported": str(outcome.reported).lower()}
    if outcome.deployment:
        values["deployment-id"] = outcome.deployment.id
        values["result"] = str(outcome.deployment.result)
    if outcome.incident:
        values["incident-key"] = outcome.incident.key
        values["incident-status"] = outcome.incident.status
    return values


def variables(outcome: Outcome) -> dict[str, str]:
    """Return the same as variables: `DEVLAKE_OUT_RESULT`, a name that no option is read from."""
    return {
        f"DEVLAKE_OUT_{name.upper().replace('-', '_')}": value
        for name, value in outputs(outcome).items()
    }


def problem(outcome: Outcome) -> str | None:
    """Return in one line what went wrong and what to do; None if nothing did."""
    if not outcome.problem or isinstance(outcome.problem, NothingToReport):
        return None
    return line(f"{outcome.problem.message} {outcome.problem.hint or ''}")
