"""One run of a command: its options, its deadline, and its connections to DevLake and the CI."""

import json
import shlex
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from devlake_ci import ci
from devlake_ci.ci.provider import Reply
from devlake_ci.cli.outcome import NEXT, carry_out
from devlake_ci.cli.printing import redact_all, say
from devlake_ci.cli.refresh import blueprint_number, refresh_project
from devlake_ci.cli.secrets import masks, option_secrets
from devlake_ci.deployment import Lookups, placeholder_values
from devlake_ci.devlake import spool
from devlake_ci.devlake.address import changes_target, plaintext_warning, report_target
from devlake_ci.devlake.delivery import Delivery
from devlake_ci.devlake.dialects import encode
from devlake_ci.devlake.request import Answer, NotSentError
from devlake_ci.errors import BadUsageError, Problem, StoppedError, UnreachedError, reason
from devlake_ci.model import Context, Deployment, Event, Incident, Outcome, PullRequest
from devlake_ci.options import Options, variable
from devlake_ci.runtime import Runtime
from devlake_ci.runtime.git import SECONDS as GIT_SECONDS
from devlake_ci.text import cut, line, quoted, without_login

if TYPE_CHECKING:
    from devlake_ci.runtime.network import Connections

T = TypeVar("T")

LOOK_UP = 10.0
"""Seconds that one question to a CI's API may take: nothing that it knows is worth more."""

_HEAD = {"HEAD", "symbolic-ref"}
"""Words in questions to git whose answer changes with what is checked out."""


class Session:
    """What all parts of one run share."""

    def __init__(self, runtime: Runtime, options: Options, *, masked: bool = True) -> None:
        """Start the clock; nothing is asked or sent yet.

        `masked` says whether to tell the CI what to hide, which has to stand on a line of its own.
        """
        self.runtime = runtime
        self.options = options
        self.deadline = runtime.clock.monotonic() + options.deadline
        self.stopped: StoppedError | None = None
        blueprint_number(options)  # what is no number is said before anything is sent
        self.has_stored = self.is_kept = False
        tokens = {"github_token": options.github_token, "gitlab_token": options.gitlab_token}
        # The variables in which providers look for them.
        self.env = {**runtime.env, **{variable(name): key for name, key in tokens.items() if key}}
        if masked:
            carry_out(masks(option_secrets(options), self.env), runtime)
        self.provider = ci.provider_of(self.env)
        self.git = cache(self._git)  # a job's checkout stands still while it is reported
        self.lookups: Lookups | None = None
        self.is_head_moved = False
        """Whether HEAD may by now be another than that of the job: git isn't asked for it."""

    @cached_property
    def context(self) -> Context:
        """What the CI says of this job, or of the one that we report for; raise Problem."""
        return self.find_out(self._context)

    def _context(self) -> Context:
        ours = ci.read_context(self.env, self.runtime.read_file, self.git)
        where = not self.options.environment
        return self.provider.reported_job(ours, self.env, self.ask, where)

    def find_out(self, work: Callable[[], T]) -> T:
        """Call `work`, which may ask; if we are stopped meanwhile, call it again without asking."""
        try:
            return work()
        except StoppedError as problem:
            self.stopped = problem
            return work()

    @cached_property
    def network(self) -> "Connections":
        """The one set of connections."""
        return self.runtime.connect(self.options)

    @cached_property
    def delivery(self) -> Delivery:
        """The way to DevLake, which remembers the dialect; raise Problem for a bad address."""
        return Delivery(
            target=report_target(self.options, placeholder_values(self.options, self.context)),
            send=lambda *asked: self.network.send(*asked),  # noqa: PLW0108 (it imports requests)
            clock=self.runtime.clock,
            deadline=self.deadline,
            dialect=self.options.dialect,
            log=self.log,
        )

    @cached_property
    def _delivery_of_changes(self) -> Delivery:
        names = placeholder_values(self.options, self.context)
        return replace(self.delivery, target=changes_target(self.options, names))

    def _delivery_for(self, event: Event) -> Delivery:
        """Return the way of an event: pull requests may have a connection of their own."""
        return self._delivery_of_changes if isinstance(event, PullRequest) else self.delivery

    def restart_clock(self, seconds: float) -> None:
        """Let all that is still to be done take `seconds` from now on."""
        self.stopped, self.deadline = None, self.runtime.clock.monotonic() + seconds
        self.__dict__.pop("delivery", None)  # it ends when it was told to at first

    @property
    def time_left(self) -> float:
        """The seconds that are left; 0 if there are none, or if we are told to stop."""
        return 0.0 if self.stopped else max(self.deadline - self.runtime.clock.monotonic(), 0.0)

    @property
    def _is_soft(self) -> bool:
        """Whether a failure is to be a warning only."""
        return self.options.on_failure == "warn"

    def attempt(self, work: Callable[[], Outcome]) -> Outcome:
        """Do `work`; a Problem becomes its outcome, and stops nothing else of this run."""
        try:
            return work()
        except Problem as problem:
            why = self.stopped or problem
            if why is not problem:  # it had to be made without asking, and couldn't be
                why.hint = f"{why.hint} Nothing of it is kept: {problem.message}"
            return Outcome(reported=False, problem=why, soft=self._is_soft)

    def send(self, event: Deployment | Incident) -> Outcome:
        """Send an event to DevLake, or show it in a dry run; a Problem is in the outcome."""
        what: dict[str, Any] = {spool.kind(event): event}
        try:
            _validate(event)
            if self.options.dry_run:
                return Outcome(
                    reported=False, requests=self.preview(event), soft=self._is_soft, **what
                )
            self.deliver(event)
        except Problem as problem:
            return Outcome(reported=False, problem=problem, soft=self._is_soft, **what)
        self.has_stored = True
        notes = tuple(filter(None, (NEXT, plaintext_warning(self.delivery.target))))
        return Outcome(reported=True, notes=notes, soft=self._is_soft, **what)

    def refresh(self, outcome: Outcome) -> Outcome:
        """Have the project computed if anything was stored and --refresh asks for it."""
        if not self.options.refresh or not self.has_stored or self.stopped:
            return outcome
        target, call = self.delivery.target, self.network.call
        said = refresh_project(self.runtime, self.options, target, call, lambda: self.time_left)
        kept = [each for each in outcome.notes if each != NEXT]
        return replace(outcome, notes=(*kept, *said))

    def deliver(self, event: Event) -> None:
        """Deliver an event; raise UnreachedError for one that is kept in the spool."""
        folder = self.options.spool
        # A merged pull request stays as it is, so nothing that waits would undo it.
        supersedes = folder if not isinstance(event, PullRequest) else None
        before = self._find_superseded(supersedes, event) if supersedes else set()
        try:
            if self.stopped:
                raise self._copy(self.stopped)
            with self.runtime.stoppable():
                self._delivery_for(event).deliver(event)
        except UnreachedError as problem:
            if isinstance(problem, StoppedError):
                self.stopped = self._copy(problem)
            if folder:
                self.runtime.ignore_signals()
                self._keep(folder, event, problem)
                if not self.stopped:  # the other half of the report may still take its time
                    self.runtime.defer_signals()
            raise
        if supersedes:
            self._supersede(supersedes, event, before)

    def _keep(self, folder: str, event: Event, why: UnreachedError) -> None:
        """Keep an unsent event; `why` then says where it is, or why it can't be kept."""
        try:
            path = self.keep_in_spool(folder, event)
            self.is_kept = True
        except (OSError, ValueError, spool.CorruptError) as error:
            why.message += f" Nor could it be kept in --spool {quoted(folder)}: {reason(error)}."
            return
        why.is_kept = True
        command = f"devlake-ci replay {shlex.quote(line(folder))}"
        kept = f"It is kept as {quoted(path, 300)}: {command} sends it."
        why.hint = f"{why.hint} {kept}".strip()

    def keep_in_spool(self, folder: str, event: Event) -> str:
        """Keep an event in a folder and return its path; raise OSError or CorruptError."""
        target = self._delivery_for(event).target
        text = spool.serialize(event, target, self.runtime.clock.now())
        return self.runtime.spool.keep(folder, spool.stem(event, target), text)

    def _find_superseded(self, folder: str, event: Event) -> set[str]:
        with suppress(OSError, ValueError):
            return self.runtime.spool.find_superseded(folder, *self._row(event))
        return set()

    def _supersede(self, folder: str, event: Event, before: set[str]) -> None:
        """Drop what waits about the same thing: sent later, it would undo what is stored now."""
        with suppress(OSError, ValueError, spool.CorruptError):
            if self.runtime.spool.supersede(folder, *self._row(event), before):
                # The next replay sends it once more, as the last word.
                self.keep_in_spool(folder, event)

    def _row(self, event: Event) -> tuple[str, str]:
        target = self.delivery.target
        row = spool.row_id(event, target.base, target.route)
        return row, spool.stamp(spool.happened_at(event))

    @staticmethod
    def _copy(problem: StoppedError) -> StoppedError:
        return StoppedError(problem.message, problem.hint)

    def preview(self, event: Event) -> tuple[dict[str, object], ...]:
        """Return the requests that an event would be, as a dry run shows them."""
        target = self._delivery_for(event).target
        target, bodies = encode(event, target, self.options.dialect)
        return tuple({"method": "POST", "url": target.url, "body": body} for body in bodies)

    def ask(self, url: str, headers: Mapping[str, str]) -> Reply:
        """Ask a CI's API, within the time that is left."""
        return self._call_api("GET", url, lambda left: self.network.get(url, headers, left))

    def query(self, url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Reply:
        """Ask a CI's API what takes a POST, within the time that is left."""
        return self._call_api(
            "POST", url, lambda left: self.network.query(url, headers, body, left)
        )

    def _call_api(self, method: str, url: str, ask: Callable[[float], Answer]) -> Reply:
        try:
            with self._stoppable():
                answer = ask(min(self.time_left_to_ask(), LOOK_UP))
            self.log(f"{method} {url}: {answer.status}")
            return _parse_reply(answer)
        except (NotSentError, ValueError, RecursionError) as error:
            self.log(f"{method} {url}: {error}")
            return Reply(None, message=str(error) if isinstance(error, NotSentError) else "no JSON")

    def _git(self, *arguments: str) -> str | None:
        left = self.time_left_to_ask()
        if left <= 0 or (self.is_head_moved and not _HEAD.isdisjoint(arguments)):
            return None
        with self._stoppable():
            return self.runtime.git(*arguments, seconds=min(left, GIT_SECONDS))

    def _stoppable(self) -> AbstractContextManager[None]:
        return nullcontext() if self.stopped else self.runtime.stoppable()

    def time_left_to_ask(self) -> float:
        """Return the seconds for finding things out: half of all; the rest is for sending."""
        return max(self.time_left - self.options.deadline / 2, 0.0)

    def log(self, text: str) -> None:
        """Print a line if the user asked for more (--verbose)."""
        if self.options.verbose:
            say(line(without_login(text)), err=True)


def _validate(event: Event) -> None:
    """Refuse what a replay would refuse, before it is sent or kept; raise BadUsageError."""
    if why := spool.why_invalid(event):
        raise BadUsageError(
            f"This can't be reported: {why}.",
            "Correct that value. Where no time was given, the clock of this machine is wrong.",
        )


def _parse_reply(answer: Answer) -> Reply:
    if answer.status == 200:
        return Reply(200, json.loads(answer.text))
    try:
        said = json.loads(answer.text)
    except (ValueError, RecursionError):
        said = None
    message = (said.get("message") or said.get("error")) if isinstance(said, dict) else None
    return Reply(answer.status, None, cut(line(redact_all(str(message or ""))), 200))
