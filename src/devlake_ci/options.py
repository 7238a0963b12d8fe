"""Every option of `report`, declared once; the command line, the variables and the docs follow.

An option `repo_url` is `--repo-url` on the command line and `DEVLAKE_REPO_URL` as a variable.
Values are kept as they were given: what they mean is decided where they are used,
and there a wrong one can be named together with its source.
"""

import re
from collections.abc import Mapping
from dataclasses import Field, field, fields
from functools import partial
from typing import Any

from devlake_ci.dataclass import dataclass
from devlake_ci.errors import BadUsageError, MissingError


def _option(group: str, text: str, *, default: Any = None, **more: Any) -> Any:  # noqa: ANN401 (a field of any type)
    """Declare an option; its metadata feed the command line, the wrappers and the documentation."""
    return field(default=default, metadata={"group": group, "help": text, **more})


_where_to = partial(_option, "Where to")
_what = partial(_option, "What")
_which_commits = partial(_option, "Which commits")
_lead_time = partial(_option, "Lead time")
_incident = partial(_option, "Incident")
_how = partial(_option, "How")
_run = partial(_option, "Run")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user asked for; None or () where nothing was given."""

    url: str | None = _where_to(
        "DevLake's address: its base (https://devlake.example.com/api), or the URL of a webhook "
        "connection as copied from the Config UI, which already has the connection's number.",
        metavar="URL",
    )
    connection: str | None = _where_to(
        "The webhook connection, by number or (DevLake 1.0.2 and later) by name. "
        "{owner}, {repo} and {service} in the name are filled in.",
        metavar="NUMBER|NAME",
    )
    project: str | None = _where_to(
        "The DevLake project to report to instead of a connection (DevLake 1.0.3 and later). "
        "{owner}, {repo} and {service} in the name are filled in.",
        metavar="NAME",
    )
    token: str | None = _where_to(
        "The API key: the one that `devlake-ci setup` printed, or that DevLake showed when the "
        "connection was created.",
        metavar="KEY",
        secret=True,
    )
    header: tuple[str, ...] = _where_to(
        "A header for a proxy in front of DevLake, such as 'CF-Access-Client-Id: abc'.",
        default=(),
        metavar="'NAME: VALUE'",
        secret=True,
    )
    ca_bundle: str | None = _where_to(
        "A file with the certificates to trust, for a private CA.", metavar="FILE"
    )
    client_cert: str | None = _where_to(
        "A client certificate (PEM), for a server that asks for one.", metavar="FILE"
    )
    client_key: str | None = _where_to(
        "The key of the client certificate, if it is in a file of its own.", metavar="FILE"
    )
    dialect: str = _where_to(
        "How DevLake spells the fields: v1 since 1.0.0, legacy before. "
        "auto tries v1 and falls back to legacy if the server asks for it.",
        default="auto",
        choices=("auto", "v1", "legacy"),
    )

    mode: str = _what(
        "What to report: the deployment, an incident (opened when the job fails, closed when it "
        "recovers), or both.",
        default="deployment",
        choices=("deployment", "incident", "both"),
    )
    service: str | None = _what(
        "The service that was deployed, in a monorepo or with several reports in one job. It goes "
        "into the deployment's id and name.",
        metavar="NAME",
    )
    environment: str | None = _what(
        "Where it was deployed to: a common name such as production, staging, test or dev, or a "
        "name that contains one, such as prod-eu. An unknown name is an error. Default: the CI "
        "job's environment, where the CI provides it.",
        metavar="NAME",
    )
    environment_map: tuple[str, ...] = _what(
        "Which kind an environment is, such as canary=PRODUCTION or 'preview/*=DEVELOPMENT'. "
        "An exact name overrides a pattern, and an earlier pattern overrides a later one.",
        default=(),
        metavar="NAME=KIND",
    )
    result: str | None = _what(
        "How the deployment ended, in the words of any CI: success, failed, cancelled, … "
        "Default: job, which means the job's own status. An empty value is an error.",
        metavar="WORD",
    )
    result_map: tuple[str, ...] = _what(
        "What a CI's word for a result means, such as UNSTABLE=SUCCESS: SUCCESS, FAILURE, ABORT, "
        "or SKIPPED for nothing deployed. Patterns work as in --environment-map.",
        default=(),
        metavar="WORD=RESULT",
    )
    allow_pull_request: bool = _what(
        "Let a run for a pull or merge request report to PRODUCTION. By default it may not: its "
        "commit may never be merged.",
        default=False,
    )
    id: str | None = _what(
        "The deployment's id: globally unique, and the same when the report is sent again. "
        "Default: built from CI, repository, run, the CI's id of the job, service and environment.",
        metavar="TEXT",
    )
    name: str | None = _what("The deployment's name.", metavar="TEXT")
    title: str | None = _what(
        "The deployment's title. Default: the first line of the commit message.", metavar="TEXT"
    )
    created_at: str | None = _what(
        "When the run was queued: RFC 3339 with a time zone, or seconds since 1970.", metavar="TIME"
    )
    started_at: str | None = _what(
        "When the deployment began. Default: what `devlake-ci start` noted or the CI "
        "provides, otherwise the time when it ended.",
        metavar="TIME",
    )
    finished_at: str | None = _what("When the deployment ended. Default: now.", metavar="TIME")

    repo_url: str | None = _which_commits(
        "The repository of the deployed commit, in any form that git takes. "
        "Default: the repository that the CI runs for.",
        metavar="URL",
    )
    sha: str | None = _which_commits(
        "The deployed commit; a tag, a branch or a short SHA is looked up in the checkout "
        "or through the CI's API. Default: the commit that the CI runs for.",
        metavar="SHA",
    )
    ref: str | None = _which_commits(
        "The deployed branch or tag. Without --sha, its commit is looked up. "
        "Default: the branch or tag that the CI runs for.",
        metavar="NAME",
    )
    repo_id: str | None = _which_commits(
        "DevLake's own id of the repository, such as github:GithubRepo:1:7. Default: DevLake "
        "looks for the repository by its URL.",
        metavar="ID",
    )
    commit_name: str | None = _which_commits(
        "A name for the deployed commit. Default: the deployment's name.", metavar="TEXT"
    )
    message: str | None = _which_commits(
        "The commit's message. Default: the message that the CI or git has.", metavar="TEXT"
    )
    commits: str | None = _which_commits(
        "More commits of the same deployment: a YAML or JSON file (or a glob that matches "
        "several), or the list itself. An entry is owner/name@SHA, or has repo_url, sha and, if "
        "wanted, ref, message, name, repo_id.",
        metavar="FILE|TEXT",
    )
    checkout: tuple[str, ...] = _which_commits(
        "A checkout whose HEAD was deployed too.", default=(), metavar="PATH"
    )
    submodules: str | None = _which_commits(
        "A checkout whose submodules were deployed too, each at the commit that the checkout "
        "records for it.",
        metavar="PATH",
    )
    submodules_recursive: bool = _which_commits(
        "With --submodules: the submodules of submodules too, where they are checked out.",
        default=False,
    )
    exclude_own_commit: bool = _which_commits(
        "Leave the job's own commit out: report only the commits that the options above name.",
        default=False,
    )

    changes: str = _lead_time(
        "Tell DevLake which pull requests a deployment to PRODUCTION shipped, for lead time: "
        "github and gitlab ask that host, git reads the checkout's history, auto means "
        "github or gitlab if the job runs there, otherwise git. commits is for teams without "
        "pull requests: each commit is a change.",
        default="none",
        choices=("none", "auto", "github", "gitlab", "git", "commits"),
    )
    changes_since: str | None = _lead_time(
        "What was live before: a SHA, tag or branch. Default: what the file of --incident-state, "
        "the environment's deployments or this job's earlier runs say.",
        metavar="REV",
    )
    changes_path: tuple[str, ...] = _lead_time(
        "In a monorepo, the paths of the service: only pull requests that touch one of them count. "
        "Required with --service; use '.' for the whole repository.",
        default=(),
        metavar="PATHSPEC",
    )
    changes_connection: str | None = _lead_time(
        "The webhook connection that the pull requests are sent to: the same one for all services "
        "of a repository. Placeholders work as in --connection. Default: the deployment's "
        "connection.",
        metavar="NUMBER|NAME",
    )
    changes_authors: bool = _lead_time(
        "Send the names of the pull requests' authors, too.", default=False
    )

    incident_result: str | None = _incident(
        "Whether production is healthy (success, failed, …), while --result says whether the "
        "deployment succeeded. Default: how the job ended.",
        metavar="WORD",
    )
    incident_key: str | None = _incident(
        "The incident's key. Default: built from the CI, repository, workflow, job, service, "
        "environment and the first run that failed.",
        metavar="TEXT",
    )
    incident_title: str | None = _incident(
        "The incident's title, in which {workflow}, {job}, {branch}, {environment} and {service} "
        "are filled in.",
        metavar="TEXT",
    )
    severity: str | None = _incident("The incident's severity.", metavar="WORD")
    priority: str | None = _incident("The incident's priority.", metavar="WORD")
    component: str | None = _incident(
        "The incident's component. Default: the service.", metavar="NAME"
    )
    incident_state: str = _incident(
        "Where to look up which incident is open: GitHub, GitLab or a file that the CI keeps "
        "(file:PATH); with none, no incident is reported. auto means the CI that the job runs on: "
        "GitHub or GitLab.",
        default="auto",
        metavar="auto|github|gitlab|file:PATH|none",
    )
    incident_branches: tuple[str, ...] = _incident(
        "The branches and tags whose failures are incidents, such as 'main' or 'release/*'. "
        "Default: the default branch and all tags.",
        default=(),
        metavar="PATTERN",
    )

    github_token: str | None = _how(
        "A token for GitHub's API (contents: read, actions: read), to look up tags and times.",
        metavar="TOKEN",
        secret=True,
    )
    gitlab_token: str | None = _how(
        "A token for GitLab's API (read_api), to look up what the job's own token can't.",
        metavar="TOKEN",
        secret=True,
    )
    deadline: float = _how(
        "Time limit in seconds for a report, including retries.", default=60.0, metavar="SECONDS"
    )
    on_failure: str = _how(
        "What a failed report does to the job: fail it, or only warn.",
        default="fail",
        choices=("fail", "warn"),
    )
    spool: str | None = _how(
        "A folder that keeps reports that didn't reach DevLake, for devlake-ci replay.",
        metavar="DIR",
    )
    refresh: str | None = _how(
        "The number of the project's blueprint, as `devlake-ci setup` prints it. Once a report is "
        "stored, DevLake recalculates the project's metrics, without collecting data, so that the "
        "dashboard shows the report.",
        metavar="BLUEPRINT",
    )
    refresh_wait: bool = _how(
        "With --refresh: wait, within the deadline, until the metrics are recalculated.",
        default=False,
    )
    dry_run: bool = _how(
        "Show what would be sent, and send nothing. Needs no token.", default=False
    )
    format: str = _how("The format of the output.", default="text", choices=("text", "json"))
    verbose: bool = _how("Print more: each attempt, and the traceback of a bug.", default=False)

    sources: Mapping[str, str] = field(default_factory=dict)
    """For each option that was given, the flag or variable that gave it."""

    def source(self, name: str) -> str:
        """Name where the option was given, or could be: `--sha` or `DEVLAKE_SHA`."""
        return self.sources.get(name, flag(name))


@dataclass(frozen=True, kw_only=True)
class RunOptions(Options):
    """What the user asked `run` for."""

    mode: str = _what(
        "What the command does: deployment, or incident for a check, whose failure opens an "
        "incident and whose success closes it.",
        default="deployment",
        choices=("deployment", "incident"),
    )
    success_codes: str = _run(
        "The exit codes that count as success. They replace the default, 0, so list 0 too: 0,3.",
        default="0",
        metavar="CODES",
    )
    keep_secrets: bool = _run(
        "Pass DEVLAKE_TOKEN, DEVLAKE_HEADER, DEVLAKE_GITHUB_TOKEN, DEVLAKE_GITLAB_TOKEN and the "
        "login in DEVLAKE_URL through to the command, for a command that itself calls devlake-ci.",
        default=False,
    )


KNOWN_TO_RUN = {"result", "incident_result", "started_at", "finished_at"}
"""The options of `report` that `run` has no use for: it knows how the command ended, and when."""


def declared(kind: type[Options] = Options) -> tuple[Field[Any], ...]:
    """All options in the order of the documentation; their metadata say the rest."""
    return tuple(each for each in fields(kind) if "group" in each.metadata)


def of_run() -> tuple[Field[Any], ...]:
    """All options of `run`: those of `report`, but for what the command tells, and its own."""
    return tuple(each for each in declared(RunOptions) if each.name not in KNOWN_TO_RUN)


def kebab(name: str) -> str:
    """Spell an option as the input of a wrapper: `repo-url`."""
    return name.replace("_", "-")


def flag(name: str) -> str:
    """Spell an option for the command line."""
    return "--" + kebab(name)


def variable(name: str) -> str:
    """Spell an option for the environment."""
    return "DEVLAKE_" + name.upper()


def render(template: str, values: Mapping[str, str | None], source: str) -> str:
    """Fill placeholders such as `{service}` in an option that `source` gave.

    Raise BadUsageError for a name that is none of them, MissingError for one whose value is None.
    """

    def value(placeholder: re.Match[str]) -> str:
        name = placeholder[1]
        if name not in values:
            raise BadUsageError(
                f"{source}: {placeholder[0]} is not a known placeholder.",
                f"Known are {', '.join(f'{{{each}}}' for each in values)}.",
            )
        if (found := values[name]) is None:
            raise MissingError(
                f"{source} has {placeholder[0]} in it, and this job has none.",
                "Set --service." if name == "service" else "Set --repo-url.",
            )
        return found

    return re.sub(r"\{([^{}]*)\}", value, template)
