"""The parts of the documentation that are printed from the code (`make wrappers` writes them)."""

import json
import re
from collections.abc import Iterator
from dataclasses import Field
from importlib import import_module
from itertools import groupby
from pathlib import Path
from textwrap import fill
from typing import Any

import click

from devlake_ci import __version__
from devlake_ci.ci import KNOWN
from devlake_ci.cli import devlake_ci, params
from devlake_ci.cli.params import TRUE
from devlake_ci.options import declared, flag, of_run, variable
from devlake_sandbox import RELEASED, VERSIONS

EXAMPLES = Path(__file__).parent.parent / "examples"
CHANGES = Path(__file__).parent.parent / "CHANGELOG.md"
ENVIRONMENTS = Path(__file__).parent.parent / "tests" / "data" / "environments"


def options() -> Iterator[str]:
    """Yield the lines of the tables of options, one table a group."""
    for group, members in groupby(declared(), key=lambda each: each.metadata["group"]):
        yield ""
        yield f"| {group} | |"
        yield "|---|---|"
        for each in members:
            yield f"| `{flag(each.name)}` | {each.metadata['help']}{_values(each)} |"
    yield ""


def flags() -> str:
    """Return, as Python, which options of `run` take a value, which don't, and what is secret."""
    switches = {each.name for each in of_run() if isinstance(each.default, bool)}
    taking = {each.name for each in of_run()} - switches
    secrets = {each.name for each in declared() if each.metadata.get("secret")}
    said = {
        "TAKING": map(flag, taking),
        "SWITCHES": map(flag, switches),
        "SECRET_VARIABLES": map(variable, secrets),
        "TRUE": TRUE,
    }
    return "\n".join(_frozenset(name, sorted(each)) for name, each in said.items())


def _frozenset(name: str, words: list[str]) -> str:
    quoted = ", ".join(f'"{word}"' for word in words) + ","
    lines = fill(
        quoted, 96, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
    return f"{name} = frozenset({{\n{lines}\n}})"


def variables() -> Iterator[str]:
    """Yield the lines of the tables of variables, a table a CI, from its recorded environments."""
    for name in KNOWN:
        about, _, _ = (import_module(f"devlake_ci.ci.{name}").__doc__ or "").partition("\n")
        yield from ("", f"## {about.rstrip('.')}", "", f"`DEVLAKE_CI={name}`", "")
        yield from ("| field | from |", "|---|---|")
        for field, sources in _sources(name).items():
            yield f"| {field} | {', '.join(f'`{source}`' for source in sources)} |"
    yield ""


def _sources(name: str) -> dict[str, list[str]]:
    """Return for each field, in the order of `devlake-ci context`, all that it was read from."""
    files = sorted(ENVIRONMENTS.glob(f"{name}/*.json"))
    expected = [json.loads(file.read_text(encoding="utf-8"))["expected"] for file in files]
    found: dict[str, list[str]] = {field: [] for field in expected[0] if field != "sources"}
    for context in expected:
        for field, source in context["sources"].items():
            if source not in found[field] and source != "DEVLAKE_CI":
                found[field].append(source)
    return {field: sources for field, sources in found.items() if sources}


def _values(option: Field[Any]) -> str:
    """Return which values there are and which is the default, where the text alone doesn't."""
    choices = ", ".join(f"`{each}`" for each in option.metadata.get("choices", ()))
    default = "" if option.default in (None, (), False) else f" Default: `{option.default}`."
    return (f" One of {choices}." if "," in choices else "") + default


LANGUAGES = {
    ".kts": "kotlin", ".yml": "yaml", ".yaml": "yaml", ".groovy": "groovy", "": "groovy",
}  # fmt: skip
"""By how an example's name ends; a Jenkinsfile's ends in nothing."""


def example(path: str) -> str:
    """Return an example of this repository as a fenced block, its name above it."""
    file = EXAMPLES / path
    text = file.read_text(encoding="utf-8")
    return f"\n[{file.name}](../examples/{path}):\n\n```{LANGUAGES[file.suffix]}\n{text}```\n\n"


def unreleased() -> str:
    """Return a note for pages that take something from a release, until there is one."""
    if re.search(r"(?m)^## \d", CHANGES.read_text(encoding="utf-8")):
        return ""
    return f"\n> v{__version__} is not released yet: [what to use until then](../README.md).\n"


def recipe(path: str) -> str:
    """Return how a CI's page begins: the example that runs the command that deploys."""
    return (
        f"{unreleased()}"
        "\n[`devlake-ci setup`](setup.md#keys) prints `DEVLAKE_URL` and `DEVLAKE_TOKEN`. Store\n"
        "both where the recipe reads them, `DEVLAKE_TOKEN` as a secret. Wrap the command that\n"
        "deploys in [`devlake-ci run`](run.md), which reports how the command ended.\n"
        f"{example(path)}"
    )


def recipe_end() -> str:
    """Return how a CI's page ends."""
    return """
A failed report is a warning. [All options](options.md) are variables, too: `--service` is
`DEVLAKE_SERVICE`. Next: [variables of this CI](ci-variables.md), [monorepos](monorepos.md),
[incidents](incidents.md), [lead time](lead-time.md), [troubleshooting](troubleshooting.md).

"""


def versions() -> str:
    """Return which versions the sandbox can be."""
    *older, newest = (f"`{each}`" for each in VERSIONS)
    return f"\n`--as` takes {', '.join(older)} and {newest}; the default is `{RELEASED}`.\n\n"


def commands() -> Iterator[str]:
    """Return `--help` of the program and of each command, a heading each."""
    return _help(devlake_ci, click.Context(devlake_ci, info_name="devlake-ci", **_WIDE))


_WIDE: dict[str, Any] = {"terminal_width": 96, "help_option_names": ["-h", "--help"]}


def _help(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from ("", f"## {context.command_path}", "", "```text")
    context.meta[params.ALL] = True
    yield from (line.rstrip() for line in click.unstyle(command.get_help(context)).splitlines())
    yield from ("```", "")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if each := command.get_command(context, name):
                yield from _help(each, click.Context(each, context, name, **_WIDE))
