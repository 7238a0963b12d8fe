"""Find the route of a request, as DevLake's router (gin) and its check of API keys do.

Sources: contract, 'incident key …', 'trailing slash', 'double slash', 'rest: …'.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes

from devlake_sandbox import auth, decoding
from devlake_sandbox.answers import (
    MOVED_PERMANENTLY,
    SERVER_ERROR,
    TEMPORARY_REDIRECT,
    Answer,
    RefusedError,
    no_such_route,
    refusal,
)
from devlake_sandbox.calls import Call
from devlake_sandbox.request import Request
from devlake_sandbox.route import Route
from devlake_sandbox.routes import ROUTES
from devlake_sandbox.store import Store
from devlake_sandbox.versions import Version

REST = "/rest"
GO_LEAVES = "/-_.~$&+,:;=@"
"""What Go's net/url doesn't escape in a path."""
ENVELOPE = {"success", "message", "data"}
PATTERNS = {
    route: re.compile(
        re.sub(r"\*(\w+)", r"(?P<\1>.+)", re.sub(r":(\w+)", r"(?P<\1>[^/]+)", route.path)),
        re.DOTALL,
    )
    for route in ROUTES
}


@dataclass(frozen=True)
class Server:
    """What answers: a version of DevLake, with what it keeps."""

    version: Version
    store: Store
    auth_enabled: bool = False
    """AUTH_ENABLED: DevLake asks everybody for a login."""


def answer(server: Server, request: Request, arrived: int) -> Answer:
    """Answer a request; one that is refused leaves nothing in the store.

    `arrived` is how far the store was filled when the request came.
    """
    try:
        with server.store.transaction():
            said = _route(server, request, arrived)
    except RefusedError as error:
        said = error.answer
    except RecursionError:
        said = refusal(SERVER_ERROR, "exceeded max depth").answer
    return _with_code(said) if server.version.since("v1.0.1") else said


def _route(server: Server, request: Request, arrived: int) -> Answer:
    path = _check_access(server, request)
    found = _find(server.version, request.method, path)
    if found is None:
        return _redirect(server.version, request, path)
    route, params = found
    body, query = decoding.body(request.body), dict(parse_qsl(request.query))
    return route.handler(Call(server.version, server.store, params, body, arrived, query))


def _with_code(answer: Answer) -> Answer:
    """Put the "code": 0 of v1.x before what DevLake says in its usual envelope."""
    if isinstance(answer.body, dict) and answer.body.keys() == ENVELOPE:
        return replace(answer, body={"code": 0, **answer.body})
    return answer


def _check_access(server: Server, request: Request) -> str:
    """Return the path without its /rest, if the key may go there."""
    path = request.path
    # DevLake routes what is behind /rest anew, so that a second one is removed, too.
    while unquote(path).startswith(REST):
        auth.check(server.store, request.authorization, unquote(path).removeprefix(REST))
        # Where Go keeps a raw path beside the decoded one, only the latter loses its /rest, and
        # the former is what v1.x looks up: contract, 'incident key 'a:b': close through /rest'.
        escaped = path != quote(unquote_to_bytes(path), safe=GO_LEAVES)
        if server.version.since("v1.0.1") and escaped:
            raise no_such_route()
        path = path.removeprefix(REST)
    if server.auth_enabled:
        on_rest = path != request.path
        auth.check_enabled("" if on_rest else request.authorization, path)
    return path


def _find(version: Version, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Find a route; before v1.0 in the decoded path, where %2F divides it like a slash."""
    raw = version.since("v1.0.1")
    for route, pattern in PATTERNS.items():
        match = pattern.fullmatch(path if raw else unquote(path))
        has = version.since(route.since) and Version(route.until).since(version)
        if match and route.method == method and has:
            params = match.groupdict()
            return route, {k: unquote(v) for k, v in params.items()} if raw else params
    return None


def _redirect(version: Version, request: Request, path: str) -> Answer:
    """Redirect to the path without its last slash, if there is such a route."""
    if not (path.endswith("/") and _find(version, request.method, path[:-1])):
        raise no_such_route()
    location = path[:-1] + (f"?{request.query}" if request.query else "")
    status = MOVED_PERMANENTLY if request.method == "GET" else TEMPORARY_REDIRECT
    return Answer(status, "", None, {"Location": location})
