"""Keep what the sandbox knows in one SQLite file, or in memory."""

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
        """Keep other threads out; roll back on an exception."""
        with self._lock:
            self._db.execute("begin")
            try:
                yield
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def put(self, kind: str, documents: Iterable[Mapping[str, Any]]) -> None:
        """Write documents, each over the one with the same `id`."""
        rows = [(kind, _key(one["id"]), json.dumps(one)) for one in documents]
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
        """Return the document of this kind and id, or None."""
        query = "select content from documents where kind = ? and id = ?"
        with self._lock:
            found = self._db.execute(query, (kind, _key(key))).fetchone()
        return json.loads(found[0]) if found else None

    def changes(self) -> int:
        """Return a number that grows with each write."""
        with self._lock:
            return self._db.total_changes

    def last_place(self) -> int:
        """Return how far the store is filled, for `is_newer_than`."""
        with self._lock:
            query = "select coalesce(max(place), 0) from documents"
            return int(self._db.execute(query).fetchone()[0])

    def is_newer_than(self, kind: str, key: str, since: int) -> bool:
        """Return whether this document is there, and was not when the store was filled so far."""
        query = "select place from documents where kind = ? and id = ?"
        with self._lock:
            found = self._db.execute(query, (kind, _key(key))).fetchone()
        return bool(found and found[0] > since)

    def all(self, kind: str) -> list[Document]:
        """Return all documents of this kind."""
        query = "select content from documents where kind = ? order by place"
        with self._lock:
            return [json.loads(row[0]) for row in self._db.execute(query, (kind,))]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()


def _key(key: object) -> str:
    """Return a key as MariaDB compares it: without trailing spaces."""
    return str(key).rstrip(" ")
