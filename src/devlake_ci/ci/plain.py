"""A machine without a CI that we know: options, variables of our own and Git say everything."""

from devlake_ci.ci.facts import Fact, context
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.model import Context

NAME = "plain"


def read(env: Env, read_file: ReadFile) -> Context:
    """Read nothing: there is only the name."""
    del read_file
    return context(env, Fact(NAME, "no CI variable"), {})


# It is what is left when all others say no.
PROVIDER = Provider(name=NAME, detect=lambda _: False, read=read)
