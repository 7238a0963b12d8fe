"""`python -m devlake_ci`, and the program as one file: which script it is, its name says."""

import re
import sys
from importlib import import_module

ENTRY_POINTS = {
    "devlake-ci": "devlake_ci.cli:main",
    "devlake-ci-action": "devlake_ci.cli.action:main",
    "devlake-ci-action-post": "devlake_ci.cli.action:post",
    "devlake-ci-plugin": "devlake_ci.cli.plugin:main",
    "devlake-ci-gitlab": "devlake_ci.cli.gitlab:main",
}
"""The scripts of pyproject.toml."""


def entry_point(called: str) -> str:
    """Give the function, as `module:name`, for the path that the program was called by."""
    name = re.split(r"[/\\]", called)[-1].removesuffix(".exe")
    return ENTRY_POINTS.get(name, ENTRY_POINTS["devlake-ci"])


if __name__ == "__main__":
    module, function = entry_point(sys.argv[0]).split(":")
    getattr(import_module(module), function)()
