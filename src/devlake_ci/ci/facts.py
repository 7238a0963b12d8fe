"""Facts about a job: each value together with the variable, file or command that said it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from devlake_ci.ci.provider import Env
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Context, Result
from devlake_ci.vocabulary import result

T = TypeVar("T")
U = TypeVar("U")

# CircleCI writes <nil> where an expression is empty:
# https://circleci.com/docs/guides/orchestrate/pipeline-variables/
UNSET = {"", "<nil>"}


@dataclass(frozen=True)
class Fact(Generic[T]):
    """A value, and where it came from."""

    value: T
    source: str


def variable(env: Env, *names: str) -> Fact[str] | None:
    """Find the first of the variables that is set; blank and `<nil>` are not."""
    for name in names:
        if (value := env.get(name, "").strip()) not in UNSET:
            return Fact(value, name)
    return None


def value(env: Env, *names: str) -> str | None:
    """Find the same without its source."""
    fact = variable(env, *names)
    return fact.value if fact else None


def mapped(fact: Fact[T] | None, convert: Callable[[T], U | None]) -> Fact[U] | None:
    """Convert a fact; None if there is none or `convert` can make nothing of it."""
    converted = convert(fact.value) if fact else None
    return Fact(converted, fact.source) if fact and converted is not None else None


def renamed(fact: Fact[T] | None, source: str) -> Fact[T] | None:
    """Give a fact another source."""
    return replace(fact, source=source) if fact else None


def commit_sha(text: str) -> str | None:
    """Take a SHA as it is; None for the zeros that stand for a deleted ref."""
    return text if text.strip("0") else None


def bare_ref(text: str) -> str | None:
    """Strip a branch or tag name of `refs/heads/`, `refs/tags/` and `origin/`."""
    return re.sub(r"^(?:refs/(?:heads|tags|remotes)/)?(?:origin/)?", "", text) or None


def moment(text: object) -> datetime | None:
    """Parse a time that has a zone, into UTC; None for anything else."""
    try:
        time = datetime.fromisoformat(str(text))
        return time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def outcome(word: str) -> Result | None:
    """Parse the CI's word for how a job ended; None if it hasn't, or if the word is ambiguous."""
    try:
        return result(word.casefold(), "")
    except BadUsageError:
        return None


def context(
    env: Env,
    provider: Fact[str],
    facts: Mapping[str, Fact[Any] | None],
    **besides: Any,  # noqa: ANN401 (fields of Context, of several types)
) -> Context:
    """Build a Context of the `facts` there are, with their sources, and of what isn't shown.

    The fact `result` is the CI's own word, or a Result.
    """
    detected_by = "DEVLAKE_CI" if variable(env, "DEVLAKE_CI") else provider.source
    word = facts.get("result")
    read: dict[str, Fact[Any] | None] = {**facts, "result": mapped(word, outcome)}
    given = {name: fact for name, fact in read.items() if fact}
    return Context(
        provider=provider.value,
        sources={"provider": detected_by} | {name: fact.source for name, fact in given.items()},
        **{name: fact.value for name, fact in given.items()},
        result_word=str(word.value) if word else None,
        **besides,
    )
