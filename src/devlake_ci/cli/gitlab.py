"""The executable of the GitLab template: its inputs become options, and are then reported.

An input `repo-url` arrives as the variable `DEVLAKE_INPUT_REPO_URL`. It needs a name of its own: to
GitLab a variable of the project or group goes before one of the same name in YAML, so a project's
`DEVLAKE_ENVIRONMENT` would hide what the template was given for one job.
https://docs.gitlab.com/ci/variables/#cicd-variable-precedence
"""

import sys
from collections.abc import Mapping
from functools import partial
from typing import NoReturn

from devlake_ci import cli
from devlake_ci.ci.facts import value
from devlake_ci.cli import inputs
from devlake_ci.options import declared

PREFIX = "DEVLAKE_INPUT_"
UNSAID = {each.name: f"{each.default:g}" for each in declared() if isinstance(each.default, float)}
"""What an input that is a number says if nobody gave it: GitLab knows no empty one."""


def main() -> NoReturn:
    """Run as a job's script; what is typed behind it goes to `report`."""
    cli.execute(lambda world: inputs.report(world, partial(given, world.env), sys.argv[1:]))


def given(env: Mapping[str, str], name: str) -> str | None:
    """Give an input's value, stripped; None if it wasn't given."""
    text = value(env, PREFIX + name.upper())
    return None if text == UNSAID.get(name) else text


if __name__ == "__main__":
    main()
