"""`devlake-ci replay`: send what was kept when DevLake could not be reached."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import NamedTuple

import click

from devlake_ci.ci.facts import value
from devlake_ci.cli import params
from devlake_ci.cli.outcome import carry_out
from devlake_ci.cli.printing import masks, progress, say, secrets
from devlake_ci.cli.refresh import blueprint, notes
from devlake_ci.devlake.address import at
from devlake_ci.devlake.delivery import Delivery
from devlake_ci.devlake.request import Answer, Request
from devlake_ci.devlake.spool import (
    CorruptError,
    NewerVersionError,
    SpooledEvent,
    file_name,
    parse,
    row_in_name,
)
from devlake_ci.errors import (
    BadUsageError,
    InvalidReportError,
    Problem,
    RefusedError,
    StoppedError,
    UnreachedError,
)
from devlake_ci.options import Options
from devlake_ci.runtime import Runtime
from devlake_ci.runtime.workers import Workers
from devlake_ci.text import line, quoted

GIVEN = (
    *("url", "token", "header", "ca_bundle", "client_cert", "client_key", "dialect"),
    *("deadline", "refresh", "refresh_wait", "dry_run", "verbose"),
)
PARALLEL = 8
PATIENCE = 3
"""Events in a row that DevLake doesn't take in time, after which the newest one is tried; if that
isn't taken either, the rest is left for later."""
NOWHERE = "connections/0"
"""A route to check the address with, before there is an event."""


@click.command(cls=params.Grouped, params=params.parameters(*GIVEN))
@click.option(
    "--parallel",
    type=click.IntRange(1, PARALLEL),
    metavar="N",
    help=f"How many events to send at a time, 1 to {PARALLEL}; those about the same deployment or "
    f"incident always go one after the other. {PARALLEL} if not given.  [DEVLAKE_PARALLEL]",
)
@click.argument("folders", metavar="DIR...", nargs=-1, required=True)
@click.pass_context
def replay(
    context: click.Context, /, folders: tuple[str, ...], parallel: int | None, **_: object
) -> None:
    """Send what was kept in spool folders, oldest first.

    A file is removed only after DevLake said that its event is stored. It may be stopped, started
    again, and run twice at once. Where to and with which token is said here, never by a file; the
    connection or project is the file's. The deadline is for each event.
    """
    context.obj.stop_at_signals()
    run = Replay(context.obj, params.options(context), parallel or _parallel(context.obj))
    with ExitStack() as held:  # what can't be used is told at the end, and stops no other
        run.replay([each for each in folders if run.holds(each, held)])
    run.conclude()


def _parallel(runtime: Runtime) -> int:
    given = value(runtime.env, "DEVLAKE_PARALLEL") or str(PARALLEL)
    if given not in map(str, range(1, PARALLEL + 1)):
        raise BadUsageError(
            f"DEVLAKE_PARALLEL: {quoted(given)} is not a number from 1 to {PARALLEL}.",
            "Give such a number, or leave it out.",
        )
    return int(given)


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

    def done(self, waiting: Waiting) -> None:
        """Let the next event of the same key follow."""
        if later := self._later[waiting.key]:
            heappush(self._ready, later.pop())


class SupersededError(Exception):
    """A report that is stored meanwhile took the file away."""


class Sender:
    """One connection to DevLake, which sends one event at a time."""

    def __init__(self, runtime: Runtime, options: Options, log: Callable[[str], None]) -> None:
        """Check the address; raise BadUsageError."""
        self._runtime = runtime
        self._options = options
        self._send = runtime.connect(options).send
        self.delivery = Delivery(
            target=at(options, NOWHERE),
            send=self._send,
            clock=runtime.clock,
            ends=0.0,
            dialect=options.dialect,
            log=log,
        )

    def send(self, waiting: Waiting) -> None:
        """Send an event; raise Problem, or SupersededError, OSError or CorruptError."""
        text = self._runtime.spool.read(waiting.path)  # anew: not all may fit in memory
        event = parse(text or "")
        delivery = replace(
            self.delivery,
            target=at(self._options, event.route),
            ends=self._runtime.clock.monotonic() + self._options.deadline,
            send=lambda request, seconds: self._attempt(waiting, request, seconds),
        )
        try:
            delivery.deliver(event.event)
        finally:
            self.delivery.dialect = delivery.dialect

    def _attempt(self, waiting: Waiting, request: Request, seconds: float) -> Answer:
        """Send a request, unless its event is out of date by now: a retry would undo what is."""
        if not self._runtime.spool.is_waiting(waiting.path):
            raise SupersededError
        return self._send(request, seconds)


class Replay:
    """One replay of folders."""

    def __init__(self, runtime: Runtime, options: Options, parallel: int) -> None:
        """Check the address, before anything is read; raise BadUsageError."""
        self.runtime = runtime
        self.options = options
        self.parallel = parallel
        self.counts = Counts()
        self.held_back: set[str] = set()
        self.seen: set[str] = set()
        self.in_a_row = 0
        self.is_over = False
        blueprint(options)
        carry_out(masks(secrets(options), runtime.env), runtime)
        self.first = self._sender()

    def _sender(self) -> Sender:
        return Sender(self.runtime, self.options, self._log)

    def holds(self, folder: str, held: ExitStack) -> bool:
        """Lock a folder; return False if another replay has it, or it can't be used."""
        try:
            is_ours = held.enter_context(self.runtime.spool.lock(folder))
        except FileNotFoundError:
            _say(f"There is no {quoted(folder, 300)}: nothing was kept there.")
            return False
        except OSError as error:
            self._unusable(folder, error)
            return False
        if not is_ours:
            _say(f"{quoted(folder)} is left to another replay, which is at it.")
        return is_ours

    def replay(self, folders: list[str]) -> None:
        """Send all that waits there, and what is kept there meanwhile."""
        while not self.is_over and (
            found := list(chain.from_iterable(map(self._found, dict.fromkeys(folders))))
        ):
            with progress(len(found), self.runtime.clock.monotonic) as advance:
                self._send_all(Queue(found), advance)
            if self.options.dry_run:
                return

    def conclude(self) -> None:
        """Print how it went; raise the worst problem."""
        counts = self.counts
        left = f", {counts.unsent} still waiting" if counts.unsent else ""
        aside = f", {counts.aside} set aside" if counts.aside else ""
        others = f", {counts.others} of another DevLake left alone" if counts.others else ""
        say(f"Replayed: {counts.sent} stored{left}{aside}{others}.")
        if counts.sent:
            for said in notes(self.runtime, self.options, self.first.delivery.target):
                say(line(said))
        if counts.problems:
            raise max(counts.problems, key=lambda each: each.exit_code)

    def _send_all(self, queue: Queue, advance: Callable[[], None]) -> None:
        """Send one after the other until DevLake has answered, and then several at a time."""
        has_answered = self.parallel == 1
        try:
            for waiting in self._alone(queue):
                has_answered = self._is_settled(waiting) or has_answered
                queue.done(waiting)
                advance()
                if has_answered and self.parallel > 1:
                    self._at_once(queue, advance)
        except (StoppedError, BadUsageError) as problem:
            self.counts.problems.append(problem)
            self.counts.unsent += 1
            self.is_over = True
        while queue:
            waiting = queue.oldest()
            self._leave(waiting)
            queue.done(waiting)

    def _alone(self, queue: Queue) -> Iterator[Waiting]:
        while queue and self.in_a_row < PATIENCE:
            yield queue.oldest()
        if queue and self.in_a_row >= PATIENCE:
            yield queue.newest()  # an event that no server takes may not keep others waiting
            if self.in_a_row == 0:
                yield from self._alone(queue)
        self.is_over = self.is_over or self.in_a_row >= PATIENCE

    def _at_once(self, queue: Queue, advance: Callable[[], None]) -> None:
        """Send several at a time, each over a connection of its own."""
        if self.options.dry_run or not queue:
            return
        more = [self._sender() for _ in range(self.parallel - 1)]
        for each in more:
            each.delivery.dialect = self.first.delivery.dialect
        self._share_out(queue, Workers([each.send for each in (self.first, *more)]), advance)

    def _share_out(
        self, queue: Queue, workers: Workers[Waiting, None], advance: Callable[[], None]
    ) -> None:
        under_way = 0
        while queue or under_way:
            while queue and under_way < workers.count and self.in_a_row < PATIENCE:
                waiting = queue.oldest()
                if self._is_held_back(waiting):
                    self._leave(waiting)
                    queue.done(waiting)
                else:
                    workers.start(waiting)
                    under_way += 1
            if not under_way:
                return
            try:
                waiting, result = workers.wait()
                self._settle(waiting, result)
            except (StoppedError, BadUsageError):
                self.counts.unsent += under_way - 1  # the last one is counted by who catches this
                raise
            under_way -= 1
            queue.done(waiting)
            advance()

    def _found(self, folder: str) -> Iterator[Waiting]:
        """Read which new events a folder holds; set aside what is not an event."""
        try:
            for path in self.runtime.spool.unfinished(folder):
                self._set_aside(path, "it was never written to its end")
            paths = self.runtime.spool.listed(folder)
        except OSError as error:
            self._unusable(folder, error)
            return
        for path in paths:
            if path not in self.seen and (event := self._event(path)):
                yield Waiting(event.order, file_name(path), path, event.key, event.row)
            self.seen.add(path)

    def _event(self, path: str) -> SpooledEvent | None:
        try:
            text = self.runtime.spool.read(path)
            if text is None:
                raise CorruptError("it is a link, not a file, or too large")  # noqa: TRY301 (one way out)
            event = parse(text)
        except FileNotFoundError:
            return None  # a report that is stored since took it away
        except OSError as error:
            self._unread(path, error)
            return None
        except CorruptError as why:
            self._set_aside(path, str(why))
            return None
        except NewerVersionError as why:
            self.counts.others += 1
            self.held_back.add(row_in_name(path))
            _say(f"{quoted(path, 300)} is left alone: {why}.")
            return None
        base = self.first.delivery.target.base
        if event.base != base:
            self.counts.others += 1
            _say(
                f"{quoted(path, 300)} is left alone: it is for {quoted(event.base)}, and "
                f"{self.options.source('url')} is {quoted(base)}."
            )
            return None
        return event

    def _is_held_back(self, waiting: Waiting) -> bool:
        return not self.held_back.isdisjoint({waiting.key, waiting.row})

    def _is_settled(self, waiting: Waiting) -> bool:
        """Send one event; return whether DevLake has answered."""
        if self._is_held_back(waiting):
            self._leave(waiting)
            return False
        if self.options.dry_run:
            if event := self._event(waiting.path):
                _say(f"{quoted(waiting.path, 300)} would go to {event.route}.")
            self.counts.unsent += 1
            return True
        result: BaseException | None = None
        try:
            self.first.send(waiting)
        except Exception as error:  # noqa: BLE001 (told apart there)
            result = error
        return self._settle(waiting, result)

    def _settle(self, waiting: Waiting, result: BaseException | None) -> bool:
        """Do what follows from how sending went; return whether DevLake has answered."""
        match result:
            case None:
                self._remove(waiting.path)
                self.counts.sent += 1
            case SupersededError() | FileNotFoundError():
                return False
            case InvalidReportError():
                self._set_aside(waiting.path, result.message, result)
            case StoppedError():
                self.held_back.add(waiting.key)
                raise result
            case RefusedError() | UnreachedError():
                self.counts.problems.append(result)
                _say(f"{quoted(waiting.path, 300)} still waits: {line(result.message)}")
                self._leave(waiting)
                if isinstance(result, UnreachedError):
                    self.in_a_row += 1
                    return False
            case OSError():
                self._unread(waiting.path, result)
                return False
            case CorruptError():
                self._set_aside(waiting.path, str(result))
                return False
            case _:
                raise result
        self.in_a_row = 0
        return True

    def _leave(self, waiting: Waiting) -> None:
        """Keep a file, and with it all that is later about the same thing."""
        self.counts.unsent += 1
        self.held_back.add(waiting.key)

    def _remove(self, path: str) -> None:
        try:
            self.runtime.spool.remove(path)
        except OSError as error:
            raise BadUsageError(
                f"{quoted(path, 300)} is stored, but can't be removed: {_why(error)}.",
                "Nothing more is sent. Let this command write in the folder; sending it again does "
                "no harm.",
            ) from None

    def _set_aside(self, path: str, why: str, problem: Problem | None = None) -> None:
        """Rename what can never be sent, so that it keeps nothing else waiting."""
        try:
            now = quoted(self.runtime.spool.set_aside(path), 300)
        except OSError as error:
            now = f"left there ({_why(error)})"
        self.counts.aside += 1
        what = "was refused" if problem else "is not an event that can be sent"
        message = f"{quoted(path, 300)} {what} ({line(why)}): it is now {now}."
        _say(message)
        self.counts.problems.append(
            RefusedError(message, problem.hint)
            if problem
            else BadUsageError(message, "Look at it, and remove it.")
        )

    def _unread(self, path: str, error: OSError) -> None:
        message = f"{quoted(path, 300)} can't be read: {_why(error)}."
        _say(message)
        self.counts.unsent += 1
        self.held_back.add(row_in_name(path))
        self.counts.problems.append(BadUsageError(message, "Let this command read it."))

    def _unusable(self, folder: str, error: OSError) -> None:
        message = f"{quoted(folder, 300)} can't be used: {_why(error)}."
        _say(message)
        hint = "Give the folder that was given as --spool."
        self.counts.problems.append(BadUsageError(message, hint))

    def _log(self, text: str) -> None:
        if self.options.verbose:
            _say(text)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _say(text: str) -> None:
    say(line(text), err=True)
