"""The program's options as inputs of a wrapper."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from devlake_ci.cli.params import JOB, RESULTS
from devlake_ci.options import declared, kebab

FAIL_ON_ERROR = "Fail the job if the report can't be made. Without it such a failure is a warning."
_REPLACED = {"on_failure"}  # by fail-on-error


@dataclass(frozen=True)
class Input:
    """One input: its name in kebab-case, what it is for, and how it may be filled."""

    name: str
    text: str
    default: str = ""
    choices: tuple[str, ...] = ()
    switch: bool = False
    """Whether it is true or false."""
    metadata: dict[str, object] = field(default_factory=dict)

    @property
    def one_of(self) -> str:
        """Return a sentence with the choices, if there are several."""
        return f" One of {', '.join(self.choices)}." if len(self.choices) > 1 else ""


def options(without: frozenset[str] = frozenset()) -> Iterator[Input]:
    """Yield the program's options, but for those of other wrappers."""
    for option in declared():
        if option.name not in without | _REPLACED:
            yield Input(
                name=kebab(option.name),
                text=option.metadata["help"] + _more(option.default),
                default=JOB if option.name in RESULTS else "",
                choices=tuple(option.metadata.get("choices", ())),
                switch=isinstance(option.default, bool),
                metadata=dict(option.metadata),
            )


def _more(default: object) -> str:
    """Return what a wrapper's user can't see in `--help`."""
    if default == ():
        return " One per line."
    return f" Default: {default}." if isinstance(default, float) else ""


def quoted(text: str) -> str:
    """Return a YAML scalar in single quotes, in which nothing but the quote is special."""
    return "'" + text.replace("'", "''") + "'"
