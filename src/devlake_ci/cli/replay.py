"""`devlake-ci replay`: send what was kept when DevLake could not be reached."""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import NamedTuple

import click

from devlake_ci.ci.masking import masks, secrets
from devlake_ci.cli import params
from devlake_ci.cli.outcome import carry_out
from devlake_ci.cli.progress import told
from devlake_ci.devlake.address import at
from devlake_ci.devlake.delivery import Delivery
from devlake_ci.devlake.spool import file_name, subject_of
from devlake_ci.devlake.spooled import BrokenError, NewerError, Spooled, spooled
from devlake_ci.errors import BadUsageError, Problem, RefusedError, StoppedError, UnreachedError
from devlake_ci.options import Options
from devlake_ci.runtime import Runtime
from devlake_ci.text import line, quoted

GIVEN = (
    *("url", "token", "header", "ca_bundle", "client_cert", "client_key", "dialect"),
    *("deadline", "dry_run", "verbose"),
)
PATIENCE = 3
"""Events in a row that DevLake doesn't take in time, after which the rest is left for later."""
NOWHERE = "connections/0"
"""A route to check the address with, before there is an event."""


@click.command(cls=params.Grouped, params=params.parameters(*GIVEN))
@click.argument("folders", metavar="DIR...", nargs=-1, required=True)
@click.pass_context
def replay(context: click.Context, /, folders: tuple[str, ...], **_: object) -> None:
    """Send what was kept in spool folders, oldest first.

    A file is removed only after DevLake said that its event is stored. It may be stopped, started
    again, and run twice at once. Where to and with which token is said here, never by a file; the
    connection or project is the file's. The deadline is for each event.
    """
    context.obj.stop_at_signals()
    run = Replay(context.obj, params.options(context))
    with ExitStack() as held:  # what can't be used is told at the end, and stops no other
        run.replay([each for each in folders if run.holds(each, held)])
    run.conclude()


@dataclass
class Counts:
    """What became of the files."""

    sent: int = 0
    unsent: int = 0
    aside: int = 0
    others: int = 0
    problems: list[Problem] = field(default_factory=list)


class Waiting(NamedTuple):
    """A file that holds an event, and when that happened."""

    order: tuple[datetime, datetime]
    path: str
    subject: str


class Replay:
    """One replay of folders."""

    def __init__(self, world: Runtime, options: Options) -> None:
        """Check the address, before anything is read; raises BadUsageError."""
        self.world = world
        self.options = options
        self.counts = Counts()
        self.held_back: set[str] = set()
        carry_out(masks(secrets(options), world.env), world)
        self.delivery = Delivery(
            target=at(options, NOWHERE),
            send=world.connect(options).send,
            clock=world.clock,
            ends=0.0,
            dialect=options.dialect,
            log=self._log,
        )

    def holds(self, folder: str, held: ExitStack) -> bool:
        """Take a folder for ourselves; False if another replay has it, or it can't be used."""
        try:
            is_ours = held.enter_context(self.world.spool.lock(folder))
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
        """Send all that waits there, oldest first over all of them."""
        found = chain.from_iterable(map(self._found, folders))
        in_a_row = 0
        for each in told(sorted(found, key=_turn), self.world.clock.monotonic):
            if in_a_row == PATIENCE or each.subject in self.held_back:
                self._leave(each)
                continue
            try:
                in_a_row = 0 if self._is_settled(each) else in_a_row + 1
            except (StoppedError, BadUsageError) as problem:
                self.counts.problems.append(problem)
                in_a_row = PATIENCE
                self._leave(each)

    def conclude(self) -> None:
        """Say how it went; raises the worst problem."""
        counts = self.counts
        left = f", {counts.unsent} still waiting" if counts.unsent else ""
        aside = f", {counts.aside} set aside" if counts.aside else ""
        others = f", {counts.others} of another DevLake left alone" if counts.others else ""
        click.echo(f"Replayed: {counts.sent} stored{left}{aside}{others}.")
        if counts.problems:
            raise max(counts.problems, key=lambda each: each.exit_code)

    def _found(self, folder: str) -> list[Waiting]:
        """Read which events a folder holds; what is none is set aside."""
        try:
            for path in self.world.spool.unfinished(folder):
                self._set_aside(path, "it was never written to its end")
            paths = self.world.spool.listed(folder)
        except OSError as error:
            self._unusable(folder, error)
            return []
        read = ((path, self._event(path)) for path in paths)
        return [Waiting(event.order, path, event.subject) for path, event in read if event]

    def _event(self, path: str) -> Spooled | None:
        try:
            text = self.world.spool.read(path)
            if text is None:
                raise BrokenError("it is a link, no file, or too large")  # noqa: TRY301 (one way out)
            event = spooled(text)
        except FileNotFoundError:
            return None  # a report that has told DevLake a later word took it away
        except OSError as error:
            self._unread(path, error)
            return None
        except BrokenError as why:
            self._set_aside(path, str(why))
            return None
        except NewerError as why:
            self.counts.others += 1
            self.held_back.add(subject_of(path))
            _say(f"{quoted(path, 300)} is left alone: {why}.")
            return None
        if event.base != self.delivery.target.base:
            self.counts.others += 1
            _say(
                f"{quoted(path, 300)} is left alone: it is for {quoted(event.base)}, and "
                f"{self.options.source('url')} is {quoted(self.delivery.target.base)}."
            )
            return None
        return event

    def _is_settled(self, waiting: Waiting) -> bool:
        """Send one event; False if DevLake was not reached."""
        path = waiting.path
        event = self._event(path)  # anew: not all may fit in memory, and it may be gone since
        if event is None:
            return True
        self.delivery = replace(
            self.delivery,
            target=at(self.options, event.route),
            ends=self.world.clock.monotonic() + self.options.deadline,
        )
        if self.options.dry_run:
            _say(f"{quoted(path, 300)} would go to {self.delivery.target.route}.")
            self.counts.unsent += 1
            return True
        try:
            self.delivery.deliver(event.event)
        except StoppedError:
            raise
        except (RefusedError, UnreachedError) as problem:
            self.counts.problems.append(problem)
            _say(f"{quoted(path, 300)} still waits: {line(problem.message)}")
            self._leave(waiting)
            return isinstance(problem, RefusedError)
        self._remove(path)
        self.counts.sent += 1
        return True

    def _leave(self, waiting: Waiting) -> None:
        """Keep a file, and with it all that is later about the same thing."""
        self.counts.unsent += 1
        self.held_back.add(waiting.subject)

    def _remove(self, path: str) -> None:
        try:
            self.world.spool.remove(path)
        except OSError as error:
            raise BadUsageError(
                f"{quoted(path, 300)} is stored, but can't be removed: {_why(error)}.",
                "Nothing more is sent. Let this command write in the folder; sending it again does "
                "no harm.",
            ) from None

    def _set_aside(self, path: str, why: str) -> None:
        try:
            now = quoted(self.world.spool.set_aside(path), 300)
        except OSError as error:
            now = f"left there ({_why(error)})"
        self.counts.aside += 1
        message = (
            f"{quoted(path, 300)} is no event that can be sent ({line(why)}): it is now {now}."
        )
        _say(message)
        self.counts.problems.append(BadUsageError(message, "Look at it, and remove it."))

    def _unread(self, path: str, error: OSError) -> None:
        message = f"{quoted(path, 300)} can't be read: {_why(error)}."
        _say(message)
        self.counts.unsent += 1
        self.held_back.add(subject_of(path))
        self.counts.problems.append(BadUsageError(message, "Let this command read it."))

    def _unusable(self, folder: str, error: OSError) -> None:
        message = f"{quoted(folder, 300)} can't be used: {_why(error)}."
        _say(message)
        hint = "Give the folder that was given as --spool."
        self.counts.problems.append(BadUsageError(message, hint))

    def _log(self, text: str) -> None:
        if self.options.verbose:
            _say(text)


def _turn(waiting: Waiting) -> tuple[tuple[datetime, datetime], str]:
    """Sort by time, and what was told in one second by name: that goes on counting."""
    return waiting.order, file_name(waiting.path)


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _say(text: str) -> None:
    click.echo(line(text), err=True)
