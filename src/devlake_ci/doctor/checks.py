"""What `doctor` checks of this job, its checkout and its CI's API: a line each."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import partial

from devlake_ci.ci.provider import Reply
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import MissingError, NothingToReport, Problem, StoppedError
from devlake_ci.model import Context
from devlake_ci.options import Options
from devlake_ci.text import quoted


class State(StrEnum):
    """How a check ended."""

    GOOD = "good"
    WARN = "warn"
    """A report works, but something could be better."""
    FAIL = "fail"
    """A report fails."""
    UNKNOWN = "unknown"
    """It can't be known from here: a reminder."""


@dataclass(frozen=True)
class Check:
    """A line of `doctor`: what was checked, how it ended, and what to do."""

    name: str
    says: str
    todo: str = ""
    exit_code: int = 0
    """What a report would exit with because of it."""
    state: State = State.FAIL


good = partial(Check, state=State.GOOD)
warn = partial(Check, state=State.WARN)
unknown = partial(Check, state=State.UNKNOWN)


def fail(name: str, says: str, todo: str, exit_code: int) -> Check:
    """Return a check of what a report fails for."""
    return Check(name, says, todo, exit_code)


def from_problem(name: str, problem: Problem) -> Check:
    """Return a problem as a check; raise a StoppedError, which is no finding."""
    if isinstance(problem, StoppedError):
        raise problem
    if isinstance(problem, NothingToReport):
        return unknown(name, problem.message, problem.hint)
    return fail(name, problem.message, problem.hint, problem.exit_code)


_NEEDED = {
    "environment": (("environment",), "where it is deployed to",
                    "Set --environment: production, staging, testing, development, or a name "
                    "that contains one, such as prod-eu."),
    "commit": (("sha", "ref"), "the deployed commit", "Set --sha, or check the repository out."),
    "repository": (("repo_url",), "the repository's URL",
                   "Set --repo-url, such as https://github.com/acme/shop."),
}  # fmt: skip
"""What a report needs: the options for it, and what to do if it is missing."""


def facts(options: Options, context: Context) -> Iterator[Check]:
    """Check what the CI says: a line for each thing that a report needs."""
    yield good("ci", f"{context.provider} ({context.sources.get('provider', '')})")
    for name, (fields, what, todo) in _NEEDED.items():
        if found := _first_value(fields, options, context):
            yield good(name, found)
        else:
            why = context.unknown.get(fields[0], f"{context.provider} doesn't say {what}.")
            yield fail(name, why, todo, MissingError.exit_code)
    if context.matrix_note and not (options.service or options.id):
        yield unknown("matrix", context.matrix_note)
    if found := _first_value(["result"], options, context):
        yield good("result", found)
    else:
        yield unknown(
            "result",
            f"{context.provider} doesn't say how the job ends.",
            "Set --result (or DEVLAKE_RESULT) for the report: success, failed or cancelled.",
        )


def _first_value(names: Iterable[str], options: Options, context: Context) -> str | None:
    """Return the first of these that is known, and who says it."""
    for name in names:
        if given := getattr(options, name):
            # There may be a password in a URL.
            said = "as given" if name == "repo_url" else str(given)
            return f"{quoted(said)} ({options.source(name)})"
        # The CI's own ref goes with its own commit, and finds none without.
        if name != "ref" and (found := getattr(context, name)):
            return f"{quoted(str(found))} ({context.sources.get(name, context.provider)})"
    return None


def checkout(top: str | None, head: str | None, version: str | None) -> Iterator[Check]:
    """Check the working directory: its top by git, its `.git/HEAD`, and git's version."""
    if top:
        yield good("git", "It reads the checkout here.")
    elif version is None:
        yield warn("git", "There is no git here.", "Without it, only what the CI says is known.")
    elif head is None:
        yield warn("git", "This is no checkout.", "Without one, only what the CI says is known.")
    else:
        yield warn(
            "git",
            "Git doesn't read the checkout here: it belongs to another user, or is broken.",
            'Try: git config --global --add safe.directory "$PWD"',
        )


_PERMISSIONS = "Set `permissions: actions: read, contents: read` in the job."
_TOKENS = {
    "github": ("There is none: times and tags that no variable holds are not looked up.",
               f"Our action has one; elsewhere set DEVLAKE_GITHUB_TOKEN. {_PERMISSIONS}",
               _PERMISSIONS),
    "gitlab": ("There is none, so tags are looked up in the checkout only.", "",
               "Set --gitlab-token to one that may read_api."),
}  # fmt: skip
"""What is said, and to be done, where a CI's token is missing, and to be done where it fails."""


def token(provider: str, reply: Reply | None) -> Check:
    """Check the answer to a question about this run; None if there is no token to ask with."""
    name, (missing, todo, permit) = f"{provider} token", _TOKENS[provider]
    if reply is None:
        return unknown(name, missing, todo)
    if reply.status == 200:
        return good(name, "It may read this run.")
    if reply.status is None:
        return warn(name, "The CI's API was not reached.", "Reports work without it.")
    return warn(name, f"The CI's API answers {reply.status} to it.", permit)


PLUGINS = {"github": "GitHub", "gitlab": "GitLab", "circleci": "CircleCI"}


def reminders(provider: str) -> Iterator[Check]:
    """Yield what can't be seen from a pipeline, and goes wrong most often."""
    yield unknown(
        "in a project",
        "Is the webhook connection in a DevLake project, and does its blueprint run after "
        "deployments? Nothing shows before that.",
    )
    plugin = (
        f"DevLake's own {PLUGINS[provider]} plugin" if provider in PLUGINS else "another plugin"
    )
    yield unknown(
        "counted once",
        f"Does {plugin} collect the same deployments in that project? Then each counts twice.",
    )
