"""Reports with a wrapper's inputs as options; what it calls them is the wrapper's own."""

from collections.abc import Callable, Iterator, Sequence

from devlake_ci import cli
from devlake_ci.cli import params
from devlake_ci.cli.outcome import conclude
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Outcome
from devlake_ci.options import declared, flag, kebab
from devlake_ci.runtime import Runtime

Given = Callable[[str], str | None]
"""The value of an input by its name, such as `repo_url`; None if it wasn't given."""


def report(world: Runtime, given: Given, more: Sequence[str] = ()) -> int:
    """Report with the inputs and `more` arguments behind them; gives the exit code."""
    try:
        words = arguments(given)
    except BadUsageError as problem:
        outcome = Outcome(reported=False, problem=problem, soft=is_soft(given))
        return conclude(outcome, world, "text")
    return cli.run(["report", *words, *more], world)


def arguments(given: Given) -> list[str]:
    """Spell the inputs as a command line of `report`; raises BadUsageError for a switch's value."""
    fails = params.switch(given("fail_on_error") or "false", "fail-on-error")
    return [f"{flag('on_failure')}={'fail' if fails else 'warn'}", *_options(given)]


def is_soft(given: Given) -> bool:
    """Tell if a failure is to be a warning, even where another input can't be read."""
    try:
        return not params.switch(given("fail_on_error") or "false", "fail-on-error")
    except BadUsageError:
        return True


def _options(given: Given) -> Iterator[str]:
    for option in declared():
        if not (value := given(option.name)) or option.name == "on_failure":
            continue
        if isinstance(option.default, bool):
            yield from [flag(option.name)] * params.switch(value, kebab(option.name))
        elif option.default == ():
            lines = filter(None, map(str.strip, value.splitlines()))
            yield from (f"{flag(option.name)}={line}" for line in lines)
        else:
            yield f"{flag(option.name)}={value}"
