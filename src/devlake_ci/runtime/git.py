"""Run git so that it fetches nothing, asks nobody, and runs nothing that a checkout configures."""

import re
from collections.abc import Mapping, Sequence

from devlake_ci.commits.workspace import GitAnswer
from devlake_ci.runtime.child_env import child_env
from devlake_ci.text import cut, line, readable

SECONDS = 10.0
"""Seconds that git may take to answer one question."""
LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of what git prints that are read."""

COMMAND = (
    "git",
    "-c", "safe.directory=*",  # a container's user is seldom the one who made the checkout
    "-c", "core.fsmonitor=false",  # nothing that a checkout's settings name is to be run
    "-c", "log.showSignature=false",
)  # fmt: skip
_ENV = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # the same for a git that is older than that
    "GIT_NO_REPLACE_OBJECTS": "1",  # a commit is what its name says
    "LC_ALL": "C.UTF-8",
}
_PLACES = {
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX",
}  # fmt: skip
"""Variables that name another repository than the one in the folder."""


def run_git(*arguments: str, seconds: float = SECONDS) -> str | None:
    """Return what git prints here, or where `GIT_DIR` says, stripped; None if it fails."""
    try:
        said = run_git_bounded([*COMMAND, *arguments], child_env() | _ENV, seconds)
    except FileNotFoundError:
        return None
    return readable(said.out or "").strip() or None


def folder_env() -> dict[str, str]:
    """Return the variables for git in a folder that is named: none of them names another one."""
    return {name: text for name, text in child_env().items() if name not in _PLACES} | _ENV


def run_git_bounded(command: Sequence[str], env: Mapping[str, str], seconds: float) -> GitAnswer:
    """Run git and read a bounded answer; raise FileNotFoundError if there is no git."""
    from devlake_ci.runtime.programs import run_bounded  # noqa: PLC0415 (many jobs don't need git)

    try:
        ended = run_bounded(command, env, seconds, LARGEST_ANSWER)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        return GitAnswer(None, f"git can't be run: {cut(line(str(error)), 200)}")
    if ended.code is None:
        return GitAnswer(None, "git took too long, or printed too much")
    if ended.code:
        return GitAnswer(None, _why(ended.errors[:2000]))
    return GitAnswer(ended.out.decode(errors="surrogateescape"))


def _why(errors: bytes) -> str:
    """Return the first of git's own words, unless a URL is in them: it may have a password."""
    said = line(errors.decode(errors="replace").strip().partition("\n")[0])
    shown = said and not re.search("://|@", said)
    return f"git says: {cut(said, 200)}" if shown else "git doesn't say why"
