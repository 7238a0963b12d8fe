"""Keeps what the sandbox knows in one SQLite file, or in memory."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any

Document = dict[str, Any]

SCHEMA = """
create table if not exists documents (
    place integer primary key,
    kind text not null,
    id text not null,
    content text not null,
    unique (kind, id)
)
"""


class Store:
    """Documents (JSON objects) by kind and id, in the order in which they first came.

    One connection serves all threads, one at a time; sqlite3.Error if the file can't be used.
    """

    def __init__(self, file: str) -> None:
        """Open `file` (":memory:" for none) and make its table if it is new."""
        self._lock = RLock()
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute(SCHEMA)
        except sqlite3.Error:
            self._db.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep other threads out; an exception takes back what was written."""
        with self._lock:
            self._db.execute("begin")
            try:
                yield
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def put(self, kind: str, documents: Iterable[Mapping[str, Any]]) -> None:
        """Write documents, each over the one with its `id` if there is one."""
        rows = [(kind, str(one["id"]), json.dumps(one)) for one in documents]
        with self._lock:
            self._db.executemany(
                "insert into documents (kind, id, content) values (?, ?, ?)"
                " on conflict (kind, id) do update set content = excluded.content",
                rows,
            )

    def append(self, kind: str, document: Mapping[str, Any]) -> Document:
        """Write a new document with the next number of its kind, from 1, as its `id`."""
        with self._lock:
            query = "select count(*) from documents where kind = ?"
            (count,) = self._db.execute(query, (kind,)).fetchone()
            numbered = {"id": count + 1, **document}
            self.put(kind, [numbered])
        return numbered

    def get(self, kind: str, key: str) -> Document | None:
        """Give the document of this kind and id, or None."""
        query = "select content from documents where kind = ? and id = ?"
        with self._lock:
            found = self._db.execute(query, (kind, key)).fetchone()
        return json.loads(found[0]) if found else None

    def all(self, kind: str) -> list[Document]:
        """Give all documents of this kind."""
        query = "select content from documents where kind = ? order by place"
        with self._lock:
            return [json.loads(row[0]) for row in self._db.execute(query, (kind,))]

    def close(self) -> None:
        """Close the file; the store is of no use then."""
        with self._lock:
            self._db.close()
