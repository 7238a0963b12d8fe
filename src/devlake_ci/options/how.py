"""How the program goes about it."""

from dataclasses import dataclass

from devlake_ci.options.declaration import option

GROUP = "How"


@dataclass(frozen=True, kw_only=True)
class How:
    """The options that say how."""

    github_token: str | None = option(
        GROUP,
        "A token for GitHub's API (contents: read, actions: read), to look up tags and times.",
        metavar="TOKEN",
        secret=True,
    )
    gitlab_token: str | None = option(
        GROUP,
        "A token for GitLab's API (read_api), to look up tags where the job's own is not enough.",
        metavar="TOKEN",
        secret=True,
    )
    deadline: float = option(
        GROUP,
        "Seconds that everything may take, retries included.",
        default=60.0,
        metavar="SECONDS",
    )
    on_failure: str = option(
        GROUP,
        "What a report that could not be made does to the job: fail it, or only warn.",
        default="fail",
        choices=("fail", "warn"),
    )
    spool: str | None = option(
        GROUP,
        "A folder to keep what DevLake could not be told, for devlake-ci replay.",
        metavar="DIR",
    )
    dry_run: bool = option(
        GROUP, "Show what would be sent, and send nothing. Needs no token.", default=False
    )
    format: str = option(GROUP, "How to say it.", default="text", choices=("text", "json"))
    verbose: bool = option(
        GROUP, "Say more: each attempt, and a traceback for a bug.", default=False
    )
