"""Every option of `report`, declared once; the command line, the variables and the docs follow.

An option `repo_url` is `--repo-url` on the command line and `DEVLAKE_REPO_URL` as a variable.
Values are kept as they were given: what they mean is decided where they are used,
and there a wrong one can be named together with its source.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

WHERE = "Where to"
WHAT = "What"
COMMIT = "Which commit"
HOW = "How"


def _option(group: str, text: str, *, default: Any = None, **more: Any) -> Any:  # noqa: ANN401 (a field of any type)
    return field(default=default, metadata={"group": group, "help": text, **more})


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user asked for; None or () where nothing was given."""

    url: str | None = _option(
        WHERE,
        "DevLake's address: its base (https://devlake.example.com/api), or the URL of a webhook "
        "connection as copied from the Config UI, which names the connection too.",
        metavar="URL",
    )
    connection: str | None = _option(
        WHERE,
        "The webhook connection, by number or (DevLake 1.0.2 and later) by name. "
        "{owner}, {repo} and {service} in it are filled in.",
        metavar="NUMBER|NAME",
    )
    project: str | None = _option(
        WHERE,
        "The DevLake project to report to instead of a connection (DevLake 1.0.3 and later). "
        "{owner}, {repo} and {service} in it are filled in.",
        metavar="NAME",
    )
    token: str | None = _option(
        WHERE,
        "The API key that DevLake showed when the connection was made. Rather set it as "
        "DEVLAKE_TOKEN: a command line can be seen by others on the machine.",
        metavar="KEY",
        secret=True,
    )
    header: tuple[str, ...] = _option(
        WHERE,
        "A header for a proxy in front of DevLake, such as 'CF-Access-Client-Id: abc'.",
        default=(),
        metavar="'NAME: VALUE'",
        secret=True,
    )
    ca_bundle: str | None = _option(
        WHERE, "A file with the certificates to trust, for a private CA.", metavar="FILE"
    )
    client_cert: str | None = _option(
        WHERE, "A client certificate (PEM), for a server that asks for one.", metavar="FILE"
    )
    client_key: str | None = _option(
        WHERE, "The key of the client certificate, if it is in a file of its own.", metavar="FILE"
    )
    dialect: str = _option(
        WHERE,
        "How DevLake spells the fields: v1 since 1.0.0, legacy before. "
        "auto tries v1 and goes on in legacy if the server asks for it.",
        default="auto",
        choices=("auto", "v1", "legacy"),
    )

    mode: str = _option(WHAT, "What to report.", default="deployment", choices=("deployment",))
    service: str | None = _option(
        WHAT,
        "Which part of the repository was deployed, in a monorepo or with several reports in one "
        "job: part of the deployment's id and name.",
        metavar="NAME",
    )
    environment: str | None = _option(
        WHAT,
        "Where it was deployed to: PRODUCTION, STAGING, TESTING or DEVELOPMENT, or your own word "
        "for one, such as prod-eu. Default: the environment of the CI job, where the CI says it.",
        metavar="NAME",
    )
    environment_map: tuple[str, ...] = _option(
        WHAT,
        "What an environment's name means, such as canary=PRODUCTION.",
        default=(),
        metavar="NAME=KIND",
    )
    result: str | None = _option(
        WHAT,
        "How the deployment ended, in any CI's word: success, failed, cancelled, … "
        "Default: what the CI says.",
        metavar="WORD",
    )
    id: str | None = _option(
        WHAT,
        "The deployment's id: unique in the world, the same when it is sent again. "
        "Default: made of the CI, repository, run, attempt, job, service and environment.",
        metavar="TEXT",
    )
    name: str | None = _option(WHAT, "The deployment's name.", metavar="TEXT")
    title: str | None = _option(
        WHAT,
        "The deployment's title. Default: the first line of the commit message.",
        metavar="TEXT",
    )
    created_at: str | None = _option(
        WHAT,
        "When the run was queued: RFC 3339 with a time zone, or seconds since 1970.",
        metavar="TIME",
    )
    started_at: str | None = _option(
        WHAT,
        "When the deployment began. Default: what `devlake-ci start` noted or the CI says, "
        "else its end.",
        metavar="TIME",
    )
    finished_at: str | None = _option(
        WHAT, "When the deployment ended. Default: now.", metavar="TIME"
    )

    repo_url: str | None = _option(
        COMMIT,
        "The repository of the deployed commit, in any form that git takes. "
        "Default: the repository that the CI runs for.",
        metavar="URL",
    )
    sha: str | None = _option(
        COMMIT,
        "The deployed commit; a tag, a branch or a short SHA is looked up in the checkout "
        "or by the CI's API. Default: the commit that the CI runs for.",
        metavar="SHA",
    )
    ref: str | None = _option(
        COMMIT,
        "The deployed branch or tag; given without --sha it is looked up. "
        "Default: the branch or tag that the CI runs for.",
        metavar="NAME",
    )
    message: str | None = _option(
        COMMIT, "The commit's message. Default: what the CI or git says.", metavar="TEXT"
    )

    github_token: str | None = _option(
        HOW,
        "A token for GitHub's API (contents: read, actions: read), to look up tags and times.",
        metavar="TOKEN",
        secret=True,
    )
    gitlab_token: str | None = _option(
        HOW,
        "A token for GitLab's API (read_api), to look up tags where the job's own is not enough.",
        metavar="TOKEN",
        secret=True,
    )
    deadline: float = _option(
        HOW, "Seconds that everything may take, retries included.", default=60.0, metavar="SECONDS"
    )
    on_failure: str = _option(
        HOW,
        "What a report that could not be made does to the job: fail it, or only warn.",
        default="fail",
        choices=("fail", "warn"),
    )
    dry_run: bool = _option(
        HOW, "Show what would be sent, and send nothing. Needs no token.", default=False
    )
    format: str = _option(HOW, "How to say it.", default="text", choices=("text", "json"))
    verbose: bool = _option(
        HOW, "Say more: each attempt, and a traceback for a bug.", default=False
    )

    sources: Mapping[str, str] = field(default_factory=dict)
    """For each option that was given, the flag or variable that gave it."""

    def source(self, name: str) -> str:
        """Name where the option was given, or could be: `--sha` or `DEVLAKE_SHA`."""
        return self.sources.get(name, flag(name))


def declared() -> tuple[Field[Any], ...]:
    """All options in the order of the documentation; their metadata say the rest."""
    return tuple(each for each in fields(Options) if "group" in each.metadata)


def flag(name: str) -> str:
    """Spell an option for the command line."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """Spell an option for the environment."""
    return "DEVLAKE_" + name.upper()
