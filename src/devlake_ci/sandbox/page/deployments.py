"""Shows deployments, their commits and the incidents that DevLake would put on them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from devlake_ci.sandbox import dora
from devlake_ci.sandbox.page.markup import Markup, badge, link, table, tag

Row = Mapping[str, str]
MOST_DEPLOYMENTS = 100
MOST_COMMITS = 20
HEADINGS = ("Repository", "Commit", "Ref", "Message", "Result", "Finished")
MINUTE = 60
SHORT = 10


def section(deployments: Sequence[Row], commits: Sequence[Row], incidents: Sequence[Row]) -> Markup:
    """Show the newest deployments first, then incidents that are on none."""
    newest = sorted(deployments, key=lambda row: row["finished_date"], reverse=True)
    members, suffered = defaultdict(list), defaultdict(list)
    for commit in commits:
        members[commit["cicd_deployment_id"]].append(commit)
    for incident in incidents:
        suffered[dora.cause(commits, incident)].append(incident)
    counted = dora.finished(commits)
    shown = [
        _deployment(row, members[row["id"]], suffered[row["id"]], counted=row["id"] in counted)
        for row in newest[:MOST_DEPLOYMENTS]
    ]
    return tag(
        "section",
        tag("h2", f"Deployments ({len(deployments)}), newest first"),
        *shown,
        _more(len(newest) - MOST_DEPLOYMENTS, "older deployments"),
        _on_none(suffered[None]),
    )


def _deployment(row: Row, commits: list[Row], incidents: list[Row], *, counted: bool) -> Markup:
    environment, own_word = row["environment"], row.get("original_environment", "")
    badges = [badge(row["result"]), badge(environment)]
    if own_word not in ("", environment):
        badges.append(badge(own_word))
    times = (
        f"{_when(row['started_date'])} to {_when(row['finished_date'])} UTC, "
        f"{_duration(int(row['duration_sec']))}"
    )
    says = "counts for DORA" if counted else "doesn't count for DORA"
    return tag(
        "article",
        tag("header", tag("h3", row.get("display_title") or row.get("name", "")), *badges),
        tag("p", f"{times}; {says}", class_="faint"),
        tag("p", f"{row['id']} · {row.get('name', '')} · {row['cicd_scope_id']}", class_="faint"),
        table(HEADINGS, [_commit(commit) for commit in commits[:MOST_COMMITS]]),
        _more(len(commits) - MOST_COMMITS, "commits"),
        *map(_incident, incidents),
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
    ended = row.get("resolution_date")
    span = f"{_when(row['created_date'])} to {_when(ended) if ended else 'now'} UTC"
    if row["status"] == "DONE" and not ended:
        span += " (closed without a resolution date: recovery time never sees it)"
    facts = [row.get(column, "") for column in ("severity", "priority", "component")]
    return tag(
        "div",
        badge(row["status"]),
        " Incident ",
        link(row.get("url", ""), row["title"]),
        tag("div", " · ".join(filter(None, [row["incident_key"], span, *facts])), class_="faint"),
        tag("div", row.get("description", "")),
        class_="incident",
    )


def _on_none(incidents: Iterable[Row]) -> Markup:
    shown = [_incident(row) for row in incidents]
    if not shown:
        return Markup()
    why = "No successful deployment to PRODUCTION had finished before these began."
    heading = tag("header", tag("h3", "Incidents on no deployment"))
    return tag("article", heading, tag("p", why, class_="faint"), *shown)


def _more(count: int, what: str) -> Markup:
    return tag("p", f"and {count} more {what}", class_="faint") if count > 0 else Markup()


def _when(moment: str) -> str:
    return moment.removesuffix(".000")


def _duration(seconds: int) -> str:
    if abs(seconds) < MINUTE:
        return f"{seconds} s"
    minutes, rest = divmod(abs(seconds), MINUTE)
    return f"{'-' if seconds < 0 else ''}{minutes} min {rest} s"
