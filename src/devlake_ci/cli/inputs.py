"""A wrapper's inputs as a command line of `report`: what it calls them is the wrapper's own."""

from collections.abc import Callable, Iterator

from devlake_ci.cli import params
from devlake_ci.errors import BadUsageError
from devlake_ci.options import declared, flag

Given = Callable[[str], str]
"""The value of an input by its name, such as `repo-url`; empty if it wasn't given."""


def arguments(given: Given) -> list[str]:
    """Spell the inputs as a command line of `report`; raises BadUsageError for a switch's value."""
    failure = (
        "fail" if params.switch(given("fail-on-error") or "false", "fail-on-error") else "warn"
    )
    return [f"{flag('on_failure')}={failure}", *_options(given)]


def is_soft(given: Given) -> bool:
    """Tell if a failure is to be a warning, even where another input can't be read."""
    try:
        return not params.switch(given("fail-on-error") or "false", "fail-on-error")
    except BadUsageError:
        return True


def value(text: str) -> str:
    """Strip a value; blank and CircleCI's `<nil>` are none."""
    stripped = text.strip()
    return "" if stripped == "<nil>" else stripped


def _options(given: Given) -> Iterator[str]:
    for option in declared():
        name = flag(option.name).removeprefix("--")
        if not (value := given(name)) or name == "on-failure":
            continue
        if isinstance(option.default, bool):
            yield from [flag(option.name)] * params.switch(value, name)
        elif option.default == ():
            lines = filter(None, map(str.strip, value.splitlines()))
            yield from (f"{flag(option.name)}={line}" for line in lines)
        else:
            yield f"{flag(option.name)}={value}"
