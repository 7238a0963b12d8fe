"""The commits of a deployment: the job's own, and additional ones that were deployed with it."""

from collections.abc import Callable, Iterator
from itertools import islice

from devlake_ci import limits
from devlake_ci.commits.sha import Find
from devlake_ci.commits.workspace import Workspace
from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.model import Commit
from devlake_ci.options import Options


def combine(
    options: Options, own: Callable[[], Commit], additional: Callable[[], tuple[Commit, ...]]
) -> tuple[Commit, ...]:
    """Return the job's own commit and the others, each once; raise BadUsageError, MissingError."""
    sources = (options.commits, options.checkout, options.submodules)
    if options.exclude_own_commit and not any(sources):
        raise BadUsageError(
            f"{options.source('exclude_own_commit')} leaves no commit to report.",
            "Say what was deployed with --commits, --checkout or --submodules.",
        )
    first = () if options.exclude_own_commit else (own(),)
    found: dict[tuple[str, str], Commit] = {}
    for each in (*first, *additional()):
        found.setdefault((each.repo_url, each.sha), each)
    if not found:
        raise MissingError(
            f"With {options.source('exclude_own_commit')} there is no commit to report: the list "
            "that was given is empty.",
            "Put at least one commit into it.",
        )
    return tuple(found.values())


def additional_commits(
    options: Options,
    server: str | None,
    finders: Callable[[str], tuple[Find, ...]],
    workspace: Workspace,
) -> tuple[Commit, ...]:
    """Return the commits that the options name; raise BadUsageError and MissingError.

    `server` is the URL below which the CI's repositories are; `finders` find a commit by name.
    """
    if options.submodules_recursive and not options.submodules:
        raise BadUsageError(
            f"{options.source('submodules_recursive')} does nothing without --submodules.",
            "Set --submodules to the path of the checkout.",
        )

    def named() -> Iterator[Commit]:  # imports what it needs: most deployments have one commit
        if options.commits:
            from devlake_ci.commits import manifest  # noqa: PLC0415

            source = options.source("commits")
            yield from manifest.read_commits(options.commits, source, workspace, server, finders)
        if options.checkout or options.submodules:
            from devlake_ci.commits import checkouts  # noqa: PLC0415

            for path in options.checkout:
                yield checkouts.commit(path, options.source("checkout"), workspace)
            if folder := options.submodules:
                source, deep = options.source("submodules"), options.submodules_recursive
                yield from checkouts.submodule_commits(folder, source, workspace, recursive=deep)

    found = tuple(islice(named(), limits.MOST_COMMITS + 1))
    if len(found) > limits.MOST_COMMITS:
        raise BadUsageError(
            f"Altogether more than {limits.MOST_COMMITS} commits are given for one deployment.",
            "List those that were deployed, one for each repository.",
        )
    return found
