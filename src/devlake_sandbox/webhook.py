"""Takes in what CI pipelines send: deployments, issues and that an issue is closed."""

from collections.abc import Mapping
from dataclasses import dataclass

from devlake_sandbox import deployments, incidents, legacy, shapes, tables
from devlake_sandbox.answers import (
    BAD_REQUEST,
    Answer,
    RefusedError,
    chain,
    not_found,
    refused,
    success,
)
from devlake_sandbox.gostruct import Decoding, Struct, Values, violations
from devlake_sandbox.store import Store
from devlake_sandbox.tables import Row
from devlake_sandbox.versions import Version

Body = Mapping[str, object]


@dataclass(frozen=True)
class Webhook:
    """The webhook plugin of one version of DevLake, with what it keeps."""

    version: Version
    store: Store

    def deployment(self, connection: int, body: Body) -> Answer:
        """Store a deployment and its commits, over those with the same ids."""
        struct = shapes.deployment(self.version)
        request, ignored = _decoded(struct, body)
        if wrong := violations(struct, request):
            raise refused(BAD_REQUEST, "input json error (400)", wrong)
        modern = self.version.since("v1.0.1")
        rows = deployments.rows if modern else legacy.rows
        commits, deployment = rows(self.version, connection, request)
        self._write(tables.COMMITS, commits)
        try:
            self._write(tables.DEPLOYMENTS, deployment)
        except RefusedError as refusal:
            if modern:
                # The commits stay: contract/devlake-v1.0.1.json, '… default with 1000 commits'.
                return refusal.answer
            raise
        return success(ignored=ignored)

    def issue(self, connection: int, body: Body) -> Answer:
        """Store an issue over the one with the same key, and the incident that it may be."""
        struct = shapes.issue(self.version)
        request, ignored = _decoded(struct, body)
        if wrong := violations(struct, request):
            # A bare JSON string, unlike a deployment's: contract, 'incident: without title'.
            raise RefusedError(Answer(BAD_REQUEST, chain((wrong, wrong))))
        self._write_issue(connection, incidents.issue_row(self.version, connection, request))
        return success(ignored=ignored)

    def close(self, connection: int, key: str) -> Answer:
        """Set an issue to DONE and nothing else: no resolution date, so no recovery time."""
        issue = self.store.get(tables.ISSUES, incidents.issue_id(connection, key))
        if issue is None:
            raise not_found("issue not found")
        closed = deployments.without(issue, {"original_status"}) | {"status": "DONE"}
        self._write_issue(connection, closed)
        return success()

    def _write_issue(self, connection: int, issue: Row) -> None:
        self._write(tables.ISSUES, [issue])
        if issue.get("type") == incidents.INCIDENT and self.version.since("v1.0.1"):
            self._write(tables.INCIDENTS, [incidents.incident_row(connection, issue)])

    def _write(self, table: str, rows: list[Row]) -> None:
        self.store.put(table, [tables.checked(self.version, table, row) for row in rows])


def _decoded(struct: Struct, body: Body) -> tuple[Values, tuple[str, ...]]:
    decoding = Decoding()
    request = decoding.struct(struct, body)
    if wrong := decoding.complaint():
        raise RefusedError(Answer(BAD_REQUEST, chain((wrong, wrong))))
    return request, tuple(decoding.ignored)
