"""Find what was live before a deployment; never guess it.

A base that is too old does no harm, for DevLake counts a pull request with the earliest deployment
that lists it. One that is too new would lose what lies before it for good.
"""

from collections.abc import Callable, Iterable

from devlake_ci.commits.sha import Find, resolve
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import MissingError
from devlake_ci.incidents.state_file import Live
from devlake_ci.model import Deployment
from devlake_ci.options import Options

HINT = (
    "Say what was live before with --changes-since (a SHA, tag or branch), or keep it in a file "
    "with --incident-state file:PATH."
)


@dataclass(frozen=True)
class BaseLookup:
    """One way to look up what was live before."""

    name: str
    ask: Callable[[], str | None]
    """Return its SHA, None if there is none yet; raise MissingError if it can't be found out."""


def find_base(lookups: Iterable[BaseLookup]) -> str:
    """Return the first SHA that a lookup finds; raise MissingError with the reason of each."""
    reasons = []
    for lookup in lookups:
        try:
            if found := lookup.ask():
                return found
            reasons.append(f"{lookup.name}: none is known yet.")
        except MissingError as problem:
            reasons.append(f"{lookup.name}: {problem.text}")
    raise MissingError(f"What was live before is not known. {' '.join(reasons)}", HINT)


def from_option(options: Options, finders: tuple[Find, ...]) -> str:
    """Return the SHA of `--changes-since`; raise MissingError if nobody knows it."""
    return resolve(options.changes_since or "", options.source("changes_since"), finders)


def live_key(repo_url: str, service: str | None, environment: str) -> str:
    """Return what names the place that a state file keeps the live commit of."""
    return "\n".join((repo_url, service or "", environment))


def from_record(live: Live | None, deployment: Deployment) -> str | None:
    """Return what our own record says was live before; of the same deployment, what was then."""
    if live and live.deployment == deployment.id:
        return live.before
    return live.sha if live else None


def is_shared(options: Options, environment: str) -> bool:
    """Return whether other services may deploy to the environment, so that it names no service."""
    return bool(options.service) and (options.service or "").lower() not in environment.lower()
