"""The command line: what each command is called, and how whatever happens becomes an exit code."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from devlake_ci import __version__, runtime
from devlake_ci.cli import params, printing, wording
from devlake_ci.cli.secrets import all_secrets
from devlake_ci.errors import BadUsageError, Bug, Problem
from devlake_ci.model import Outcome
from devlake_ci.options import flag
from devlake_ci.runtime import Runtime
from devlake_ci.text import without_login

COMMANDS = {
    "setup": "Make DevLake ready for reports: connections, projects, least-privilege keys.",
    "report": "Tell DevLake what this job deployed.",
    "run": "Run a command, and tell DevLake how it ended.",
    "incident": "Open or close an incident by hand.",
    "replay": "Send the reports that were kept when DevLake could not be reached.",
    "doctor": "Check whether a report would work, and what to do if not.",
    "start": "Note when this job began, for the report at its end.",
    "context": "Show what is known about this job, and from where.",
    "sandbox": "Run a stand-in DevLake on this machine.",
    "demo": "Report deployments and an incident to a sandbox, and show the DORA metrics.",
}
"""Each is a module of this package with a click command of its name."""

EXAMPLES = (
    ("See it work, on this machine", "devlake-ci demo"),
    ("Once for each project", "devlake-ci setup --project shop"),
    ("Would a report work?", "devlake-ci doctor --environment production"),
    ("In the job that deploys", "devlake-ci run --environment production -- ./deploy.sh"),
    ("Or at its end", "devlake-ci report --environment production --result success"),
)

REPORTING = {"report", "incident"}
"""Those whose failure `--on-failure warn` makes a warning."""

TAKING_OPTIONS = REPORTING | {"replay", "doctor", "setup"}
"""Those whose options can be given as variables; `run` reads them itself."""

SETUP_S_OWN = {"project", "connection", "dry_run"}
"""Options of `setup` that mean something else there: the variables of reports do not give them."""

ISSUES = "https://github.com/devlake-ci/devlake-ci/issues"

INTERRUPTED = 130
"""What a shell calls the exit code of a program that Ctrl-C ended."""


if TYPE_CHECKING:
    from devlake_ci.child import Child


class Commands(click.Group):
    """The commands, each imported only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's)
        """Return the names in the order of the documentation."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command, or give None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        try:
            module = import_module(f"devlake_ci.cli.{cmd_name}")
        except ModuleNotFoundError as error:
            # Images and the executable leave these out.
            if error.name not in {"devlake_sandbox", "sqlite3"}:
                raise
            raise BadUsageError(
                f"The stand-in DevLake, which `{cmd_name}` needs, is not part of this image or "
                "executable.",
                f"Where there is Python 3.11 or newer: pip install devlake-ci, "
                f"then devlake-ci {cmd_name}.",
            ) from None
        return getattr(module, cmd_name)  # type: ignore[no-any-return]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest a command for a name that is none."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415 (mistakes only need it)

            like = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {like[0]}?" if like else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing any."""
        with formatter.section(click.style("Commands", bold=True)):
            formatter.write_dl(
                [(click.style(name, fg="cyan"), text) for name, text in COMMANDS.items()]
            )
        params.write_examples(EXAMPLES, formatter)


@click.pass_context
def _show_commands(context: click.Context) -> None:
    """Show what there is where nothing was asked for: no success, for a job may have meant more."""
    if context.invoked_subcommand is None:
        printing.say(context.get_help())
        context.exit(BadUsageError.exit_code)


HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

devlake_ci = Commands(
    name="devlake-ci",
    help="Report to Apache DevLake, from a CI pipeline, what was deployed.",
    no_args_is_help=False,  # click would call the whole help an error
    invoke_without_command=True,
    callback=_show_commands,
    epilog="Exit codes: 0 reported, or nothing to report, or only warned (--on-failure warn); "
    "1 a bug; 2 usage; 3 the CI doesn't provide something that is needed; 4 DevLake refused; "
    "5 DevLake not reached within the deadline; 6 setup --check found something to change.",
    context_settings=HELP,
)
click.version_option(__version__, prog_name="devlake-ci")(devlake_ci)


def main(child: "Child | None" = None) -> NoReturn:
    """Run the program as it was called; `child` is the command of `run`, if it runs by now."""
    execute(lambda runtime: invoke(sys.argv[1:], replace(runtime, child=child)))


def execute(work: Callable[[Runtime], int]) -> NoReturn:
    """Do what an executable is for, and end the process with the exit code that it gives."""
    runtime.configure_streams()
    runtime.exit_process(work(runtime.real_runtime()))


def invoke(
    arguments: Sequence[str],
    runtime: Runtime,
    inputs: Mapping[str, params.OptionText] | None = None,
    spell: wording.Spell | None = None,
) -> int:
    """Run one command in `runtime` and return its exit code; whatever happens ends in a sentence.

    `inputs` are the options that a wrapper gives; they override variables. `spell` returns what
    the wrapper calls an option.
    """
    wording.set_wrapper(spell)
    given = params.option_texts(runtime.env, inputs or {})
    if _command(arguments) in REPORTING:
        runtime.defer_signals()
    printing.hide(all_secrets(arguments, runtime.env, given))
    try:
        runtime.release_signals()
        if _command(arguments) == "run":
            from devlake_ci.cli.run import run_wrapped  # noqa: PLC0415 (only when it is used)

            return run_wrapped(arguments, runtime)
        return _run(arguments, runtime, given)
    except click.exceptions.Exit as end:
        return end.exit_code
    except BrokenPipeError:  # whoever read what we print has seen enough
        return Bug.exit_code
    except (click.Abort, KeyboardInterrupt):  # Ctrl-C
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 (a bug of ours must not look like one of theirs)
        from traceback import format_exc  # noqa: PLC0415 (for errors alone)

        problem, trace = classify_error(error), format_exc()
    from devlake_ci.cli.outcome import conclude  # noqa: PLC0415 (for commands that report)

    is_soft, is_verbose = params.parse_tolerantly(arguments, given)
    if isinstance(problem, Bug) and is_verbose:
        printing.say(trace, err=True)
    soft = is_soft and _command(arguments) in REPORTING
    return conclude(Outcome(reported=False, problem=problem, soft=soft), runtime, "text")


def _run(arguments: Sequence[str], runtime: Runtime, given: Mapping[str, params.OptionText]) -> int:
    """Let click run the command; its own errors come up as exceptions."""
    defaults: Mapping[str, Any] = {}
    if (command := _command(arguments)) in TAKING_OPTIONS:
        left_out = SETUP_S_OWN if command == "setup" else set()
        defaults = params.Defaults({name: given[name] for name in given.keys() - left_out})
    if command == "incident":
        defaults = {"open": defaults, "close": defaults}
    code = devlake_ci.main(
        args=list(arguments),
        prog_name="devlake-ci",
        standalone_mode=False,
        obj=runtime,
        color=printing.colour(runtime.env),
        default_map={command: defaults},
    )
    return code if isinstance(code, int) else 0


def _command(arguments: Sequence[str]) -> str:
    return next((each for each in arguments if not each.startswith("-")), "")


def classify_error(error: Exception) -> Problem:
    """Classify an error: the user's for what they typed, a bug for what nobody foresaw."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, click.ClickException):
        return _usage_problem(error)
    from traceback import extract_tb  # noqa: PLC0415 (for bugs alone)

    frames = extract_tb(error.__traceback__)
    where = next((each for each in reversed(frames) if "devlake_ci" in each.filename), frames[-1])
    place = f"{where.filename.rpartition('/')[2]}, line {where.lineno}"
    return Bug(
        f"devlake-ci {__version__} has a bug ({type(error).__name__} in {place}): "
        "nothing is known to be reported.",
        f"Please report it at {ISSUES}, with this line. --verbose shows the whole traceback.",
    )


def _usage_problem(error: click.ClickException) -> Problem:
    command = "devlake-ci"
    message = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx:
        command = error.ctx.command_path
        if "unexpected extra argument" in message:  # the key of `--token Bearer KEY`, perhaps
            message = (
                "Unexpected extra argument (not shown, because it may be a secret). "
                "Put a value with spaces in quotes"
            )
            message += ", and the command after --." if error.ctx.info_name == "run" else "."
        if isinstance(error, click.BadParameter) and error.param and error.param.name:
            where = params.source(error.ctx, error.param.name) or flag(error.param.name)
            message = f"{where}: {error.message}"
    return BadUsageError(without_login(message), wording.help_hint(command))
