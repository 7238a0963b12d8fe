"""`devlake-ci run`: run a command, and tell DevLake how it ended."""

import errno
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from traceback import format_exc
from typing import TypeVar

import click

from devlake_ci import cli
from devlake_ci.child import ENDED_BY_CANCEL, Child
from devlake_ci.ci.gitlab import DEPLOY_JOB, VERIFY_JOB
from devlake_ci.cli import params, report
from devlake_ci.cli.outcome import conclude
from devlake_ci.cli.printing import say
from devlake_ci.cli.session import Session
from devlake_ci.commits.sha import in_checkout
from devlake_ci.deployment import Lookups, make_deployment
from devlake_ci.devlake.spool import CorruptError
from devlake_ci.errors import BadUsageError, Bug, NothingToReport, Problem, UnreachedError
from devlake_ci.launch import is_known, keeps_secrets, split_at_dashes
from devlake_ci.model import Commit, Deployment, Outcome, Result
from devlake_ci.options import KNOWN_TO_RUN, RunOptions, flag, of_run
from devlake_ci.runtime import Runtime
from devlake_ci.text import quoted
from devlake_ci.timestamps import rfc3339

T = TypeVar("T")

AFTER_CANCEL = 5.0
"""Seconds that a report may take once somebody wants the job to end."""
OTHER_JOBS = {DEPLOY_JOB, VERIFY_JOB}
"""Variables by which a report is about another job: `run` reports its own."""


def _parameters() -> list[click.Parameter]:
    made = [params.parameter(each) for each in of_run()]
    for each in made:
        if each.name == "on_failure":
            each.default = "warn"
    return [*made]


EXAMPLES = (
    ("The command that deploys", "devlake-ci run --environment production -- ./deploy.sh"),
    ("The command that checks", "devlake-ci run --mode incident -- curl -f https://example.com"),
)


@click.command(
    cls=params.Grouped,
    params=_parameters(),
    options_metavar="[OPTIONS] -- COMMAND...",
    examples=EXAMPLES,
)
def run(**_: object) -> None:
    """Run a command, and tell DevLake how it ended.

    Output, terminal, signals and exit code are the command's; everything that devlake-ci prints
    goes to standard error. Exit code 0 (or those that --success-codes lists) is reported as
    SUCCESS. Any other exit code is reported as FAILURE, or as ABORT if devlake-ci was told to stop
    while the command ran, as in a cancelled job. A command that can't be started is not reported.
    If the report fails, devlake-ci only warns; with --on-failure fail it exits non-zero even if the
    command succeeded.

    Commit and repository are read before the command starts. The command gets all variables
    except DEVLAKE_TOKEN, DEVLAKE_HEADER, DEVLAKE_GITHUB_TOKEN, DEVLAKE_GITLAB_TOKEN and the login
    in DEVLAKE_URL. With --mode incident the command is a check: an incident opens when it fails,
    and closes when it succeeds again.
    """


def run_wrapped(arguments: Sequence[str], runtime: Runtime) -> int:
    """Run what is typed after `run`, report it, and return the exit code.

    Nothing is started where the command line can't be read: click, or BadUsageError, says why.
    """
    words, command = split_at_dashes(arguments[1:])
    if not runtime.child:
        _check(words, command)
    with redirect_stdout(sys.stderr):
        return WrappedCommand(words, command, runtime).run()


def _check(words: Sequence[str], command: Sequence[str]) -> None:
    if not is_known(words):
        if refused := {each.partition("=")[0] for each in words} & {*map(flag, KNOWN_TO_RUN)}:
            raise BadUsageError(
                f"run takes no {min(refused)}: it takes the result and times from the command.",
                "Leave it out. --success-codes lists the exit codes that are a success.",
            )
        run.make_context("run", list(words), _program())
        raise BadUsageError("The options before -- can't be read.", "See devlake-ci run --help.")
    if not command:
        raise BadUsageError(
            "There is no command to run.", "It comes after --, as in devlake-ci run -- ./deploy.sh"
        )


class WrappedCommand:
    """One command, and the report of it; nothing that goes wrong with us stops the command."""

    def __init__(self, words: Sequence[str], command: Sequence[str], runtime: Runtime) -> None:
        """Take what is typed before the command, and the command."""
        self.words, self.command, self.runtime = words, command, runtime
        self.options = RunOptions(on_failure="warn")
        self.session: Session
        self.problem: Problem | None = None
        """Why nothing can be reported, as far as it is known by now."""
        self.made: Deployment | None = None
        """What is deployed, if all goes well."""
        self.checkouts: tuple[Commit, ...] | Problem | None = None
        """What was deployed too, or why that isn't known; None if nobody has looked."""
        self.kept: str | None = None
        """Where it is kept that the deployment was cancelled, until it is known how it ended."""

    def run(self) -> int:
        """Run the command and report it; return the exit code."""
        self._try(self._open)
        child = self.runtime.child
        if not child:
            self._try(self._look)
            child = self.runtime.start(self.command, self.words)
        self._try(lambda: self._prepare(child))
        code = child.wait(lambda: self._try(self._keep), self._may_be_cancelled)
        self.runtime.defer_signals()  # from now on a signal is for us
        try:
            return self._report(child, code)
        except Exception as error:  # noqa: BLE001 (nor may a bug of ours change the exit code)
            say(cli.classify_error(error).message, err=True)
            return code or (0 if self.options.on_failure == "warn" else Bug.exit_code)

    def _try(self, work: Callable[[], T]) -> T | None:
        """Return what `work` does, which must not stop the command; remember what went wrong."""
        try:
            return None if self.problem else work()
        except Exception as error:  # noqa: BLE001 (a bug of ours least of all)
            self.problem = cli.classify_error(error)
            if isinstance(self.problem, Bug) and "--verbose" in self.words:
                say(format_exc(), err=True)
            return None

    def _open(self) -> None:
        """Read the options; raise Problem, or what click raises."""
        given = params.option_texts(self.runtime.env, {}, RunOptions)
        soft, _ = params.parse_tolerantly(self.words, given, "warn")
        self.options = RunOptions(on_failure="warn" if soft else "fail")
        defaults = params.Defaults(given, RunOptions)
        parsed = run.make_context("run", list(self.words), _program(), default_map=defaults)
        options = params.options_of(RunOptions, parsed)
        _success_codes(options)
        self.options = options
        env = {name: text for name, text in self.runtime.env.items() if name not in OTHER_JOBS}
        # With its secrets kept from it, the command can't print any.
        masked = not self.runtime.child and keeps_secrets(env, self.words)
        self.session = Session(replace(self.runtime, env=env), options, masked=masked)

    def _look(self) -> None:
        """Read commit and repository, which the command may change; only git is asked."""
        git = self.session.git
        now, options = self.runtime.clock.now(), replace(self.options, result=Result.SUCCESS)
        with suppress(Problem):  # the report says it again
            ways = Lookups(finders=lambda repo_url: (in_checkout(git, repo_url),))
            made = make_deployment(options, self.session.context, ways, now)
            if since := self.options.changes_since:  # git's answers are remembered
                in_checkout(git, made.commits[0].repo_url)(since)
        with suppress(Problem):
            self._checkouts()

    def _prepare(self, child: Child) -> None:
        """Find out what a report needs while the command runs; raise Problem."""
        if child.problem:
            raise _not_started(self.command, child.problem)
        session = self.session
        session.runtime = replace(session.runtime, stoppable=child.stoppable)
        session.is_head_moved = True
        started = _time(child.started)
        session.options = replace(
            self.options, result=Result.SUCCESS, result_map=(), started_at=rfc3339(started)
        )
        with suppress(Problem):  # the report says it again
            session.lookups = self._memoize(report.make_lookups(session))
            ways = replace(session.lookups, additional=self._checkouts)
            if self.options.mode == "deployment":
                self.made = session.find_out(
                    lambda: make_deployment(session.options, session.context, ways, started)
                )
            if not self.options.dry_run:
                _ = session.delivery, session.network  # what they import takes a while

    def _keep(self) -> None:
        """Keep that the deployment was cancelled, should we be killed before we can report it."""
        if not (self.made and self.options.spool) or self.options.dry_run:
            return
        now = max(self.runtime.clock.now(), self.made.started_at)
        event = replace(self.made, result=Result.ABORT, finished_at=now)
        with suppress(OSError, ValueError, CorruptError, Problem):
            self.kept = self.session.keep_in_spool(self.options.spool, event)

    def _may_be_cancelled(self, code: int) -> bool:
        """Return whether we may be about to be told that the job was cancelled.

        Jenkins ends the command before us, and many a command then has an exit code of its own.
        """
        if self.problem or self.options.dry_run:  # then it makes no difference
            return False
        is_jenkins = bool(self.runtime.env.get("JENKINS_URL"))
        return code in ENDED_BY_CANCEL or (is_jenkins and code not in _success_codes(self.options))

    def _report(self, child: Child, code: int) -> int:
        """Report how the command ended; return the exit code of all."""
        succeeded = code in _success_codes(self.options)
        is_soft = self.options.on_failure == "warn"
        outcome = self._try(lambda: self._outcome(child, code, succeeded=succeeded))
        outcome = outcome or Outcome(reported=False, problem=self.problem, soft=is_soft)
        if outcome.problem and "DEVLAKE_TOKEN" in outcome.problem.hint and not self.options.token:
            note = "A run inside another run has no token unless the outer one has --keep-secrets."
            outcome = replace(outcome, notes=(*outcome.notes, note))
        self._discard_kept(outcome)
        self.runtime.ignore_signals()
        ours = conclude(outcome, self.runtime, self.options.format)
        return ours if succeeded and outcome.problem and not is_soft and ours else code

    def _outcome(self, child: Child, code: int, *, succeeded: bool) -> Outcome:
        session = self.session
        result = Result.SUCCESS if succeeded else Result.FAILURE
        seconds = self.options.deadline
        if child.is_stopped:
            seconds = min(seconds, AFTER_CANCEL)
        if child.is_cancelled and code != 0:
            result = Result.ABORT
        session.restart_clock(seconds)
        session.runtime = replace(session.runtime, stoppable=self.runtime.stoppable)
        session.options = replace(
            session.options,
            deadline=seconds,
            result=result,
            finished_at=rfc3339(_time(max(child.ended or 0, child.started))),  # clocks are set back
            id=self.made.id if self.made else self.options.id,
        )
        return report.outcome(session)

    def _discard_kept(self, outcome: Outcome) -> None:
        """Remove what was kept for the worst, now that it is known how the command ended."""
        if not self.kept:
            return
        if self.session.is_kept or not isinstance(outcome.problem, UnreachedError):
            with suppress(OSError):
                self.runtime.spool.remove(self.kept)

    def _memoize(self, ways: Lookups) -> Lookups:
        """Return what asks each question once: the report is made of what was known at first."""
        options = replace(self.options, checkout=(), submodules=None, submodules_recursive=False)
        return replace(
            ways,
            finders=cache(lambda repo_url: tuple(map(cache, ways.finders(repo_url)))),
            times=cache(ways.times),
            nonce=cache(ways.nonce),
            additional=lambda: report.find_additional(self.session, options) + self._checkouts(),
        )

    def _checkouts(self) -> tuple[Commit, ...]:
        """Read the checkouts that were deployed too: once, before the command can change them."""
        if self.checkouts is None:
            options = replace(self.options, commits=None)
            try:
                self.checkouts = report.find_additional(self.session, options)
            except Problem as problem:
                self.checkouts = problem
        if isinstance(self.checkouts, Problem):
            raise self.checkouts
        return self.checkouts


def _program() -> click.Context:
    return click.Context(cli.devlake_ci, info_name="devlake-ci", **cli.HELP)


def _success_codes(options: RunOptions) -> frozenset[int]:
    words = [each.strip() for each in options.success_codes.split(",")]
    if not all(re.fullmatch("[0-9]{1,3}", each) and int(each) < 256 for each in words):
        raise BadUsageError(
            f"{options.source('success_codes')}: {quoted(options.success_codes)} is not a list of "
            "exit codes.",
            "Write it like 0,3.",
        )
    return frozenset(map(int, words))


def _not_started(command: Sequence[str], problem: Exception) -> NothingToReport:
    why = (isinstance(problem, OSError) and problem.strerror) or str(problem)
    hint = (
        "If only a shell knows it (a builtin, a function, several commands), run that: "
        "devlake-ci run -- sh -c '…'"
    )
    if isinstance(problem, OSError) and problem.errno in {errno.EAGAIN, errno.ENOMEM}:
        hint = "The job may start no more processes, or has no memory left: raise its limits."
    return NothingToReport(
        f"Nothing is reported: {quoted(command[0])} can't be started ({why}).", hint
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
