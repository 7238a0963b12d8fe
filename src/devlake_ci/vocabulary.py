"""Understand any CI's word for how a job ended and any team's name for an environment.

A word that could mean two things is refused: a question is better than a wrong number.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import partial
from typing import TypeVar

from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.model import Context, Environment, Result
from devlake_ci.options import Options
from devlake_ci.text import quoted

Kind = TypeVar("Kind", bound=StrEnum)

# Not here, so that they are refused: words for jobs that haven't ended (running, completed, which
# on GitHub is no result); for half a success (neutral, unstable); numbers and
# booleans, since 0 is a success in a Bitbucket exit code and a failure in AWS CodeBuild's
# CODEBUILD_BUILD_SUCCEEDING.
RESULTS: Mapping[Result, tuple[str, ...]] = {
    Result.SUCCESS: (
        *("success", "succeeded", "successful", "passed", "pass"),
        "SucceededWithIssues",  # Azure: a step failed that may fail
    ),
    Result.FAILURE: (
        *("failure", "failed", "fail", "error", "errored", "timed_out", "timeout"),
        "infrastructure_fail",  # CircleCI
    ),
    Result.ABORT: ("abort", "aborted", "canceled", "cancelled", "killed", "stopped"),
    Result.SKIPPED: (
        *("skipped", "not_run"),
        "manual",  # GitLab: nobody has played it
        "not_built",  # Jenkins
        *("unauthorized", "blocked", "declined"),  # CircleCI, Drone: it was not let run
    ),
}

# GitLab's, GitHub's and Drone's words for a job of which nobody can say yet how it ends.
NOT_ENDED = frozenset(
    {"canceling", "created", "inprogress", "pending", "preparing", "processing", "queued"}
    | {"running", "scheduled", "started", "waiting", "waitingforresource", "waitingforcallback"}
)

ENVIRONMENTS: Mapping[Environment, tuple[str, ...]] = {
    Environment.PRODUCTION: ("production", "prod", "prd", "live"),
    Environment.STAGING: ("staging", "stage", "stg", "uat", "preproduction", "preprod", "preprd"),
    Environment.TESTING: ("testing", "test", "qa", "int", "integration"),
    Environment.DEVELOPMENT: ("development", "dev", "review", "sandbox", "preview", "demo"),
}

# Beside one of the words above, any of these leaves it open what is meant. Everything else
# (regions, colours, numbers, names of services and customers) changes nothing.
NEGATIONS = frozenset(
    {*"!?~", "no", "non", "not", "never", "without", "un", "isn", "anti"}
    | {"ex", "former", "old", "was", "post", "pre", "near", "almost", "like", "alike", "ish"}
    | {"similar", "pseudo", "quasi", "semi", "fake", "mock", "dummy", "sim", "simulation"}
)
# These do not matter to DEVELOPMENT, which is what most of them amount to.
DOUBTS = frozenset(
    # the same contents elsewhere
    {"copy", "clone", "mirror", "replica", "shadow", "backup", "bak", "snapshot"}
    | {"standby", "passive", "dr", "drill", "archive"}
    # an environment of another kind, by a word of its own
    | {"alpha", "beta", "rc", "nightly", "canary", "experimental", "experiment", "trial", "poc"}
    | {"pilot", "training", "ephemeral", "temp", "tmp", "local", "localhost"}
    | {"lab", "playground", "sbx", "sbox", "devel", "develop", "branch", "pr", "mr", "feature"}
    | {"feat", "fix", "bugfix", "hotfix", "tst", "tests", "sit", "acc"}
    | {"acceptance", "ci", "e2e", "smoke", "perf", "performance", "load", "loadtest", "benchmark"}
    | {"stag", "ppe", "ppd", "pprd", "pprod"}
    # something else than deploying is done there
    | {"plan", "dry", "dryrun", "build", "approval", "approve", "gate", "check", "checks", "verify"}
    | {"verification", "validate", "validation", "destroy", "teardown", "cleanup", "delete", "stop"}
)

_WORD = re.compile(r"[^\W_]+|[!?~]")
_PRE = re.compile(r"(?<![^\W_])pre[-_ ]+(?=prod|prd)")
_CLASSES = {word: kind for kind, words in ENVIRONMENTS.items() for word in words}
_NEGATED = (  # compiled for a word that is not known
    rf"(?:non?|not|un|ex|post|pre)({'|'.join(_CLASSES)})|({'|'.join(_CLASSES)})(?:like|ish)"
)


def parse_result(word: str, source: str, mapping: Mapping[str, Result] | None = None) -> Result:
    """Return how a job ended by `word`, in any case; `source` is where it came from.

    The user's `mapping` overrides ours. Raise BadUsageError for a word that isn't known or could
    mean two things.
    """
    try:
        return look_up_result(word, mapping or {}) or _RESULTS[_normalize(word)]
    except KeyError:
        known = "; ".join(f"{kind}: {', '.join(words)}" for kind, words in RESULTS.items())
        message = f"{source}: {quoted(word)} doesn't say how the job ended."
        hint = f"Use one of these words, or say what it means with --result-map. {known}."
        raise BadUsageError(message, hint) from None


def look_up_result(word: str, mapping: Mapping[str, Result]) -> Result | None:
    """Return what a user's map says of a CI's word, as `look_up` does.

    A pattern such as `*` doesn't mean a job that has not ended; only an entry of that word does.
    """
    return look_up(word, mapping) if has_ended(word) else mapping.get(word.strip().casefold())


def has_ended(word: str) -> bool:
    """Return whether a CI that uses `word`, known here or not, may mean a job that has ended."""
    return _normalize(word) not in NOT_ENDED


def parse_environment(name: str, source: str, mapping: Mapping[str, Environment]) -> Environment:
    """Return what kind of environment `name` is; the user's `mapping` overrides ours.

    Raise MissingError if the name says nothing, or could mean two things.
    """
    if kind := look_up(name, mapping):
        return kind
    kinds, doubts = _classify(name)
    if len(kinds) == 1 and not doubts:
        return kinds[0]
    raise MissingError(
        f"{source}: {quoted(name)} {_why(kinds, doubts)}.",
        f"Say which it is: --environment-map {quoted(f'{name.strip()}=PRODUCTION')} "
        f"(or {', '.join(list(Environment)[1:])}), or set another --environment.",
    )


def look_up(word: str, mapping: Mapping[str, Kind]) -> Kind | None:
    """Return what a user's map says of `word`, in any case; None if it says nothing.

    An exact name overrides a pattern, and an earlier pattern overrides a later one.
    """
    name = word.strip().casefold()
    if name in mapping:
        return mapping[name]
    return next((kind for key, kind in mapping.items() if fnmatchcase(name, key)), None)


def _parse_map(
    entries: Iterable[str], source: str, kinds: type[Kind], form: str
) -> dict[str, Kind]:
    """Parse the entries of a user's map; blank ones are skipped.

    Raise BadUsageError for an entry that hasn't the form, or contradicts an earlier one.
    """
    table: dict[str, Kind] = {}
    for entry in filter(str.strip, entries):
        name, kind = _parse_entry(entry, source, kinds, form)
        if table.setdefault(name, kind) is not kind:
            message = f"{source}: {quoted(entry)} contradicts an earlier entry, {table[name]}."
            raise BadUsageError(message, "Keep one of the two.")
    return table


def _parse_entry(entry: str, source: str, kinds: type[Kind], form: str) -> tuple[str, Kind]:
    name, _, word = entry.rpartition("=")
    name, word = name.strip().casefold(), word.strip().upper()
    if re.search(rf"=\s*(?:{'|'.join(kinds)})\s*[,;]", entry, re.IGNORECASE):
        raise BadUsageError(
            f"{source}: {quoted(entry)} is several entries.",
            "Write one entry a line, or repeat the option; commas don't separate them.",
        )
    if not name or word not in set(kinds):
        message = f"{source}: {quoted(entry)} is not a valid entry."
        raise BadUsageError(message, f"Write {form}, with one of {', '.join(kinds)}.")
    return name, kinds(word)


parse_environment_map = partial(_parse_map, kinds=Environment, form="NAME=KIND")
"""Parse `canary=PRODUCTION`, `preview/*=DEVELOPMENT` and the like."""
parse_result_map = partial(_parse_map, kinds=Result, form="WORD=RESULT")
"""Parse `UNSTABLE=SUCCESS` and the like."""


def _classify(name: str) -> tuple[list[Environment], list[str]]:
    words = _WORD.findall(_PRE.sub("pre", name.lower()))
    kinds = {_CLASSES[bare] for word in words if (bare := word.rstrip("0123456789")) in _CLASSES}
    doubtful = NEGATIONS if kinds == {Environment.DEVELOPMENT} else NEGATIONS | DOUBTS
    negated = {word for word in words if word not in _CLASSES and re.fullmatch(_NEGATED, word)}
    doubts = [word for word in words if word in doubtful or word in negated]
    return sorted(kinds, key=list(Environment).index), doubts


def _why(kinds: list[Environment], doubts: list[str]) -> str:
    if not kinds:
        return "is not a known environment"
    if len(kinds) > 1:
        return f"could be {' or '.join(kinds)}"
    return f"may not be {kinds[0]}, because of {quoted(doubts[0])}"


def _normalize(word: str) -> str:
    return re.sub(r"[\s_-]+", "", word).casefold()


_RESULTS = {_normalize(word): kind for kind, words in RESULTS.items() for word in words}


def option_result(options: Options, name: str) -> Result | None:
    """Read the option `name`, `result` or `incident_result`; None if it isn't given.

    Raise BadUsageError for a word that is no result.
    """
    word: str | None = getattr(options, name)
    if not word:
        return None
    if word == Result.MANUAL:  # in capitals it is DevLake's; GitLab's `manual` was never started
        return Result.MANUAL
    return parse_result(word, options.source(name), _result_map(options))


def ci_result(options: Options, context: Context) -> Result | None:
    """Read what the CI says of the job; None if it doesn't say it, or if its word is ambiguous."""
    word = context.result_word
    return (look_up_result(word, _result_map(options)) if word else None) or context.result


def unknown_result_error(what: str, option: str, context: Context) -> MissingError:
    """Make the error for a result that nobody says, or that the CI says in an ambiguous word.

    `what` completes "... is not known", and `option` is the flag that would say it.
    """
    word, ci = context.result_word, context.provider
    if word and has_ended(word):
        return MissingError(
            f"{what} is not known: {ci} says {quoted(word)}, which may or may not be a success.",
            f"Say which: --result-map {quoted(f'{word}=SUCCESS')} (or FAILURE), or set {option}.",
        )
    return MissingError(
        f"{what} is not known: {ci} doesn't say it here.",
        f"Set {option}: success, failed or cancelled. On GitHub, use the outcome of the step that "
        "deploys: ${{ steps.deploy.outcome }}.",
    )


def _result_map(options: Options) -> dict[str, Result]:
    return parse_result_map(options.result_map, options.source("result_map"))
