"""Blueprints: which connections a project has, and when it runs.

Source: contract/setup-*.json, 'blueprint: …'.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from devlake_sandbox import cron as schedules
from devlake_sandbox import plans
from devlake_sandbox.answers import (
    BAD_REQUEST,
    NOT_FOUND,
    SERVER_ERROR,
    Answer,
    RefusedError,
    refusal,
)
from devlake_sandbox.store import Document, Store
from devlake_sandbox.versions import Version

KIND = "blueprint"
MANUAL = "manual"
"""A cronConfig that makes a blueprint one that somebody has to start."""
HALF_A_YEAR = 6
PATCHED = {
    *("name", "projectName", "enable", "cronConfig", "isManual", "beforePlan", "afterPlan"),
    *("connections", "priority", "skipOnFail", "timeAfter", "skipCollectors", "fullSync"),
}


def of_new_project(store: Store, version: Version, project: str) -> Document:
    """Make the blueprint that comes with a project since v1.0.0; it has no plan yet."""
    name = f"{project}-Blueprint"
    return store.append(KIND, _blank(version) | {"name": name, "projectName": project})


def create(store: Store, version: Version, body: Mapping[str, Any]) -> Document:
    """Make a blueprint as asked, with its plan."""
    asked = {key: value for key, value in body.items() if key in PATCHED}
    blueprint = _blank(version) | {"labels": None, "timeAfter": None} | asked
    if by_project(store, blueprint["projectName"]):
        raise refusal(SERVER_ERROR, "Each project can only be used by one blueprint.")
    planned = _with_plan(store, version, blueprint, "error creating the blueprint (400)")
    stored = store.append(KIND, planned | {"labels": []})
    return stored | {"labels": None}


def patch(store: Store, version: Version, number: str, body: Mapping[str, Any]) -> Document:
    """Change what is given; a list of connections replaces the one before."""
    asked = {key: value for key, value in body.items() if key in PATCHED}
    before = get(store, number, "error patching the blueprint (404)")
    changed = _with_plan(store, version, before | asked, "error patching the blueprint (400)")
    store.put(KIND, [changed])
    return changed


def get(store: Store, number: str, error: str = "error getting blueprint (404)") -> Document:
    """Return the blueprint with this number."""
    blueprint = store.get(KIND, number)
    if blueprint is None:
        raise refusal(NOT_FOUND, error, "blueprint not found (404)")
    return blueprint


def by_project(store: Store, project: str) -> Document | None:
    """Return a project's blueprint, None if it has none."""
    return next((one for one in store.all(KIND) if one["projectName"] == project), None)


def holds(store: Store, project: str, connection: int) -> bool:
    """Return whether a webhook connection is in the project."""
    blueprint = by_project(store, project) or {"connections": []}
    held = [(one["pluginName"], one["connectionId"]) for one in blueprint["connections"] or ()]
    return (plans.WEBHOOK, connection) in held


def add(store: Store, project: str, connection: int) -> None:
    """Add a webhook connection to the project, as the project's own route does."""
    if blueprint := by_project(store, project):
        added = {"pluginName": plans.WEBHOOK, "connectionId": connection, "scopes": []}
        store.put(KIND, [blueprint | {"connections": [*(blueprint["connections"] or ()), added]}])


def plan(store: Store, version: Version, blueprint: Mapping[str, Any]) -> plans.Plan:
    """Return what a run would do now."""
    project = store.get("project", blueprint["projectName"]) or {}
    metrics = project.get("metrics") or ()
    dora = any(each["pluginName"] == "dora" and each["enable"] for each in metrics)
    return plans.plan(version, blueprint["projectName"], blueprint["connections"], dora=dora)


def _with_plan(store: Store, version: Version, blueprint: Document, error: str) -> Document:
    """Check the connections and the schedule, and make the plan anew."""
    connections = [{"scopes": None, **one} for one in blueprint["connections"]]
    held = [(one["pluginName"], one["connectionId"]) for one in connections]
    if len(set(held)) < len(held):
        raise RefusedError(Answer(SERVER_ERROR, "", None))  # a panic, caught far outside
    for index, one in enumerate(connections):
        if not one["scopes"] and one["pluginName"] not in plans.WITHOUT_SCOPES:
            raise refusal(BAD_REQUEST, error, "", f"connections[{index}].scopes is empty")
        is_webhook = one["pluginName"] == plans.WEBHOOK
        if is_webhook and store.get("connection", str(one["connectionId"])) is None:
            record = ("record not found (404)", "record not found")
            raise refusal(BAD_REQUEST, error, "", "cannot find webhook connection (404)", *record)
    cron = str(blueprint["cronConfig"])
    is_manual = blueprint["isManual"] or cron.lower() == MANUAL
    if not is_manual and (fault := schedules.fault(cron)):
        raise refusal(BAD_REQUEST, error, "", "invalid cronConfig", fault)
    whole = blueprint | {"connections": connections, "isManual": is_manual}
    return whole | {"plan": plan(store, version, whole)}


def _blank(version: Version) -> Document:
    return {
        "name": "",
        "projectName": "",
        "mode": "NORMAL",
        "plan": None,
        "enable": True,
        "cronConfig": "0 0 * * *",
        "isManual": False,
        "beforePlan": None,
        "afterPlan": None,
        "labels": [],
        "connections": [],
        **({"priority": 0} if version.since("v1.0.3") else {}),
        "skipOnFail": False,
        "timeAfter": _months_ago(HALF_A_YEAR),
        "skipCollectors": False,
        "fullSync": False,
    }


def _months_ago(months: int) -> str:
    """Return midnight, that many months ago (on the 28th at the latest)."""
    today = datetime.now(UTC)
    years, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return f"{years:04}-{month + 1:02}-{min(today.day, 28):02}T00:00:00Z"
