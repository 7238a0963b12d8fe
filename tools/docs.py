"""The parts of the documentation that are printed from the code (`make format` writes them)."""

from collections.abc import Iterator
from dataclasses import Field
from itertools import groupby
from typing import Any

from devlake_ci.options import declared, flag


def options() -> Iterator[str]:
    """Give the lines of the tables of options, one table a group."""
    for group, members in groupby(declared(), key=lambda each: each.metadata["group"]):
        yield ""
        yield f"| {group} | |"
        yield "|---|---|"
        for each in members:
            yield f"| `{flag(each.name)}` | {each.metadata['help']}{_values(each)} |"
    yield ""


def _values(option: Field[Any]) -> str:
    """Say which values there are and which is the default, where the text alone doesn't."""
    choices = ", ".join(f"`{each}`" for each in option.metadata.get("choices", ()))
    default = "" if option.default in (None, (), False) else f" Default: `{option.default}`."
    return (f" One of {choices}." if "," in choices else "") + default
