"""The command line's parameters, made from the declared options.

What variables and a wrapper's inputs say comes in as defaults, each with the name of its source.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import Field, replace
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from devlake_ci.ci import facts
from devlake_ci.cli.printing import say
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import BadUsageError
from devlake_ci.options import Options, RunOptions, declared, flag, variable
from devlake_ci.text import quoted

Kind = TypeVar("Kind", bound=Options)


@dataclass(frozen=True)
class OptionText:
    """The text of an option that was not typed on the command line, and what its user calls it."""

    text: str
    source: str
    """`DEVLAKE_REPO_URL` for a variable, `repo-url` for the input of a wrapper."""


Examples = tuple[tuple[str, str], ...]
"""What a command is for, and the command."""

COMMON = frozenset(
    ("url", "token", "environment", "service", "mode", "result", "sha", "changes", "on_failure",
     "dry_run")
)  # fmt: skip
"""The declared options that most people use."""

ALL = "devlake_ci.cli.params.all"
"""In a context's `meta`: list all options."""


class Defaults(dict[str, Any]):
    """The values of options that click takes where nothing was typed, by the options' names."""

    def __init__(self, given: Mapping[str, OptionText], kind: type[Options] = Options) -> None:
        """Convert what was `given`; raise BadUsageError for a switch that is neither on nor off."""
        super().__init__(
            (each.name, _convert(each, given[each.name]))
            for each in declared(kind)
            if each.name in given
        )
        self.sources = {name: each.source for name, each in given.items()}


RESULTS = ("result", "incident_result")
"""The options that must not be empty, wherever they come from."""

JOB = "job"
"""The result that stands for the job's own, as if none was given: the default of the wrappers."""

BASE_ONLY = (
    "DevLake's address: its base (https://devlake.example.com/api), or the URL of a webhook "
    "connection, of which only the base is used."
)
"""What --url means to commands that go to more than one connection."""

TRUE, FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}
LONGEST_DEADLINE = 3600.0
_FREE_TEXT = {"title", "message", "commits"}
"""Options in which `$(NAME)` may be what somebody wrote, in a commit message say."""


class Grouped(click.Command):
    """A command whose help has examples, and its options by their group.

    Where there are many, `--help` lists those that most people use, and `--help-all` all.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401
        examples: Examples = (),
        common: Collection[str] = (),
        **more: Any,  # noqa: ANN401
    ) -> None:
        """Add --help-all if --help leaves options out; `common` are those that it lists besides."""
        super().__init__(*args, **more)
        self.examples = examples
        self.rare = {each.name for each in declared()} - COMMON - {*common}
        if self.rare & {each.name for each in self.params}:
            self.params.append(_HELP_ALL)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the command in an error of click's parser, too, which knows of none."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section a group, and one for what belongs to none."""
        groups = {each.name: each.metadata["group"] for each in declared(RunOptions)}
        rare = set() if ctx.meta.get(ALL) else self.rare
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            # The usage line names the arguments; click 8.5 would list them here, too.
            if isinstance(parameter, click.Option) and parameter.name not in rare:
                record = parameter.get_help_record(ctx)
                title = groups.get(parameter.name or "", "Options")
                sections.setdefault(title, []).extend([record] if record else [])
        for title, records in sections.items():
            with formatter.section(click.style(title, bold=True)):
                formatter.write_dl([(click.style(name, fg="cyan"), text) for name, text in records])
        write_examples(self.examples, formatter)


def write_examples(examples: Examples, formatter: click.HelpFormatter) -> None:
    """Write a section of commands that can be typed as they stand, each below what it does."""
    if examples:
        with formatter.section(click.style("Examples", bold=True)):
            for about, command in examples:
                formatter.write(f"{'':>{formatter.current_indent}}# {about}\n")
                formatter.write(f"{'':>{formatter.current_indent}}{command}\n")


def _show_all(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        context.meta[ALL] = True
        say(context.get_help())
        context.exit()


_HELP_ALL = click.Option(
    ["--help-all"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_all,
    help="Show all options and exit.",
)


def parameters(*only: str, **texts: str) -> list[click.Parameter]:
    """Make a click option of each declared one, or of these only; `texts` say what they mean."""
    return [
        parameter(each, texts.get(each.name))
        for each in declared()
        if not only or each.name in only
    ]


def parameter(field: Field[Any], text: str | None = None) -> click.Option:
    """Make a click option of a declared one."""
    default = field.default
    text = text or field.metadata["help"]
    if field.metadata.get("secret"):
        text += " Prefer the variable: other users of the machine can see command lines."
    kind: click.ParamType[Any] | None = None
    if "choices" in field.metadata:
        kind = click.Choice(field.metadata["choices"], case_sensitive=False)
    if isinstance(default, float):
        kind = click.FloatRange(1, LONGEST_DEADLINE)
        kind.name = "number of seconds"  # click's own name stands in its errors
    return click.Option(
        [flag(field.name)],
        type=kind,
        is_flag=isinstance(default, bool),
        multiple=default == (),
        default=None if default == () else default,
        show_default="choices" in field.metadata or isinstance(default, float),
        help=f"{text}  [{variable(field.name)}]",
        metavar=field.metadata.get("metavar"),
        callback=validate,
    )


def validate(context: click.Context, parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401
    """Refuse what was typed empty, which is nearly always a variable that wasn't set."""
    name = parameter.name or ""
    typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    if name == "result" and isinstance(value, str) and not facts.is_set(value):
        raise empty_result(source(context, name) or flag(name))
    values = value if isinstance(value, tuple) else (value,)
    if typed and any(isinstance(each, str) and not each.strip() for each in values):
        raise click.BadParameter("it is empty. Leave it out, or give it a value.")
    texts = [each for each in values if isinstance(each, str) and name not in _FREE_TEXT]
    if macro := next(filter(None, map(facts.unexpanded, texts)), None):
        raise BadUsageError(
            f"{source(context, name) or flag(name)}: {macro} is not expanded.",
            "Azure Pipelines, Tekton and Kubernetes leave $(NAME) as it is where NAME is not "
            "defined, and so does a shell within single quotes. Define it, or leave the option "
            "out.",
        )
    if isinstance(value, float) and math.isnan(value):
        raise click.BadParameter("it is not a number.")
    return value


def empty_result(source: str) -> BadUsageError:
    """Make the error for a result that was given and is empty.

    It is nearly always a misspelled step id. What the CI says of the job must not stand in for it:
    the job may well be green, and the deployment skipped.
    """
    return BadUsageError(
        f"{source} is empty, so nothing is reported.",
        "An expression in it is empty, such as GitHub's ${{ steps.deploy.outcome }} where no step "
        "has that id: check its spelling. To report what the CI says of the whole job, use job.",
    )


def option_texts(
    env: Mapping[str, str], inputs: Mapping[str, OptionText], kind: type[Options] = Options
) -> dict[str, OptionText]:
    """Return the options that variables give and, before them, a wrapper's `inputs`.

    Empty is unset, and so are CircleCI's `<nil>` and a macro that nothing expanded. Only an empty
    result is kept, to be refused: it comes from a step's id that is misspelled, and the job's
    status must not take its place.
    """
    names = {each.name: variable(each.name) for each in declared(kind)}
    said = {name: OptionText(env[said], said) for name, said in names.items() if said in env}
    return _drop_unset(said) | _drop_unset(inputs)


def _drop_unset(options: Mapping[str, OptionText]) -> dict[str, OptionText]:
    texts = {name: each.text.strip() for name, each in options.items()}
    return {
        name: replace(options[name], text=text if facts.is_set(text) else "")
        for name, text in texts.items()
        if facts.is_set(text) or name in RESULTS
    }


def _convert(field: Field[Any], given: OptionText) -> Any:  # noqa: ANN401
    if field.default == ():
        return [line.strip() for line in given.text.splitlines() if line.strip()]
    return parse_switch(given.text, given.source) if isinstance(field.default, bool) else given.text


def parse_switch(text: str, source: str) -> bool:
    """Read true or false in the words that CIs use; raise BadUsageError for any other."""
    if text.lower() not in TRUE | FALSE:
        raise BadUsageError(
            f"{source}: {quoted(text)} is neither true nor false.", "Write true or false."
        )
    return text.lower() in TRUE


def parse(
    command: click.Command, arguments: Sequence[str], given: Mapping[str, OptionText]
) -> click.Context:
    """Let click read a command line without running the command; raise ClickException."""
    return command.make_context(command.name, list(arguments), default_map=Defaults(given))


def options(context: click.Context) -> Options:
    """Gather what click read, stripped, and where each value came from."""
    return options_of(Options, context)


def options_of(kind: type[Kind], context: click.Context) -> Kind:
    """Do the same for the options of another command."""
    names = [each.name for each in declared(kind) if each.name in context.params]
    named = {name: _strip(context.params[name]) for name in names}
    sources = {name: source(context, name) for name in named}
    if named.get("incident_result") == "" and named.get("mode") != "deployment":
        raise empty_result(source(context, "incident_result") or flag("incident_result"))
    for name in named.keys() & set(RESULTS):
        if (named[name] or JOB).lower() == JOB:
            named[name] = sources[name] = None
    return kind(**named, sources={name: where for name, where in sources.items() if where})


def source(context: click.Context, name: str) -> str | None:
    """Name the flag, variable or input that gave an option; None where it has its default."""
    match context.get_parameter_source(name), context.default_map:
        case ParameterSource.COMMANDLINE, _:
            return flag(name)
        case ParameterSource.DEFAULT_MAP, Defaults(sources=sources):
            return sources.get(name)
    return None


def _strip(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, tuple):
        return tuple(each.strip() for each in value)
    return value.strip() if isinstance(value, str) else value


def parse_tolerantly(
    arguments: Sequence[str], given: Mapping[str, OptionText], on_failure: str = "fail"
) -> tuple[bool, bool]:
    """Return whether a failure is a warning, and whether to say more, of any command line.

    `on_failure` stands where nothing is said that can be read.
    """
    names = ("on_failure", "verbose")
    command = click.Command(None, params=parameters(*names), add_help_option=False)
    read = command.make_context(
        None,
        list(arguments),
        resilient_parsing=True,
        ignore_unknown_options=True,
        allow_extra_args=True,
        default_map={
            "on_failure": on_failure,
            **{name: given[name].text for name in names if name in given},
        },
    ).params
    return (read["on_failure"] or on_failure) == "warn", bool(read["verbose"])
