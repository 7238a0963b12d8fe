"""Print what became of a report, and hand it to the CI."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from devlake_ci import ci
from devlake_ci.ci.outputs import COMMITS_SHOWN, outputs
from devlake_ci.ci.provider import Append, Effect, Mask, Print, Replace, RunProgram
from devlake_ci.cli.printing import mask, redact_all, say
from devlake_ci.cli.wording import reword
from devlake_ci.errors import BadUsageError, Bug, NothingToReport, Problem, reason
from devlake_ci.model import Deployment, Incident, Outcome
from devlake_ci.runtime import Runtime
from devlake_ci.text import json_text, line
from devlake_ci.timestamps import rfc3339

NEXT = (
    "Nothing on the dashboard? The webhook connection has to be in a DevLake project, and the "
    "project's blueprint has to run after this."
)


def conclude(outcome: Outcome, runtime: Runtime, form: str) -> int:
    """Print the outcome, hand it to the CI, and return the exit code.

    It is 1 for a success that could not be printed, unless failures are only warnings.
    """
    outcome = reword(outcome)
    code = 0 if outcome.problem is None or outcome.soft else outcome.problem.exit_code
    is_quiet = form == "json"
    try:
        _print(outcome, form)
    except OSError as error:
        is_quiet, code = True, code or (0 if outcome.soft else Bug.exit_code)
        say(_print_failure(outcome, error), err=True)
    with suppress(BadUsageError):  # DEVLAKE_CI names no CI, which is the problem just told
        effects = ci.provider_of(runtime.env).emit(outcome, runtime.env)
        # With --format json, a program reads standard output.
        shown = [each for each in effects if not (is_quiet and getattr(each, "stdout", False))]
        carry_out(map(_redact, shown), runtime)
    return code


def _redact(effect: Effect) -> Effect:
    """Return what a person reads outside of the log, such as a summary, without secrets."""
    if isinstance(effect, Append | Replace | RunProgram):
        return replace(effect, text=redact_all(effect.text))
    return effect


def _print(outcome: Outcome, form: str) -> None:
    if form == "json":
        say(json_text(_as_json(outcome)))
    elif outcome.problem:
        say(_problem(outcome.problem, outcome.soft), err=True)
        for note in outcome.notes:
            say(f"  {line(note)}", err=True)
    elif outcome.requests:
        say("\n".join(map(_request, outcome.requests)))
        for note in outcome.notes:
            say(line(note), err=True)
    else:
        say("\n".join(_stored_lines(outcome)))


def _print_failure(outcome: Outcome, error: OSError) -> str:
    """Return in a line what couldn't be printed whole."""
    if outcome.problem:
        return _problem(outcome.problem, outcome.soft)
    what = "It is reported: DevLake has stored it." if outcome.reported else "Nothing was sent."
    return f"devlake-ci: {what} Only the details can't be printed ({reason(error)})."


def merge(first: Outcome, second: Outcome) -> Outcome:
    """Merge both halves of a report: the worse problem, and reported only if all of it was.

    Nothing to report in one half is a note if the other half has something to say.
    """
    problems = [each.problem for each in (first, second) if each.problem]
    worst = max(problems, key=lambda each: each.exit_code, default=None)
    other = next((each for each in problems if each is not worst), None)
    stored = first.reported or second.reported
    if worst and not worst.exit_code and (stored or first.requests or second.requests):
        worst, other = None, worst
    # What to do about the lesser problem, such as where it is kept.
    said = other and (other.text if other.exit_code else other.message)
    notes = [*first.notes, *second.notes, *([said] if said else [])]
    if worst:
        notes = [each for each in notes if each != NEXT]
    if worst and stored:
        is_deployment = first.reported and first.deployment
        notes.append(f"The {'deployment' if is_deployment else 'incident'} is stored.")
    return Outcome(
        reported=stored and worst is None,
        deployment=first.deployment or second.deployment,
        incident=second.incident or first.incident,
        problem=worst,
        soft=first.soft or second.soft,
        requests=first.requests + second.requests,
        notes=tuple(dict.fromkeys(notes)),
    )


def _stored_lines(outcome: Outcome) -> Iterator[str]:
    """Yield what was stored, and what is left to do in DevLake."""
    if outcome.deployment:
        yield from _deployment(outcome.deployment)
    if outcome.incident:
        yield from _incident(outcome.incident)
    yield from map(line, outcome.notes)


def _deployment(deployment: Deployment) -> Iterator[str]:
    original = line(deployment.original_environment)
    yield f"Reported: {deployment.result} in {deployment.environment} ({original})."
    yield f"  id        {line(deployment.id)}"
    yield f"  name      {line(deployment.name)}"
    deployed = deployment.deployed
    for each in deployed[:COMMITS_SHOWN]:
        ref = line(each.ref or "")
        yield f"  commit    {line(each.repo_url)} {each.sha[:12]} {ref}".rstrip()
    if len(deployed) > COMMITS_SHOWN:
        yield f"            and {len(deployed) - COMMITS_SHOWN} more"
    yield f"  started   {rfc3339(deployment.started_at)}"
    yield f"  finished  {rfc3339(deployment.finished_at)}"


def _incident(incident: Incident) -> Iterator[str]:
    yield f"Reported: the incident is {incident.status}."
    yield f"  key       {line(incident.key)}"
    yield f"  title     {line(incident.title)}"
    yield f"  opened    {rfc3339(incident.created_at)}"
    if incident.resolved_at:
        yield f"  closed    {rfc3339(incident.resolved_at)}"


def _request(request: Mapping[str, object]) -> str:
    return f"{request['method']} {line(str(request['url']))}\n{json_text(request['body'])}"


def _problem(problem: Problem, soft: bool) -> str:
    """Return what happened and what to do, on a line each."""
    kind = "warning: not reported: " if soft else "error: "
    if isinstance(problem, NothingToReport):
        kind = ""  # its message says so itself
    said = f"devlake-ci: {kind}{line(problem.message)}"
    return f"{said}\n  {line(problem.hint)}" if problem.hint else said


def _as_json(outcome: Outcome) -> dict[str, object]:
    """Return what `--format json` prints: the outputs by their names, and the problem if any."""
    problem = outcome.problem
    return {
        **outputs(outcome),
        "reported": outcome.reported,
        "problem": problem
        and {"message": problem.message, "hint": problem.hint, "exit-code": problem.exit_code},
        "requests": list(outcome.requests),
        "notes": list(outcome.notes),
    }


def carry_out(effects: Iterable[Effect], runtime: Runtime) -> None:
    """Carry effects out; what can't be written is printed, and undoes nothing."""
    late = 0
    for effect in effects:
        match effect:
            case Mask():
                mask(effect.line)
            case Print():
                with suppress(OSError):
                    say(effect.line, err=not effect.stdout)  # most runners read both
            case RunProgram() if late > 1:  # the next one would be, too
                continue
            case _:
                late += isinstance(_write(effect, runtime), TimeoutError)


def _write(effect: Append | Replace | RunProgram, runtime: Runtime) -> OSError | None:
    """Carry out what may fail; say and return what failed."""
    try:
        runtime.write(effect)
    except OSError as error:
        what = (
            f"{line(' '.join(effect.command))} failed"
            if isinstance(effect, RunProgram)
            else f"{line(effect.path)} can't be written"
        )
        say(f"devlake-ci: {what}: {line(reason(error))}", err=True)
        return error
    return None
