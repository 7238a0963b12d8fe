"""What became of a report, told to the person who reads the log and to the CI."""

from collections.abc import Iterable, Mapping
from contextlib import suppress

import click

from devlake_ci import ci
from devlake_ci.ci.outputs import outputs
from devlake_ci.effects import Effect, Run, Say
from devlake_ci.errors import BadUsageError, NothingToReport, Problem
from devlake_ci.model import Deployment, Outcome
from devlake_ci.moments import rfc3339
from devlake_ci.runtime import Runtime
from devlake_ci.text import json_text, line

NEXT = (
    "Nothing on the dashboard? The webhook connection has to be in a DevLake project, and the "
    "project's blueprint has to run after this."
)


def conclude(outcome: Outcome, world: Runtime, form: str) -> int:
    """Print the outcome, hand it to the CI, and give the exit code."""
    if form == "json":
        click.echo(json_text(_object(outcome)))
    elif outcome.problem:
        click.echo(_problem(outcome.problem, outcome.soft), err=True)
    elif outcome.requests:
        click.echo("\n".join(map(_request, outcome.requests)))
    elif outcome.deployment:
        click.echo(_success(outcome.deployment, outcome.notes))
    with suppress(BadUsageError):  # DEVLAKE_CI names no CI, which is the problem just told
        effects = ci.provider(world.env).emit(outcome, world.env)
        carry_out((each for each in effects if form != "json" or not _on_stdout(each)), world)
    if outcome.problem is None or outcome.soft:
        return 0
    return outcome.problem.exit_code


def _success(deployment: Deployment, notes: tuple[str, ...]) -> str:
    """Say what was stored, and what is left to do in DevLake."""
    commits = [
        f"  commit    {line(each.repo_url)} {each.sha[:12]} {line(each.ref or '')}".rstrip()
        for each in deployment.commits
    ]
    return "\n".join(
        [
            f"Reported: {deployment.result} in {deployment.environment} "
            f"({line(deployment.original_environment)}).",
            f"  id        {line(deployment.id)}",
            f"  name      {line(deployment.name)}",
            *commits,
            f"  started   {rfc3339(deployment.started_at)}",
            f"  finished  {rfc3339(deployment.finished_at)}",
            *map(line, notes),
        ]
    )


def _request(request: Mapping[str, object]) -> str:
    return f"{request['method']} {line(str(request['url']))}\n{json_text(request['body'])}"


def _problem(problem: Problem, soft: bool) -> str:
    """Say what happened and what to do, on a line each."""
    kind = "warning: not reported" if soft else "error"
    if isinstance(problem, NothingToReport):
        kind = "nothing reported"
    said = f"devlake-ci: {kind}: {line(problem.message)}"
    return f"{said}\n  {line(problem.hint)}" if problem.hint else said


def _object(outcome: Outcome) -> dict[str, object]:
    """Give what `--format json` prints: the outputs by their names, and the problem if any."""
    problem = outcome.problem
    return {
        **outputs(outcome),
        "reported": outcome.reported,
        "problem": problem
        and {"message": problem.message, "hint": problem.hint, "exit-code": problem.exit_code},
        "requests": list(outcome.requests),
        "notes": list(outcome.notes),
    }


def carry_out(effects: Iterable[Effect], world: Runtime) -> None:
    """Hand something to the CI; a file that can't be written doesn't undo what happened."""
    for effect in effects:
        if isinstance(effect, Say):
            click.echo(effect.line, err=not effect.stdout)  # most runners read both
            continue
        try:
            world.write(effect)
        except OSError as error:
            why = error.strerror or type(error).__name__
            what = (
                f"{line(' '.join(effect.command))} failed"
                if isinstance(effect, Run)
                else f"{line(effect.path)} can't be written"
            )
            click.echo(f"devlake-ci: {what}: {line(why)}", err=True)


def _on_stdout(effect: Effect) -> bool:
    """Tell what would break JSON that somebody reads from there."""
    return isinstance(effect, Say) and effect.stdout
