"""Start the program as one of its scripts: which one, the name that it was called by says.

The package's scripts, the executable and `python -m devlake_ci` all begin here, because
what may be imported has to be settled first: a job's working directory is a checkout, in which
anybody's pull request may have put a `click.py`. Until then only what is built into Python is used.
"""
# pathlib imports modules that are not built in:
# ruff: noqa: PTH100, PTH109, PTH118, PTH120

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

SCRIPTS = {
    "devlake-ci": "devlake_ci.cli:main",
    "devlake-ci-action": "devlake_ci.cli.wrappers:action",
    "devlake-ci-action-post": "devlake_ci.cli.wrappers:action_post",
    "devlake-ci-plugin": "devlake_ci.cli.wrappers:plugin",
    "devlake-ci-gitlab": "devlake_ci.cli.wrappers:gitlab",
    "devlake-ci-circleci": "devlake_ci.cli.wrappers:circleci",
}
"""What each script of pyproject.toml runs."""


def main() -> None:
    """Run the script by whose name the program was called."""
    sys.path[:] = trusted_path(sys.path, working_directory(), os.environ.get("PYTHONPATH", ""))
    chosen = script(sys.argv[0])
    if chosen == SCRIPTS["devlake-ci"] and sys.argv[1:2] == ["run"]:
        wrap(sys.argv[2:])  # the command would start with held signals
    hold_signals()
    spare_garbage_collection()
    from importlib import import_module  # noqa: PLC0415 (only now is it settled where from)

    module, function = chosen.split(":")
    getattr(import_module(module), function)()


def working_directory() -> str:
    """Return the working directory; empty if somebody has removed it."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def hold_signals() -> None:
    """Let signals wait for `runtime.signals`, so that none ends us while we import."""
    import signal  # noqa: PLC0415 (as above)

    if hasattr(signal, "pthread_sigmask"):
        held = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
        signal.pthread_sigmask(signal.SIG_BLOCK, held)


def spare_garbage_collection() -> None:
    """Look for garbage seldom: modules are none, and looking is a twentieth of our time."""
    import gc  # noqa: PLC0415 (as above)

    gc.set_threshold(50_000)


def wrap(words: list[str]) -> "NoReturn":
    """Start the command of `run` as early as can be, then go on as the program.

    Whatever becomes of the program, the command's exit code is ours.
    """
    import signal  # noqa: PLC0415 (as above)

    from devlake_ci import launch  # noqa: PLC0415 (as above)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # before the command starts, a Ctrl-C ends us
    child = launch.start_early(words)
    spare_garbage_collection()
    try:
        from devlake_ci import cli  # noqa: PLC0415 (as above)

        cli.main(child)
    except Exception:
        if child is None:
            raise
        sys.excepthook(*sys.exc_info())
        os._exit(child.wait())


def trusted_path(path: list[str], folder: str, pythonpath: str) -> list[str]:
    """Return the import path without the working directory and what PYTHONPATH added.

    The folder that this package itself came from stays: it is run already.
    """
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    added = [os.path.join(folder, each) for each in ["", *pythonpath.split(os.pathsep)]]
    left_out = {os.path.normpath(each) for each in added} - {ours}
    return [each for each in path if os.path.normpath(os.path.join(folder, each)) not in left_out]


def script(called: str) -> str:
    """Return the function, as `module:name`, for the path that the program was called by."""
    name = called.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    return SCRIPTS.get(name, SCRIPTS["devlake-ci"])


if __name__ == "__main__":
    main()
