"""`devlake-ci start`: note when this job began, for the report at its end."""

import click

from devlake_ci import ci
from devlake_ci.cli.outcome import carry_out
from devlake_ci.cli.printing import say
from devlake_ci.errors import BadUsageError
from devlake_ci.runtime import Runtime
from devlake_ci.timestamps import rfc3339


@click.command()
@click.pass_obj
def start(runtime: Runtime) -> None:
    """Note when this job began, for the report at its end.

    Run it first in the job. It never fails a job: the start time is optional, and no panel of
    DevLake's DORA dashboards shows it.
    """
    try:
        provider = ci.provider_of(runtime.env)
    except BadUsageError as problem:
        say(f"devlake-ci: warning: {problem.message} {problem.hint}", err=True)
        return
    now = runtime.clock.now()
    effects = provider.remember(now, runtime.env)
    if effects:
        say(f"This job began at {rfc3339(now)}.")
    elif ci.read_context(runtime.env, runtime.read_file, lambda *_: None).started_at:
        say(f"Nothing is stored: {provider.name} says itself when the job began.")
    else:
        say(
            f"Nothing is stored: there is no place for it on {provider.name}. Set "
            f"DEVLAKE_STARTED_AT={rfc3339(now)} for the report."
        )
    carry_out(effects, runtime)
