"""What `--commits` takes: a list of commits in YAML, JSON or lines, as text or in files."""

import re
from collections.abc import Callable, Iterator
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
from devlake_ci.commits.manifest_parser import (
    SHORT,
    NonString,
    ParsedEntry,
    ParseError,
    parse,
    quote_safely,
)
from devlake_ci.commits.repo_url import canonical
from devlake_ci.commits.sha import Find, bare, resolve
from devlake_ci.commits.workspace import GLOB, Workspace
from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.model import Commit
from devlake_ci.text import cut, json_kind, quoted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Finders = Callable[[str], tuple[Find, ...]]
"""For a repository's URL, the ways to find a commit in it."""

LARGEST = 2 * 1024 * 1024
"""Bytes of all files together: some thousand commits, with their messages."""

HINT = "docs/multi-repository.md and `devlake-ci context --commits-schema` say what it may be."
_UTF8 = "Save it as UTF-8."
_URL = re.compile("[a-z][a-z+]*://", re.IGNORECASE)


def read_commits(
    given: str, source: str, workspace: Workspace, server: str | None, finders: Finders
) -> Iterator[Commit]:
    """Yield the commits that `--commits` gives, or wherever else `source` says that it was given.

    `server` is the URL below which owner/name is. Raise BadUsageError for what can't be used as
    it was given, and MissingError for a name that no commit is found for.
    """
    for where, text in read_texts(given, source, workspace):
        yield from parse_commits(text, where, server, finders)


def read_texts(given: str, source: str, workspace: Workspace) -> Iterator[tuple[str, str]]:
    """Yield each text with its place; raise BadUsageError for what can't be read.

    Whether it is a file shows in the value alone, not in what happens to lie on the disk.
    """
    if is_text(given):
        yield source, _check_text(given, source)
        return
    pattern = GLOB.search(given)
    names = workspace.files(given, source) if pattern else (given,)
    # Whoever typed an absolute pattern meant the folder before its first glob character.
    within = given[: pattern.start()].rpartition("/")[0] if pattern else None
    left = LARGEST
    for name in names:
        content = workspace.read(name, source, left, within if given.startswith("/") else None)
        left -= len(content)
        where = f"{source}, {quoted(name)}"
        yield where, _check_text(_decode(content, where), where)


def is_text(given: str) -> bool:
    """Return whether it is the text itself, not a path; `./` before a path makes it one."""
    if "\n" in given or given.startswith(("[", "{", "-")):
        return True
    # A URL is no path, and there may be a password in it that an error about files would show.
    return bool(_URL.match(given) or SHORT.fullmatch(given))


def _decode(content: bytes, where: str) -> str:
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # PowerShell's `>`
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadUsageError(f"{where} is not UTF-8 text (byte {error.start + 1}).", _UTF8) from None


def _check_text(text: str, where: str) -> str:
    if len(text) > LARGEST:
        raise BadUsageError(
            f"{where} is larger than {LARGEST // 1024} KiB.",
            "List one commit for each repository, not all since the last deployment.",
        )
    if not text.strip():
        raise BadUsageError(f"{where} is empty.", "Write [] if there are no more commits.")
    if re.search("[\ud800-\udfff]", text):
        raise BadUsageError(f"{where} is not UTF-8 text.", _UTF8)
    return text


def _check_repository(url: str) -> str:
    found = canonical(url)
    if found is None:
        raise ValueError(f"{quote_safely(url)} is not the URL of a repository")
    if len(found) > limits.REPO_URL:
        raise ValueError(f"it is longer than the {limits.REPO_URL} characters that DevLake keeps")
    return found


def _check_revision(sha: str) -> str:
    if not sha.strip("0"):
        raise ValueError(f"{quoted(sha)} stands for no commit")
    if re.search(r"[\s:~^?*\\]", sha):  # https://git-scm.com/docs/git-check-ref-format
        raise ValueError(f"{quote_safely(sha)} is neither a SHA nor the name of a branch or a tag")
    return sha


def _check_short(text: str) -> str:
    found = SHORT.fullmatch(text)
    if not found:
        raise ValueError(f"{quote_safely(text)} is not like owner/name@SHA")
    if len(found["sha"]) > limits.REF:
        raise ValueError(f"the name of the commit is longer than {limits.REF} characters")
    return text


_Optional = Annotated[str | None, BeforeValidator(lambda value: None if value == "" else value)]


class Entry(BaseModel):
    """A commit that was deployed."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    repo_url: Annotated[str, Field(min_length=1), AfterValidator(_check_repository)] = Field(
        description="The repository, in any form that git takes."
    )
    sha: Annotated[
        str, Field(min_length=1, max_length=limits.REF), AfterValidator(_check_revision)
    ] = Field(
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


_DEVLAKE_NAMES = {
    "repo_url": "repoUrl", "sha": "commitSha", "ref": "refName", "message": "commitMsg",
    "repo_id": "repoId", "display_title": "displayTitle", "created_date": "createdDate",
    "started_date": "startedDate", "finished_date": "finishedDate",
}  # fmt: skip
_Ignored = Annotated[Any, Field(description="Ignored: the deployment's own counts.")]


class DevLakeEntry(Entry):
    """The same in the words of DevLake's webhook (an item of `deploymentCommits`)."""

    model_config = ConfigDict(alias_generator=lambda name: _DEVLAKE_NAMES.get(name, name))

    display_title: _Ignored = None
    result: _Ignored = None
    status: _Ignored = None
    environment: _Ignored = None
    created_date: _Ignored = None
    started_date: _Ignored = None
    finished_date: _Ignored = None


_MODELS: dict[str | None, type[Entry]] = {"entry": Entry, "devlake": DevLakeEntry}


def _kind(value: object) -> str | None:
    if isinstance(value, dict):
        return "devlake" if value.keys() & set(_DEVLAKE_NAMES.values()) else "entry"
    return "short" if isinstance(value, str) else None


_Short = Annotated[
    str,
    AfterValidator(_check_short),
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
                Annotated[Entry, Tag("entry")]
                | Annotated[DevLakeEntry, Tag("devlake")]
                | Annotated[_Short, Tag("short")],
                Discriminator(_kind),
            ]
        ],
        Field(title="Commits of a deployment", description="For the option --commits."),
    ]
)


def schema() -> dict[str, Any]:
    """Return the JSON schema of a manifest."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | _MANIFEST.json_schema()


def parse_commits(text: str, where: str, server: str | None, finders: Finders) -> list[Commit]:
    """Return the commits of a text at `where`; the rest is as for `read_commits`."""
    try:
        parsed = parse(text)
    except ParseError as error:
        number = f", line {error.line}" if error.line else ""
        raise BadUsageError(f"{where}{number}: {error.message}", error.hint or HINT) from None
    try:
        entries = _MANIFEST.validate_python([each.value for each in parsed])
    except ValidationError as error:
        raise BadUsageError(_describe_first_error(error, where, parsed), HINT) from None
    return [
        _commit(entry, _place(where, index, parsed[index].line), server, finders)
        for index, entry in enumerate(entries)
    ]


def _commit(entry: Entry | str, place: str, server: str | None, finders: Finders) -> Commit:
    if isinstance(entry, str):
        repo_url, name = _split(entry, place, server)
        entry = Entry.model_construct(repo_url=repo_url, sha=name)
    sha = resolve(entry.sha, place, finders(entry.repo_url))
    named = None if sha.startswith(entry.sha.lower()) else entry.sha
    ref = bare(entry.ref or named or "")
    return Commit(
        repo_url=entry.repo_url,
        sha=sha,
        ref=limits.truncate(ref, limits.REF),
        message=limits.truncate(entry.message, limits.MESSAGE),
        name=limits.truncate(entry.name, limits.NAME),
        repo_id=entry.repo_id,
    )


def _split(short: str, place: str, server: str | None) -> tuple[str, str]:
    """Return the URL of the repository and the commit's name of `owner/name@SHA`."""
    found = SHORT.fullmatch(short)
    repo, name = (found["repo"], found["sha"]) if found else (short, "")
    is_url = ":" in repo
    if not (is_url or server):
        raise MissingError(
            f"{place}: on which server {quoted(repo)} is, is not known: the CI doesn't say.",
            f"Write the whole URL: https://github.com/{cut(repo, 100)}@{name}",
        )
    if url := canonical(repo if is_url else f"{server}/{repo}"):
        return url, name
    raise BadUsageError(
        f"{place}: {quote_safely(repo)} is not a repository{'' if is_url else f' of {server}'}.",
        "Write an entry with repo_url and sha.",
    )


def _place(where: str, index: int, line: int) -> str:
    return f"{where}, entry {index + 1} (line {line})"


def _describe_first_error(error: ValidationError, where: str, parsed: list[ParsedEntry]) -> str:
    first = error.errors(include_url=False)[0]
    index, kind, name = [*map(str, first["loc"]), "", ""][:3]
    entry = parsed[int(index)]
    line = entry.lines.get(name, entry.line)
    more = error.error_count() - 1
    besides = f" Other mistakes: {more}." if more else ""
    return f"{_place(where, int(index), line)}: {_describe_error(name, kind, first)}.{besides}"


def _describe_error(name: str, kind: str, error: "ErrorDetails") -> str:
    """Return what is wrong with a field, or with the entry if `name` is empty."""
    value = error["input"]
    match error["type"]:
        case "missing":
            return f"{name} is missing"
        case "extra_forbidden":
            model = _MODELS[kind]
            known = ", ".join(each.alias or name for name, each in model.model_fields.items())
            return f"{quote_safely(name)} is no field of an entry; the fields are {known}"
        case "value_error":
            said = str(error["ctx"]["error"])
            return f"{name}: {said}" if name else said
        case "string_too_short":
            return f"{name} is empty"
        case "string_too_long":
            most = error["ctx"]["max_length"]
            return f"{name} is longer than the {most} characters that DevLake keeps"
    wanted = "text" if name else "a mapping with repo_url and sha, or owner/name@SHA"
    return f"{name or 'it'} is {_describe_value(value)}, not {wanted}"


def _describe_value(value: object) -> str:
    if isinstance(value, NonString):
        text, kind = value.text, value.kind
        return f'{quoted(text)}, which reads as {kind} (put it in quotes: "{cut(text, 60)}")'
    return json_kind(value) or "unreadable"
