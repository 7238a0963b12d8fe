"""What the CI tells of this job, and what is missing for a report of it."""

from collections.abc import Iterator
from dataclasses import replace

from devlake_ci.doctor.check import Check, bad, failed, good, odd, unknown
from devlake_ci.errors import MissingError, NothingToReport, Problem
from devlake_ci.model import Context, Deployment
from devlake_ci.options import Options
from devlake_ci.text import quoted

MISSING = MissingError.exit_code
_NEEDED = {
    "environment": (("environment",), "where it is deployed to",
                    "Give --environment: production, staging, testing, development, or your own "
                    "name for it."),
    "commit": (("sha", "ref"), "the deployed commit", "Give --sha, or check the repository out."),
    "repository": (("repo_url",), "the repository's URL",
                   "Give --repo-url, such as https://github.com/acme/shop."),
}  # fmt: skip
"""What a report can't do without: the options that say it, and what to do."""


def told(options: Options, context: Context) -> Iterator[Check]:
    """Go through what the CI tells; one line for each thing that a report needs."""
    yield good("ci", f"{context.provider} ({context.sources.get('provider', '')})")
    for name, (fields, what, todo) in _NEEDED.items():
        found = next((each for each in fields if _value(each, options, context)), None)
        if found:
            text, source = _value(found, options, context) or ("", "")
            yield good(name, f"{quoted(text)} ({source})")
        else:
            yield bad(name, f"{context.provider} doesn't say {what}.", todo, MISSING)
    if options.result or context.result:
        text, source = _value("result", options, context) or ("", "")
        yield good("result", f"{quoted(text)} ({source})")
    else:
        yield unknown(
            "result",
            f"{context.provider} doesn't say how the job ends.",
            "Give the report --result (or DEVLAKE_RESULT): success, failed or cancelled.",
        )


def assumed(options: Options, context: Context) -> Options:
    """Take success for how the job ends, where that isn't known before its end."""
    return options if options.result or context.result else replace(options, result="success")


def made(deployment: Deployment | Problem) -> Check:
    """Say what a report would be made of all this."""
    if isinstance(deployment, NothingToReport):
        return unknown("report", deployment.message, deployment.hint)
    if isinstance(deployment, Problem):
        return failed("report", deployment)
    commits = ", ".join(each.sha[:12] for each in deployment.commits[:3])
    return good("report", f"It would tell of {commits} in {deployment.environment}.")


def checkout(top: str | None, head: str | None, version: str | None) -> Iterator[Check]:
    """Judge what git says of the working directory: its top, its `.git/HEAD`, git's version."""
    if top:
        yield good("git", "It reads the checkout here.")
    elif version is None:
        yield odd("git", "There is no git here.", "Only what the CI tells is known without it.")
    elif head is None:
        yield odd("git", "This is no checkout.", "Only what the CI tells is known without one.")
    else:
        yield odd(
            "git",
            "Git doesn't read the checkout here: it belongs to another user, or is broken.",
            'Try: git config --global --add safe.directory "$PWD"',
        )


def _value(name: str, options: Options, context: Context) -> tuple[str, str] | None:
    if given := getattr(options, name):
        if name == "repo_url":  # there may be a password in it
            return "as given", options.source(name)
        return str(given), options.source(name)
    # The CI's own ref goes with its own commit, and finds none without.
    if name != "ref" and (found := getattr(context, name)):
        return str(found), context.sources.get(name, context.provider)
    return None
