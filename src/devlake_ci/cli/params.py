"""The command line's parameters, made from the declared options; variables come in as defaults."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import Field
from itertools import chain, pairwise
from typing import Any

import click
from click.core import ParameterSource

from devlake_ci.ci import facts
from devlake_ci.ci.masking import forms
from devlake_ci.errors import BadUsageError
from devlake_ci.options import Options, declared, flag, variable
from devlake_ci.text import hidden, quoted

_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}
LONGEST_DEADLINE = 3600.0
_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|_JWT|_KEY")


class Grouped(click.Command):
    """A command whose help lists the options by their group."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section a group, and one for what belongs to none."""
        groups = {each.name: each.metadata["group"] for each in declared()}
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            # The usage line names the arguments; click 8.5 would list them here, too.
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)):
                sections.setdefault(groups.get(parameter.name or "", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def parameters(*only: str) -> list[click.Parameter]:
    """Make a click option of each declared one, or of these only."""
    return [_parameter(each) for each in declared() if not only or each.name in only]


def _parameter(field: Field[Any]) -> click.Option:
    more: dict[str, Any] = {}
    if "choices" in field.metadata:
        more["type"] = click.Choice(field.metadata["choices"], case_sensitive=False)
    if isinstance(field.default, float):
        more["type"] = seconds = click.FloatRange(1, LONGEST_DEADLINE)
        seconds.name = "number of seconds"  # click's own name stands in its errors
    if isinstance(field.default, bool):
        more["is_flag"] = True
    if field.default == ():
        more["multiple"] = True
    default = None if field.default == () else field.default
    return click.Option(
        [flag(field.name)],
        help=f"{field.metadata['help']}  [{variable(field.name)}]",
        metavar=field.metadata.get("metavar"),
        default=default,
        callback=_checked,
        **more,
    )


def _checked(context: click.Context, parameter: click.Parameter, value: Any) -> Any:  # noqa: ANN401
    """Refuse what was typed empty, which is nearly always a variable that wasn't set."""
    name = parameter.name or ""
    typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    if name == "result" and isinstance(value, str) and value.strip() in facts.UNSET:
        raise empty_result(source(context, name) or flag(name))
    values = value if isinstance(value, tuple) else (value,)
    if typed and any(isinstance(each, str) and not each.strip() for each in values):
        raise click.BadParameter("it is empty. Leave it out, or give it a value.")
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
        "An expression such as ${{ steps.deploy.outcome }} is empty if no step has that id: check "
        "its spelling. To report what the CI says of the whole job, give job.",
    )


def defaults(env: Mapping[str, str]) -> dict[str, Any]:
    """Return the options that variables give.

    Empty is unset, and so is CircleCI's `<nil>`, but for the result, which must not be either;
    repeatable options are one a line. Raises BadUsageError for a switch that is neither on nor off.
    """
    given = {
        field.name: _value(field, text)
        for field in declared()
        if (text := facts.value(env, variable(field.name)))
    }
    return {"result": ""} | given if variable("result") in env else given


def _value(field: Field[Any], text: str) -> Any:  # noqa: ANN401
    if field.default == ():
        return [line.strip() for line in text.splitlines() if line.strip()]
    return switch(text, variable(field.name)) if isinstance(field.default, bool) else text


def switch(text: str, source: str) -> bool:
    """Read true or false in the words that CIs use; raises BadUsageError for any other."""
    if text.lower() not in _TRUE | _FALSE:
        raise BadUsageError(f"{source}: {quoted(text)} is neither true nor false.")
    return text.lower() in _TRUE


def parsed(
    command: click.Command, arguments: Sequence[str], env: Mapping[str, str]
) -> click.Context:
    """Let click read a command line without running the command; raises ClickException."""
    return command.make_context(command.name, list(arguments), default_map=defaults(env))


def options(context: click.Context) -> Options:
    """Gather what click read, stripped, and where each value came from."""
    names = [each.name for each in declared() if each.name in context.params]
    named = {name: context.params[name] for name in names}
    for name in {"result", "incident_result"} & set(named):
        if (named[name] or "").strip().casefold() == "job":  # the CI's word, as if it weren't given
            named[name] = None
    sources = {name: source(context, name) for name in named}
    return Options(
        **{name: _stripped(value) for name, value in named.items()},
        sources={name: where for name, where in sources.items() if where},
    )


def source(context: click.Context, name: str) -> str | None:
    """Name the flag or the variable that gave an option; None where it has its default."""
    match context.get_parameter_source(name):
        case ParameterSource.COMMANDLINE:
            return flag(name)
        case ParameterSource.DEFAULT_MAP:
            return variable(name)
    return None


def _stripped(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, tuple):
        return tuple(each.strip() for each in value)
    return value.strip() if isinstance(value, str) else value


def soft(arguments: Sequence[str], env: Mapping[str, str]) -> bool:
    """Tell if a failure is to be a warning, even where the command line can't be read."""
    name = flag("on_failure")
    typed = [
        after if word == name else word.partition("=")[2]
        for word, after in pairwise([*arguments, ""])
        if word == name or word.startswith(f"{name}=")
    ]
    return (typed or [env.get(variable("on_failure"), "")])[-1].strip().lower() == "warn"


def is_verbose(arguments: Sequence[str], env: Mapping[str, str]) -> bool:
    """Tell if more is to be said, even where the command line can't be read."""
    return flag("verbose") in arguments or env.get(variable("verbose"), "").strip().lower() in _TRUE


def redacted(text: str, arguments: Sequence[str], env: Mapping[str, str]) -> str:
    """Take out of a text whatever was given as a secret, and what a CI's own variables hold."""
    given = {
        each.name: [*_typed(each.name, arguments), env.get(variable(each.name), "")]
        for each in declared()
        if each.metadata.get("secret") or each.name == "url"
    }
    urls, headers = given.pop("url"), "\n".join(given.pop("header")).splitlines()
    urls += [value for name, value in env.items() if name.lower().endswith("_proxy")]
    tokens = [value for name, value in env.items() if _SECRET.search(name) and len(value) >= 8]
    return hidden(text, forms([*tokens, *chain(*given.values())], headers, urls))


def _typed(name: str, arguments: Sequence[str]) -> list[str]:
    after = [after for word, after in pairwise(arguments) if word == flag(name)]
    start = flag(name) + "="
    return after + [word.removeprefix(start) for word in arguments if word.startswith(start)]
