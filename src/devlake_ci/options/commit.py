"""Which commits were deployed."""

from dataclasses import dataclass

from devlake_ci.options.declaration import option

GROUP = "Which commits"


@dataclass(frozen=True, kw_only=True)
class WhichCommits:
    """The options that say which commits."""

    repo_url: str | None = option(
        GROUP,
        "The repository of the deployed commit, in any form that git takes. "
        "Default: the repository that the CI runs for.",
        metavar="URL",
    )
    sha: str | None = option(
        GROUP,
        "The deployed commit; a tag, a branch or a short SHA is looked up in the checkout "
        "or by the CI's API. Default: the commit that the CI runs for.",
        metavar="SHA",
    )
    ref: str | None = option(
        GROUP,
        "The deployed branch or tag; given without --sha it is looked up. "
        "Default: the branch or tag that the CI runs for.",
        metavar="NAME",
    )
    message: str | None = option(
        GROUP, "The commit's message. Default: what the CI or git says.", metavar="TEXT"
    )
    commits: str | None = option(
        GROUP,
        "More commits of the same deployment: a YAML or JSON file (glob characters take all that "
        "match), or the text itself. An entry is owner/name@SHA, or has repo_url, sha and, if "
        "wanted, ref, message, name, repo_id.",
        metavar="FILE|TEXT",
    )
    checkout: tuple[str, ...] = option(
        GROUP, "A checkout whose HEAD was deployed too.", default=(), metavar="PATH"
    )
    submodules: str | None = option(
        GROUP,
        "A checkout whose submodules were deployed too, each at the commit that is recorded in it.",
        metavar="PATH",
    )
    submodules_recursive: bool = option(
        GROUP,
        "With --submodules: the submodules of submodules too, where they are checked out.",
        default=False,
    )
    no_own_commit: bool = option(
        GROUP,
        "Leave the job's own commit out: only what the options above name was deployed.",
        default=False,
    )
