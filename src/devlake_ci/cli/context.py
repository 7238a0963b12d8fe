"""`devlake-ci context`: show what was found out about this job, and where."""

from functools import cache

import click

from devlake_ci import ci
from devlake_ci.cli.printing import say
from devlake_ci.runtime import Runtime
from devlake_ci.text import json_text
from devlake_ci.timestamps import rfc3339

SHOWN = (
    "provider", "sha", "ref", "repo_url", "run_id", "attempt", "job", "run_url", "message",
    "actor", "environment", "created_at", "started_at", "result",
)  # fmt: skip


@click.command()
@click.option(
    "--commits-schema",
    is_flag=True,
    help="Print the JSON schema of what `report --commits` takes instead.",
)
@click.pass_obj
def context(runtime: Runtime, /, commits_schema: bool) -> None:
    """Show what was found out about this job as one JSON object, null where nothing was.

    Its `sources` name the variable, file or command behind each value.
    """
    if commits_schema:
        from devlake_ci.commits.manifest import schema  # noqa: PLC0415 (it imports pydantic)

        say(json_text(schema()))
        return
    found = ci.read_context(runtime.env, runtime.read_file, cache(runtime.git))
    shown = {name: getattr(found, name) for name in SHOWN}
    for name in ("created_at", "started_at"):
        shown[name] = rfc3339(shown[name]) if shown[name] else None
    say(json_text(shown | {"sources": dict(found.sources)}))
