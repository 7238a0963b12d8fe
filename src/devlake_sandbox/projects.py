"""Projects, with their metrics; since v1.0.0 each has a blueprint from the start.

Sources: contract, 'create a project'; contract/setup-*.json, 'project: …'.
"""

from collections.abc import Mapping
from typing import Any

from devlake_sandbox import blueprints
from devlake_sandbox.answers import BAD_REQUEST, NOT_FOUND, refusal
from devlake_sandbox.store import Document, Store
from devlake_sandbox.versions import Version

KIND = "project"
LONGEST_NAME = 100
RAW = {"_raw_data_params": "", "_raw_data_table": "", "_raw_data_id": 0, "_raw_data_remark": ""}


def create(store: Store, version: Version, body: Mapping[str, Any]) -> Document:
    """Make a project and, since v1.0.0, its blueprint."""
    name = body.get("name") or ""
    if not isinstance(name, str):
        raise refusal(BAD_REQUEST, "'name' expected type 'string' (400)")
    modern = version.since("v1.0.1")
    _check_metrics(version, body)
    if modern and len(name) > LONGEST_NAME:
        raise refusal(BAD_REQUEST, "Project name is too long. (400)")
    # DevLake's MariaDB compares names without regard to case.
    if not name or any(one["name"].casefold() == name.casefold() for one in store.all(KIND)):
        taken = f"A project with name [{name}] already exists (400)"
        raise refusal(BAD_REQUEST, "error creating project (400)", taken)
    store.put(KIND, [{"id": name} | _describe(version, name, body)])
    if modern:
        blueprints.of_new_project(store, version, name)
    return _to_json(store, name)


def patch(store: Store, version: Version, name: str, body: Mapping[str, Any]) -> Document:
    """Change a project as DevLake does: what isn't given is emptied, but for the metrics.

    Before v0.21, `enable` also switches its blueprint on or off.
    Source: PatchProject in backend/server/services/project.go of apache/devlake.
    """
    _check_metrics(version, body)
    before = _find(store, name, "error patch project (404)")
    kept = {"metrics": before["metrics"]} if not body.get("metrics") else {}
    store.put(KIND, [before | _describe(version, name, body) | kept])
    blueprint = blueprints.by_project(store, name)
    if blueprint and "enable" in body and not version.since("v0.21.0"):
        store.put(blueprints.KIND, [blueprint | {"enable": bool(body["enable"])}])
    return _to_json(store, name)


def get(store: Store, name: str) -> Document:
    """Return a project with its metrics and its blueprint."""
    _find(store, name)
    return _to_json(store, name)


def check(store: Store, name: str) -> Document:
    """Return whether there is a project of this name."""
    return {"exist": store.get(KIND, name) is not None}


def list_projects(store: Store) -> list[Document]:
    """Return all projects, the newest first."""
    blueprints_by_project = {one["projectName"]: one for one in store.all(blueprints.KIND)}
    return [
        _described_with(one, blueprints_by_project.get(one["name"]))
        for one in reversed(store.all(KIND))
    ]


def _find(store: Store, name: str, error: str = "error getting project (404)") -> Document:
    project = store.get(KIND, name)
    if project is None:
        missing = (f"could not find project [{name}] in DB (404)", "record not found (404)")
        raise refusal(NOT_FOUND, error, *missing, "record not found")
    return project


def _to_json(store: Store, name: str) -> Document:
    return _described_with(_find(store, name), blueprints.by_project(store, name))


def _described_with(project: Document, blueprint: Document | None) -> Document:
    shown = {key: value for key, value in project.items() if key != "id"}
    return shown | {"blueprint": blueprint}


def _describe(version: Version, name: str, body: Mapping[str, Any]) -> Document:
    unset = None if version.since("v1.0.1") else ""
    metrics = [
        {
            "pluginName": metric["pluginName"],
            "pluginOption": metric.get("pluginOption", unset),
            "enable": metric["enable"],
        }
        for metric in body.get("metrics") or ()
    ]
    description = str(body.get("description") or "")
    return {"name": name, "description": description, **RAW, "metrics": metrics or None}


def _check_metrics(version: Version, body: Mapping[str, Any]) -> None:
    options = [metric.get("pluginOption") for metric in body.get("metrics") or ()]
    if not version.since("v1.0.1") and any(isinstance(each, dict) for each in options):
        field = "BaseMetric.metrics.pluginOption of type string"
        wrong = f"json: cannot unmarshal object into Go struct field {field}"
        raise refusal(BAD_REQUEST, "bad request body format (400)", wrong)
