"""The executable of the plugin for Drone, Harness and Woodpecker: its settings become options.

They give a setting `repo-url` or `repo_url` as the variable `PLUGIN_REPO_URL`, a list joined with
commas, so that options of several values want a text of one a line. Only this module reads them.
https://docs.drone.io/plugins/overview/ and https://woodpecker-ci.org/docs/usage/plugins/creating-plugins
"""

from collections.abc import Mapping
from typing import NoReturn

from devlake_ci import ci, cli
from devlake_ci.ci import drone, woodpecker
from devlake_ci.ci.facts import value
from devlake_ci.cli import inputs
from devlake_ci.errors import BadUsageError
from devlake_ci.runtime import Runtime

HOMES = {drone.NAME, woodpecker.NAME}


def main() -> NoReturn:
    """Run as the image's command, which is all that a plugin's step runs."""
    cli.execute(plugin)


def plugin(world: Runtime) -> int:
    """Report with the settings; outside a CI that has plugins, and without any, show the help."""
    if not (_settings(world.env) or _at_home(world.env)):
        return cli.run(["--help"], world)
    return inputs.report(world, lambda name: value(world.env, f"PLUGIN_{name.upper()}"))


def _settings(env: Mapping[str, str]) -> bool:
    return any(name.startswith("PLUGIN_") for name in env)


def _at_home(env: Mapping[str, str]) -> bool:
    try:
        return ci.provider(env).name in HOMES
    except BadUsageError:
        return True


if __name__ == "__main__":
    main()
