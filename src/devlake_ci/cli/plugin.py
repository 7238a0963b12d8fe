"""The executable of the plugin for Drone, Harness and Woodpecker: its settings become options.

They give a setting `repo-url` or `repo_url` as the variable `PLUGIN_REPO_URL`, a list joined with
commas, so that options of several values want a text of one a line. Only this module reads them.
https://docs.drone.io/plugins/overview/ and https://woodpecker-ci.org/docs/usage/plugins/creating-plugins
"""

from collections.abc import Mapping
from functools import partial
from typing import NoReturn

from devlake_ci import ci, cli, runtime
from devlake_ci.ci import drone, woodpecker
from devlake_ci.cli import inputs
from devlake_ci.cli.outcome import conclude
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Outcome
from devlake_ci.runtime import Runtime

HOMES = {drone.NAME, woodpecker.NAME}


def main() -> NoReturn:
    """Run as the image's command, which is all that a plugin's step runs."""
    cli.print_utf8()
    runtime.leave(plugin(runtime.real()))


def plugin(world: Runtime) -> int:
    """Report with the settings; outside a CI that has plugins, and without any, show the help."""
    if not (_settings(world.env) or _at_home(world.env)):
        return cli.run(["--help"], world)
    asked = partial(given, world.env)
    try:
        words = inputs.arguments(asked)
    except BadUsageError as problem:
        soft = inputs.is_soft(asked)
        return conclude(Outcome(reported=False, problem=problem, soft=soft), world, "text")
    return cli.run(["report", *words], world)


def given(env: Mapping[str, str], name: str) -> str:
    """Give a setting's value, stripped; empty if it wasn't given."""
    return inputs.value(env.get(f"PLUGIN_{name.upper().replace('-', '_')}", ""))


def _settings(env: Mapping[str, str]) -> bool:
    return any(name.startswith("PLUGIN_") for name in env)


def _at_home(env: Mapping[str, str]) -> bool:
    try:
        return ci.provider(env).name in HOMES
    except BadUsageError:
        return True


if __name__ == "__main__":
    main()
