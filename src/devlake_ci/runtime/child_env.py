"""What another program is to know of our environment."""

import os
import sys

FROZEN = hasattr(sys, "frozen")
"""Whether we are the executable that needs no Python: then there is no `python -m`."""


def child_env() -> dict[str, str]:
    """Return the environment for another program: our executable's own libraries are not for it.

    Its PATH has whole paths only: an empty or relative one is a folder of the working directory,
    which is a checkout, in which anybody may have put a program called git.

    https://pyinstaller.org/en/stable/common-issues-and-pitfalls.html#launching-external-programs-from-the-frozen-application
    """
    env = dict(os.environ)
    folders = filter(os.path.isabs, env.get("PATH", "").split(os.pathsep))
    env["PATH"] = os.pathsep.join(folders) or os.defpath
    if FROZEN:
        env.pop("LD_LIBRARY_PATH", None)
        if before := env.pop("LD_LIBRARY_PATH_ORIG", None):
            env["LD_LIBRARY_PATH"] = before
    return env
