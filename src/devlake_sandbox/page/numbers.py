"""Shows DORA's numbers, month by month."""

from devlake_sandbox.dora import Month
from devlake_sandbox.page.markup import Markup, table, tag

HEADINGS = (
    "Month",
    "Deployments",
    "Change failure rate",
    "Failed deployment recovery time",
    "Time to restore service",
)
MOST = 24
WHAT = (
    "successful, to PRODUCTION",
    "had an incident after it",
    "median, since the deployment",
    "median, since the incident began",
)
NO_LEAD_TIME = (
    "As DevLake's dashboard computes them from successful deployments to PRODUCTION; 0.00 h where "
    "nothing was resolved. Lead time for changes needs pull requests that DevLake collects from "
    "the code host, so it is not shown."
)


def section(months: list[Month]) -> Markup:
    """Show the newest month large, and the newest in a table if there are more."""
    if not months:
        return Markup()
    newest, rows = months[-1], [_cells(month) for month in reversed(months[-MOST:])]
    cards = [
        tag("div", tag("span", heading), tag("b", cell), tag("span", what, class_="faint"),
            class_="card")
        for heading, cell, what in zip(HEADINGS[1:], _cells(newest)[1:], WHAT, strict=True)
    ]  # fmt: skip
    return tag(
        "section",
        tag("h2", f"What the dashboard would show for {newest.name}"),
        tag("div", *cards, class_="cards"),
        table(HEADINGS, rows) if len(rows) > 1 else Markup(),
        tag("p", NO_LEAD_TIME, class_="faint"),
    )


def _cells(month: Month) -> list[str]:
    rate = "-" if month.failure_rate is None else f"{month.failure_rate:.1%}"
    return [
        month.name,
        str(month.deployments),
        rate,
        f"{month.recovery_hours:.2f} h",
        f"{month.restore_hours:.2f} h",
    ]
