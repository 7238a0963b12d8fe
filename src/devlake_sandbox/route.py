"""One route of the server."""

from collections.abc import Callable
from dataclasses import dataclass

from devlake_sandbox.answers import Answer
from devlake_sandbox.calls import Call
from devlake_sandbox.versions import VERSIONS

Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """A method and a path, and what it does.

    The path's parts with a colon are parameters; one with a star takes slashes, too.
    """

    method: str
    path: str
    handler: Handler
    since: str = VERSIONS[0]
    until: str = VERSIONS[-1]
    """The last version that has it."""
