"""Opens a file for a secret before there is one: DevLake shows a key only once."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def secret_file(path: str) -> Iterator[Callable[[str], None]]:
    """Open a file that only its owner may read, and yield what replaces its content.

    A file that was made for it and stays empty is removed again. Raise OSError: on entering, if it
    can't be written.
    """
    is_new = not os.path.lexists(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        Path(path).chmod(0o600)

        def write(text: str) -> None:
            file.truncate(0)
            file.seek(0)
            file.write(text)
            file.flush()
            os.fsync(descriptor)

        yield write
    if is_new and not Path(path).stat().st_size:
        Path(path).unlink()
