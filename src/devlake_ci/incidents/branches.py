"""Whose failures are incidents: those of the default branch and of tags, or of what is named."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from devlake_ci.errors import MissingError, NothingToReport
from devlake_ci.model import Context
from devlake_ci.options import Options
from devlake_ci.text import quoted


def patterns(options: Options) -> tuple[str, ...]:
    """Give the patterns of `--incident-branches`; several may stand in one line."""
    return tuple(_patterns(options))


def matches(name: str, wanted: tuple[str, ...]) -> bool:
    """Tell if a branch or tag is one of those wanted; `*` stands for a `/` too."""
    return any(fnmatchcase(name, pattern) for pattern in wanted)


def check(options: Options, context: Context) -> None:
    """Check that a failure of this run would be an incident.

    Raises NothingToReport if it wouldn't, and MissingError if nobody says which branch counts.
    """
    ref, wanted = context.ref or options.ref, patterns(options)
    if context.no_deployment:
        raise NothingToReport(f"No incident is reported: {context.no_deployment}.")
    if wanted:
        counts = ref is not None and matches(ref, wanted)
    elif context.is_tag:
        counts = True
    elif context.default_branch is None and ref is not None:
        raise MissingError(
            f"Whether a failure here is an incident is not known: {context.provider} doesn't say "
            "which branch is the default one.",
            "Give --incident-branches (or DEVLAKE_INCIDENT_BRANCHES), such as main.",
        )
    else:
        counts = ref is not None and ref == context.default_branch
    if not counts:
        raise NothingToReport(
            f"No incident is reported: it runs for {quoted(ref or 'no branch')}.",
            "Failures of the default branch and of tags are incidents; --incident-branches says "
            "otherwise.",
        )


def _patterns(options: Options) -> Iterator[str]:
    for text in options.incident_branches:
        for pattern in filter(None, re.split(r"[\s,]+", text)):
            yield re.sub(r"^refs/(heads|tags)/", "", pattern)
