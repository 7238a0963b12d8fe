"""A stand-in for DevLake that fits in a test: real HTTP, DevLake's answers, rows to look at."""

from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from threading import Barrier, BrokenBarrierError, Thread
from types import TracebackType
from typing import Self

from devlake_sandbox import dora, lead_time, page, record, router, runs, setup_routes, tables
from devlake_sandbox.answers import Answer
from devlake_sandbox.record import Received
from devlake_sandbox.request import CONFIG_UI, Request
from devlake_sandbox.server import Server
from devlake_sandbox.store import Store
from devlake_sandbox.tables import Row
from devlake_sandbox.versions import RELEASED, Version

SETTINGS = "settings"


PATIENCE = 10
"""Seconds that a request is held back for others at most."""


class Sandbox:
    """A DevLake of `version` on `host`:`port` (0: any that is free), keeping its rows in `store`.

    `store` is a file, which keeps everything over a restart, or ":memory:". Unless `empty`, there
    is a connection named "ci", a project "ci" that has it, with the blueprint 1, and an API key for
    both. It listens from the start and answers inside a `with` block or in `serve_forever`.

    `auth_enabled` is DevLake's AUTH_ENABLED.

    Raise ValueError for an unknown version, OSError if the address can't be used, sqlite3.Error if
    the file can't.
    """

    def __init__(
        self,
        version: str = RELEASED,
        store: str = ":memory:",
        port: int = 0,
        empty: bool = False,
        host: str = "127.0.0.1",
        *,
        run_seconds: float = runs.SECONDS,
        auth_enabled: bool = False,
    ) -> None:
        """Bind the address and prepare the store; `run_seconds` is how long a blueprint runs."""
        self.version = Version(version)
        self._together: Barrier | None = None
        self._thread: Thread | None = None
        with ExitStack() as undo:
            self._store = Store(store)
            undo.callback(self._store.close)
            self._devlake = router.Server(self.version, self._store, auth_enabled)
            settings = self._store.get(SETTINGS, "1") or {}
            self._server = self._bind(host, port, settings.get("port", 0))
            undo.callback(self._server.server_close)
            self.url = f"http://{host}:{self._server.port}"
            self.token: str | None = settings.get("token")
            if not (empty or settings):
                self.token = setup_routes.begin(self._store, self.version)
            # In plain, unlike DevLake: a restart shall print the same again.
            kept = {"id": 1, "port": self._server.port, "token": self.token}
            self._store.put(SETTINGS, [kept])
            runs.set_pace(self._store, run_seconds)
            undo.pop_all()

    def _bind(self, host: str, port: int, before: int) -> Server:
        """Listen on the port that is wanted, else on the one from before the restart."""
        if not port:
            with suppress(OSError):
                return Server(host, before, self._answer)
        return Server(host, port, self._answer)

    @property
    def connection_url(self) -> str | None:
        """The URL of the first connection as one copies it from the Config UI."""
        if self.token is None:
            return None
        return f"{self.url}{CONFIG_UI}/rest/plugins/webhook/connections/1/deployments"

    @property
    def requests(self) -> list[Received]:
        """What arrived, in order, without the Authorization header."""
        return record.all_received(self._store)

    @property
    def months(self) -> list[dora.Month]:
        """What DevLake's dashboard would show, month by month."""
        return dora.months(dora.read_stored(self._store, self.version))

    @property
    def lead_times(self) -> list[lead_time.LeadTime]:
        """What each merged pull request took, as DevLake computes it."""
        return dora.read_stored(self._store, self.version).lead_times

    def hold_back(self, number: int) -> None:
        """Hold the next requests until `number` have come, so that they race as on a real server.

        What is first to be stored wins, and the others are answered as DevLake does.
        """
        self._together = Barrier(number)

    def rows(self, table: str) -> list[Row]:
        """Return the rows of one of tables.TABLES, in the order in which they first came."""
        if table not in tables.TABLES:
            raise ValueError(f"{table!r} is not one of: {', '.join(tables.TABLES)}.")
        return self._store.all(table)

    @property
    def projects(self) -> list[runs.Project]:
        """The projects, with what their last run found and counted."""
        self._advance()
        return runs.all_projects(self._store)

    def _advance(self) -> None:
        with self._store.transaction():
            runs.advance(self._store, datetime.now(UTC))

    def _answer(self, request: Request) -> Answer:
        self._advance()
        if request.method in ("GET", "HEAD") and request.path == "/":
            return page.answer(
                self.version, self._store, request.query, self.connection_url, self.token
            )
        arrived = self._store.last_place()
        if together := self._together:
            with suppress(BrokenBarrierError):
                together.wait(PATIENCE)
            self._together = None
        answer = router.answer(self._devlake, request.past_config_ui(), arrived)
        record.record(self._store, request, answer, secret=self.token)
        return answer

    def __enter__(self) -> Self:
        """Answer in a thread of its own."""
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop answering and close what is open."""
        self._server.shutdown()
        if self._thread:
            self._thread.join()
        self._close()

    def serve_forever(self) -> None:
        """Answer until Ctrl-C."""
        try:
            with suppress(KeyboardInterrupt):
                self._server.serve_forever()
        finally:
            self._close()

    def _close(self) -> None:
        self._server.server_close()
        self._store.close()
