"""Which files a service's `--changes-path` means, where no git is at hand to tell.

Of git's pathspecs (https://git-scm.com/docs/gitglossary#def_pathspec)
folders, files, wildcards, and what is excluded with `:!`, `:^` or `:(exclude)`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from devlake_ci.errors import BadUsageError
from devlake_ci.text import quoted

Matcher = Callable[[Iterable[str]], bool]
"""Whether one of some files is included."""

TOUCHING = " that touches --changes-path"
"""What is said of changes that are limited to paths."""

_EXCLUDE = re.compile(r":(?:[!^]|\(exclude\))/?")
_TOP = re.compile(r":(?:/|\(top\))")


def is_limited(paths: Sequence[str]) -> bool:
    """Return whether the paths leave anything out."""
    return any(map(_EXCLUDE.match, paths)) or (bool(paths) and "." not in paths)


def matcher(paths: Sequence[str], source: str) -> Matcher | None:
    """Return the paths as a function; None if all files are included; raise BadUsageError."""
    wanted, unwanted = [], []
    for path in paths:
        if excluded := _EXCLUDE.match(path):
            unwanted.append(_plain(path[excluded.end() :], source))
        else:
            wanted.append(_plain(_TOP.sub("", path, count=1), source))

    def is_included(file: str) -> bool:
        is_wanted = not wanted or any(_matches(file, each) for each in wanted)
        return is_wanted and not any(_matches(file, each) for each in unwanted)

    return (lambda files: any(map(is_included, files))) if is_limited(paths) else None


def _plain(path: str, source: str) -> str:
    if path.startswith(":"):
        raise BadUsageError(
            f"{source}: {quoted(path)} has magic that only git understands.",
            "Use folders, files or wildcards, or --changes git.",
        )
    return "" if path == "." else path.removeprefix("./").rstrip("/")


def _matches(file: str, pattern: str) -> bool:
    """Return whether a pattern means a file; an empty one is the whole repository."""
    return (
        not pattern
        or file == pattern
        or file.startswith(f"{pattern}/")
        or fnmatchcase(file, pattern)
    )
