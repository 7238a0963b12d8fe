"""The executable of the GitLab template: its inputs become options, and are then reported.

An input `repo-url` arrives as the variable `DEVLAKE_INPUT_REPO_URL`. It needs a name of its own: to
GitLab a variable of the project or group goes before one of the same name in YAML, so a project's
`DEVLAKE_ENVIRONMENT` would hide what the template was given for one job.
https://docs.gitlab.com/ci/variables/#cicd-variable-precedence
"""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NoReturn

from devlake_ci import cli, runtime
from devlake_ci.cli import inputs
from devlake_ci.cli.outcome import conclude
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Outcome
from devlake_ci.options import declared, flag
from devlake_ci.runtime import Runtime

PREFIX = "DEVLAKE_INPUT_"
UNSAID = {
    flag(each.name).removeprefix("--"): f"{each.default:g}"
    for each in declared()
    if isinstance(each.default, float)
}
"""What an input that is a number says if nobody gave it: GitLab knows no empty one."""


def main() -> NoReturn:
    """Run as a job's script; what is typed behind it goes to `report`."""
    cli.print_utf8()
    runtime.leave(report(runtime.real(), sys.argv[1:]))


def report(world: Runtime, arguments: Sequence[str]) -> int:
    """Report, with the inputs before the variables."""
    asked = partial(given, world.env)
    try:
        words = inputs.arguments(asked)
    except BadUsageError as problem:
        soft = inputs.is_soft(asked)
        return conclude(Outcome(reported=False, problem=problem, soft=soft), world, "text")
    return cli.run(["report", *words, *arguments], world)


def given(env: Mapping[str, str], name: str) -> str:
    """Give an input's value, stripped; empty if it wasn't given."""
    text = inputs.value(env.get(f"{PREFIX}{name.upper().replace('-', '_')}", ""))
    return "" if text == UNSAID.get(name) else text


if __name__ == "__main__":
    main()
