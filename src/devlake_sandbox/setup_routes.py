"""The routes that make connections, projects, blueprints and keys, and run blueprints.

Source: contract/setup-*.json.
"""

from datetime import UTC, datetime
from typing import TypeVar

from devlake_sandbox import auth, blueprints, calls, connections, projects, runs
from devlake_sandbox.answers import CREATED, CSV, OK, Answer
from devlake_sandbox.calls import Call
from devlake_sandbox.route import Route
from devlake_sandbox.store import Store
from devlake_sandbox.versions import Version

PAGE_SIZE = 50
"""Of a list, where the request names none."""

T = TypeVar("T")


def begin(store: Store, version: Version) -> str:
    """Make a connection, a project that has it, and a key for both; return the key's secret."""
    connection = connections.create(store, version, {"name": "ci"})["id"]
    metrics = [{"pluginName": "dora", "pluginOption": "", "enable": True}]
    blueprint = projects.create(store, version, {"name": "ci", "metrics": metrics})["blueprint"]
    if blueprint is None:
        named = {"name": "ci-Blueprint", "projectName": "ci"}
        blueprint = blueprints.create(store, version, named)
    number = blueprint["id"]
    listed = [{"pluginName": "webhook", "connectionId": connection, "scopes": []}]
    blueprints.patch(store, version, str(number), {"connections": listed})
    reports = f"plugins/webhook/connections/{connection}/.*"
    path = f"/({reports}|blueprints/{number}/(trigger|pipelines)$)"
    key = auth.create(store, {"name": "ci", "type": auth.OWN_TYPE, "allowedPath": path})
    return str(key["apiKey"])


def _page(call: Call, everything: list[T]) -> list[T]:
    size = int(call.query.get("pageSize") or PAGE_SIZE)
    start = (int(call.query.get("page") or 1) - 1) * size
    return everything[start : start + size]


def _create_project(call: Call) -> Answer:
    return Answer(CREATED, projects.create(call.store, call.version, call.body))


def _patch_project(call: Call) -> Answer:
    name = call.params["name"]
    return Answer(CREATED, projects.patch(call.store, call.version, name, call.body))


def _projects(call: Call) -> Answer:
    found = projects.list_projects(call.store)
    return Answer(OK, {"projects": _page(call, found), "count": len(found)})


def _project(call: Call) -> Answer:
    return Answer(OK, projects.get(call.store, call.params["name"]))


def _check_project(call: Call) -> Answer:
    return Answer(OK, projects.check(call.store, call.params["name"]))


def _connection(call: Call) -> Answer:
    return Answer(OK, connections.get(call.store, call.version, calls.by_id(call)))


def _connection_by_name(call: Call) -> Answer:
    return Answer(OK, connections.get(call.store, call.version, calls.by_name(call)))


def _rename_connection(call: Call) -> Answer:
    return Answer(OK, connections.rename(call.store, calls.by_id(call), call.body))


def _create_blueprint(call: Call) -> Answer:
    return Answer(CREATED, blueprints.create(call.store, call.version, call.body))


def _patch_blueprint(call: Call) -> Answer:
    changed = blueprints.patch(call.store, call.version, call.params["id"], call.body)
    return Answer(OK, changed)


def _blueprint(call: Call) -> Answer:
    return Answer(OK, blueprints.get(call.store, call.params["id"]))


def _blueprints(call: Call) -> Answer:
    found = list(reversed(call.store.all(blueprints.KIND)))
    return Answer(OK, {"blueprints": _page(call, found), "count": len(found)})


def _trigger(call: Call) -> Answer:
    now = datetime.now(UTC)
    return Answer(OK, runs.trigger(call.store, call.version, call.params["id"], call.body, now))


def _runs(call: Call) -> Answer:
    found = runs.of_blueprint(call.store, call.params["id"])
    return Answer(OK, {"count": len(found), "pipelines": _page(call, found)})


def _run(call: Call) -> Answer:
    return Answer(OK, runs.get(call.store, call.params["id"]))


def _tasks(call: Call) -> Answer:
    found = runs.tasks(call.store, call.params["id"])
    return Answer(OK, {"tasks": found, "count": len(found)})


def _mapping(call: Call) -> Answer:
    return Answer(OK, runs.mapping(call.store), CSV)


def _create_key(call: Call) -> Answer:
    return Answer(CREATED, auth.create_for_person(call.store, call.body))


def _keys(call: Call) -> Answer:
    found = auth.list_keys(call.store)
    return Answer(OK, {"apikeys": _page(call, found), "count": len(found)})


def _renew_key(call: Call) -> Answer:
    return Answer(OK, auth.renew(call.store, call.params["id"]))


HOOK = "/plugins/webhook/connections"
ROUTES = (
    Route("GET", f"{HOOK}/by-name/:name", _connection_by_name, since="v1.0.3"),
    Route("GET", f"{HOOK}/:id", _connection),
    Route("PATCH", f"{HOOK}/:id", _rename_connection),
    Route("POST", "/projects", _create_project),
    Route("GET", "/projects", _projects),
    # Before v1.0.0 the name took slashes, and so whatever follows it.
    Route("GET", "/projects/*name", _project, until="v0.21.0"),
    Route("PATCH", "/projects/*name", _patch_project, until="v0.21.0"),
    Route("GET", "/projects/:name/check", _check_project, since="v1.0.1"),
    Route("GET", "/projects/:name", _project, since="v1.0.1"),
    Route("PATCH", "/projects/:name", _patch_project, since="v1.0.1"),
    Route("POST", "/blueprints", _create_blueprint),
    Route("GET", "/blueprints", _blueprints),
    Route("GET", "/blueprints/:id", _blueprint),
    Route("PATCH", "/blueprints/:id", _patch_blueprint),
    Route("POST", "/blueprints/:id/trigger", _trigger),
    Route("GET", "/blueprints/:id/pipelines", _runs),
    Route("GET", "/pipelines/:id", _run),
    Route("GET", "/pipelines/:id/tasks", _tasks),
    Route("GET", "/plugins/org/project_mapping.csv", _mapping),
    Route("POST", "/api-keys", _create_key),
    Route("GET", "/api-keys", _keys),
    Route("PUT", "/api-keys/:id", _renew_key),
)
