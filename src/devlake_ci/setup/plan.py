"""Compare what DevLake should have with what it has: the steps to take, a marked line each."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from itertools import count
from typing import Literal

from devlake_ci.dataclass import dataclass
from devlake_ci.devlake.inventory import (
    DEPLOYING,
    REVIEWING,
    WEBHOOK,
    ApiKey,
    Blueprint,
    Connection,
    Inventory,
    Member,
    Project,
)
from devlake_ci.errors import BadUsageError
from devlake_ci.setup import config
from devlake_ci.setup.allowed_path import ANY_CONNECTION, LONGEST, Scope, allowed_path
from devlake_ci.text import quoted

DEFAULT_SCHEDULE = "0 0 * * *"
"""What DevLake gives a new blueprint."""


class Mark(StrEnum):
    """What a line of a plan says of its object."""

    MADE = "+"
    CHANGED = "~"
    AS_IT_SHOULD_BE = "="
    LEFT_ALONE = "!"
    NOT_IN_FILE = "?"


@dataclass(frozen=True)
class Create:
    """Make a connection, or a project with the dora metric, or add that metric to a project."""

    kind: Literal["connection", "project", "dora"]
    name: str


@dataclass(frozen=True)
class ChangeBlueprint:
    """Add connections to a project's blueprint, and set its schedule."""

    project: str
    connections: tuple[str, ...] = ()
    schedule: str | None = None


@dataclass(frozen=True)
class CreateOrRenewKey:
    """Make a key, or renew its secret: then the old one stops working at once."""

    name: str
    key: config.Key | None
    """What the file says of it; None if it says nothing."""
    renewed: bool = False


Change = Create | ChangeBlueprint | CreateOrRenewKey


@dataclass(frozen=True)
class Step:
    """A line of a plan, and the change behind it."""

    mark: Mark
    text: str
    change: Change | None = None

    def __str__(self) -> str:
        """Return the line."""
        return f"{self.mark} {self.text}"


def plan(
    desired: config.Config,
    actual: Inventory,
    *,
    today: date,
    renew: str | None = None,
    whole: bool = True,
) -> list[Step]:
    """Return the steps that turn `actual` into `desired`.

    `renew` names a key to renew; raise BadUsageError if there is none of that name. `whole` says
    that `desired` is all that DevLake should have: whatever else is there gets a line.
    """
    skipped = {each.name for each in desired.projects if _double_counted(each, actual)}
    made: set[str] = set()
    steps: list[Step] = []
    for project in desired.projects:
        steps += _project(project, actual, made)
    planned = _after_plan(desired, actual)
    for key in desired.keys:
        path, blocked = path_of(key, desired, planned), skipped & set(projects_of(key, desired))
        steps += _key(key, path, actual, blocked, today, renew=renew)
    if whole:
        steps += _not_in_file(desired, actual)
    issued = {step.change.name for step in steps if isinstance(step.change, CreateOrRenewKey)}
    if renew and renew not in issued:
        if renew not in actual.keys:
            known = ", ".join(map(quoted, sorted(actual.keys))) or "none"
            raise BadUsageError(f"There is no key {quoted(renew)}.", f"DevLake has: {known}.")
        steps.append(_renewal(renew, None))
    return steps


def _renewal(name: str, key: config.Key | None) -> Step:
    text = f"key {quoted(name)}: renewed; its old secret stops working at once"
    return Step(Mark.CHANGED, text, CreateOrRenewKey(name, key, renewed=True))


def _double_counted(desired: config.Project, actual: Inventory) -> list[str]:
    """Return the plugins whose deployments would count beside ours."""
    blueprint = actual.blueprint(desired.name)
    if desired.allow_double_counting or not blueprint:
        return []
    return sorted(DEPLOYING & set(blueprint.other_plugins))


def _project(desired: config.Project, actual: Inventory, made: set[str]) -> Iterator[Step]:
    name = quoted(desired.name)
    if plugins := _double_counted(desired, actual):
        yield Step(
            Mark.LEFT_ALONE,
            f"project {name}: {', '.join(plugins)} in its blueprint may collect the same "
            "deployments, which would count twice. Nothing is done for it; "
            "allow-double-counting: true in the file sets it up all the same.",
        )
        return
    for connection in desired.all_connections:
        if actual.number(connection) is not None:
            yield Step(Mark.AS_IT_SHOULD_BE, f"connection {quoted(connection)}")
        elif connection not in made:
            made.add(connection)
            create = Create("connection", connection)
            yield Step(Mark.MADE, f"connection {quoted(connection)}", create)
    if not (project := actual.projects.get(desired.name)):
        yield Step(Mark.MADE, f"project {name} with dora", Create("project", desired.name))
    elif project.has_dora:
        yield Step(Mark.AS_IT_SHOULD_BE, f"project {name} with dora")
    else:
        text = f"project {name}: metric dora, off → on"
        yield Step(Mark.CHANGED, text, Create("dora", desired.name))
    yield from _blueprint(desired, actual)


def _blueprint(desired: config.Project, actual: Inventory) -> Iterator[Step]:
    blueprint = actual.blueprint(desired.name)
    before = blueprint or Blueprint(id=0, cron_config=DEFAULT_SCHEDULE)
    title = f"blueprint of {quoted(desired.name)}"
    numbers = {name: actual.number(name) for name in desired.all_connections}
    missing = tuple(name for name, number in numbers.items() if number not in before.webhooks)
    schedule = desired.schedule if desired.schedule != before.schedule else None
    if missing or schedule or not blueprint:
        parts = [f"with {', '.join(map(quoted, missing))}"] if missing else []
        if schedule:
            parts.append(f"schedule {before.schedule} → {schedule}")
        is_new = blueprint is None and actual.projects.get(desired.name) is not None
        mark = Mark.MADE if is_new else Mark.CHANGED
        change = ChangeBlueprint(desired.name, missing, schedule)
        yield Step(mark, f"{title}: {', '.join(parts) or 'made'}", change)
    elif desired.schedule or before.schedule == DEFAULT_SCHEDULE:
        yield Step(Mark.AS_IT_SHOULD_BE, f"{title}: schedule {before.schedule}")
    if blueprint:
        yield from _left_alone(title, desired, blueprint, set(numbers.values()), actual)


def _left_alone(
    title: str,
    desired: config.Project,
    blueprint: Blueprint,
    ours: set[int | None],
    actual: Inventory,
) -> Iterator[Step]:
    """Yield what somebody else did to a blueprint: it is left alone."""
    if blueprint.other_plugins:
        plugins = ", ".join(blueprint.other_plugins)
        yield Step(Mark.LEFT_ALONE, f"{title}: also collects from {plugins}")
    if not blueprint.enable:
        yield Step(
            Mark.LEFT_ALONE,
            f"{title}: is switched off, so nothing is calculated; switch it on in DevLake",
        )
    schedule = blueprint.schedule
    if not desired.schedule and schedule != DEFAULT_SCHEDULE:
        yield Step(Mark.LEFT_ALONE, f"{title}: schedule {schedule}, which was set in DevLake")
    names = {each.id: each.name for each in actual.connections.values()}
    for number in sorted(blueprint.webhooks - ours):
        named = quoted(names.get(number, str(number)))
        yield Step(Mark.NOT_IN_FILE, f"{title}: connection {named}")


def _key(
    key: config.Key,
    path: str,
    actual: Inventory,
    blocked: set[str],
    today: date,
    *,
    renew: str | None,
) -> Iterator[Step]:
    """Yield the steps for a key; `blocked` are those of its projects that are left alone."""
    name = key.full_name()
    title, before = f"key {quoted(name)}", actual.keys.get(name)
    if blocked:
        which = quoted(min(blocked))
        yield Step(Mark.LEFT_ALONE, f"{title}: it is for {which}, which is left alone")
    elif before is None and len(path) > LONGEST:
        yield Step(
            Mark.LEFT_ALONE,
            f"{title}: not made, for its allowed path would have {len(path)} characters, and "
            f"DevLake keeps {LONGEST}. Give each project a key of its own (projects: [NAME]), "
            "or one key that may report to any connection and do nothing else "
            '(connections: "*")',
        )
    elif before is None:
        yield Step(Mark.MADE, f"{title}: allowed path {path}", CreateOrRenewKey(name, key))
    elif why := _misfit(before, key, path, today):
        free = next(each for n in count(2) if (each := f"{name}-{n}") not in actual.keys)
        yield Step(
            Mark.LEFT_ALONE,
            f"{title}: {why}, and DevLake can only renew a key. Give it another name in the "
            f"file, such as {free}, and remove {quoted(name)} in "
            "DevLake when no pipeline has it",
        )
    elif renew != name:
        said = f"{title}: its secret was shown once; --renew-key makes a new one"
        yield Step(Mark.AS_IT_SHOULD_BE, said)
    if before and renew == name:
        yield _renewal(name, key)


def _misfit(before: ApiKey, key: config.Key, path: str, today: date) -> str:
    """Return why an existing key doesn't fit; "" if it does."""
    expires = before.expires
    if before.allowed_path != path:
        return f"its allowed path is {before.allowed_path}, not {path}"
    if expires != key.expires:
        return f"it expires {expires or 'never'}, not {key.expires or 'never'}"
    return f"it has expired ({expires})" if expires and expires < today else ""


def projects_of(key: config.Key, file: config.Config) -> list[str]:
    """Return the projects that a key may refresh."""
    if key.connections == [config.ANY]:
        return []
    ours = set(config.connections_of(key, file.projects))
    return [each.name for each in file.projects if ours & set(each.all_connections)]


def path_of(key: config.Key, file: config.Config, actual: Inventory) -> str:
    """Return the allowed path of a key; what it is for must be in `actual`."""
    if key.connections == [config.ANY]:
        return ANY_CONNECTION
    names = config.connections_of(key, file.projects)
    opened = [_scope_of(name, actual) for name in names]
    numbers = [actual.blueprint(each) for each in projects_of(key, file)]
    return allowed_path(opened, [each.id for each in numbers if each])


def _scope_of(name: str, actual: Inventory) -> Scope:
    collected = any(
        REVIEWING & set(blueprint.other_plugins) for _, blueprint in actual.projects_with(name)
    )
    return Scope(actual.number(name) or 0, name, pull_requests=not collected)


def _after_plan(file: config.Config, actual: Inventory) -> Inventory:
    """Return what DevLake will have, with the numbers that it will probably assign."""
    connections, projects = dict(actual.connections), dict(actual.projects)
    number = max((each.id for each in connections.values()), default=0)
    last = max((each.blueprint.id for each in projects.values() if each.blueprint), default=0)
    for desired in file.projects:
        for name in desired.all_connections:
            if name not in connections:
                number += 1
                connections[name] = Connection(id=number, name=name)
        before = projects.get(desired.name)
        blueprint = before.blueprint if before else None
        if not blueprint:
            last += 1
            blueprint = Blueprint(id=last)
        webhooks = [
            Member(plugin_name=WEBHOOK, connection_id=connections[name].id)
            for name in desired.all_connections
        ]
        whole = blueprint.model_copy(update={"connections": [*blueprint.connections, *webhooks]})
        projects[desired.name] = Project(name=desired.name, blueprint=whole)
    return Inventory(connections, projects, actual.keys)


def _not_in_file(desired: config.Config, actual: Inventory) -> Iterator[Step]:
    """Yield what is in DevLake and not in the file."""
    ours = {name for each in desired.projects for name in each.all_connections}
    projects = {each.name for each in desired.projects}
    keys = {each.full_name() for each in desired.keys}
    for kind, there, named in (
        ("project", actual.projects, projects),
        ("connection", actual.connections, ours),
        ("key", actual.keys, keys),
    ):
        for name in sorted(there.keys() - named):
            yield Step(Mark.NOT_IN_FILE, f"{kind} {quoted(name)}")
