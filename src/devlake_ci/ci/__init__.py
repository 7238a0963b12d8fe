"""Which CI runs us, what it says of the job, and how the result is handed to it."""

from dataclasses import replace
from importlib import import_module

from devlake_ci.ci.checkout import complete
from devlake_ci.ci.facts import Fact, Facts, value
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.commits.remote import Git
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Context
from devlake_ci.text import quoted

__all__ = ["KNOWN", "PLAIN", "load", "provider_of", "read_context"]

KNOWN = {
    "github": ("GITHUB_ACTIONS",),
    "gitlab": ("GITLAB_CI",),
    "circleci": ("CIRCLECI",),
    "azure": ("TF_BUILD",),
    "bitbucket": ("BITBUCKET_BUILD_NUMBER",),
    "buildkite": ("BUILDKITE",),
    "jenkins": ("JENKINS_URL",),
    "drone": ("DRONE",),
    "woodpecker": ("CI", "CI_SYSTEM_NAME"),
    "teamcity": ("TEAMCITY_VERSION",),
    "travis": ("TRAVIS",),
    "codebuild": ("CODEBUILD_BUILD_ARN",),
    "gitea": ("GITEA_ACTIONS",),
    "forgejo": ("FORGEJO_ACTIONS",),
    "argo": ("ARGO_WORKFLOW_UID",),
    "tekton": ("TEKTON_PIPELINERUN_UID",),
}
"""The CIs, each a module of this package, and its markers: only a CI with a marker that is set is
imported. No two of them claim the same environment."""

PLAIN = Provider(name="plain", read=lambda _: Facts())
"""A machine without a CI that we know: options, variables of our own and git say everything."""


def load(name: str) -> Provider:
    """Import a known CI."""
    found: Provider = import_module(f"{__name__}.{name}").PROVIDER
    return replace(found, name=name, markers=KNOWN[name])


def provider_of(env: Env) -> Provider:
    """Return the CI that `DEVLAKE_CI` names, the marked one, or PLAIN; raise BadUsageError."""
    forced = value(env, "DEVLAKE_CI")
    if forced:
        return _find_provider(forced)
    marked = (name for name, markers in KNOWN.items() if not env.keys().isdisjoint(markers))
    return next((one for one in map(load, marked) if one.marker(env)), PLAIN)


def read_context(env: Env, read_file: ReadFile, git: Git) -> Context:
    """Read what the CI says of this job, completed by git where it doesn't say it."""
    found = provider_of(env)
    forced = "DEVLAKE_CI" if value(env, "DEVLAKE_CI") else None
    source = forced or found.marker(env) or "no CI variable"
    said = found.read(found.with_files(env, read_file)).context(Fact(found.name, source))
    return complete(said, git, from_any_checkout=found.from_any_checkout)


def _find_provider(name: str) -> Provider:
    if name.lower() in KNOWN:
        return load(name.lower())
    if name.lower() == PLAIN.name:
        return PLAIN
    names = ", ".join([*KNOWN, PLAIN.name])
    raise BadUsageError(
        f"DEVLAKE_CI: {quoted(name)} is not a CI that devlake-ci knows.",
        f"Use one of {names}, or unset it.",
    )
