"""Webhook connections: how they are made, listed and found.

Sources: contract, 'create a connection', 'connection name taken', 'project route';
backend/plugins/webhook/api/deployments.go of apache/devlake.
"""

from collections.abc import Mapping

from devlake_sandbox import auth, blueprints, projects
from devlake_sandbox.answers import BAD_REQUEST, SERVER_ERROR, not_found, refusal
from devlake_sandbox.store import Document, Store
from devlake_sandbox.versions import Version

KIND = "connection"
LONGEST_PROJECT = 100
LONGEST_NAME = 255
TAKEN = "the connection name already exists (400)"


def create(store: Store, version: Version, body: Mapping[str, object]) -> Document:
    """Make a connection and its key; the name must be new."""
    name = body.get("name") or ""
    if not isinstance(name, str):
        raise refusal(BAD_REQUEST, "'name' expected type 'string' (400)")
    connection = _insert(store, version, name)
    number = connection["id"]
    key = auth.create(
        store,
        {
            "name": f"webhook-{number}",
            "allowedPath": f"/plugins/webhook/connections/{number}/.*",
            "type": "plugin:webhook",
            "extra": f"connectionId:{number}",
        },
    )
    return {**_to_json(version, connection), "apiKey": key}


def _insert(store: Store, version: Version, name: str) -> Document:
    if not name:
        field = "Error:Field validation for 'Name' failed on the 'required' tag"
        wrong = f"Key: 'WebhookConnection.BaseConnection.Name' {field}"
        raise refusal(SERVER_ERROR, "error validating target", wrong)
    if len(name) > LONGEST_NAME:
        long = "Error 1406 (22001): Data too long for column 'name' at row 1"
        raise refusal(SERVER_ERROR, f"{long} (500)", long)
    if _find_by_name(store, name):
        if version.since("v1.0.1"):
            raise refusal(BAD_REQUEST, f"A webhook with name {name} already exists. (400)")
        raise refusal(BAD_REQUEST, TAKEN)
    return store.append(KIND, {"name": name})


def _to_json(version: Version, connection: Document) -> Document:
    number = connection["id"]
    at = f"/rest/plugins/webhook/connections/{number}"
    endpoints = {
        "postIssuesEndpoint": f"{at}/issues",
        "closeIssuesEndpoint": f"{at}/issue/:issueKey/close",
        "postPullRequestsEndpoint": f"{at}/pull_requests",
        "postPipelineTaskEndpoint": f"{at}/cicd_tasks",
        "postPipelineDeployTaskEndpoint": f"{at}/deployments",
        "closePipelineEndpoint": f"{at}/cicd_pipeline/:pipelineName/finish",
    }
    if not version.since("v1.0.3"):
        del endpoints["postPullRequestsEndpoint"]
    return {"name": connection["name"], "id": number, **endpoints}


def list_connections(store: Store, version: Version) -> list[Document]:
    """Return all connections, each with its key (but not the token) if it has one."""
    keys = {key["extra"]: auth.without_hash(key) for key in store.all(auth.KIND)}
    return [
        _to_json(version, one) | ({"apiKey": keys[extra]} if extra in keys else {})
        for one in store.all(KIND)
        for extra in [f"connectionId:{one['id']}"]
    ]


def get(store: Store, version: Version, number: int) -> Document:
    """Return one connection as `list_connections` does."""
    return next(one for one in list_connections(store, version) if one["id"] == number)


def rename(store: Store, number: int, body: Mapping[str, object]) -> Document:
    """Rename a connection."""
    renamed = {"name": str(body.get("name") or ""), "id": number}
    store.put(KIND, [renamed])
    return renamed


def by_id(store: Store, number: str) -> int:
    """Return the id of an existing connection from the text in a path."""
    if not (number.isascii() and number.isdigit() and int(number)):
        raise refusal(BAD_REQUEST, "invalid connectionId (400)")
    if store.get(KIND, str(int(number))) is None:
        raise not_found()
    return int(number)


def by_name(store: Store, name: str) -> int:
    """Return the id of the connection with this name."""
    connection = _find_by_name(store, name)
    if connection is None:
        raise not_found()
    return int(connection["id"])


def by_project(store: Store, version: Version, project: str, arrived: int) -> int | None:
    """Return the id of a project's own connection, None if there was none and it was made now.

    DevLake answers 404 after making it: contract, 'project route'. It looks for the connection and
    makes it in two steps, so one that another request made since this one `arrived` is in the
    way; so is, for ever, one of that name that is not in the project.
    """
    if len(project) > LONGEST_PROJECT:
        raise refusal(BAD_REQUEST, "invalid projectName (400)")
    name = f"{project}_deployments"
    connection = _find_by_name(store, name)
    raced = connection and store.is_newer_than(KIND, str(connection["id"]), arrived)
    if connection and blueprints.holds(store, project, connection["id"]) and not raced:
        return int(connection["id"])
    if store.get(projects.KIND, project) is None:
        raise not_found(f"could not find project [{project}] in DB")
    if connection:
        raise refusal(BAD_REQUEST, TAKEN)
    blueprints.add(store, project, _insert(store, version, name)["id"])
    return None


def _find_by_name(store: Store, name: str) -> Document | None:
    # DevLake's MariaDB compares names without regard to case.
    folded = name.casefold()
    return next((one for one in store.all(KIND) if one["name"].casefold() == folded), None)
