"""What happened: how the deployment ended, where, when, and what it is called."""

from dataclasses import dataclass

from devlake_ci.options.declaration import option

GROUP = "What"


@dataclass(frozen=True, kw_only=True)
class What:
    """The options that say what."""

    mode: str = option(
        GROUP,
        "What to report: the deployment, an incident (opened when the job fails, closed when it "
        "recovers), or both.",
        default="deployment",
        choices=("deployment", "incident", "both"),
    )
    service: str | None = option(
        GROUP,
        "Which part of the repository was deployed, in a monorepo or with several reports in one "
        "job: part of the deployment's id and name.",
        metavar="NAME",
    )
    environment: str | None = option(
        GROUP,
        "Where it was deployed to: PRODUCTION, STAGING, TESTING or DEVELOPMENT, or your own word "
        "for one, such as prod-eu. Default: the environment of the CI job, where the CI says it.",
        metavar="NAME",
    )
    environment_map: tuple[str, ...] = option(
        GROUP,
        "What an environment's name means, such as canary=PRODUCTION.",
        default=(),
        metavar="NAME=KIND",
    )
    result: str | None = option(
        GROUP,
        "How the deployment ended, in any CI's word: success, failed, cancelled, … "
        "Default: what the CI says.",
        metavar="WORD",
    )
    id: str | None = option(
        GROUP,
        "The deployment's id: unique in the world, the same when it is sent again. "
        "Default: made of the CI, repository, run, attempt, job, service and environment.",
        metavar="TEXT",
    )
    name: str | None = option(GROUP, "The deployment's name.", metavar="TEXT")
    title: str | None = option(
        GROUP,
        "The deployment's title. Default: the first line of the commit message.",
        metavar="TEXT",
    )
    created_at: str | None = option(
        GROUP,
        "When the run was queued: RFC 3339 with a time zone, or seconds since 1970.",
        metavar="TIME",
    )
    started_at: str | None = option(
        GROUP,
        "When the deployment began. Default: what `devlake-ci start` noted or the CI says, "
        "else its end.",
        metavar="TIME",
    )
    finished_at: str | None = option(
        GROUP, "When the deployment ended. Default: now.", metavar="TIME"
    )
