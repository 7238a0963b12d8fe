"""The form of a manifest: what an entry may have, and what is said of one that is otherwise."""

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
)

from devlake_ci import limits
from devlake_ci.commits.repo_url import canonical
from devlake_ci.commits.written import SHORT, Unquoted, Written, shown
from devlake_ci.errors import BadUsageError
from devlake_ci.text import cut, quoted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

HINT = "docs/multi-repository.md and `devlake-ci context --commits-schema` say what it may be."


def _repository(url: str) -> str:
    found = canonical(url)
    if found is None:
        raise ValueError(f"{shown(url)} is not the URL of a repository")
    if len(found) > limits.REPO_URL:
        raise ValueError(f"it is longer than the {limits.REPO_URL} characters that DevLake keeps")
    return found


def _revision(sha: str) -> str:
    if not sha.strip("0"):
        raise ValueError(f"{quoted(sha)} stands for no commit")
    if re.search(r"[\s:~^?*\\]", sha):  # https://git-scm.com/docs/git-check-ref-format
        raise ValueError(f"{shown(sha)} is neither a SHA nor the name of a branch or a tag")
    return sha


def _short(text: str) -> str:
    if not SHORT.fullmatch(text):
        raise ValueError(f"{shown(text)} is not like owner/name@SHA")
    return text


def _kind(value: object) -> str | None:
    return "short" if isinstance(value, str) else "entry" if isinstance(value, dict) else None


_Optional = Annotated[str | None, BeforeValidator(lambda value: None if value == "" else value)]


class Entry(BaseModel):
    """A commit that was deployed."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    repo_url: Annotated[str, Field(min_length=1), AfterValidator(_repository)] = Field(
        description="The repository, in any form that git takes."
    )
    sha: Annotated[str, Field(min_length=1), AfterValidator(_revision)] = Field(
        description="The commit: 40 hex characters, or a tag, a branch or a short SHA to look up."
    )
    ref: _Optional = Field(None, description="The branch or tag that it was deployed from.")
    message: _Optional = Field(None, description="The commit's message.")
    name: _Optional = Field(None, description="A name for this commit's part of the deployment.")
    repo_id: _Optional = Field(
        None,
        max_length=limits.REPO_ID,
        description="The repository's id in DevLake, such as github:GithubRepo:1:384111310.",
    )


_Short = Annotated[
    str,
    AfterValidator(_short),
    Field(
        description="The same on one line: owner/name of the CI's own server, or a URL, and the "
        "commit.",
        json_schema_extra={"pattern": f"^{re.sub('[?]P<[a-z]+>', '', SHORT.pattern)}$"},
    ),
]
_MANIFEST: TypeAdapter[list[Entry | str]] = TypeAdapter(
    Annotated[
        list[
            Annotated[
                Annotated[Entry, Tag("entry")] | Annotated[_Short, Tag("short")],
                Discriminator(_kind),
            ]
        ],
        Field(title="Commits of a deployment", description="For the option --commits."),
    ]
)


def schema() -> dict[str, Any]:
    """Give the JSON schema of a manifest."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | _MANIFEST.json_schema()


def validated(written: list[Written], where: str) -> list[Entry | str]:
    """Hold entries to their form; raises BadUsageError for the first that isn't as it should be."""
    try:
        return _MANIFEST.validate_python([each.value for each in written])
    except ValidationError as error:
        raise BadUsageError(_told(error, where, written), HINT) from None


def place(where: str, index: int, line: int) -> str:
    """Say which entry is meant."""
    return f"{where}, entry {index + 1} (line {line})"


def _told(error: ValidationError, where: str, written: list[Written]) -> str:
    first = error.errors(include_url=False)[0]
    index = int(first["loc"][0])
    name = str(first["loc"][2]) if len(first["loc"]) > 2 else ""
    entry = written[index]
    line = entry.lines.get(name, entry.line)
    more = error.error_count() - 1
    besides = f" Mistakes besides: {more}." if more else ""
    return f"{place(where, index, line)}: {_wrong(name, first)}.{besides}"


def _wrong(name: str, error: "ErrorDetails") -> str:
    """Say what is wrong with a field, or with the entry if `name` is empty."""
    value = error["input"]
    match error["type"]:
        case "missing":
            return f"{name} is missing"
        case "extra_forbidden":
            known = ", ".join(Entry.model_fields)
            return f"{shown(name)} is no field of an entry; the fields are {known}"
        case "value_error":
            said = str(error["ctx"]["error"])
            return f"{name}: {said}" if name else said
        case "string_too_short":
            return f"{name} is empty"
        case "string_too_long":
            return f"{name} is longer than the {limits.REPO_ID} characters that DevLake keeps"
    wanted = "text" if name else "a mapping with repo_url and sha, or owner/name@SHA"
    return f"{name or 'it'} is {_described(value)}, not {wanted}"


def _described(value: object) -> str:
    match value:
        case Unquoted(text, kind):
            return f'{quoted(text)}, which reads as {kind} (put it in quotes: "{cut(text, 60)}")'
        case bool():
            return "true or false"
        case None:
            return "empty"
        case dict():
            return "a mapping"
        case list():
            return "a list"
    return "unreadable"
