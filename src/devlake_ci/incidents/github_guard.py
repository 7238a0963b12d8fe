"""Refuse to read from GitHub's runs what they don't say: the incident would be invented.

A run has its event and its branch or tag. It doesn't have its environment or service, nor the run
that triggered it.
"""

import re
from collections.abc import Iterator

from devlake_ci.ci.json_object import JsonObject
from devlake_ci.errors import MissingError
from devlake_ci.incidents.branches import patterns
from devlake_ci.incidents.streak import UNKNOWN, PastRun
from devlake_ci.model import Context
from devlake_ci.options import Options
from devlake_ci.text import quoted

TRIGGERED = {"workflow_run", "deployment_status"}
"""Events for what happened on another branch, or in another environment."""

FILE = "or set --incident-state file:PATH, and keep that file in a cache."


def check_event(options: Options, event: str | None) -> None:
    """Check that runs for `event` have the branch that they are about; raise MissingError."""
    if event in TRIGGERED and options.incident_state == "auto":
        raise MissingError(
            f"{UNKNOWN}: GitHub doesn't say what triggered each run for the event {event}.",
            "If it is always the same branch and environment (branches: [main] in the trigger), "
            f"say so with --incident-state github; {FILE}",
        )


def check_inputs(options: Options, context: Context, event: JsonObject, job: str) -> None:
    """Raise MissingError if the event chose environment or service, and `job` doesn't name it."""
    environment = options.environment or context.environment
    for given in filter(None, (environment, options.service)):
        word = rf"(?<!\w){re.escape(given)}(?!\w)"
        if given in set(_chosen_values(event)) and not re.search(word, job, re.IGNORECASE):
            raise MissingError(
                f"{UNKNOWN}: {quoted(given)} was chosen for this run, and GitHub doesn't say what "
                f"was chosen for the other runs of the job {quoted(job)}.",
                f"Put it into the job's name (name: {job} ${{{{ inputs.… }}}}), {FILE}",
            )


def check_refs(options: Options, context: Context, past: list[PastRun]) -> None:
    """Check that branch and tags don't go to different environments; raise MissingError.

    Often one job deploys the default branch to staging and tags to production.
    """
    environment = options.environment or context.environment
    if not environment or patterns(options):
        return
    is_branch = {each.ref == context.default_branch for each in past} | {not context.is_tag}
    if len(is_branch) > 1:
        raise MissingError(
            f"{UNKNOWN}: this job runs for {context.default_branch or 'a branch'} and for tags, "
            f"and GitHub doesn't say which of them go to {quoted(environment)}.",
            "Set --incident-branches: 'v*' for tags, 'main' for the branch, both if both do.",
        )


def _chosen_values(event: JsonObject) -> Iterator[str]:
    """Yield what a person or a program chose for a run."""
    for name in ("inputs", "client_payload", "deployment"):
        chosen = event.at(name).found
        if isinstance(chosen, dict):
            yield from (each for each in chosen.values() if isinstance(each, str))
