"""Apply a plan step by step; interrupted anywhere, it can be run again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace
from typing import Any, TypeVar

from devlake_ci.dataclass import dataclass
from devlake_ci.devlake.address import escape
from devlake_ci.devlake.api import Api, ApiError
from devlake_ci.devlake.inventory import (
    DORA,
    WEBHOOK,
    Blueprint,
    Connection,
    CreatedKey,
    Inventory,
    Project,
    fetch_blueprint,
    fetch_blueprints,
    fetch_inventory,
    validate,
)
from devlake_ci.errors import Problem, RefusedError, UnreachedError
from devlake_ci.setup import config
from devlake_ci.setup.allowed_path import LONGEST
from devlake_ci.setup.plan import (
    DEFAULT_SCHEDULE,
    ChangeBlueprint,
    Create,
    CreateOrRenewKey,
    Mark,
    Step,
    path_of,
    projects_of,
)
from devlake_ci.text import quoted

C = TypeVar("C")

_DORA_METRIC = {"pluginName": DORA, "pluginOption": "", "enable": True}
FEW = 3
"""The most blueprints that are read again one by one; more are read as a list."""
AGAIN = "Run the same command again: it continues where this run stopped."


@dataclass(frozen=True)
class NewKey:
    """A key that was just created or renewed: DevLake shows its secret only once."""

    name: str
    secret: str = field(repr=False)
    is_known: bool
    """Whether a file or option says what it opens."""
    connections: tuple[int, ...] = ()
    """The numbers of the connections that it opens; empty where it opens all."""
    refreshes: tuple[tuple[str, int], ...] = ()
    """The projects that it may refresh, each with the number of its blueprint."""


@dataclass
class Applier:
    """Applies a plan, and keeps track of what DevLake has by now."""

    api: Api
    desired: config.Config
    actual: Inventory
    hand_over: Callable[[NewKey], None]
    """Called with each key as soon as there is one."""
    created: set[str] = field(default_factory=set)
    """The projects that this run made."""
    changed: dict[str, set[str]] = field(default_factory=dict)
    """The connections that this run added to each project's blueprint."""

    def apply(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Take each step, and yield it when it is done; raise Problem.

        At the end, the blueprints are read again, and a connection that is missing is added once
        more: somebody else changed the blueprint at the same time. DevLake has no conditional
        write, so a change between our read and our write can still be lost.
        """
        for step in steps:
            refused: list[Step] = []
            match step.change:
                case Create("connection", name):
                    self._create_connection(name)
                case Create("project", name):
                    self._create_project(name)
                case Create("dora", name):
                    self._enable_dora(self.actual.projects[name])
                case ChangeBlueprint():
                    self._change_blueprint(step.change)
                case CreateOrRenewKey():
                    refused = self._issue_key(step.change)
            yield step
            yield from refused
        self._verify_blueprints()

    def _create_connection(self, name: str) -> None:
        if made := self._create(Connection, name, "/plugins/webhook/connections", {"name": name}):
            self.actual.connections[name] = made

    def _create_project(self, name: str) -> None:
        body = {"name": name, "description": "", "metrics": [_DORA_METRIC], "enable": True}
        if made := self._create(Project, name, "/projects", body):
            self.actual.projects[name] = made
            self.created.add(name)
        elif not self.actual.projects[name].has_dora:
            self._enable_dora(self.actual.projects[name])

    def _create(self, kind: type[C], name: str, path: str, body: dict[str, Any]) -> C | None:
        """Create something; return None if somebody else did a moment ago; raise Problem."""
        what = kind.__name__.lower()
        try:
            return validate(kind, self.api.change("POST", path, body), f"a new {what}")
        except ApiError as error:
            if "already exists" not in error.said:
                raise
        # Somebody else made it a moment ago, or it is there in upper or lower case.
        now = fetch_inventory(self.api)
        self.actual.connections, self.actual.projects = now.connections, now.projects
        there = [*(now.connections if kind is Connection else now.projects)]
        if name in there:
            return None
        like = next((each for each in there if each.casefold() == name.casefold()), None)
        said = f"DevLake says that the {what} {quoted(name)} exists, but does not list it"
        if like:
            said += f": there is {quoted(like)}, and DevLake does not tell upper from lower case"
        raise RefusedError(f"{said}.", "Give it another name, or spell it as DevLake does.")

    def _enable_dora(self, project: Project) -> None:
        """Add the metric; all of the project is sent, for DevLake clears what is not."""
        if "/" in project.name and self.api.target.rest:
            raise RefusedError(
                f"The dora metric of {quoted(project.name)} can't be switched on with an API key: "
                "behind /rest DevLake finds no project with a slash in its name.",
                "Switch it on in DevLake, in the project, or run setup without a key inside a "
                "private network.",
            )
        others = (each for each in project.metrics if each.plugin_name != DORA)
        metrics = [each.model_dump(by_alias=True) for each in others]
        body = {
            "name": project.name,
            "description": project.description,
            "enable": project.blueprint.enable if project.blueprint else True,
            "metrics": [*metrics, _DORA_METRIC],
        }
        self.api.change("PATCH", f"/projects/{escape(project.name)}", body)

    def _change_blueprint(self, change: ChangeBlueprint) -> None:
        project = self.actual.projects[change.project]
        if project.blueprint is None:
            project.blueprint = self._create_blueprint(change.project, change.schedule)
        body: dict[str, Any] = {}
        if change.schedule and project.blueprint.schedule != change.schedule:
            body["cronConfig"] = change.schedule
            if project.blueprint.is_manual:
                body["isManual"] = False
        if change.connections:
            before = project.blueprint
            if project.name not in self.created:
                before = fetch_blueprint(self.api, before.id)
            body["connections"] = self._members(before, change.connections)
            self.changed.setdefault(project.name, set()).update(change.connections)
        if body:
            project.blueprint = self._patch(project.blueprint.id, body)

    def _create_blueprint(self, project: str, schedule: str | None) -> Blueprint:
        """Create the blueprint that DevLake before 1.0 does not make with a project."""
        body: dict[str, Any] = {
            "name": f"{project}-Blueprint",
            "projectName": project,
            "mode": "NORMAL",
            "plan": None,
            "enable": True,
            "cronConfig": schedule or DEFAULT_SCHEDULE,
            "isManual": False,
            "skipOnFail": False,
            "timeAfter": None,
            "connections": [],
            "settings": {"version": "2.0.0", "connections": []},
        }
        return validate(Blueprint, self.api.change("POST", "/blueprints", body), "a new blueprint")

    def _members(self, before: Blueprint, names: Iterable[str]) -> list[dict[str, Any]]:
        """Return the connections of a blueprint as they are, with these added."""
        added = sorted({self.actual.connections[name].id for name in names} - before.webhooks)
        return [each.model_dump(by_alias=True) for each in before.connections] + [
            {"pluginName": WEBHOOK, "connectionId": number, "scopes": []} for number in added
        ]

    def _patch(self, number: int, body: dict[str, Any]) -> Blueprint:
        changed = self.api.change("PATCH", f"/blueprints/{number}", body)
        return validate(Blueprint, changed, "a changed blueprint")

    def _verify_blueprints(self) -> None:
        """Read the changed blueprints again, and add once more what is missing."""
        for name, now in self._read_again().items():
            if missing := self._missing(name, now):
                self._patch(now.id, {"connections": self._members(now, missing)})
                now = fetch_blueprint(self.api, now.id)  # noqa: PLW2901
                if lost := self._missing(name, now):
                    raise RefusedError(
                        f"The blueprint of {quoted(name)} does not keep the connection "
                        f"{quoted(min(lost))}: something else changes it at the same time.",
                        AGAIN,
                    )
            self.actual.projects[name].blueprint = now

    def _missing(self, project: str, now: Blueprint) -> set[str]:
        names = self.changed[project]
        return {name for name in names if self.actual.number(name) not in now.webhooks}

    def _read_again(self) -> dict[str, Blueprint]:
        numbers = {name: each.id for name in self.changed if (each := self.actual.blueprint(name))}
        if len(numbers) <= FEW:
            return {name: fetch_blueprint(self.api, number) for name, number in numbers.items()}
        found = {each.id: each for each in fetch_blueprints(self.api)}
        return {name: found[number] for name, number in numbers.items()}

    def _issue_key(self, change: CreateOrRenewKey) -> list[Step]:
        """Make or renew a key and hand it over; return a line if DevLake refuses it at once."""
        name = change.name
        try:
            if change.key and not change.renewed:
                said = self.api.change("POST", "/api-keys", self._key_request(change.key))
            else:
                said = self.api.change("PUT", f"/api-keys/{self.actual.keys[name].id}")
        except UnreachedError as error:
            error.hint = (
                f"{error.hint} The key may have been created nevertheless; its secret is lost "
                f"then, and --renew-key {quoted(name)} gives it a new one."
            )
            raise
        except ApiError as error:
            if "already exist" not in error.said:
                raise
            raise RefusedError(
                f"The name of the key {quoted(name)} is taken: somebody just created it, or it "
                "belongs to something that the list of keys does not show, such as a connection.",
                "Give the key another name in the file, unless the next run finds it.",
            ) from None
        made = validate(CreatedKey, said, "a new key")
        self.actual.keys[name] = made
        key = self._new_key(name, made.api_key, change.key)
        self.hand_over(key)
        return list(self._check_usable(key))

    def _check_usable(self, key: NewKey) -> Iterator[Step]:
        """Try a key that was made with a login: where one is needed, DevLake may take no key.

        With AUTH_ENABLED, DevLake answers 401 to valid keys (seen in June 2026); so does a proxy
        that asks for a login itself. The empty report is refused and stores nothing.
        """
        target = self.api.target
        if target.rest or not target.headers or not key.connections:
            return
        headers = {
            name: text for name, text in target.headers.items() if name.lower() != "authorization"
        } | {"Authorization": f"Bearer {key.secret}"}
        api = replace(self.api, target=replace(target, rest=True, headers=headers))
        path = f"/plugins/webhook/connections/{key.connections[0]}/deployments"
        try:
            api.change("POST", path, {})
        except ApiError as error:
            if error.status == 401:
                yield Step(
                    Mark.LEFT_ALONE,
                    f"key {quoted(key.name)}: DevLake, or a login in front of it, refuses it here "
                    f"({error.status}: {error.said}). Where AUTH_ENABLED is on, DevLake takes no "
                    "key at all; docs/setup.md says what pipelines can do",
                )
        except Problem:
            pass

    def _key_request(self, key: config.Key) -> dict[str, Any]:
        path = path_of(key, self.desired, self.actual)
        if len(path) > LONGEST:
            raise RefusedError(
                f"The key {quoted(key.full_name())} was not created: its allowed path has "
                f"{len(path)} characters, and DevLake keeps {LONGEST}.",
                'Give each project a key of its own, or one key for any connection ("*").',
            )
        asked: dict[str, Any] = {"name": key.full_name(), "type": "devlake", "allowedPath": path}
        return asked | ({"expiredAt": f"{key.expires}T23:59:59Z"} if key.expires else {})

    def _new_key(self, name: str, secret: str, key: config.Key | None) -> NewKey:
        if key is None or key.connections == [config.ANY]:
            return NewKey(name, secret, is_known=key is not None)
        names = config.connections_of(key, self.desired.projects)
        projects = projects_of(key, self.desired)
        numbers = [(each, self.actual.blueprint(each)) for each in projects]
        return NewKey(
            name,
            secret,
            is_known=True,
            connections=tuple(self.actual.connections[each].id for each in names),
            refreshes=tuple((each, found.id) for each, found in numbers if found),
        )
