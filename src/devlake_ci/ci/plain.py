"""A machine without a CI that we know: options, variables of our own and Git say everything."""

from datetime import datetime

from devlake_ci.ci.facts import Fact, context
from devlake_ci.ci.provider import Ask, Env, ReadFile
from devlake_ci.effects import Effect
from devlake_ci.model import Context, Outcome

NAME = "plain"


def detect(env: Env) -> bool:
    """Say no: it is what is left when all others do."""
    del env
    return False


def read(env: Env, read_file: ReadFile) -> Context:
    """Read nothing: there is only the name."""
    del read_file
    return context(env, Fact(NAME, "no CI variable"), {})


def emit(outcome: Outcome, env: Env) -> tuple[Effect, ...]:
    """Write nothing: nobody would read it."""
    del outcome, env
    return ()


def remember(started: datetime, env: Env) -> tuple[Effect, ...]:
    """Write nothing: the commands of a plain machine share no state."""
    del started, env
    return ()


def times(env: Env, ask: Ask) -> tuple[datetime | None, datetime | None]:
    """Ask nothing: there is no API."""
    del env, ask
    return None, None


def resolve(ref: str, env: Env, ask: Ask) -> str | None:
    """Ask nothing: there is no API."""
    del ref, env, ask
    return None
