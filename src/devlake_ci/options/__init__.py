"""Every option of `report`, declared once; the command line, the variables and the docs follow.

An option `repo_url` is `--repo-url` on the command line and `DEVLAKE_REPO_URL` as a variable.
Values are kept as they were given: what they mean is decided where they are used,
and there a wrong one can be named together with its source.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

from devlake_ci.options.commit import WhichCommits
from devlake_ci.options.how import How
from devlake_ci.options.incident import AnIncident
from devlake_ci.options.what import What
from devlake_ci.options.where import Where


# Fields of the last base come first.
@dataclass(frozen=True, kw_only=True)
class Options(How, AnIncident, WhichCommits, What, Where):
    """What the user asked for; None or () where nothing was given."""

    sources: Mapping[str, str] = field(default_factory=dict)
    """For each option that was given, the flag or variable that gave it."""

    def source(self, name: str) -> str:
        """Name where the option was given, or could be: `--sha` or `DEVLAKE_SHA`."""
        return self.sources.get(name, flag(name))


def declared() -> tuple[Field[Any], ...]:
    """All options in the order of the documentation; their metadata say the rest."""
    return tuple(each for each in fields(Options) if "group" in each.metadata)


def kebab(name: str) -> str:
    """Spell an option as the input of a wrapper: `repo-url`."""
    return name.replace("_", "-")


def flag(name: str) -> str:
    """Spell an option for the command line."""
    return "--" + kebab(name)


def variable(name: str) -> str:
    """Spell an option for the environment."""
    return "DEVLAKE_" + name.upper()
