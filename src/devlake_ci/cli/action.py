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

from devlake_ci import cli
from devlake_ci import deployment as deployments
from devlake_ci.ci.facts import value
from devlake_ci.ci.github import output_line
from devlake_ci.cli import inputs, params
from devlake_ci.cli.outcome import carry_out, conclude
from devlake_ci.cli.report import report
from devlake_ci.cli.session import Session
from devlake_ci.effects import Append
from devlake_ci.errors import BadUsageError, Problem
from devlake_ci.model import Outcome
from devlake_ci.options import flag, kebab, variable
from devlake_ci.runtime import Runtime
from devlake_ci.text import quoted
from devlake_ci.timestamps import rfc3339

CARRIED = {
    "job-status": "DEVLAKE_JOB_STATUS",
    "check-run-id": "DEVLAKE_CHECK_RUN_ID",
    "matrix-index": "DEVLAKE_MATRIX_INDEX",
}
"""Inputs that only carry what the runner's contexts know, and the variables to read them by."""


def main() -> NoReturn:
    """Run when the step runs: report, or note what the end of the job has to know."""
    cli.execute(lambda world: first(_with_carried(world)))


def post() -> NoReturn:
    """Run when the job ends: report, if it wasn't done before."""
    cli.execute(lambda world: last(_with_carried(world)))


def first(world: Runtime) -> int:
    """With `at: now` report; else note the start and publish the id, which never fails a job."""
    if problem := _unknown_moment(world):  # nothing of the job is to be in its way
        return conclude(Outcome(reported=False, problem=problem, soft=True), world, "text")
    if _is_now(world):
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
    if problem := _unknown_moment(world):
        soft = inputs.is_soft(partial(given, world.env))
        return conclude(Outcome(reported=False, problem=problem, soft=soft), world, "text")
    if _is_now(world):
        return 0
    noted = {"started_at": world.env.get("STATE_started")}
    # Later steps may have said which service it is, and that of another report in this job.
    if world.env.get("STATE_deployment-of") == _named(world):
        noted["id"] = world.env.get("STATE_deployment-id")
    missing = {name: value for name, value in noted.items() if value and not _said(world.env, name)}
    return _report(world, [f"{flag(name)}={value}" for name, value in missing.items()])


def given(env: Mapping[str, str], name: str) -> str | None:
    """Give an input's value, stripped; None if it wasn't given."""
    return value(env, f"INPUT_{kebab(name).upper()}")


def _is_now(world: Runtime) -> bool:
    return (given(world.env, "at") or "").lower() == "now"


def _unknown_moment(world: Runtime) -> BadUsageError | None:
    """Refuse a word of which nobody knows if the job is over by then."""
    at = given(world.env, "at") or "job-end"
    if at.lower() in ("now", "job-end"):
        return None
    return BadUsageError(f"at: {quoted(at)} is no moment to report at.", "Give job-end or now.")


def _said(env: Mapping[str, str], option: str) -> str | None:
    """Give what the user said themselves, as an input or a variable; None if they didn't."""
    return given(env, option) or value(env, variable(option))


def _named(world: Runtime) -> str:
    """Give what a deployment's id is made of and inputs say, as far as they say it by now."""
    service, environment = (_said(world.env, name) or "" for name in ("service", "environment"))
    return f"service {service}, environment {environment}"


def _report(world: Runtime, noted: list[str]) -> int:
    return inputs.report(world, partial(given, world.env), noted)


def _identity(world: Runtime) -> str | None:
    """Hide the secrets; give the deployment's id, or None if not all of it is known yet."""
    try:
        arguments = inputs.arguments(partial(given, world.env))
        options = params.options(params.parsed(report, arguments, world.env))
        session = Session(world, options)
        if options.mode == "incident":
            return None
        lookups = deployments.Lookups(nonce=world.nonce)
        return deployments.identity(options, session.context, lookups, world.clock.now())
    except (Problem, click.ClickException):
        return None


def _remember(world: Runtime, file: str, name: str, value: str) -> None:
    if path := world.env.get(file):
        carry_out([Append(path, output_line(name, value))], world)


def _with_carried(world: Runtime) -> Runtime:
    carried = {name: given(world.env, each) for each, name in CARRIED.items()}
    return replace(world, env={**world.env, **{key: text for key, text in carried.items() if text}})


if __name__ == "__main__":
    {"main": main, "post": post}[sys.argv[1]]()
