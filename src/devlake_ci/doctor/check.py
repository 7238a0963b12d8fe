"""One thing that was looked at, and how it is."""

from dataclasses import dataclass
from enum import StrEnum

from devlake_ci.errors import Problem


class State(StrEnum):
    """How something is."""

    GOOD = "good"
    ODD = "odd"
    """A report would work, but something could be better."""
    BAD = "bad"
    """A report would not work."""
    UNKNOWN = "unknown"
    """It can't be known from here: a reminder."""


@dataclass(frozen=True)
class Check:
    """A line of `doctor`: what was looked at, how it is, and what to do."""

    name: str
    state: State
    says: str
    todo: str = ""
    exit_code: int = 0
    """What a report would exit with because of it."""


def good(name: str, says: str) -> Check:
    """Give what is as it should be."""
    return Check(name, State.GOOD, says)


def odd(name: str, says: str, todo: str) -> Check:
    """Give what works, but could be better."""
    return Check(name, State.ODD, says, todo)


def bad(name: str, says: str, todo: str, exit_code: int) -> Check:
    """Give what a report would fail for."""
    return Check(name, State.BAD, says, todo, exit_code)


def unknown(name: str, says: str, todo: str = "") -> Check:
    """Give what nobody can know from here."""
    return Check(name, State.UNKNOWN, says, todo)


def failed(name: str, problem: Problem) -> Check:
    """Give a problem as a check."""
    return bad(name, problem.message, problem.hint, problem.exit_code)
