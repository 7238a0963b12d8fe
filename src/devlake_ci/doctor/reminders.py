"""What no program can know from a pipeline, and what goes wrong most often for all that."""

from collections.abc import Iterator

from devlake_ci.doctor.check import Check, unknown

PLUGINS = {"github": "GitHub", "gitlab": "GitLab", "circleci": "CircleCI"}


def reminders(provider: str) -> Iterator[Check]:
    """Say what to look at in DevLake itself."""
    yield unknown(
        "project",
        "Is the webhook connection in a DevLake project, and does its blueprint run after "
        "deployments? Nothing shows before that.",
    )
    plugin = (
        f"DevLake's own {PLUGINS[provider]} plugin" if provider in PLUGINS else "another plugin"
    )
    yield unknown(
        "counted once",
        f"Does {plugin} collect the same deployments in that project? Then each counts twice.",
    )
