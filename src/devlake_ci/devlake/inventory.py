"""What DevLake has: connections, projects, blueprints and keys, read from its API.

Shapes: contract/setup-*.json (tests/data).
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from devlake_ci.dataclass import dataclass
from devlake_ci.devlake import hints
from devlake_ci.devlake.api import Api
from devlake_ci.errors import RefusedError

WEBHOOK = "webhook"
DORA = "dora"
MANUAL = "manual"
"""The schedule of a blueprint that runs only when somebody starts it."""
DEPLOYING = {
    *("github", "gitlab", "bitbucket", "azuredevops", "azuredevops_go", "jenkins", "circleci"),
    *("bamboo", "argocd"),
}
"""Plugins that collect deployments (the table of supported data sources in DevLake's documents:
https://devlake.apache.org/docs/Overview/SupportedDataSources)."""
REVIEWING = {
    *("github", "gitlab", "bitbucket", "bitbucket_server", "azuredevops", "azuredevops_go"),
    "gitee",
}
"""Plugins that collect pull requests (the same table)."""
PAGE = 25
"""Entries of a page of a list: each may hold a long plan."""

M = TypeVar("M")
Entries = Annotated[list[M], BeforeValidator(lambda value: [] if value is None else value)]
"""A list, of which Go writes an empty one as null."""


class ApiModel(BaseModel):
    """An object that DevLake's API answers, of which only some fields are read."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", populate_by_name=True)


class Connection(ApiModel):
    """A webhook connection."""

    id: int
    name: str


class Metric(ApiModel):
    """A metric of a project; its option is a text before 1.0, and any JSON since."""

    plugin_name: str
    plugin_option: Any = ""
    enable: bool = True


class Member(ApiModel):
    """A connection of any plugin in a blueprint, with whatever else it has."""

    model_config = ConfigDict(extra="allow")

    plugin_name: str
    connection_id: int


class Blueprint(ApiModel):
    """When a project is computed, and from what."""

    id: int
    project_name: str = ""
    enable: bool = True
    cron_config: str = ""
    is_manual: bool = False
    connections: Entries[Member] = []

    @property
    def schedule(self) -> str:
        """Its cron schedule, or "manual"; one that is run by hand may still hold a schedule."""
        return MANUAL if self.is_manual else self.cron_config

    @property
    def webhooks(self) -> set[int]:
        """The numbers of its webhook connections."""
        return {each.connection_id for each in self.connections if each.plugin_name == WEBHOOK}

    @property
    def other_plugins(self) -> list[str]:
        """The plugins beside webhook that it collects from."""
        names = (each.plugin_name for each in self.connections)
        return sorted({each for each in names if each != WEBHOOK})


class Project(ApiModel):
    """A project; before 1.0 it may have no blueprint."""

    name: str
    description: str = ""
    metrics: Entries[Metric] = []
    blueprint: Blueprint | None = None

    @property
    def has_dora(self) -> bool:
        """Whether its numbers are computed."""
        return any(each.plugin_name == DORA and each.enable for each in self.metrics)


class ApiKey(ApiModel):
    """A key, without its secret."""

    id: int
    name: str
    allowed_path: str = ""
    expired_at: str | None = None

    @property
    def expires(self) -> date | None:
        """The day on which it expires."""
        return date.fromisoformat(self.expired_at[:10]) if self.expired_at else None


class _Total(ApiModel):
    count: int


class CreatedKey(ApiKey):
    """A key that was made or renewed: its secret is shown this once."""

    api_key: str


@dataclass
class Inventory:
    """What DevLake has, by name."""

    connections: dict[str, Connection]
    projects: dict[str, Project]
    keys: dict[str, ApiKey]

    def number(self, connection: str) -> int | None:
        """Return a connection's number."""
        found = self.connections.get(connection)
        return found.id if found else None

    def blueprint(self, project: str) -> Blueprint | None:
        """Return a project's blueprint."""
        found = self.projects.get(project)
        return found.blueprint if found else None

    def projects_with(self, connection: str) -> Iterator[tuple[Project, Blueprint]]:
        """Yield the projects that have this webhook connection, with their blueprints."""
        number = self.number(connection)
        for project in self.projects.values():
            if project.blueprint and number in project.blueprint.webhooks:
                yield project, project.blueprint


def fetch_inventory(api: Api, *, with_keys: bool = True) -> Inventory:
    """Read everything in a few requests; raise Problem."""
    connections = validate(
        list[Connection], api.fetch("/plugins/webhook/connections"), "connections"
    )
    projects = _fetch_all(api, "/projects", "projects", Project)
    found = fetch_keys(api) if with_keys else []
    if not all(each.blueprint for each in projects):  # before 1.0, the list has none
        blueprints = {each.project_name: each for each in fetch_blueprints(api)}
        for project in projects:
            project.blueprint = project.blueprint or blueprints.get(project.name)
    return Inventory(
        connections={each.name: each for each in connections},
        projects={each.name: each for each in projects},
        keys={each.name: each for each in found},
    )


def fetch_keys(api: Api) -> list[ApiKey]:
    """Read all keys that people made; raise Problem."""
    return _fetch_all(api, "/api-keys", "apikeys", ApiKey)


def fetch_blueprints(api: Api) -> list[Blueprint]:
    """Read all blueprints; raise Problem."""
    return _fetch_all(api, "/blueprints", "blueprints", Blueprint)


def fetch_blueprint(api: Api, number: int) -> Blueprint:
    """Read one blueprint; raise Problem."""
    return validate(Blueprint, api.fetch(f"/blueprints/{number}"), "a blueprint")


def validate(kind: type[M], value: object, what: str) -> M:
    """Validate an answer; raise RefusedError."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
        raise RefusedError(
            f"DevLake's answer about {what} is not as its API says ({where or 'all of it'}).",
            hints.BASE,
        ) from None


def _fetch_all(api: Api, path: str, key: str, kind: type[M]) -> list[M]:
    """Read all pages of a list."""
    found: list[M] = []
    page = 1
    while True:
        said = api.fetch(f"{path}?page={page}&pageSize={PAGE}")
        total = validate(_Total, said, key).count
        part = validate(list[kind], said.get(key) or [], key)  # type: ignore[valid-type]
        found += part
        if not part or len(found) >= total:
            return found
        page += 1
