"""Projects, as far as the project route needs them: they can be made.

Source: contract, 'create a project'.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from devlake_sandbox.answers import BAD_REQUEST, refused
from devlake_sandbox.store import Document, Store
from devlake_sandbox.versions import Version

KIND = "project"
HALF_A_YEAR = 6


def create(store: Store, version: Version, body: Mapping[str, Any]) -> Document:
    """Make a project and, since v1.0.0, its blueprint."""
    name = str(body.get("name") or "")
    if not name or store.get(KIND, name):
        raise refused(BAD_REQUEST, "a project needs a name of its own (400)")
    store.put(KIND, [{"id": name}])
    modern = version.since("v1.0.1")
    return {
        "name": name,
        "description": str(body.get("description") or ""),
        "_raw_data_params": "",
        "_raw_data_table": "",
        "_raw_data_id": 0,
        "_raw_data_remark": "",
        "metrics": [
            {
                "pluginName": metric["pluginName"],
                "pluginOption": None if modern else "",
                "enable": metric["enable"],
            }
            for metric in body.get("metrics") or ()
        ],
        "blueprint": _blueprint(store, version, name) if modern else None,
    }


def _blueprint(store: Store, version: Version, project: str) -> Document:
    priority = {"priority": 0} if version.since("v1.0.3") else {}
    return {
        "name": f"{project}-Blueprint",
        "projectName": project,
        "mode": "NORMAL",
        "plan": None,
        "enable": True,
        "cronConfig": "0 0 * * *",
        "isManual": False,
        "beforePlan": None,
        "afterPlan": None,
        "labels": [],
        "connections": [],
        **priority,
        "skipOnFail": False,
        "timeAfter": _months_ago(HALF_A_YEAR),
        "skipCollectors": False,
        "fullSync": False,
        "id": len(store.all(KIND)),
    }


def _months_ago(months: int) -> str:
    """Give midnight, that many months ago (on the 28th at the latest)."""
    today = datetime.now(UTC)
    years, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return f"{years:04}-{month + 1:02}-{min(today.day, 28):02}T00:00:00Z"
