"""The setup file: the projects and keys that DevLake should have."""

import re
from datetime import date
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from devlake_ci.commits.repo_url import path_of
from devlake_ci.errors import BadUsageError, Problem
from devlake_ci.options import kebab, render
from devlake_ci.setup.yaml_reader import SETUP_HINT, Path, parse_yaml
from devlake_ci.text import json_kind, quoted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ANY = "*"
LONGEST_PROJECT = 100
"""The longest project name, in characters, since 1.0 (contract/setup-v1.0.3.json)."""
_RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (0, 6)}
_WORD = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)"
_NAMES = re.compile(rf"(?i){_WORD}(-{_WORD})?(/\d+)?")
_PART = re.compile(r"(?:\*|\?|(\d+)(?:-(\d+))?)(?:/(\d+))?")


def _cron(text: str) -> str:
    """Validate a schedule as DevLake parses it, with github.com/robfig/cron/v3."""
    if re.fullmatch(r"(?i)manual|@(yearly|annually|monthly|weekly|daily|midnight|hourly)", text):
        return text.lower()
    zone, spec = re.fullmatch(r"((?:CRON_)?TZ=\S+\s+)?(.*)", text).groups("")  # type: ignore[union-attr]
    given = spec.split()
    if len(given) != len(_RANGES):
        raise ValueError(f"{quoted(text)} has {len(given)} fields, not the five of a cron schedule")
    for field, (name, bounds) in zip(given, _RANGES.items(), strict=True):
        if not all(_is_valid(part, *bounds) for part in field.split(",")):
            raise ValueError(f"{quoted(text)} is not a cron schedule: the {name} {quoted(field)}")
    return " ".join(f"{zone} {spec}".split())


def _is_valid(part: str, lowest: int, highest: int) -> bool:
    if _NAMES.fullmatch(part):
        return True  # a month or a weekday; DevLake refuses it in another field
    found = _PART.fullmatch(part)
    numbers = [int(each) for each in (found.groups()[:2] if found else ()) if each]
    in_range = all(lowest <= number <= highest for number in numbers)
    return bool(found) and in_range and numbers == sorted(numbers) and found[3] != "0"  # type: ignore[index]


def _name(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{quoted(text)} holds a character that can't be printed")
    return text


def _day(value: object) -> object:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"{quoted(str(value))} is not a date such as 2027-06-30") from None


_ONE_OR_MORE = BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
_Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_name)]
_Strict = ConfigDict(
    extra="forbid",
    strict=True,
    str_strip_whitespace=True,
    alias_generator=kebab,
    populate_by_name=True,
)


class Project(BaseModel):
    """A project, with the webhook connections that belong in it."""

    model_config = _Strict

    name: Annotated[_Name, Field(max_length=LONGEST_PROJECT)] = Field(
        description="The project's name in DevLake."
    )
    connections: list[_Name] = Field(
        [], description="Its webhook connections. Default: one with the project's name."
    )
    connection_name: _Name | None = Field(
        None,
        description="The name of each repository's connection, with {owner} and {repo} in it: the "
        "same rule as the option --connection of reports.",
    )
    repositories: list[_Name] = Field(
        [], description="Repositories, as owner/name: one connection for each."
    )
    schedule: Annotated[_Name, AfterValidator(_cron)] | None = Field(
        None,
        description="When its blueprint runs, as a cron schedule in UTC. Default: left as it is.",
    )
    allow_double_counting: bool = Field(
        default=False,
        description="Set the project up although another plugin in its blueprint may collect the "
        "same deployments.",
    )

    @model_validator(mode="after")
    def _named_by_rule(self) -> Self:
        if bool(self.connection_name) != bool(self.repositories):
            raise ValueError("connection-name and repositories go together: one of them is missing")
        self.connections_by_repository()
        return self

    def connections_by_repository(self) -> dict[str, str]:
        """Return the name of the connection of each repository; raise ValueError."""
        return {each: _render(self.connection_name or "", each) for each in self.repositories}

    @cached_property
    def all_connections(self) -> list[str]:
        """The names of all its connections, each once."""
        given = [*self.connections, *self.connections_by_repository().values()]
        return list(dict.fromkeys(given or [self.name]))


def _render(template: str, repository: str) -> str:
    owner, _, repo = path_of(repository).rpartition("/")
    if not owner or not repo:
        raise ValueError(f"{quoted(repository)} is not a repository such as acme/shop")
    try:
        return render(template, {"owner": owner, "repo": repo}, "connection-name")
    except Problem as problem:
        raise ValueError(problem.text) from None


class Key(BaseModel):
    """An API key that may report to some connections and refresh their projects."""

    model_config = _Strict

    name: _Name | None = Field(
        None, description="The key's name. Default: devlake-ci-<project>, for one project."
    )
    projects: list[_Name] = Field([], description="It may report to all connections of these.")
    connections: Annotated[list[_Name], _ONE_OR_MORE] = Field(
        [],
        description="It may report to these connections of the file; acme-* takes all that match. "
        "A lone * is any connection of the server, and no refreshing.",
        json_schema_extra={"anyOf": [{"type": "string"}, {"type": "array"}]},
    )
    expires: Annotated[date, BeforeValidator(_day)] | None = Field(
        None, description="The last day on which it is valid. Default: it does not expire."
    )

    @model_validator(mode="after")
    def _for_something(self) -> Self:
        if bool(self.projects) == bool(self.connections):
            raise ValueError("use either projects or connections, which the key is for")
        if not self.name and len(self.projects) != 1:
            raise ValueError("name is missing: only a key for one project has a name by itself")
        return self

    def full_name(self) -> str:
        """Return the name that it has in DevLake."""
        return self.name or f"devlake-ci-{self.projects[0]}"


class Config(BaseModel):
    """What DevLake should have."""

    model_config = _Strict | ConfigDict(title="Setup of DevLake")

    projects: list[Project] = Field([], description="The projects.")
    keys: list[Key] = Field([], description="The keys that pipelines report with.")


def schema() -> dict[str, Any]:
    """Return the JSON schema of a file."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | Config.model_json_schema(by_alias=True)


def parse(text: str, where: str) -> Config:
    """Parse a file's text; raise BadUsageError, which names the entry, field, value and line."""
    value, lines = parse_yaml(text, where)
    if not isinstance(value, dict):
        raise BadUsageError(f"{where}: it is not a mapping with projects and keys.", SETUP_HINT)
    return validate(value, where, lines)


def validate(value: dict[str, Any], where: str, lines: dict[Path, int] | None = None) -> Config:
    """Validate a value; raise BadUsageError, with the lines of its parts where they are known."""
    try:
        return Config.model_validate(value)
    except ValidationError as error:
        raise BadUsageError(_describe_first_error(error, where, lines or {}), SETUP_HINT) from None


def merge(parts: list[tuple[str, Config]]) -> Config:
    """Merge several files; raise BadUsageError where they contradict each other.

    One project or key in two places is an error, and so are repositories that make one
    connection, and a key for what is in no file.
    """
    projects = [(where, each) for where, desired in parts for each in desired.projects]
    keys = [(where, each) for where, desired in parts for each in desired.keys]
    _unique("project", [(where, each.name) for where, each in projects])
    _unique("key", [(where, each.full_name()) for where, each in keys])
    _unambiguous([project for _, project in projects])
    desired = Config.model_construct(
        projects=[each for _, each in projects], keys=[each for _, each in keys]
    )
    for where, key in keys:
        _check_references(where, key, desired)
    return desired


def connections_of(key: Key, projects: list[Project]) -> list[str]:
    """Return the connections of these projects that a key names, each once."""
    chosen = (each for each in projects if each.name in key.projects)
    named = [name for each in chosen for name in each.all_connections]
    everything = [name for each in projects for name in each.all_connections]
    for pattern in key.connections:
        named += [name for name in everything if fnmatchcase(name, pattern)]
    return list(dict.fromkeys(named))


def _unique(kind: str, named: list[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for where, name in named:
        # DevLake's database compares names without regard to case.
        if before := seen.get(name.casefold()):
            place = f"twice in {where}" if before == where else f"in {before} and in {where}"
            raise BadUsageError(
                f"The {kind} {quoted(name)} is {place}.", f"Name each {kind} in one place only."
            )
        seen[name.casefold()] = where


def _unambiguous(projects: list[Project]) -> None:
    made: dict[str, str] = {}
    for project in projects:
        for repository, name in project.connections_by_repository().items():
            before = made.setdefault(name.casefold(), repository)
            if before != repository:
                raise BadUsageError(
                    f"The repositories {quoted(before)} and {quoted(repository)} both make the "
                    f"connection {quoted(name)}: they would be counted as one.",
                    'Change connection-name, for example to "{owner}.{repo}".',
                )


def _check_references(where: str, key: Key, desired: Config) -> None:
    missing = set(key.projects) - {each.name for each in desired.projects}
    if missing:
        raise BadUsageError(
            f"{where}: the key {quoted(key.full_name())} is for {quoted(min(missing))}, which is "
            "not one of the projects.",
            "Add the project, or correct its name in the key.",
        )
    if key.connections == [ANY]:
        return
    for pattern in key.connections:
        if not connections_of(key.model_copy(update={"connections": [pattern]}), desired.projects):
            raise BadUsageError(
                f"{where}: the key {quoted(key.full_name())} is for {quoted(pattern)}, which "
                "matches no connection of the projects.",
                "Add the connection to a project, or correct its name in the key.",
            )


def _describe_first_error(error: ValidationError, where: str, lines: dict[Path, int]) -> str:
    first = error.errors(include_url=False)[0]
    path = tuple(first["loc"])
    more = error.error_count() - 1
    besides = f" Other mistakes: {more}." if more else ""
    wrong = _describe_error(path, first).rstrip(".")
    parts = (path[:length] for length in range(len(path), 0, -1))
    known = next((each for each in parts if each in lines), ())
    if known not in lines:
        return f"{where} are not valid: {wrong}.{besides}"
    entry = f"{str(path[0]).removesuffix('s')} {int(path[1]) + 1}" if len(path) > 1 else "entry"
    return f"{where}, {entry} (line {lines[known]}): {wrong}.{besides}"


def _describe_error(path: tuple[int | str, ...], error: "ErrorDetails") -> str:
    """Return what is wrong with a field, or with the entry where there is none."""
    name = next((str(each) for each in path[2:] if isinstance(each, str)), "")
    field = name or (str(path[0]) if path else "it")
    if error["type"] == "value_error":
        said = str(error["ctx"]["error"])
        return f"{name}: {said}" if name else said
    return _describe_misfit(field, path, error)


def _describe_misfit(field: str, path: tuple[int | str, ...], error: "ErrorDetails") -> str:
    value = error["input"]
    match error["type"]:
        case "missing":
            return f"{field} is missing"
        case "extra_forbidden":
            return f"{quoted(field)} is not a known word; known are {_fields(path)}"
        case "string_too_short":
            return f"{field} is empty"
        case "string_too_long":
            most = error["ctx"]["max_length"]
            return f"{field}: {quoted(str(value))} is longer than {most} characters"
        case "string_type" if isinstance(value, int | float) and not isinstance(value, bool):
            return f'{field} is {value}, which reads as a number (put it in quotes: "{value}")'
    by_type = {"list_type": "a list", "bool_type": "true or false", "string_type": "text"}
    expected = by_type.get(error["type"], "a mapping" if "model" in error["type"] else "a date")
    return f"{field} is {json_kind(value) or quoted(str(value))}, not {expected}"


def _fields(path: tuple[int | str, ...]) -> str:
    models: dict[object, type[BaseModel]] = {"projects": Project, "keys": Key}
    model = models.get(path[0], Config) if len(path) > 1 else Config
    return ", ".join(field.alias or name for name, field in model.model_fields.items())
