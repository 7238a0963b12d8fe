"""Store what CI pipelines send: deployments, issues and pull requests."""

from collections.abc import Mapping
from dataclasses import dataclass

from devlake_sandbox import deployments, incidents, legacy, pull_requests, shapes, tables
from devlake_sandbox.answers import (
    BAD_REQUEST,
    SERVER_ERROR,
    Answer,
    RefusedError,
    chain,
    not_found,
    refusal,
    success,
)
from devlake_sandbox.decoding import Decoding, Struct, Values, violations
from devlake_sandbox.store import Store
from devlake_sandbox.tables import Row
from devlake_sandbox.versions import Version

Body = Mapping[str, object]
BOARD = "board"
"""Where issues are; a connection's board is made with its first issue."""


@dataclass(frozen=True)
class Webhook:
    """The webhook plugin of one version of DevLake, with what it keeps."""

    version: Version
    store: Store
    arrived: int
    """How far the store had been filled when the request came: what is newer was a race."""

    def deployment(self, connection: int, body: Body) -> Answer:
        """Store a deployment and its commits, over those with the same ids."""
        struct = shapes.deployment(self.version)
        request, ignored = self._decode(struct, body)
        if wrong := violations(struct, request):
            raise refusal(BAD_REQUEST, "input json error (400)", wrong)
        modern = self.version.since("v1.0.1")
        rows = deployments.rows if modern else legacy.rows
        commits, deployment = rows(self.version, connection, request)
        if len(commits) > tables.MOST_COMMITS:
            error = "Error 1390 (HY000): Prepared statement contains too many placeholders"
            raise refusal(SERVER_ERROR, f"{error} (500)", error)
        self._write(tables.COMMITS, commits)
        try:
            self._write(tables.DEPLOYMENTS, deployment)
        except RefusedError as error:
            if modern:
                # The commits stay: contract/devlake-v1.0.1.json, '… default with 1000 commits'.
                return error.answer
            raise
        return success(ignored=ignored)

    def issue(self, connection: int, body: Body) -> Answer:
        """Store an issue over the one with the same key, and the incident that it may be."""
        struct = shapes.issue(self.version)
        request, ignored = self._decode(struct, body)
        if wrong := violations(struct, request):
            # A bare JSON string, unlike a deployment's: contract, 'incident: without title'.
            raise RefusedError(Answer(BAD_REQUEST, chain((wrong, wrong))))
        self._make_board(f"webhook:{connection}")
        self._write_issue(connection, incidents.issue_row(self.version, connection, request))
        return success(ignored=ignored)

    def _make_board(self, board: str) -> None:
        """Make the connection's board; refuse if another request did while this one was under way.

        DevLake looks for the board and inserts it in two steps, so the first incidents of a
        connection that are sent at the same moment collide.
        """
        if self.store.is_newer_than(BOARD, board, self.arrived):
            error = f"Error 1062 (23000): Duplicate entry '{board}' for key 'PRIMARY'"
            raise refusal(BAD_REQUEST, f"{error} (400)", error)
        self.store.put(BOARD, [{"id": board}])

    def close(self, connection: int, key: str) -> Answer:
        """Set an issue to DONE."""
        issue = self.store.get(tables.ISSUES, incidents.issue_id(connection, key))
        if issue is None:
            raise not_found("issue not found")
        self._write_issue(connection, incidents.close(self.version, issue))
        return success()

    def pull_request(self, connection: int, body: Body) -> Answer:
        """Store a pull request over the one with the same number in this connection."""
        request, ignored = self._decode(shapes.PULL_REQUEST, body)
        if wrong := violations(shapes.PULL_REQUEST, request):
            raise refusal(BAD_REQUEST, "input json error (400)", wrong)
        self._write(tables.PULL_REQUESTS, [pull_requests.row(connection, request)])
        return success(ignored=ignored)

    def _write_issue(self, connection: int, issue: Row) -> None:
        self._write(tables.ISSUES, [issue])
        if issue.get("type") == incidents.INCIDENT and self.version.since("v1.0.1"):
            self._write(tables.INCIDENTS, [incidents.incident_row(connection, issue)])

    def _write(self, table: str, rows: list[Row]) -> None:
        self.store.put(table, [tables.check_lengths(self.version, table, row) for row in rows])

    def _decode(self, struct: Struct, body: Body) -> tuple[Values, tuple[str, ...]]:
        decoding = Decoding(microseconds=self.version.since("main"))
        request = decoding.struct(struct, body)
        if wrong := decoding.complaint():
            raise RefusedError(Answer(BAD_REQUEST, chain((wrong, wrong))))
        return request, tuple(decoding.ignored)
