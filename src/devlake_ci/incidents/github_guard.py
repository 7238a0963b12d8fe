"""Refuses to read from GitHub's runs what they don't tell: an incident would be made up.

A run says its event and its branch or tag. It doesn't say for which environment or service it was,
nor which other run set it off.
"""

import re
from collections.abc import Iterator

from devlake_ci.errors import MissingError
from devlake_ci.incidents.branches import patterns
from devlake_ci.incidents.history import Past
from devlake_ci.model import Context
from devlake_ci.options import Options
from devlake_ci.text import quoted

SET_OFF = {"workflow_run", "deployment_status"}
"""Events that set a run off for what happened on another branch, or in another environment."""

FILE = "or give --incident-state file:PATH, and keep that file in a cache."


def check_event(options: Options, event: str | None) -> None:
    """Check that runs set off by `event` say what they are for; raises MissingError."""
    if event in SET_OFF and options.incident_state == "auto":
        raise MissingError(
            f"Which incident is open is not known: GitHub doesn't say what each run for the event "
            f"{event} was set off by.",
            "If it is always the same branch and environment (branches: [main] in the trigger), "
            f"say so with --incident-state github; {FILE}",
        )


def check_inputs(options: Options, context: Context, event: object, job: str) -> None:
    """Check that the environment or service isn't one that differs from run to run.

    Raises MissingError if the event names it and the job's display name doesn't.
    """
    place = options.environment or context.environment
    for given in filter(None, (place, options.service)):
        if given in set(_given(event)) and not _names(job, given):
            raise MissingError(
                f"Which incident is open is not known: {quoted(given)} was chosen for this run, "
                f"and GitHub doesn't say what was chosen for the others of the job {quoted(job)}.",
                f"Have the job's name say it (name: {job} ${{{{ inputs.… }}}}), {FILE}",
            )


def check_refs(options: Options, context: Context, past: list[Past]) -> None:
    """Check that branch and tags don't go to environments of their own; raises MissingError.

    It is usual that the default branch goes to staging and tags go to production, by one job.
    """
    place = options.environment or context.environment
    if not place or patterns(options):
        return
    is_branch = {each.ref == context.default_branch for each in past} | {not context.is_tag}
    if len(is_branch) > 1:
        raise MissingError(
            f"Which incident is open is not known: this job runs for "
            f"{context.default_branch or 'a branch'} and for tags, and GitHub doesn't say which of "
            f"them go to {quoted(place)}.",
            "Give --incident-branches: 'v*' for tags, 'main' for the branch, both if both do.",
        )


def _given(event: object) -> Iterator[str]:
    """Give what a person or a program chose for a run."""
    if not isinstance(event, dict):
        return
    for name in ("inputs", "client_payload", "deployment"):
        chosen = event.get(name)
        if isinstance(chosen, dict):
            yield from (each for each in chosen.values() if isinstance(each, str))


def _names(job: str, chosen: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(chosen)}(?!\w)", job, re.IGNORECASE) is not None
