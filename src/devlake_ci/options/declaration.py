"""Declares one option: its group, what it is for, and what it may be."""

from dataclasses import field
from typing import Any


def option(group: str, text: str, *, default: Any = None, **more: Any) -> Any:  # noqa: ANN401 (a field of any type)
    """Declare an option; its metadata feed the command line, the wrappers and the documentation."""
    return field(default=default, metadata={"group": group, "help": text, **more})
