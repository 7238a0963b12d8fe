"""Whose failures are incidents: the default branch's and tags', or what the user names.

Those are the branches and tags whose runs are read, too.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import chain, islice
from typing import TypeVar

from devlake_ci.errors import MissingError, NothingToReport
from devlake_ci.model import Context
from devlake_ci.options import Options
from devlake_ci.text import quoted

GLOB = re.compile(r"[*?\[]")
FEW = 4
"""Branches and tags that are asked for by name, beside those that the user names."""

T = TypeVar("T")


def patterns(options: Options) -> tuple[str, ...]:
    """Return the patterns of `--incident-branches`; one line may have several."""
    found = re.split(r"[\s,]+", "\n".join(options.incident_branches))
    return tuple(re.sub(r"^refs/(heads|tags)/", "", pattern) for pattern in found if pattern)


def matching(
    options: Options, kinds: Iterable[str], list_refs: Callable[[str, str], Iterable[str]]
) -> set[str]:
    """Return what the patterns match; `list_refs(kind, prefix)` lists the names that begin so."""
    return {
        name
        for pattern in patterns(options)
        if GLOB.search(pattern)
        for kind in kinds
        for name in list_refs(kind, GLOB.split(pattern)[0])
        if fnmatchcase(name, pattern)
    }


def listings(
    options: Options,
    context: Context,
    several: Collection[str],
    of_all: Callable[[], Iterator[list[T]]],
    of_ref: Callable[[str], Iterator[list[T]]],
) -> list[Iterator[list[T]]]:
    """Return the lists of runs to read: of each ref that is named, else of the default branch.

    `several` are the other refs that count: each has a list too, if they are few, and else the list
    of all runs is read. A list is read page after page, as far as it takes.
    """
    named = patterns(options) or filter(None, [context.default_branch])
    wanted, found = dict.fromkeys(each for each in named if not GLOB.search(each)), []
    if len(several) > FEW:
        found = [of_all()]
    else:
        wanted |= dict.fromkeys(several)
        if any(map(GLOB.search, patterns(options))):
            # What matches may have been deleted since: one page of all tells.
            found = [chain(islice(of_all(), 1), [[]])]
    return found + [of_ref(each) for each in wanted]


def is_counted(options: Options, context: Context, ref: str | None, *, is_tag: bool) -> bool:
    """Return whether failures of the branch or tag `ref` are incidents; `*` matches `/` too."""
    if wanted := patterns(options):
        return ref is not None and any(fnmatchcase(ref, pattern) for pattern in wanted)
    return is_tag or (ref is not None and ref == context.default_branch)


def check(options: Options, context: Context) -> None:
    """Raise NothingToReport if a failure is no incident here, MissingError if nobody says it."""
    ref = context.ref or options.ref
    pull_request = None if options.allow_pull_request else context.pull_request
    if why := pull_request or context.stops:
        raise NothingToReport(f"No incident is reported: {why}.")
    is_known = patterns(options) or context.is_tag or context.default_branch
    if ref is not None and not is_known:
        raise MissingError(
            f"Whether a failure here is an incident is not known: {context.provider} doesn't say "
            "which branch is the default one.",
            "Set --incident-branches (or DEVLAKE_INCIDENT_BRANCHES), such as main.",
        )
    if not is_counted(options, context, ref, is_tag=context.is_tag):
        raise NothingToReport(
            f"No incident is reported: it runs for {quoted(ref or 'no branch')}.",
            "Failures of the default branch and of tags are incidents; --incident-branches names "
            "others.",
        )
