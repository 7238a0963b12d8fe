"""Runs of blueprints (pipelines): one at a time for all projects, each takes a moment.

A run counts what was stored when it began. Nothing works in the background: what should have
happened meanwhile is made up for at the next request.
Source: contract/setup-*.json, 'trigger …', 'pipelines of the blueprint', 'its tasks'.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from devlake_sandbox import blueprints, plans, projects, tables
from devlake_sandbox.answers import BAD_REQUEST, NOT_FOUND, SERVER_ERROR, refusal
from devlake_sandbox.store import Document, Store
from devlake_sandbox.versions import Version

KIND = "pipeline"
MAPPING = "mapping"
QUEUE, PACE = "queue", "pace"
CREATED, RUNNING, COMPLETED = "TASK_CREATED", "TASK_RUNNING", "TASK_COMPLETED"
SECONDS = 0.3
"""How long a run takes, unless told otherwise: a third of it waiting, then running."""


@dataclass(frozen=True)
class Project:
    """What is known of a project after its last run."""

    name: str
    connections: tuple[str, ...]
    """The connections that the last completed run found in it: "webhook:1"."""
    deployments: tuple[str, ...]
    """The ids of the deployments that it counted: SUCCESS and PRODUCTION, of those connections."""
    status: str | None
    """Of the last run: "TASK_COMPLETED"; None if there was none."""
    ended: str | None
    """When it did, RFC 3339."""


def set_pace(store: Store, seconds: float) -> None:
    """Set how long a run takes."""
    store.put(PACE, [{"id": 1, "seconds": seconds}])


def trigger(
    store: Store, version: Version, number: str, body: Mapping[str, Any], now: datetime
) -> Document:
    """Put a run of a blueprint into the queue."""
    error = "error triggering blueprint"
    blueprint = blueprints.get(store, number, f"{error} (404)")
    plan = blueprints.plan(store, version, blueprint)
    if plans.is_empty(version, plan):
        raise refusal(SERVER_ERROR, error, "empty plan")
    if not blueprint["enable"]:
        raise refusal(BAD_REQUEST, f"{error} (400)", "blueprint is not enabled (400)")
    queue = _queue(store)
    if any(store.get(KIND, one)["blueprintId"] == blueprint["id"] for one in queue):  # type: ignore[index]
        pending = "there are pending pipelines of current blueprint already (400)"
        raise refusal(BAD_REQUEST, f"{error} (400)", pending)
    run = store.append(KIND, _new(blueprint, plan, body, now))
    store.put(QUEUE, [{"id": 1, "runs": [*queue, str(run["id"])]}])
    return to_json(run)


def advance(store: Store, now: datetime) -> None:
    """Let happen what should have happened by `now`."""
    if not (queue := _queue(store)):
        return
    length = timedelta(seconds=(store.get(PACE, "1") or {"seconds": SECONDS})["seconds"])
    while queue and (run := store.get(KIND, queue[0])):
        began = max(map(datetime.fromisoformat, (run["createdAt"], run["_free"]))) + length / 3
        ended = began + length * 2 / 3
        if run["status"] == CREATED and began <= now:
            run |= {
                "status": RUNNING,
                "beganAt": _text(began),
                "_counted": _counted_deployments(store, run),
            }
        if run["status"] == RUNNING and ended <= now:
            run = _complete(store, run, ended)
            queue = queue[1:]
        store.put(KIND, [run])
        if run["status"] != COMPLETED:
            break
        if queue and (after := store.get(KIND, queue[0])):
            store.put(KIND, [after | {"_free": run["finishedAt"]}])
    store.put(QUEUE, [{"id": 1, "runs": queue}])


def of_blueprint(store: Store, number: str) -> list[Document]:
    """Return the runs of a blueprint, the newest first."""
    runs = reversed(store.all(KIND))
    return [to_json(one) for one in runs if str(one["blueprintId"]) == number]


def get(store: Store, number: str) -> Document:
    """Return one run."""
    run = store.get(KIND, number)
    if run is None:
        raise refusal(NOT_FOUND, "pipeline not found (404)", "record not found")
    return to_json(run)


def tasks(store: Store, number: str) -> list[Document]:
    """Return what a run did, its last task first."""
    run = get(store, number)
    placed = [
        (row, column, task)
        for row, stage in enumerate(run["plan"], start=1)
        for column, task in enumerate(stage, start=1)
    ]
    done = run["status"] == COMPLETED
    return [
        {
            "id": identifier,
            **task,
            "status": run["status"],
            "message": "",
            "errorName": "",
            "progress": int(done),
            "progressDetail": None,
            "failedSubTask": "",
            "pipelineId": run["id"],
            "pipelineRow": row,
            "pipelineCol": column,
        }
        for identifier, (row, column, task) in reversed(list(enumerate(placed, start=1)))
    ]


def mapping(store: Store) -> str:
    """Return what is in which project, as the CSV of GET /plugins/org/project_mapping.csv."""
    rows = sorted(
        (one["id"], scope["table"], scope["rowId"])
        for one in store.all(MAPPING)
        for scope in one["scopes"]
    )
    return "".join(f"{','.join(row)}\n" for row in [("ProjectName", "Table", "RowId"), *rows])


def all_projects(store: Store) -> list[Project]:
    """Return all projects, in the order in which they were made."""
    return [_project(store, one["name"]) for one in store.all(projects.KIND)]


def to_json(run: Mapping[str, Any]) -> Document:
    """Return what the API tells of a run."""
    return {key: value for key, value in run.items() if not key.startswith("_")}


def _project(store: Store, name: str) -> Project:
    mapped = store.get(MAPPING, name) or {"scopes": [], "deployments": []}
    blueprint = blueprints.by_project(store, name)
    last = next(iter(of_blueprint(store, str(blueprint["id"])) if blueprint else []), None)
    return Project(
        name,
        tuple(dict.fromkeys(scope["rowId"] for scope in mapped["scopes"])),
        tuple(mapped["deployments"]),
        last["status"] if last else None,
        last["finishedAt"] if last else None,
    )


def _queue(store: Store) -> list[str]:
    return (store.get(QUEUE, "1") or {"runs": []})["runs"]  # type: ignore[no-any-return]


def _new(blueprint: Document, plan: plans.Plan, body: Mapping[str, Any], now: datetime) -> Document:
    taken = ("labels", "priority", "skipOnFail", "timeAfter")
    return {
        "name": blueprint["name"],
        "blueprintId": blueprint["id"],
        "plan": plan,
        "totalTasks": sum(map(len, plan)),
        "finishedTasks": 0,
        "status": CREATED,
        "message": "",
        "errorName": "",
        "stage": 0,
        **{key: blueprint[key] for key in taken if key in blueprint},
        "skipCollectors": bool(body.get("skipCollectors")),
        "fullSync": bool(body.get("fullSync")),
        "createdAt": _text(now),
        "beganAt": None,
        "finishedAt": None,
        "spentSeconds": 0,
        "_project": blueprint["projectName"],
        "_free": _text(now),
    }


def _complete(store: Store, run: Document, ended: datetime) -> Document:
    mapped = _scopes(run) or []
    project = {"id": run["_project"], "scopes": mapped, "deployments": run["_counted"]}
    store.put(MAPPING, [project])
    began = datetime.fromisoformat(run["beganAt"])
    return run | {
        "status": COMPLETED,
        "finishedTasks": run["totalTasks"],
        "stage": len(run["plan"]),
        "finishedAt": _text(ended),
        "spentSeconds": int((ended - began).total_seconds()),
    }


def _counted_deployments(store: Store, run: Document) -> list[str]:
    """Return the deployments that a run counts, if it computes anything at all."""
    if not any(task["plugin"] == "dora" for stage in run["plan"] for task in stage):
        return []
    mapped = {scope["rowId"] for scope in _scopes(run) or ()}
    counted = (
        row["cicd_deployment_id"]
        for row in store.all(tables.COMMITS)
        if row["cicd_scope_id"] in mapped
        and (row.get("result"), row.get("environment")) == ("SUCCESS", "PRODUCTION")
    )
    return list(dict.fromkeys(counted))


def _scopes(run: Document) -> list[Document] | None:
    org = next(task for stage in run["plan"] for task in stage if task["plugin"] == "org")
    return org["options"]["projectMappings"][0]["scopes"]  # type: ignore[no-any-return]


def _text(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds")
