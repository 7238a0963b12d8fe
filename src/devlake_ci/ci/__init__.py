"""Which CI we run in, what it knows of the job, and how it wants to be told the result."""

from devlake_ci.ci import circleci, github, gitlab, plain
from devlake_ci.ci.checkout import completed
from devlake_ci.ci.facts import value
from devlake_ci.ci.provider import Env, Git, Provider, ReadFile
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Context
from devlake_ci.text import quoted

__all__ = ["PROVIDERS", "context", "provider"]

PROVIDERS: list[Provider] = [github, gitlab, circleci]


def provider(env: Env) -> Provider:
    """Find the CI that `DEVLAKE_CI` names, else one that says it is there, else `plain`.

    Raises BadUsageError if `DEVLAKE_CI` names none that we know.
    """
    forced = value(env, "DEVLAKE_CI")
    if forced:
        return _named(forced)
    return next((known for known in PROVIDERS if known.detect(env)), plain)


def context(env: Env, read_file: ReadFile, git: Git) -> Context:
    """Read what the CI says of this job, completed by Git where it doesn't say it."""
    return completed(provider(env).read(env, read_file), git)


def _named(name: str) -> Provider:
    known: list[Provider] = [*PROVIDERS, plain]
    for one in known:
        if name.lower() == one.NAME:
            return one
    names = ", ".join(one.NAME for one in known)
    raise BadUsageError(
        f"DEVLAKE_CI: {quoted(name)} is no CI that is known.", f"Use one of {names}, or unset it."
    )
