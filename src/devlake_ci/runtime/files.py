"""The files that a CI and earlier steps of the job leave us, and those that we leave them."""

import secrets
from contextlib import suppress
from errno import EFBIG
from pathlib import Path

from devlake_ci.effects import Append, Replace

LARGEST = 32 * 1024 * 1024
"""Bytes of a file that we read at most: an event is smaller than 25 MB."""


def read_file(path: str) -> str | None:
    """Give the text of a file, or None if there is none, or one too large to be what we expect."""
    with suppress(OSError, ValueError):
        return read_kept(path)
    return None


def read_kept(path: str) -> str | None:
    """Give the text of a file that we kept; None only if there is none, else raises OSError."""
    try:
        content = beginning(Path(path), LARGEST + 1)
    except FileNotFoundError:
        return None
    if len(content) > LARGEST:
        raise OSError(EFBIG, "it is too large")
    return content.decode(errors="replace")


def beginning(path: Path, most: int) -> bytes:
    """Give at most so many bytes of a file; raises OSError and, for what is no path, ValueError."""
    with path.open("rb") as file:
        return file.read(most)


def nonce(folder: str) -> str | None:
    """Give something unique to the job whose state folder this is; the same at each call."""
    path = Path(folder) / "nonce"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x") as file:
            file.write(secrets.token_hex(8))
    except FileExistsError:
        pass
    except OSError:
        return None
    return read_file(str(path))


def write(effect: Append | Replace) -> None:
    """Write a file; raises OSError. What is replaced is the old text or the new, whole."""
    path = Path(effect.path)
    if isinstance(effect, Append):
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(effect.text)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        fresh.write_text(effect.text, encoding="utf-8", newline="")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def set_aside(path: str) -> str:
    """Move a file out of the way, and give its new name; raises OSError."""
    aside = f"{path}.{secrets.token_hex(4)}.aside"
    Path(path).rename(aside)
    return aside
