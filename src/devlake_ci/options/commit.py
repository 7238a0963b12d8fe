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
