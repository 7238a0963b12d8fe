"""What becomes of an incident, and how it is told."""

from dataclasses import dataclass

from devlake_ci.options.declaration import option

GROUP = "Incident"


@dataclass(frozen=True, kw_only=True)
class AnIncident:
    """The options of incidents."""

    incident_result: str | None = option(
        GROUP,
        "Whether it is all right now, in any CI's word, where that differs from --result (did "
        "production change?). Default: how the job ended.",
        metavar="WORD",
    )
    incident_key: str | None = option(
        GROUP,
        "The incident's key. Default: made of the CI, repository, workflow, job, service, "
        "environment and the first run that failed.",
        metavar="TEXT",
    )
    incident_title: str | None = option(
        GROUP,
        "The incident's title. {workflow}, {job}, {branch}, {environment} and {service} in it "
        "are filled in.",
        metavar="TEXT",
    )
    severity: str | None = option(GROUP, "The incident's severity.", metavar="WORD")
    priority: str | None = option(GROUP, "The incident's priority.", metavar="WORD")
    component: str | None = option(
        GROUP, "The incident's component. Default: the service.", metavar="NAME"
    )
    incident_state: str = option(
        GROUP,
        "Where it is known which incident is open: in GitHub's runs, in GitLab's deployments, "
        "in a file that the CI keeps (file:PATH), or nowhere. auto takes what the CI has.",
        default="auto",
        metavar="auto|github|gitlab|file:PATH|none",
    )
    incident_branches: tuple[str, ...] = option(
        GROUP,
        "The branches and tags whose failures are incidents, such as 'main' or 'release/*'. "
        "Default: the default branch and all tags.",
        default=(),
        metavar="PATTERN",
    )
