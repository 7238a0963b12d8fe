"""What `--commits` was given: the text itself, a file, or all files that match a pattern."""

import re
from collections.abc import Iterator

from devlake_ci.commits.workspace import Workspace
from devlake_ci.commits.written import SHORT
from devlake_ci.errors import BadUsageError
from devlake_ci.text import quoted

LARGEST = 2 * 1024 * 1024
"""Bytes of all files together: some thousand commits, with their messages."""

_URL = re.compile("[a-z][a-z+]*://", re.IGNORECASE)
GLOB = re.compile(r"[*?\[]")


def texts(given: str, source: str, workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Give each text together with where it stands; raises BadUsageError for what can't be read.

    What it is shows in the value alone, not in what happens to lie on the disk.
    """
    if is_text(given):
        yield source, _checked(given, source)
        return
    pattern = GLOB.search(given)
    names = workspace.files(given, source) if pattern else (given,)
    # Whoever typed an absolute pattern meant the folder before its first glob character.
    within = given[: pattern.start()].rpartition("/")[0] if pattern else None
    left = LARGEST
    for name in names:
        content = workspace.read(name, source, left, within if given.startswith("/") else None)
        left -= len(content)
        where = f"{source}, {quoted(name)}"
        yield where, _checked(_decoded(content, where), where)


def is_text(given: str) -> bool:
    """Tell text from a path: `./` before a path makes it one whatever else is in it."""
    if "\n" in given or given.startswith(("[", "{", "-")):
        return True
    # A URL is no path, and there may be a password in it that an error about files would show.
    return bool(_URL.match(given) or SHORT.fullmatch(given))


def _decoded(content: bytes, where: str) -> str:
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # PowerShell's `>`
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadUsageError(f"{where} is no text in UTF-8 (byte {error.start + 1}).") from None


def _checked(text: str, where: str) -> str:
    if len(text) > LARGEST:
        raise BadUsageError(f"{where} is larger than {LARGEST // 1024} KiB.")
    if not text.strip():
        raise BadUsageError(f"{where} is empty.", "Write [] if there are no more commits.")
    if re.search("[\ud800-\udfff]", text):
        raise BadUsageError(f"{where} is no text in UTF-8.")
    return text
