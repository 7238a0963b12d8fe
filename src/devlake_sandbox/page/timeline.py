"""Draw deployments and incidents over time, as one picture that needs no script."""

from collections.abc import Iterator, Mapping, Sequence

from devlake_sandbox.page import bars
from devlake_sandbox.page.axis import Axis, axis
from devlake_sandbox.page.bars import Bar
from devlake_sandbox.page.markup import Markup, kind, tag
from devlake_sandbox.shapes import ENVIRONMENTS
from devlake_sandbox.tables import parse_time

Row = Mapping[str, str]
Spot = tuple[float, float]
PRODUCTION, *OTHERS = ENVIRONMENTS
WIDTH, LEFT, RIGHT = 1100.0, 14.0, 200.0
"""The space on the right is for the lanes' names, and for titles of the newest incidents."""
LANE, ROW, BAR = 46.0, 34.0, 8.0
FOOT = 24.0
DESCENT = 2.0
"""How far letters such as g hang below a label's line."""
DOT = 7.0
ASIDE = 2 * DOT
MOST = 60
"""As many deployments as have room beside each other."""
MOST_ROWS = 20


def figure(deployments: Sequence[Row], commits: Sequence[Row], incidents: Sequence[Row]) -> Markup:
    """Draw the newest deployments, of three months at most: a lane for each environment.

    Incidents are below PRODUCTION.

    No connector crosses another one's title or bar: bars.rows sees to it.
    """
    newest = sorted(deployments, key=lambda row: row["finished_date"])[-MOST:]
    line = _axis(newest, incidents)
    dots = [row for row in newest if line.shows(parse_time(row["finished_date"]))]
    rows, unseen = _rows(line, incidents, commits)
    places, foot = _places(dots, len(rows))
    spots = _spots(dots, line, places)
    placed = [(bar, LANE + n * ROW + ROW / 2) for n, row in enumerate(rows) for bar in row]
    drawing = tag(
        "svg",
        *_grid(line, foot),
        *(_thread(bar, *spots[bar.cause], y) for bar, y in placed if bar.cause in spots),
        *(_lane(name, y) for name, y in places.items()),
        *(_bar(bar, y) for bar, y in placed),
        *(_dot(row, *spots[row["id"]]) for row in dots),
        viewBox=f"0 0 {WIDTH:.0f} {foot + FOOT:.0f}",
        role="img",
        aria_label=f"{len(dots)} deployments and {len(placed)} incidents over time",
    )
    counts = {"deployments": len(deployments) - len(dots), "incidents": unseen}
    left_out = " and ".join(f"{number} {what}" for what, number in counts.items() if number)
    more = [tag("span", f"Not shown: {left_out} from before")] if left_out else []
    return tag("figure", tag("div", drawing, class_="wide newest"), _legend(*more))


def _rows(
    line: Axis, incidents: Sequence[Row], commits: Sequence[Row]
) -> tuple[list[list[Bar]], int]:
    """Return the rows that are drawn, and how many incidents are in none of them."""
    rows = bars.rows(line, incidents, commits, WIDTH)[:MOST_ROWS]
    return rows, len(incidents) - sum(map(len, rows))


def _axis(deployments: Sequence[Row], incidents: Sequence[Row]) -> Axis:
    times = [row["finished_date"] for row in deployments]
    since = min(times, default="")
    for name in ("created_date", "resolution_date"):
        times += [row[name] for row in incidents if row.get(name, "") > since]
    return axis(map(parse_time, times), LEFT + 2 * DOT, WIDTH - RIGHT)


def _places(dots: Sequence[Row], rows: int) -> tuple[dict[str, float], float]:
    """Return the middle of each lane that is needed, and where the last one ends."""
    used = {row["environment"] for row in dots}
    places, below = {PRODUCTION: LANE / 2}, LANE + rows * ROW
    for name in OTHERS:
        if name in used:
            places[name] = below + LANE / 2
            below += LANE
    return places, below


def _grid(line: Axis, foot: float) -> Iterator[Markup]:
    for x, label in line.ticks():
        place = f"{x:.1f}"
        yield tag("line", x1=place, x2=place, y1="0", y2=f"{foot:.0f}", class_="grid")
        yield tag("text", label, x=place, y=f"{foot + FOOT - 6:.0f}", class_="tick")


def _lane(name: str, y: float) -> Markup:
    end = WIDTH - RIGHT
    ends = {"x1": f"{LEFT:.0f}", "x2": f"{end:.0f}", "y1": f"{y:.1f}", "y2": f"{y:.1f}"}
    label = tag("text", name.capitalize(), x=f"{end + 12:.0f}", y=f"{y + 4:.1f}", class_="name")
    return Markup(tag("line", **ends, class_="lane") + label)


def _spots(rows: Sequence[Row], line: Axis, places: Mapping[str, float]) -> dict[str, Spot]:
    """Return each deployment's place; one that would hide a neighbour is moved aside.

    Those that succeeded choose first, and move down: incidents hang on them.
    """
    spots: dict[str, Spot] = {}
    for row in sorted(rows, key=lambda row: row["result"] != "SUCCESS"):
        x, lane = line.x(parse_time(row["finished_date"])), places[row["environment"]]
        aside = ASIDE if row["result"] == "SUCCESS" else -ASIDE
        near = {y for other, y in spots.values() if abs(other - x) < ASIDE}
        free = (y for y in (lane, lane + aside, lane - aside) if y not in near)
        y = next(free, lane)
        spots[row["id"]] = (x, y)
    return spots


def _dot(row: Row, x: float, y: float) -> Markup:
    title = row.get("display_title") or row.get("name", "")
    about = f"{row['result']}: {title} ({row['finished_date'][:16]} UTC)"
    return tag("g", tag("title", about), _mark(row["result"], x, y))


def _mark(result: str, x: float, y: float) -> Markup:
    """Draw how it ended, in form as well as colour."""
    how, arm = kind(result), DOT * 0.4
    place = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{DOT:.0f}"}
    disc = tag("circle", class_=f"dot {how}", **place)
    if how != "bad":
        return disc
    strokes = (f"M{x - arm:.1f} {y + each * arm:.1f}l{2 * arm:.1f} {-each * 2 * arm:.1f}"
               for each in (1, -1))  # fmt: skip
    return Markup(disc + tag("path", d="".join(strokes), class_="cross"))


def _bar(bar: Bar, y: float) -> Markup:
    """Draw an incident: its title above a bar from its beginning to its end."""
    still = "" if bar.ended else " open"
    return tag(
        "g",
        tag("title", f"{bar.status}: {bar.title}"),
        tag("text", bar.label, y=f"{y - BAR - DESCENT:.1f}", x=f"{bar.start + bars.INDENT:.1f}"),
        tag(
            "rect", x=f"{bar.start:.1f}", width=f"{bar.end - bar.start:.1f}",
            y=f"{y - BAR / 2:.1f}", height=f"{BAR:.0f}", rx=f"{BAR / 2:.0f}", class_=f"bar{still}",
        ),
    )  # fmt: skip


def _thread(bar: Bar, x: float, top: float, y: float) -> Markup:
    """Tie an incident to the deployment that it is on."""
    return tag("path", d=f"M{x:.1f} {top:.1f}V{y:.1f}H{bar.start:.1f}", class_="thread")


def _legend(*more: Markup) -> Markup:
    marks = {"SUCCESS": "succeeded", "FAILURE": "failed", "ABORT": "aborted"}
    items = [
        tag("span", tag("svg", _mark(word, 8, 8), viewBox="0 0 16 16"), said)
        for word, said in marks.items()
    ]
    swatch = tag("rect", x="1", y="4", width="26", height="8", rx="4", class_="bar")
    drawn = tag("svg", swatch, viewBox="0 0 28 16", class_="long")
    said = "incident, tied to the deployment that DevLake counts it against"
    return tag("figcaption", *items, tag("span", drawn, said), *more)
