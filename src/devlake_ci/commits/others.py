"""The commits of a deployment: the job's own, and those of other repositories that went with it."""

from collections.abc import Callable, Iterator
from itertools import islice

from devlake_ci.commits.sha import Find
from devlake_ci.commits.workspace import Workspace
from devlake_ci.commits.written import MOST, TOO_MANY
from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.model import Commit
from devlake_ci.options import Options


def combined(
    options: Options, own: Callable[[], Commit], others: Callable[[], tuple[Commit, ...]]
) -> tuple[Commit, ...]:
    """Put all commits together, the job's own first, and the same one once.

    Raises BadUsageError if the job's own is left out and nothing else is asked for, and
    MissingError if nothing else was found.
    """
    sources = (options.commits, options.checkout, options.submodules)
    if options.exclude_own_commit and not any(sources):
        raise BadUsageError(
            f"{options.source('exclude_own_commit')} leaves no commit to report.",
            "Say what was deployed with --commits, --checkout or --submodules.",
        )
    first = () if options.exclude_own_commit else (own(),)
    found: dict[tuple[str, str], Commit] = {}
    for each in (*first, *others()):
        found.setdefault((each.repo_url, each.sha), each)
    if not found:
        raise MissingError(
            f"With {options.source('exclude_own_commit')} there is no commit to report: the list "
            "that was given is empty.",
            "Put at least one commit into it.",
        )
    return tuple(found.values())


def others(
    options: Options,
    server: str | None,
    finders: Callable[[str], tuple[Find, ...]],
    workspace: Workspace,
) -> tuple[Commit, ...]:
    """Gather the commits that the options name; raises BadUsageError and MissingError.

    `server` is the URL below which the CI's repositories are; `finders` find a commit by name.
    """
    if options.submodules_recursive and not options.submodules:
        raise BadUsageError(
            f"{options.source('submodules_recursive')} says nothing without --submodules.",
            "Give the path of the checkout with --submodules.",
        )
    found = tuple(islice(_gathered(options, server, finders, workspace), MOST + 1))
    if len(found) > MOST:
        raise BadUsageError(f"Altogether {TOO_MANY}")
    return found


def _gathered(
    options: Options,
    server: str | None,
    finders: Callable[[str], tuple[Find, ...]],
    workspace: Workspace,
) -> Iterator[Commit]:
    # Imported where they are used: most deployments have one commit.
    if options.commits:
        from devlake_ci.commits import files, listed  # noqa: PLC0415

        for where, text in files.texts(options.commits, options.source("commits"), workspace):
            yield from listed.commits(text, where, server, finders)
    if options.checkout:
        from devlake_ci.commits import checkouts  # noqa: PLC0415

        for path in options.checkout:
            yield checkouts.commit(path, options.source("checkout"), workspace)
    if options.submodules:
        from devlake_ci.commits import submodules  # noqa: PLC0415

        source, recursive = options.source("submodules"), options.submodules_recursive
        yield from submodules.commits(options.submodules, source, workspace, recursive=recursive)
