"""How all providers read what a CI says: parsers of its values, and facts.

A fact is a value together with the variable, file or command that it came from.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from devlake_ci.ci.provider import Env
from devlake_ci.commits.repo_url import canonical
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Context, Result
from devlake_ci.text import without_user_info
from devlake_ci.vocabulary import parse_result

T = TypeVar("T")
U = TypeVar("U")

# CircleCI writes <nil> where an expression is empty:
# https://circleci.com/docs/guides/orchestrate/pipeline-variables/
UNSET = {"", "<nil>"}

# Azure Pipelines and Kubernetes leave a macro as it is where its variable is not defined:
# https://learn.microsoft.com/azure/devops/pipelines/process/variables#understand-variable-syntax
# https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
_MACRO = re.compile(r"\$\([A-Za-z_][\w.-]*\)")

# A merge queue builds its merges on branches of such a name, whatever the CI:
# https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
_QUEUE = re.compile(r"(?:refs/heads/)?gh-readonly-queue/.+")
_REQUEST = re.compile(
    r"(?:refs/)?(?:pull|pull-requests|merge-requests|pullrequests)/\d+(?:/.*)?|pr/\d+/(?:head|merge)"
)
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Fact(Generic[T]):
    """A value, and where it came from."""

    value: T
    source: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a CI says of a job, as it says it: Context's fields, those shown with their source."""

    sha: Fact[str] | None = None
    ref: Fact[str] | None = None
    repo_url: Fact[str] | None = None
    run_id: Fact[str] | None = None
    attempt: Fact[str] | None = None
    job: Fact[str] | None = None
    run_url: Fact[str] | None = None
    message: Fact[str] | None = None
    actor: Fact[str] | None = None
    environment: Fact[str] | None = None
    created_at: Fact[datetime] | None = None
    started_at: Fact[datetime] | None = None
    result: Fact[str] | None = None
    """The CI's own word, or a Result."""

    job_id: str | None = None
    matrix_index: str | None = None
    matrix_note: str | None = None
    tier: str | None = None
    pull_request: object = None
    """Whatever says that it runs for a pull request, if anything does."""
    request_kind: str = "pull request"
    stops: str | None = None
    no_deployment: str | None = None
    state_dir: str | None = None
    run_number: str | None = None
    workflow: str | None = None
    default_branch: str | None = None
    is_tag: bool = False
    unknown: Mapping[str, str] = field(default_factory=dict)

    def context(self, provider: Fact[str]) -> Context:
        """Return the same as a Context: each field by its rule, the sources in a field."""
        values: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        values |= {name: convert(values[name], rule) for name, rule in _RULES.items()}
        values["result"] = convert(self.result, parse_job_result)
        values["result_word"] = str(self.result.value) if self.result else None
        values["pull_request"] = _pull_request(self, values["ref"])
        values["run_number"] = number(self.run_number)
        del values["request_kind"]
        shown = {name: fact for name, fact in values.items() if isinstance(fact, Fact)}
        sources = {name: fact.source for name, fact in shown.items()}
        values |= {name: fact.value for name, fact in shown.items()}
        return Context(
            provider=provider.value, sources={"provider": provider.source} | sources, **values
        )


def is_set(text: str) -> bool:
    """Return whether a value is not blank, `<nil>`, or a macro that nothing expanded."""
    return text.strip() not in UNSET and not _MACRO.fullmatch(text.strip())


def variable(env: Env, *names: str) -> Fact[str] | None:
    """Return the first of the variables that is set."""
    for name in names:
        if is_set(text := env.get(name, "")):
            return Fact(text.strip(), name)
    return None


def unexpanded(text: str) -> str | None:
    """Return the first macro in a text that nothing expanded; None if there is none."""
    found = _MACRO.search(text)
    return found[0] if found else None


def value(env: Env, *names: str) -> str | None:
    """Return the same without its source."""
    fact = variable(env, *names)
    return fact.value if fact else None


def convert(fact: Fact[T] | None, convert: Callable[[T], U | None]) -> Fact[U] | None:
    """Convert a fact; None if there is none or `convert` returns None."""
    converted = convert(fact.value) if fact else None
    return Fact(converted, fact.source) if fact and converted is not None else None


def join(env: Env, *names: str) -> Fact[str] | None:
    """Join those of the variables that are set; None if none is."""
    said = [fact for name in names if (fact := variable(env, name))]
    text, source = ".".join(each.value for each in said), ".".join(each.source for each in said)
    return Fact(text, source) if said else None


def qualify(number: Fact[str] | None, url: str | None) -> Fact[str] | None:
    """Return a number with its server's host: the next server counts from 1 again."""
    server = host(url)
    return convert(number, lambda number: f"{server}/{number}" if server else number)


def _pull_request(said: Facts, ref: Fact[str] | None) -> str | None:
    name = ref.value if ref else ""
    if said.pull_request:
        return f"it runs for a {said.request_kind}"
    if _QUEUE.fullmatch(name):
        return "it runs for a merge queue"
    return "it runs for a pull request" if _REQUEST.fullmatch(name) else None


# --- parsers of single values --------------------------------------------------------------------


def commit_sha(text: str) -> str | None:
    """Return a SHA as it is; None for the zeros that stand for a deleted ref."""
    return text if text.strip("0") else None


def whole_sha(text: str) -> str | None:
    """Return a commit's whole SHA; None for a name such as `HEAD`, or a deleted ref's zeros."""
    return text if _SHA.fullmatch(text) and text.strip("0") else None


def bare_ref(text: str) -> str | None:
    """Strip `refs/heads/`, `refs/tags/` and `origin/` from a branch or tag name."""
    return re.sub(r"^(?:refs/(?:heads|tags|remotes)/)?(?:origin/)?", "", text) or None


def number(text: str | None) -> int | None:
    """Parse a positive whole number; None for anything else."""
    digits = re.fullmatch(r"[0-9]{1,18}", (text or "").strip())
    return int(digits[0]) or None if digits else None


def timestamp(text: object) -> datetime | None:
    """Parse an ISO 8601 time that has a zone, into UTC; None for anything else."""
    try:
        time = datetime.fromisoformat(str(text))
        return time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def unix_time(text: str, per_second: int = 1) -> datetime | None:
    """Parse the time since 1970 in seconds, or in parts of them; None for 0, which is "never"."""
    count = number(text)
    try:
        return datetime.fromtimestamp(count // per_second, UTC) if count else None
    except (ValueError, OverflowError, OSError):
        return None


def parse_job_result(word: str) -> Result | None:
    """Parse the CI's word for how a job ended; None if it hasn't, or if the word is ambiguous."""
    try:
        return parse_result(word.casefold(), "")
    except BadUsageError:
        return None


def exit_code(text: str) -> Result | None:
    """Parse a command's exit code: 0 is success and every other whole number failure."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        return None
    return Result.FAILURE if text.strip("-0") else Result.SUCCESS


def host(url: str | None) -> str | None:
    """Return the host of a URL, with its port and without a login; None if there is none."""
    match = re.match(
        r"(?:https?://)?(?:[^/@]*@)?([^/@]+)", (without_user_info(url or "") or "").strip()
    )
    return match[1] if match else None


_RULES: Mapping[str, Callable[[str], str | None]] = {
    "sha": commit_sha,
    "ref": bare_ref,
    "repo_url": canonical,
    "run_id": without_user_info,
    "run_url": without_user_info,
}
"""What is made of a field's text, whichever CI it is from."""
