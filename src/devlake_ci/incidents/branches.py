"""Whose failures are incidents: those of the default branch and of tags, or of what is named."""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from devlake_ci.errors import MissingError, NothingToReport
from devlake_ci.model import Context
from devlake_ci.options import Options
from devlake_ci.text import quoted


def patterns(options: Options) -> tuple[str, ...]:
    """Give the patterns of `--incident-branches`; several may stand in one line."""
    return tuple(_patterns(options))


def counts(options: Options, context: Context, ref: str | None, is_tag: Callable[[], bool]) -> bool:
    """Tell if failures of the branch or tag `ref` are incidents; `*` stands for a `/` too.

    `is_tag` is asked only where that decides it.
    """
    if wanted := patterns(options):
        return ref is not None and any(fnmatchcase(ref, pattern) for pattern in wanted)
    return (ref is not None and ref == context.default_branch) or is_tag()


def check(options: Options, context: Context) -> None:
    """Check that a failure of this run would be an incident.

    Raises NothingToReport if it wouldn't, and MissingError if nobody says which branch counts.
    """
    ref = context.ref or options.ref
    pull_request = None if options.allow_pull_request else context.pull_request
    if why := pull_request or context.stops:
        raise NothingToReport(f"No incident is reported: {why}.")
    is_known = patterns(options) or context.is_tag or context.default_branch
    if ref is not None and not is_known:
        raise MissingError(
            f"Whether a failure here is an incident is not known: {context.provider} doesn't say "
            "which branch is the default one.",
            "Give --incident-branches (or DEVLAKE_INCIDENT_BRANCHES), such as main.",
        )
    if not counts(options, context, ref, lambda: context.is_tag):
        raise NothingToReport(
            f"No incident is reported: it runs for {quoted(ref or 'no branch')}.",
            "Failures of the default branch and of tags are incidents; --incident-branches says "
            "otherwise.",
        )


def _patterns(options: Options) -> Iterator[str]:
    for text in options.incident_branches:
        for pattern in filter(None, re.split(r"[\s,]+", text)):
            yield re.sub(r"^refs/(heads|tags)/", "", pattern)
