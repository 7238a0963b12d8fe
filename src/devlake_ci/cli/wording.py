"""Spell options in messages as their reader set them: a flag, a variable or a wrapper's input."""

import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from functools import cache

from devlake_ci.model import Outcome
from devlake_ci.options import declared, flag, variable

Spell = Callable[[str], str | None]
"""Returns what a wrapper calls the input of an option: `repo_url` is `repo-url` in an action.
None for an option that is no input there: it can be given in its variable."""

PAGE = "https://github.com/devlake-ci/devlake-ci/blob/main/docs/options.md"

_INPUT: ContextVar[Spell | None] = ContextVar("input", default=None)


def set_wrapper(inputs: Spell | None) -> None:
    """Let messages from now on name a wrapper's inputs; None lets them name options."""
    _INPUT.set(inputs)


def help_hint(command: str) -> str:
    """Return where the reader finds what a command's options are."""
    return f"See {PAGE}." if _INPUT.get() else f"See {command} --help."


def reword(outcome: Outcome) -> Outcome:
    """Return an outcome whose problem and notes name options in their reader's words."""
    spell, problem = _INPUT.get(), outcome.problem
    if spell:
        notes = tuple(_respell(each, spell, _as_input) for each in outcome.notes)
        outcome = replace(outcome, notes=notes)
    if problem and (spell or re.match(r"DEVLAKE_[A-Z_]+\b", problem.message)):
        words = (spell, _as_input) if spell else (variable, _as_variable)
        problem.message = _respell(problem.message, *words)
        problem.hint = _respell(problem.hint, *words)
    return outcome


def _respell(text: str, spell: Spell, show: Callable[[str, str], str]) -> str:
    """Return a text with other words for its options, but for values and whole commands."""
    options = {flag(each.name): each.name for each in declared()}

    def shown(found: re.Match[str]) -> str:
        option, value = options.get(found["flag"] or ""), found["value"] or ""
        if not option:
            return found[0]
        name = spell(option)
        return show(name, value) if name else _as_variable(variable(option), value)

    return _option_pattern().sub(shown, text)


@cache
def _option_pattern() -> re.Pattern[str]:
    """Return the pattern of an option and its value, compiled only when there is a message."""
    as_it_is = r'"[^"]*"|`[^`]*`|devlake-ci [a-z]+[^.;,:]*'
    value = r"\"[^\"]*\"|'[^']*'|[A-Z]{2,}\b|file:PATH|git(?:hub|lab)?\b|incident\b"
    return re.compile(rf"{as_it_is}|(?P<flag>--[a-z][a-z-]*)(?: (?P<value>{value}))?")


def _as_input(name: str, value: str) -> str:
    """Spell it as in YAML: `environment-map: "canary=PRODUCTION"`."""
    return f"`{name}: {value}`" if value else f"`{name}`"


def _as_variable(name: str, value: str) -> str:
    """Spell it as a CI keeps its variables, where quotes would be part of the value."""
    return name + (f"={value}" if value else "").replace('"', "").replace("'", "")
