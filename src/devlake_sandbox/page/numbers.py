"""Show DORA's four numbers, month by month."""

from devlake_sandbox.dora import Month
from devlake_sandbox.page.markup import Markup, table, tag

HEADINGS = (
    "Month",
    "Deployments",
    "Lead time for changes",
    "Change failure rate",
    "Failed deployment recovery time",
    "Time to restore service",
)
MOST = 24
WHAT = {
    "Deployment frequency": "successful deployments to PRODUCTION",
    "Lead time for changes": "median, from a pull request's creation to its deployment",
    "Change failure rate": "of them had an incident afterwards",
    "Recovery time": "median, from a deployment's end to its incident's",
}
NOTE = (
    "As DevLake's own dashboard computes them. 0.00 h: nothing was shipped, or nothing resolved. "
    "Lead time needs pull requests, which DevLake takes by webhook since v1.0.3."
)


def section(months: list[Month]) -> Markup:
    """Show the newest month in cards, and the newest in a table if there are more."""
    if not months:
        return Markup()
    newest, rows = months[-1], [_cells(month) for month in reversed(months[-MOST:])]
    _, *shown = _cells(newest)
    cards = [
        tag("div", tag("span", heading), tag("b", cell), tag("span", what, class_="faint"),
            class_="card")
        for (heading, what), cell in zip(WHAT.items(), shown, strict=False)
    ]  # fmt: skip
    return tag(
        "section",
        tag("h2", "What the dashboard shows for ", tag("span", newest.name, class_="whole")),
        tag("div", *cards, class_="cards"),
        table(HEADINGS, rows) if len(rows) > 1 else Markup(),
        tag("p", NOTE, class_="faint"),
    )


def _cells(month: Month) -> list[str]:
    rate = "-" if month.failure_rate is None else f"{month.failure_rate:.1%}"
    return [
        month.name,
        str(month.deployments),
        f"{month.lead_hours:.2f} h",
        rate,
        f"{month.recovery_hours:.2f} h",
        f"{month.restore_hours:.2f} h",
    ]
