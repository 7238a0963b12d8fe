"""Show deployments with their commits, pull requests and incidents."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from devlake_sandbox.dora import Stored
from devlake_sandbox.lead_time import LeadTime, deployed_in
from devlake_sandbox.page.markup import Markup, badge, kind, link, table, tag

Row = Mapping[str, str]
MOST_DEPLOYMENTS = 100
MOST_COMMITS = 20
HEADINGS = ("Repository", "Commit", "Ref", "Message", "Result", "Finished")
MINUTE, HOUR, DAY = 60, 3600, 86400
SHORT = 10


def section(deployments: Sequence[Row], found: Stored) -> Markup:
    """Show the newest deployments first, then incidents and pull requests that are on none."""
    newest = sorted(deployments, key=lambda row: row["finished_date"], reverse=True)
    members, suffered, shipped = defaultdict(list), defaultdict(list), defaultdict(list)
    for commit in found.commits:
        members[commit["cicd_deployment_id"]].append(commit)
    for incident, cause in zip(found.incidents, found.causes, strict=True):
        suffered[cause].append(incident)
    pull_requests = {row["id"]: row for row in found.pull_requests}
    for deployment, took in deployed_in(found.commits, found.lead_times):
        shipped[deployment].append(_pull_request(pull_requests[took.pull_request], took))
    shown = [
        _deployment(
            row,
            members[row["id"]],
            [*shipped[row["id"]], *map(_incident, suffered[row["id"]])],
            counted=row["id"] in found.ends,
        )
        for row in newest[:MOST_DEPLOYMENTS]
    ]
    waiting = [
        _pull_request(pull_requests[took.pull_request], took)
        for took in found.lead_times
        if not took.deployment_commit
    ]
    return tag(
        "section",
        tag("h2", f"Deployments ({len(deployments)}), newest first"),
        *shown,
        _more(len(newest) - MOST_DEPLOYMENTS, "older deployments"),
        _on_none(suffered[None]),
        _undeployed(waiting),
    )


def _deployment(row: Row, commits: list[Row], about: list[Markup], *, counted: bool) -> Markup:
    environment, own_word = row["environment"], row.get("original_environment", "")
    badges = [badge(row["result"]), badge(environment)]
    if own_word not in ("", environment):
        badges.append(badge(own_word))
    says = "counts for DORA" if counted else "doesn't count for DORA"
    span = f"{_when(row['finished_date'])} UTC, took {duration(int(row['duration_sec']))}"
    return tag(
        "article",
        tag("header", tag("h3", row.get("display_title") or row.get("name", "")), *badges),
        tag("p", f"{span}; {says}", class_="faint"),
        *(_brief(commit) for commit in commits if len(commits) == 1),
        *about,
        _details(row, commits),
        class_=kind(row["result"]),
        data_key=row["id"],
    )


def _brief(commit: Row) -> Markup:
    """Show a deployment's only commit in a line."""
    sha = commit["commit_sha"]
    return tag(
        "p",
        link(commit["repo_url"], commit["repo_url"].removeprefix("https://")),
        " ",
        tag("span", sha[:SHORT], class_="code", title=sha),
        f" {commit.get('ref_name', '')}",
    )


def _details(row: Row, commits: list[Row]) -> Markup:
    """Show all that was stored, to those who ask."""
    number = "1 commit" if len(commits) == 1 else f"{len(commits)} commits"
    about = (f"id {row['id']}", f"name {row.get('name', '')}", row["cicd_scope_id"],
             f"{_when(row['started_date'])} to {_when(row['finished_date'])} UTC")  # fmt: skip
    return tag(
        "details",
        tag("summary", f"What is stored: {number}"),
        *(tag("p", fact, class_="faint") for fact in about),
        table(HEADINGS, [_commit(commit) for commit in commits[:MOST_COMMITS]]),
        _more(len(commits) - MOST_COMMITS, "commits"),
        data_key=row["id"],
    )


def _commit(row: Row) -> list[str]:
    sha = row["commit_sha"]
    return [
        link(row["repo_url"], row["repo_url"]),
        tag("span", sha[:SHORT], class_="code", title=sha),
        row.get("ref_name", ""),
        row.get("commit_msg", ""),
        badge(row["result"]),
        _when(row["finished_date"]),
    ]


def _incident(row: Row) -> Markup:
    facts = [row.get(column, "") for column in ("severity", "priority", "component")]
    return tag(
        "div",
        badge(row["status"]),
        " Incident ",
        link(row.get("url", ""), row["title"]),
        tag("div", " · ".join(filter(None, [_span(row), *facts, row["incident_key"]])),
            class_="faint"),
        tag("div", row.get("description", "")),
        class_=f"incident {kind(row['status'])}",
    )  # fmt: skip


def _span(incident: Row) -> str:
    began, ended = incident["created_date"], incident.get("resolution_date")
    if ended:
        return f"{_when(began)} to {_when(ended)} UTC"
    if incident["status"] == "DONE":
        return f"{_when(began)} UTC, closed without a resolution date: recovery time never sees it"
    return f"since {_when(began)} UTC"


def _pull_request(row: Row, took: LeadTime) -> Markup:
    total = duration(took.cycle_minutes * MINUTE)
    if took.deploy_minutes is None:
        says = f"{total} to its merge"
    else:
        to_merge = duration((took.cycle_minutes - took.deploy_minutes) * MINUTE)
        to_deployment = duration(took.deploy_minutes * MINUTE)
        says = f"lead time {total}: {to_merge} to its merge, {to_deployment} to its deployment"
    return tag(
        "div",
        badge("MERGED"),
        " Pull request ",
        link(row.get("url", ""), row["title"]),
        tag("div", says, class_="faint"),
        class_="pull-request",
    )


def _undeployed(pull_requests: list[Markup]) -> Markup:
    if not pull_requests:
        return Markup()
    why = (
        "No successful deployment to PRODUCTION lists their merge commits, or the one that does "
        "has none before it: they have no lead time yet."
    )
    heading = tag("header", tag("h3", "Merged, on no deployment"))
    shown = pull_requests[-MOST_DEPLOYMENTS:]
    return tag("article", heading, tag("p", why, class_="faint"), *shown, data_key="undeployed")


def _on_none(incidents: Iterable[Row]) -> Markup:
    shown = [_incident(row) for row in incidents]
    if not shown:
        return Markup()
    why = "No successful deployment to PRODUCTION had finished before these began."
    heading = tag("header", tag("h3", "Incidents on no deployment"))
    return tag("article", heading, tag("p", why, class_="faint"), *shown, data_key="none")


def _more(count: int, what: str) -> Markup:
    return tag("p", f"and {count} more {what}", class_="faint") if count > 0 else Markup()


def _when(moment: str) -> str:
    return moment.removesuffix(".000")


def duration(seconds: int) -> str:
    """Return seconds as a person says them: the two largest units."""
    sign, size = "-" if seconds < 0 else "", abs(seconds)
    if size < MINUTE:
        return f"{sign}{size} s"
    if size < HOUR:
        return f"{sign}{size // MINUTE} min {size % MINUTE} s"
    if size < DAY:
        return f"{sign}{size // HOUR} h {size % HOUR // MINUTE} min"
    return f"{sign}{size // DAY} d {size % DAY // HOUR} h"
