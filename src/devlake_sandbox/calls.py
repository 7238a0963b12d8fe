"""What each route does with a request that has found it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devlake_sandbox import connections
from devlake_sandbox.answers import OK, Answer, not_found, success
from devlake_sandbox.store import Store
from devlake_sandbox.versions import Version
from devlake_sandbox.webhook import Webhook


@dataclass(frozen=True)
class Call:
    """A request that has found its route."""

    version: Version
    store: Store
    params: Mapping[str, str]
    """The path's parameters, decoded."""
    body: Mapping[str, Any]
    arrived: int
    """How far the store had been filled when the request came."""
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def webhook(self) -> Webhook:
        """The plugin that the call is for."""
        return Webhook(self.version, self.store, self.arrived)


def server_version(_: Call) -> Answer:
    """Answer "dev", as any DevLake that was not released with a tag."""
    return Answer(OK, {"version": "dev"})


def empty(_: Call) -> Answer:
    """Answer nothing, with success."""
    return Answer(OK, "", None)


def health(call: Call) -> Answer:
    """Answer that the server lives."""
    return success("good") if call.version.since("v1.0.1") else empty(call)


def ready(_: Call) -> Answer:
    """Answer that no migration is waiting."""
    return success("ready")


def create_connection(call: Call) -> Answer:
    """Make a connection and its API key."""
    return Answer(OK, connections.create(call.store, call.version, call.body))


def list_connections(call: Call) -> Answer:
    """List all connections."""
    return Answer(OK, connections.list_connections(call.store, call.version))


def by_project(call: Call) -> Answer:
    """Store a deployment through its project's own connection, made at the first request."""
    connection = connections.by_project(
        call.store, call.version, call.params["project"], call.arrived
    )
    if connection is None:
        # An answer, not an exception: the connection that was made stays.
        return not_found().answer
    return call.webhook.deployment(connection, call.body)


def by_id(call: Call) -> int:
    """Find the connection by its number."""
    return connections.by_id(call.store, call.params["id"])


def by_name(call: Call) -> int:
    """Find the connection by its name."""
    return connections.by_name(call.store, call.params["name"])
