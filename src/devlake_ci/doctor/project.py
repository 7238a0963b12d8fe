"""Whether what is reported is counted: the connection's project, its runs, and what it costs.

Asked of DevLake's API, where no key is needed or the key may read; a narrow key may not.
"""

from collections.abc import Iterator
from urllib.parse import unquote

from devlake_ci.devlake.address import Target
from devlake_ci.devlake.inventory import DEPLOYING, MANUAL, REVIEWING, Blueprint, Inventory, Project
from devlake_ci.devlake.refresh import PipelineRun
from devlake_ci.doctor.checks import Check, fail, good, warn
from devlake_ci.errors import BadUsageError
from devlake_ci.text import line, quoted


def connection_name(target: Target, found: Inventory) -> str:
    """Return the name of the connection that reports go to, or its number if it isn't there."""
    kind, _, name = target.route.removeprefix("connections/").partition("/")
    if kind in ("projects", "by-name"):
        asked = f"{unquote(name)}_deployments" if kind == "projects" else unquote(name)
        # DevLake's MariaDB finds a name in upper or lower case.
        like = (each for each in found.connections if each.casefold() == asked.casefold())
        return asked if asked in found.connections else next(like, asked)
    return next((each.name for each in found.connections.values() if str(each.id) == kind), kind)


def check_membership(connection: str, found: Inventory) -> Check:
    """Return which projects count what is reported."""
    names = ", ".join(quoted(each.name) for each, _ in found.projects_with(connection))
    if names:
        return good("in a project", f"The connection {quoted(connection)} is in {names}.")
    return warn(
        "in a project",
        f"The connection {quoted(connection)} is in no project, so nothing of it is counted.",
        f"devlake-ci setup --project NAME --connection {quoted(connection)} puts it into one.",
    )


def check_computed(
    project: Project, blueprint: Blueprint, last: PipelineRun | None
) -> Iterator[Check]:
    """Yield whether a project's numbers are computed, when they were last, and from what."""
    name = quoted(project.name)
    if project.has_dora:
        yield good("dora", f"{name} has the dora metric.")
    else:
        yield warn(
            "dora",
            f"{name} does not have the dora metric, so no metrics are calculated.",
            f"devlake-ci setup --project {name} adds it.",
        )
    yield _schedule(name, blueprint)
    yield _last_run(name, last)
    twice = sorted(DEPLOYING & set(blueprint.other_plugins))
    if twice:
        yield warn(
            "counted once",
            f"{', '.join(twice)} in {name} may collect the same deployments: each counts twice.",
            "Switch that off in its scope configuration, or do not report them.",
        )
    else:
        yield good("counted once", f"No other plugin in {name} collects deployments.")


def check_pull_requests(project: Project, blueprint: Blueprint) -> Check:
    """Return whether the pull requests that `--changes` sends would be there twice."""
    name = quoted(project.name)
    twice = sorted(REVIEWING & set(blueprint.other_plugins))
    if not twice:
        return good("lead time", f"No other plugin in {name} collects pull requests.")
    return fail(
        "lead time",
        f"{', '.join(twice)} in {name} collects pull requests, so each would be counted twice.",
        "Leave --changes out, or take the repository out of the project.",
        BadUsageError.exit_code,
    )


def _schedule(name: str, blueprint: Blueprint) -> Check:
    if not blueprint.enable:
        return warn(
            "blueprint",
            f"The blueprint of {name} is switched off, so no metrics are calculated.",
            "Switch it on in DevLake, in the project.",
        )
    if blueprint.schedule == MANUAL:
        return warn(
            "blueprint",
            f"The blueprint of {name} runs only when somebody starts it.",
            "Give it a schedule (devlake-ci setup --schedule), or set --refresh for reports.",
        )
    return good("blueprint", f"{name} runs on a schedule: {line(blueprint.cron_config)}.")


def _last_run(name: str, last: PipelineRun | None) -> Check:
    if last is None:
        return warn(
            "last run",
            f"{name} has never run.",
            "Wait for its schedule, press Collect Data in DevLake, or set --refresh for reports.",
        )
    ended = f" ({line(last.finished_at)})" if last.finished_at else ""
    if last.status == "TASK_COMPLETED":
        return good("last run", f"{name} has run{ended}; later reports are not counted yet.")
    if last.is_under_way:
        return good("last run", f"{name} is running now.")
    return warn(
        "last run",
        f"The last run of {name} ended as {line(last.status)}{ended}.",
        "Look at the run in DevLake, under the project's status.",
    )


def wide_key() -> Check:
    """Return that a report's key is an administrator's."""
    return warn(
        "key",
        "The key may read and change all of DevLake: it is an administrator's.",
        "Give pipelines a narrow one: devlake-ci setup --project NAME makes it.",
    )
