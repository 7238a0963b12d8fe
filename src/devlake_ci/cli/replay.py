"""`devlake-ci replay`: send what was kept when DevLake could not be reached."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache, partial

import click

from devlake_ci.ci.facts import value
from devlake_ci.cli import params
from devlake_ci.cli.backlog import Backlog, Queue, Waiting, note
from devlake_ci.cli.outcome import carry_out
from devlake_ci.cli.printing import progress, say
from devlake_ci.cli.refresh import blueprint_number, refresh_project
from devlake_ci.cli.secrets import masks, option_secrets
from devlake_ci.devlake.address import NOWHERE, target_at
from devlake_ci.devlake.delivery import Delivery
from devlake_ci.devlake.request import Answer, Request
from devlake_ci.devlake.spool import CorruptError, parse
from devlake_ci.errors import (
    BadUsageError,
    InvalidReportError,
    RefusedError,
    StoppedError,
    UnreachedError,
)
from devlake_ci.options import Options
from devlake_ci.runtime import Runtime
from devlake_ci.runtime.workers import Workers
from devlake_ci.text import line, quoted

OPTIONS = (
    *("url", "token", "header", "ca_bundle", "client_cert", "client_key", "dialect"),
    *("deadline", "refresh", "refresh_wait", "dry_run", "verbose"),
)
HELP = {
    "url": params.BASE_ONLY,
    "deadline": "Time limit in seconds for each event, including retries.",
}
"""What an option means here."""
PARALLEL = 8
PATIENCE = 3
"""Events in a row that DevLake doesn't take in time, after which the newest one is tried; if that
isn't taken either, the rest is left for later."""


@click.command(
    cls=params.Grouped,
    params=params.parameters(*OPTIONS, **HELP),
    common=("deadline",),
    examples=(("All that a report with --spool kept", "devlake-ci replay devlake-spool"),),
)
@click.option(
    "--parallel",
    type=click.IntRange(1, PARALLEL),
    metavar="N",
    help=f"How many events to send at a time, 1 to {PARALLEL}. Events about the same deployment or "
    f"incident are always sent one after the other. Default: {PARALLEL}.  [DEVLAKE_PARALLEL]",
)
@click.argument("folders", metavar="DIR...", nargs=-1, required=True)
@click.pass_context
def replay(
    context: click.Context, /, folders: tuple[str, ...], parallel: int | None, **_: object
) -> None:
    """Send the reports that spool folders keep, oldest first.

    A file is removed only after DevLake has confirmed that the file's event is stored. You can stop
    a replay at any time and start it again; two replays can run at once. Server and token come from
    these options, never from a file; the connection or project comes from the file. Don't replay
    the same copy of a folder twice: an incident that was closed meanwhile would be opened again.
    """
    context.obj.stop_at_signals()
    run = Replay(context.obj, params.options(context), parallel or _parallel(context.obj))
    with ExitStack() as held:  # what can't be used is told at the end, and stops no other
        run.replay([each for each in folders if run.backlog.lock(each, held)])
    run.conclude()


def _parallel(runtime: Runtime) -> int:
    given = value(runtime.env, "DEVLAKE_PARALLEL") or str(PARALLEL)
    if given not in map(str, range(1, PARALLEL + 1)):
        raise BadUsageError(
            f"DEVLAKE_PARALLEL: {quoted(given)} is not a number from 1 to {PARALLEL}.",
            "Use such a number, or leave it out.",
        )
    return int(given)


class SupersededError(Exception):
    """A report that was stored meanwhile removed the file."""


class Sender:
    """One connection to DevLake, which sends one event at a time."""

    def __init__(self, runtime: Runtime, options: Options, log: Callable[[str], None]) -> None:
        """Check the address; raise BadUsageError."""
        self._runtime = runtime
        self._options = options
        self._send = runtime.connect(options).send
        self._target_at = lru_cache(partial(target_at, options))
        self.delivery = Delivery(
            target=self._target_at(NOWHERE),
            send=self._send,
            clock=runtime.clock,
            deadline=0.0,
            dialect=options.dialect,
            log=log,
        )

    def send(self, waiting: Waiting) -> None:
        """Send an event; raise Problem, or SupersededError, OSError or CorruptError."""
        text = self._runtime.spool.read(waiting.path)  # anew: not all may fit in memory
        event = parse(text or "")
        delivery = replace(
            self.delivery,
            target=self._target_at(event.route),
            deadline=self._runtime.clock.monotonic() + self._options.deadline,
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
        self.in_a_row = 0
        """Events in a row that DevLake didn't take in time."""
        self.is_over = False
        blueprint_number(options)
        carry_out(masks(option_secrets(options), runtime.env), runtime)
        self.first = self._sender()
        base = self.first.delivery.target.base
        self.backlog = Backlog(runtime.spool, base, options.source("url"))

    def _sender(self) -> Sender:
        return Sender(self.runtime, self.options, self._log)

    def replay(self, folders: list[str]) -> None:
        """Send all that waits there, and what is kept there meanwhile."""
        while not self.is_over and (found := self.backlog.waiting(folders)):
            with progress(len(found), self.runtime.clock.monotonic) as advance:
                self._send_all(Queue(found), advance)
            if self.options.dry_run:
                return

    def conclude(self) -> None:
        """Print the counts; raise the worst problem."""
        counts = self.backlog.counts
        left = f", {counts.unsent} still waiting" if counts.unsent else ""
        aside = f", {counts.aside} set aside" if counts.aside else ""
        others = f", {counts.others} of another DevLake left alone" if counts.others else ""
        say(f"Replayed: {counts.sent} stored{left}{aside}{others}.")
        if counts.sent:
            for said in refresh_project(self.runtime, self.options, self.first.delivery.target):
                say(line(said))
        if counts.problems:
            raise max(counts.problems, key=lambda each: each.exit_code)

    def _send_all(self, queue: Queue, advance: Callable[[], None]) -> None:
        """Send one after the other until DevLake has answered, and then several at a time."""
        has_answered = self.parallel == 1
        try:
            for waiting in self._one_by_one(queue):
                has_answered = self._is_settled(waiting) or has_answered
                queue.mark_done(waiting)
                advance()
                if has_answered and self.parallel > 1:
                    self._in_parallel(queue, advance)
        except (StoppedError, BadUsageError) as problem:
            self.backlog.counts.problems.append(problem)
            self.backlog.counts.unsent += 1
            self.is_over = True
        while queue:
            waiting = queue.oldest()
            self.backlog.leave(waiting)
            queue.mark_done(waiting)

    def _one_by_one(self, queue: Queue) -> Iterator[Waiting]:
        while queue and self.in_a_row < PATIENCE:
            yield queue.oldest()
        if queue and self.in_a_row >= PATIENCE:
            yield queue.newest()  # an event that no server takes may not keep others waiting
            if self.in_a_row == 0:
                yield from self._one_by_one(queue)
        self.is_over = self.is_over or self.in_a_row >= PATIENCE

    def _in_parallel(self, queue: Queue, advance: Callable[[], None]) -> None:
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
                if self.backlog.is_held_back(waiting):
                    self.backlog.leave(waiting)
                    queue.mark_done(waiting)
                else:
                    workers.start(waiting)
                    under_way += 1
            if not under_way:
                return
            try:
                waiting, result = workers.wait()
                self._settle(waiting, result)
            except (StoppedError, BadUsageError):
                # The last one is counted by who catches this.
                self.backlog.counts.unsent += under_way - 1
                raise
            under_way -= 1
            queue.mark_done(waiting)
            advance()

    def _is_settled(self, waiting: Waiting) -> bool:
        """Send one event; return whether DevLake has answered."""
        if self.backlog.is_held_back(waiting):
            self.backlog.leave(waiting)
            return False
        if self.options.dry_run:
            if event := self.backlog.event(waiting.path):
                note(f"{quoted(waiting.path, 300)} would go to {event.route}.")
            self.backlog.counts.unsent += 1
            return True
        result: BaseException | None = None
        try:
            self.first.send(waiting)
        except Exception as error:  # noqa: BLE001 (told apart there)
            result = error
        return self._settle(waiting, result)

    def _settle(self, waiting: Waiting, result: BaseException | None) -> bool:
        """Handle the result of sending one event; return whether DevLake has answered."""
        match result:
            case None:
                self.backlog.remove(waiting.path)
                self.backlog.counts.sent += 1
            case SupersededError() | FileNotFoundError():
                return False
            case InvalidReportError():
                self.backlog.set_aside(waiting.path, result.message, result)
            case StoppedError():
                self.backlog.held_back.add(waiting.key)
                raise result
            case RefusedError() | UnreachedError():
                self.backlog.counts.problems.append(result)
                note(f"{quoted(waiting.path, 300)} still waits: {line(result.message)}")
                self.backlog.leave(waiting)
                if isinstance(result, UnreachedError):
                    self.in_a_row += 1
                    return False
            case OSError():
                self.backlog.note_unreadable(waiting.path, result)
                return False
            case CorruptError():
                self.backlog.set_aside(waiting.path, str(result))
                return False
            case _:
                raise result
        self.in_a_row = 0
        return True

    def _log(self, text: str) -> None:
        if self.options.verbose:
            note(text)
