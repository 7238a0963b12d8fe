"""Which CI runs us, what it says of the job, and how it is told the result."""

from importlib import import_module

from devlake_ci.ci.checkout import completed
from devlake_ci.ci.facts import Fact, Facts, value
from devlake_ci.ci.provider import Env, Git, Provider, ReadFile
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Context
from devlake_ci.text import quoted

__all__ = ["PROVIDERS", "context", "provider_of"]

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

PLAIN = Provider(name="plain", markers=(), read=lambda _: Facts())
"""A machine without a CI that we know: options, variables of our own and git say everything."""

PROVIDERS: list[Provider] = [import_module(f"{__name__}.{name}").PROVIDER for name in KNOWN]


def provider_of(env: Env) -> Provider:
    """Return the CI that `DEVLAKE_CI` names, else the one whose marker is set, else PLAIN.

    Raise BadUsageError if `DEVLAKE_CI` names none that is known.
    """
    forced = value(env, "DEVLAKE_CI")
    if forced:
        return _named(forced)
    return next((known for known in PROVIDERS if known.marker(env)), PLAIN)


def context(env: Env, read_file: ReadFile, git: Git) -> Context:
    """Read what the CI says of this job, completed by git where it doesn't say it."""
    found = provider_of(env)
    forced = "DEVLAKE_CI" if value(env, "DEVLAKE_CI") else None
    source = forced or found.marker(env) or "no CI variable"
    said = found.read(found.with_files(env, read_file)).context(Fact(found.name, source))
    return completed(said, git, from_any_checkout=found.from_any_checkout)


def _named(name: str) -> Provider:
    known: list[Provider] = [*PROVIDERS, PLAIN]
    for one in known:
        if name.lower() == one.name:
            return one
    names = ", ".join(one.name for one in known)
    raise BadUsageError(
        f"DEVLAKE_CI: {quoted(name)} is not a CI that devlake-ci knows.",
        f"Use one of {names}, or unset it.",
    )
