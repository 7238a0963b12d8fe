"""`devlake-ci setup`: make DevLake ready for reports, as options or files say."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from shlex import quote
from typing import Any

import click

from devlake_ci.cli import params
from devlake_ci.cli.outcome import carry_out
from devlake_ci.cli.printing import clear_line, progress, say
from devlake_ci.cli.secrets import masks, option_secrets
from devlake_ci.devlake.address import NOWHERE, target_at
from devlake_ci.devlake.api import Api
from devlake_ci.devlake.inventory import fetch_inventory
from devlake_ci.errors import BadUsageError, Problem, UnreachedError, reason
from devlake_ci.options import Options
from devlake_ci.runtime import Runtime
from devlake_ci.setup import config
from devlake_ci.setup.apply import AGAIN, Applier, NewKey
from devlake_ci.setup.plan import CreateOrRenewKey, Mark, Step, plan
from devlake_ci.text import line, quoted

OPTIONS = (
    *("url", "token", "header", "ca_bundle", "client_cert", "client_key"),
    *("deadline", "verbose"),
)
HELP = {
    "url": params.BASE_ONLY,
    "token": "An administrator's API key, if DevLake's API takes only keys.",
    "deadline": "Time limit in seconds for each request, including retries.",
}
"""What an option means here."""
DRIFT = 6
"""The exit code of --check if anything would change."""
PLACE = "{key}"
"""Stands in --key-file for the name of the key."""


EXAMPLES = (
    ("One project", "devlake-ci setup --project shop --key-file shop.env"),
    (
        "One project whose metrics are recalculated every quarter of an hour",
        "devlake-ci setup --project shop --schedule '*/15 * * * *'",
    ),
    ("An organisation: the plan", "devlake-ci setup --file devlake.yml --dry-run"),
)
COLOURS = {
    Mark.MADE: "green",
    Mark.CHANGED: "yellow",
    Mark.LEFT_ALONE: "red",
    Mark.NOT_IN_FILE: "cyan",
}


@click.command(
    cls=params.Grouped,
    params=params.parameters(*OPTIONS, **HELP),
    examples=EXAMPLES,
    common=("project", "deadline"),
)
@click.option("--project", metavar="NAME", help="Set up this one project, and create a key for it.")
@click.option(
    "--connection",
    "connections",
    metavar="NAME",
    multiple=True,
    help="With --project: the name of a webhook connection for it, created if missing; repeat it "
    "for several connections. Default: the project's name.",
)
@click.option(
    "--schedule",
    metavar="CRON",
    help="With --project: when DevLake recalculates the project's metrics, such as '*/15 * * * *'. "
    "Default: the schedule is left as it is.",
)
@click.option(
    "--file",
    "files",
    metavar="FILE",
    multiple=True,
    help="Set up what this file lists (docs/setup.md).",
)
@click.option("--dry-run", is_flag=True, help="Print the plan, and change nothing.")
@click.option(
    "--check", is_flag=True, help=f"Like --dry-run; exit with {DRIFT} if anything would change."
)
@click.option("--renew-key", "renew", metavar="NAME", help="Give this key a new secret.")
@click.option(
    "--key-file",
    metavar="FILE",
    help="Write a new key's DEVLAKE_URL, DEVLAKE_TOKEN and DEVLAKE_REFRESH to this file, readable "
    "only by you, instead of printing them. If several keys are created, put {key} in FILE: each "
    "key's name takes its place.",
)
@click.pass_context
def setup(context: click.Context, /, **_: object) -> None:
    """Make DevLake ready for reports: connections, projects, schedules and least-privilege keys.

    It creates what is missing and deletes nothing; running it again with the same input changes
    nothing. It needs no credentials if DevLake's API is open on your private network. Otherwise it
    needs a user and password in the URL, or an administrator's API key. When a key is created, its
    DEVLAKE_URL, DEVLAKE_TOKEN and DEVLAKE_REFRESH are printed to standard output, or written to
    --key-file. The plan is printed to standard error: + created, ~ changed, = as it should be,
    ! left alone, ? not in the file.
    """
    context.obj.stop_at_signals()
    run = Setup(context.obj, params.options(context), context.params)
    context.exit(run.run(_read_config(context)))


def _read_config(context: click.Context) -> config.Config:
    """Read the files, or turn the options into what a file would say."""
    given = context.params
    one = (given["connections"] or given["schedule"]) and not given["project"]
    if one or (given["project"] and given["files"]):
        raise BadUsageError(
            "--connection and --schedule belong to --project; a --file has its own.",
            "Use either --project, with the others if wanted, or --file.",
        )
    if given["project"]:
        project = {"name": given["project"], "connections": list(given["connections"])}
        if given["schedule"]:
            project["schedule"] = given["schedule"]
        value = {"projects": [project], "keys": [{"projects": [given["project"]]}]}
        return config.merge([("The options", config.validate(value, "The options"))])
    if not (given["files"] or given["renew"]):
        raise BadUsageError("Nothing to set up is given.", "Use --project NAME, or --file FILE.")
    return config.merge([(path, _read_file(context.obj, path)) for path in given["files"]])


def _read_file(runtime: Runtime, path: str) -> config.Config:
    try:
        text = runtime.read_if_exists(path)
    except OSError as error:
        raise BadUsageError(
            f"--file {quoted(path, 300)} can't be read: {reason(error)}.", "Check its permissions."
        ) from None
    if text is None:
        raise BadUsageError(f"There is no file {quoted(path, 300)}.", "Check --file.")
    return config.parse(text, quoted(path, 300))


class Setup:
    """One run."""

    def __init__(self, runtime: Runtime, options: Options, given: Mapping[str, Any]) -> None:
        """Check the address; raise BadUsageError. `given` are all parameters of the command."""
        carry_out(masks(option_secrets(options), runtime.env), runtime)
        self.runtime, self.given = runtime, given
        self.api = Api(
            target_at(options, NOWHERE),
            runtime.connect(options).call,
            runtime.clock,
            seconds=lambda: options.deadline,
            log=lambda text: _say(text) if options.verbose else None,
        )
        self.several = False
        """Whether there are several keys, so that the lines of each say whose they are."""
        self.writers: dict[str, Callable[[str], None]] = {}

    def run(self, desired: config.Config) -> int:
        """Plan, apply the plan unless only the plan is asked for, and return the exit code."""
        actual, today = fetch_inventory(self.api), self.runtime.clock.now().date()
        whole, renew = bool(self.given["files"]), self.given["renew"]
        steps = plan(desired, actual, today=today, renew=renew, whole=whole)
        if self.given["dry_run"] or self.given["check"]:
            for step in steps:
                _show(step)
            _say(_summary(steps, dry=True))
            return DRIFT if self.given["check"] and any(step.change for step in steps) else 0
        self._apply(steps, Applier(self.api, desired, actual, self._hand_over))
        return 0

    def _apply(self, steps: list[Step], applier: Applier) -> None:
        done = 0
        with ExitStack() as files, progress(len(steps), self.runtime.clock.monotonic) as advance:
            self._open(steps, files)
            try:
                for step in applier.apply(steps):
                    done += step.change is not None
                    clear_line()
                    _show(step)
                    advance()
            except Problem as problem:
                of = sum(step.change is not None for step in steps)
                said = problem.message.rstrip(".")
                problem.message = f"{said}. {done} of {of} changes were made."
                if done or isinstance(problem, UnreachedError):
                    problem.hint = f"{problem.hint} {AGAIN}".strip()
                raise
        _say(_summary(steps, dry=False))

    def _open(self, steps: list[Step], files: ExitStack) -> None:
        """Open the keys' files before any key is made: DevLake shows a secret only once."""
        names = [step.change.name for step in steps if isinstance(step.change, CreateOrRenewKey)]
        self.several = len(names) > 1
        if not (file := self.given["key_file"]):
            return
        if self.several and PLACE not in file:
            raise BadUsageError(
                f"{len(names)} keys would be written to one --key-file, and only the last remain.",
                f"Put {PLACE} into its name, such as --key-file '{PLACE}.env'.",
            )
        for name in names:
            path = file.replace(PLACE, name.replace("/", "-"))
            try:
                self.writers[name] = files.enter_context(self.runtime.secret_file(path))
            except OSError as error:
                raise BadUsageError(
                    f"--key-file {quoted(path, 300)} can't be written: {reason(error)}. No key "
                    "was created.",
                    "Choose a file in a folder that can be written.",
                ) from None

    def _hand_over(self, key: NewKey) -> None:
        """Print or write what a pipeline needs, as lines for a shell or a dotenv file."""
        text = "\n".join(self._lines(key)) + "\n"
        carry_out(masks((key.secret,), self.runtime.env), self.runtime)
        try:
            if write := self.writers.get(key.name):
                write(text)
            else:
                clear_line()
                say(text.removesuffix("\n"))
        except OSError as error:
            raise BadUsageError(
                f"The key {quoted(key.name)} was created, but can't be written: {reason(error)}.",
                f"Make room, and run it with --renew-key {quoted(key.name)}.",
            ) from None

    def _lines(self, key: NewKey) -> Iterable[str]:
        base = self.api.target.base
        if len(key.connections) == 1:
            base += f"/rest/plugins/webhook/connections/{key.connections[0]}/deployments"
        if self.several:
            yield f"# {line(key.name)}"
        if key.is_known:
            yield f"DEVLAKE_URL={quote(base)}"
        yield f"DEVLAKE_TOKEN={quote(key.secret)}"
        if len(key.refreshes) == 1:
            yield f"DEVLAKE_REFRESH={key.refreshes[0][1]}"
        for project, number in key.refreshes[1:] and key.refreshes:
            yield f"# {line(project)}: DEVLAKE_REFRESH={number}"


def _summary(steps: Iterable[Step], *, dry: bool) -> str:
    marks = [each.mark for each in steps]
    made, changed = marks.count(Mark.MADE), marks.count(Mark.CHANGED)
    left = f" Left alone: {marks.count(Mark.LEFT_ALONE)}." * (Mark.LEFT_ALONE in marks)
    if not made + changed:
        return f"Nothing {'would change' if dry else 'had to be changed'}.{left}"
    if dry:
        return f"To create: {made}. To change: {changed}.{left}"
    return f"Created: {made}. Changed: {changed}.{left}"


def _show(step: Step) -> None:
    mark = click.style(step.mark, fg=COLOURS.get(step.mark))
    say(f"{mark} {line(step.text)}", err=True)


def _say(text: str) -> None:
    say(line(text), err=True)
