"""Which CI we run in, what it knows of the job, and how it wants to be told the result."""

from importlib import import_module

from devlake_ci.ci import plain
from devlake_ci.ci.checkout import completed
from devlake_ci.ci.facts import value
from devlake_ci.ci.provider import Env, Git, Provider, ReadFile
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Context
from devlake_ci.text import quoted

__all__ = ["PROVIDERS", "context", "provider"]

KNOWN = (
    "github",
    "gitlab",
    "circleci",
    "azure",
    "bitbucket",
    "buildkite",
    "jenkins",
    "drone",
    "woodpecker",
    "teamcity",
    "travis",
    "codebuild",
    "gitea",
    "forgejo",
    "argo",
    "tekton",
)
"""The CIs, each a module of this package; no two of them claim the same environment."""

PROVIDERS: list[Provider] = [import_module(f"{__name__}.{name}").PROVIDER for name in KNOWN]


def provider(env: Env) -> Provider:
    """Find the CI that `DEVLAKE_CI` names, else one that says it is there, else `plain`.

    Raises BadUsageError if `DEVLAKE_CI` names none that we know.
    """
    forced = value(env, "DEVLAKE_CI")
    if forced:
        return _named(forced)
    return next((known for known in PROVIDERS if known.detect(env)), plain.PROVIDER)


def context(env: Env, read_file: ReadFile, git: Git) -> Context:
    """Read what the CI says of this job, completed by Git where it doesn't say it."""
    return completed(provider(env).read(env, read_file), git)


def _named(name: str) -> Provider:
    known: list[Provider] = [*PROVIDERS, plain.PROVIDER]
    for one in known:
        if name.lower() == one.name:
            return one
    names = ", ".join(one.name for one in known)
    raise BadUsageError(
        f"DEVLAKE_CI: {quoted(name)} is no CI that is known.", f"Use one of {names}, or unset it."
    )
