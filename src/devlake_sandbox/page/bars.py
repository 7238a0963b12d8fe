"""Place incidents in the picture: from when to when, and in which row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from devlake_sandbox import dora
from devlake_sandbox.page.axis import Axis
from devlake_sandbox.tables import parse_time

Row = Mapping[str, str]
LETTER = 6.9
"""How wide a letter of a label is, about."""
INDENT = 4.0
"""How far a label is from where its bar begins, and so from its connector."""
SHORTEST = 8.0
GAP = 12.0


@dataclass(frozen=True)
class Bar:
    """Where an incident is drawn; its connector comes down at `hook`."""

    title: str
    label: str
    status: str
    ended: bool
    start: float
    end: float
    cause: str | None
    """The id of the deployment that it is on."""
    hook: float
    """Where that deployment is, else where the bar begins: nothing is drawn left of it."""

    @property
    def right(self) -> float:
        """Where the last thing drawn ends."""
        return max(self.end, self.start + INDENT + len(self.label) * LETTER)

    def overlaps(self, other: "Bar") -> bool:
        """Return whether the two would touch in one row."""
        return self.hook < other.right + GAP and other.hook < self.right + GAP

    def covers(self, x: float) -> bool:
        """Return whether a connector that comes down at `x` would cross it."""
        return self.hook < x <= self.right


def rows(
    line: Axis, incidents: Iterable[Row], commits: Sequence[Row], width: float
) -> list[list[Bar]]:
    """Put the incidents that are on the line in few rows, so that no connector crosses anything.

    The connector of the earliest comes down left of everything that was placed before it, so the
    latest are placed first; each goes to the uppermost row where it fits.
    """
    ends = dora.finished_deployments(commits)
    shown = [one for one in incidents if not _over(line, one)]
    causes = [dora.cause(commits, one) for one in shown]
    bars = [
        _bar(line, incident, cause, ends.get(cause or ""), width)
        for incident, cause in zip(shown, causes, strict=True)
    ]
    placed: list[list[Bar]] = []
    for bar in sorted(bars, key=lambda bar: (bar.hook, bar.start), reverse=True):
        fitting = (n for n in range(len(placed)) if _fits(bar, n, placed))
        number = next(fitting, len(placed))
        if number == len(placed):
            placed.append([])
        placed[number].append(bar)
    return placed


def _fits(bar: Bar, number: int, placed: Sequence[Sequence[Bar]]) -> bool:
    """Return whether a bar has room in a row, and covers no connector to the rows below it."""
    below = (other for row in placed[number + 1 :] for other in row if other.cause)
    return not (
        any(bar.overlaps(other) for other in placed[number])
        or any(bar.covers(other.hook) for other in below)
    )


def _over(line: Axis, incident: Row) -> bool:
    """Return whether an incident had ended before the line begins."""
    ended = incident.get("resolution_date")
    return bool(ended) and parse_time(incident["resolution_date"]) < line.first


def _bar(
    line: Axis, incident: Row, cause: str | None, caused: datetime | None, width: float
) -> Bar:
    ended, title = incident.get("resolution_date"), incident["title"]
    start = line.x(parse_time(incident["created_date"]))
    end = line.x(parse_time(ended)) if ended else line.right
    room = int((width - start - INDENT) / LETTER)
    return Bar(
        title=title,
        label=title if len(title) <= room else title[: room - 1] + "…",
        status=incident["status"],
        ended=bool(ended),
        start=start,
        end=max(end, start + SHORTEST),
        cause=cause,
        hook=line.x(caused) if caused else start,
    )
