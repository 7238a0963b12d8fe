"""`--refresh`: run a project's blueprint once a report is stored."""

import re
from collections.abc import Callable

from devlake_ci.devlake.address import Target
from devlake_ci.devlake.request import Answer, Request
from devlake_ci.errors import BadUsageError, Problem
from devlake_ci.options import Options
from devlake_ci.runtime import Runtime
from devlake_ci.text import quoted


def blueprint_number(options: Options) -> int | None:
    """Return the number of the blueprint to run, None without --refresh; raise BadUsageError."""
    if not options.refresh:
        if options.refresh_wait:
            raise BadUsageError(
                f"{options.source('refresh_wait')} waits for a run, and --refresh asks for none.",
                "Set --refresh to the number that devlake-ci setup prints as DEVLAKE_REFRESH.",
            )
        return None
    if not re.fullmatch("[1-9][0-9]{0,17}", options.refresh):
        raise BadUsageError(
            f"{options.source('refresh')}: {quoted(options.refresh)} is not the number of a "
            "blueprint.",
            "Use the number that devlake-ci setup prints as DEVLAKE_REFRESH.",
        )
    return int(options.refresh)


def refresh_project(
    runtime: Runtime,
    options: Options,
    target: Target,
    call: Callable[[Request, float], Answer] | None = None,
    seconds: Callable[[], float] | None = None,
) -> list[str]:
    """Run the project's blueprint if --refresh asks for it, and return what to say about it.

    A failure is a warning: the report stays stored. `seconds` is the time that is left, by default
    the whole deadline; `call` sends a request.
    """
    if (number := blueprint_number(options)) is None:
        return []
    from devlake_ci.devlake.api import Api  # noqa: PLC0415 (only where it is asked for)
    from devlake_ci.devlake.refresh import Refresh  # noqa: PLC0415 (it imports pydantic)

    call = call or runtime.connect(options).call
    left = seconds or (lambda: options.deadline)
    began = runtime.clock.monotonic()
    refresh = Refresh(Api(target, call, runtime.clock, left), number)
    try:
        run = refresh.request()
        if not options.refresh_wait:
            return [
                f"The project is running (run {run.id}): the dashboard shows the report after that."
            ]
        refresh.wait(run)
    except Problem as problem:
        return [f"Warning: stored, but not refreshed. {problem.text}"]
    took = runtime.clock.monotonic() - began
    return [f"Counted: the metrics were recalculated {took:.1f} s after the report was stored."]
