"""The backlog of a replay: which events wait in spool folders, and what becomes of the files."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import field
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import NamedTuple

from devlake_ci.cli.printing import say
from devlake_ci.dataclass import dataclass
from devlake_ci.devlake.spool import (
    CorruptError,
    NewerVersionError,
    SpooledEvent,
    file_name,
    parse,
    row_in_name,
)
from devlake_ci.errors import BadUsageError, Problem, RefusedError, reason
from devlake_ci.runtime.spool import Spool
from devlake_ci.text import line, quoted


@dataclass
class Counts:
    """What became of the files."""

    sent: int = 0
    unsent: int = 0
    aside: int = 0
    others: int = 0
    problems: list[Problem] = field(default_factory=list)


class Waiting(NamedTuple):
    """A file that holds an event; sorts by time, and within a second by name, which counts on."""

    order: tuple[datetime, datetime]
    name: str
    path: str
    key: str
    row: str


class Queue:
    """What waits, oldest first, and of the same key one at a time."""

    def __init__(self, waiting: Iterable[Waiting]) -> None:
        """Take events in any order."""
        self._later: dict[str, list[Waiting]] = {}
        for each in sorted(waiting, reverse=True):
            self._later.setdefault(each.key, []).append(each)
        self._ready = [each.pop() for each in self._later.values()]
        heapify(self._ready)

    def __bool__(self) -> bool:
        """Return whether something may be taken now."""
        return bool(self._ready)

    def oldest(self) -> Waiting:
        """Take the oldest event whose predecessor is done with."""
        return heappop(self._ready)

    def newest(self) -> Waiting:
        """Take the newest such event."""
        newest = max(self._ready)
        self._ready.remove(newest)
        heapify(self._ready)
        return newest

    def mark_done(self, waiting: Waiting) -> None:
        """Let the next event of the same key follow."""
        if later := self._later[waiting.key]:
            heappush(self._ready, later.pop())


class Backlog:
    """The events that wait for one DevLake; what can't be used is told, and stops no other."""

    def __init__(self, spool: Spool, base: str, source: str) -> None:
        """Take where events may go to: `base`, which `source` gave."""
        self.spool = spool
        self.base = base
        self.source = source
        self.counts = Counts()
        self.held_back: set[str] = set()
        """Keys and rows of which something waits on: nothing later of them may go."""
        self._seen: set[str] = set()

    def lock(self, folder: str, held: ExitStack) -> bool:
        """Lock a folder; return False if another replay has it, or it can't be used."""
        try:
            is_ours = held.enter_context(self.spool.lock(folder))
        except FileNotFoundError:
            note(f"There is no {quoted(folder, 300)}: nothing was kept there.")
            return False
        except OSError as error:
            self._note_unusable(folder, error)
            return False
        if not is_ours:
            note(f"{quoted(folder)} is left to another replay, which is running.")
        return is_ours

    def waiting(self, folders: Iterable[str]) -> list[Waiting]:
        """Return the events that came into these folders since the last call."""
        return list(chain.from_iterable(map(self._list_new, dict.fromkeys(folders))))

    def _list_new(self, folder: str) -> Iterator[Waiting]:
        """Read which new events a folder holds; set aside what is not an event."""
        try:
            for path in self.spool.list_unfinished(folder):
                self.set_aside(path, "it was never written to its end")
            paths = self.spool.list_events(folder)
        except OSError as error:
            self._note_unusable(folder, error)
            return
        for path in paths:
            if path not in self._seen and (event := self.event(path)):
                yield Waiting(event.order, file_name(path), path, event.key, event.row_id)
            self._seen.add(path)

    def event(self, path: str) -> SpooledEvent | None:
        """Read a file; None, with a note, if it holds nothing that may go to this DevLake."""
        try:
            text = self.spool.read(path)
            if text is None:
                raise CorruptError("it is a link, not a file, or too large")  # noqa: TRY301 (one way out)
            event = parse(text)
        except FileNotFoundError:
            return None  # a report that is stored since took it away
        except OSError as error:
            self.note_unreadable(path, error)
            return None
        except CorruptError as why:
            self.set_aside(path, str(why))
            return None
        except NewerVersionError as why:
            self.counts.others += 1
            self.held_back.add(row_in_name(path))
            note(f"{quoted(path, 300)} is left alone: {why}.")
            return None
        if event.base != self.base:
            self.counts.others += 1
            note(
                f"{quoted(path, 300)} is left alone: it is for {quoted(event.base)}, and "
                f"{self.source} is {quoted(self.base)}."
            )
            return None
        return event

    def is_held_back(self, waiting: Waiting) -> bool:
        """Return whether something earlier about the same thing waits on."""
        return not self.held_back.isdisjoint({waiting.key, waiting.row})

    def leave(self, waiting: Waiting) -> None:
        """Keep a file, and with it all that is later about the same thing."""
        self.counts.unsent += 1
        self.held_back.add(waiting.key)

    def remove(self, path: str) -> None:
        """Remove the file of an event that is stored; raise BadUsageError."""
        try:
            self.spool.remove(path)
        except OSError as error:
            raise BadUsageError(
                f"{quoted(path, 300)} is stored, but can't be removed: {reason(error)}.",
                "Nothing more is sent. Let this command write to the folder; sending it again does "
                "no harm.",
            ) from None

    def set_aside(self, path: str, why: str, problem: Problem | None = None) -> None:
        """Rename a file that can never be sent, so that nothing waits for it."""
        try:
            now = quoted(self.spool.set_aside(path), 300)
        except OSError as error:
            now = f"left there ({reason(error)})"
        self.counts.aside += 1
        what = "was refused" if problem else "is not an event that can be sent"
        message = f"{quoted(path, 300)} {what} ({line(why)}): it is now {now}."
        note(message)
        self.counts.problems.append(
            RefusedError(message, problem.hint)
            if problem
            else BadUsageError(message, "Look at it, and remove it.")
        )

    def note_unreadable(self, path: str, error: OSError) -> None:
        """Note that a file can't be read, and hold back what is later about the same thing."""
        message = f"{quoted(path, 300)} can't be read: {reason(error)}."
        note(message)
        self.counts.unsent += 1
        self.held_back.add(row_in_name(path))
        self.counts.problems.append(BadUsageError(message, "Let this command read it."))

    def _note_unusable(self, folder: str, error: OSError) -> None:
        message = f"{quoted(folder, 300)} can't be used: {reason(error)}."
        note(message)
        hint = "Use the folder that --spool named."
        self.counts.problems.append(BadUsageError(message, hint))


def note(text: str) -> None:
    """Print a line to standard error."""
    say(line(text), err=True)
