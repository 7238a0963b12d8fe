"""DevLake's routes, as far as the sandbox serves them, and the version that each came with.

Sources: contract, 'legacy route …', 'by name …', 'project route …', 'ready', 'health';
backend/plugins/webhook/impl/impl.go of apache/devlake.
"""

from collections.abc import Callable

from devlake_sandbox import calls, setup_routes
from devlake_sandbox.answers import Answer
from devlake_sandbox.calls import Call
from devlake_sandbox.route import Route
from devlake_sandbox.versions import VERSIONS

Find = Callable[[Call], int]


def _reports(prefix: str, find: Find, since: str = VERSIONS[0]) -> tuple[Route, ...]:
    """Return the routes for what a pipeline sends to a connection, which `find` finds."""

    def deployment(call: Call) -> Answer:
        return call.webhook.deployment(find(call), call.body)

    def issue(call: Call) -> Answer:
        return call.webhook.issue(find(call), call.body)

    def close(call: Call) -> Answer:
        return call.webhook.close(find(call), call.params["key"])

    def pull_request(call: Call) -> Answer:
        return call.webhook.pull_request(find(call), call.body)

    return (
        Route("POST", f"{prefix}/deployments", deployment, since),
        Route("POST", f"{prefix}/issues", issue, since),
        Route("POST", f"{prefix}/issue/:key/close", close, since),
        Route("POST", f"{prefix}/pull_requests", pull_request, "v1.0.3"),
    )


HOOK = "/plugins/webhook"
ROUTES = (
    Route("GET", "/version", calls.server_version),
    Route("GET", "/ping", calls.empty),
    Route("GET", "/health", calls.health),
    Route("GET", "/ready", calls.ready, since="v1.0.1"),
    *setup_routes.ROUTES,
    Route("GET", f"{HOOK}/connections", calls.list_connections),
    Route("POST", f"{HOOK}/connections", calls.create_connection),
    *_reports(f"{HOOK}/connections/:id", calls.by_id),
    *_reports(f"{HOOK}/connections/by-name/:name", calls.by_name, since="v1.0.3"),
    Route("POST", f"{HOOK}/projects/:project/deployments", calls.by_project, since="v1.0.3"),
    *_reports(f"{HOOK}/:id", calls.by_id),
)
