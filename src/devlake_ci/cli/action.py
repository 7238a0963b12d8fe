"""The executables of the GitHub action: its inputs become options, reported now or at job's end.

The runner gives an input `repo-url` as the variable `INPUT_REPO-URL`, empty where it wasn't given.
Only this module reads them: another action's inputs may lie in the same environment.
https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#inputs
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import NoReturn

import click

from devlake_ci import cli, runtime
from devlake_ci import report as reporting
from devlake_ci.ci.github_output import output_line
from devlake_ci.cli import inputs, params
from devlake_ci.cli.outcome import carry_out, conclude
from devlake_ci.cli.report import report
from devlake_ci.cli.session import Session
from devlake_ci.effects import Append
from devlake_ci.errors import BadUsageError, Problem
from devlake_ci.model import Outcome
from devlake_ci.moments import rfc3339
from devlake_ci.options import flag, variable
from devlake_ci.runtime import Runtime

CARRIED = {
    "job-status": "DEVLAKE_JOB_STATUS",
    "check-run-id": "DEVLAKE_CHECK_RUN_ID",
    "matrix-index": "DEVLAKE_MATRIX_INDEX",
}
"""Inputs that only carry what the runner's contexts know, and the variables to read them by."""


def main() -> NoReturn:
    """Run when the step runs: report, or note what the end of the job has to know."""
    cli.print_utf8()
    runtime.leave(first(_world()))


def post() -> NoReturn:
    """Run when the job ends: report, if it wasn't done before."""
    cli.print_utf8()
    runtime.leave(last(_world()))


def first(world: Runtime) -> int:
    """With `at: now` report; else note the start and publish the id, which never fails a job."""
    if given(world.env, "at").lower() == "now":
        return _report(world, [])
    started = rfc3339(world.clock.now())
    _remember(world, "GITHUB_STATE", "started", started)
    if identity := _identity(world):
        _remember(world, "GITHUB_STATE", "deployment-id", identity)
        _remember(world, "GITHUB_STATE", "deployment-of", _named(world))
        _remember(world, "GITHUB_OUTPUT", "deployment-id", identity)
    click.echo("DevLake will be told at the end of this job.")
    return 0


def last(world: Runtime) -> int:
    """Report with what was noted; with `at: now` everything is done already."""
    if given(world.env, "at").lower() == "now":
        return 0
    noted = {"started_at": world.env.get("STATE_started")}
    # Later steps may have said which service it is, and that of another report in this job.
    if world.env.get("STATE_deployment-of") == _named(world):
        noted["id"] = world.env.get("STATE_deployment-id")
    missing = {name: value for name, value in noted.items() if value and not _said(world.env, name)}
    return _report(world, [f"{flag(name)}={value}" for name, value in missing.items()])


def arguments(env: Mapping[str, str]) -> list[str]:
    """Spell the inputs as a command line of `report`; raises BadUsageError for a switch's value."""
    return inputs.arguments(partial(given, env))


def given(env: Mapping[str, str], name: str) -> str:
    """Give an input's value, stripped; empty if it wasn't given."""
    return inputs.value(env.get(f"INPUT_{name.upper()}", ""))


def _said(env: Mapping[str, str], option: str) -> str:
    """Give what the user said themselves, as an input or a variable; empty if they didn't."""
    name = flag(option).removeprefix("--")
    return given(env, name) or inputs.value(env.get(variable(option), ""))


def _named(world: Runtime) -> str:
    """Give what a deployment's id is made of and inputs say, as far as they say it by now."""
    service, environment = (_said(world.env, name) for name in ("service", "environment"))
    return f"service {service}, environment {environment}"


def _report(world: Runtime, noted: list[str]) -> int:
    try:
        words = arguments(world.env)
    except BadUsageError as problem:
        soft = inputs.is_soft(partial(given, world.env))
        return conclude(Outcome(reported=False, problem=problem, soft=soft), world, "text")
    return cli.run(["report", *noted, *words], world)


def _identity(world: Runtime) -> str | None:
    """Hide the secrets; give the deployment's id, or None if not all of it is known yet."""
    try:
        options = params.options(params.parsed(report, arguments(world.env), world.env))
        session = Session(world, options)
        if options.mode == "incident":
            return None
        lookups = reporting.Lookups(nonce=world.nonce)
        return reporting.identity(options, session.context, lookups, world.clock.now())
    except (Problem, click.ClickException):
        return None


def _remember(world: Runtime, file: str, name: str, value: str) -> None:
    if path := world.env.get(file):
        carry_out([Append(path, output_line(name, value))], world)


def _world() -> Runtime:
    world = runtime.real()
    carried = {name: given(world.env, each) for each, name in CARRIED.items()}
    return replace(world, env={**world.env, **{key: text for key, text in carried.items() if text}})


if __name__ == "__main__":
    {"main": main, "post": post}[sys.argv[1]]()
