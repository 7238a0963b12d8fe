"""Gives each incident its place in the picture: from when to when, and in which row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from devlake_sandbox import dora
from devlake_sandbox.page.axis import Axis
from devlake_sandbox.tables import at

Row = Mapping[str, str]
LETTER = 6.3
"""How wide a letter of a label is, about."""
LONGEST = 60
SHORTEST = 8.0
GAP = 12.0


@dataclass(frozen=True)
class Bar:
    """Where an incident is drawn, all from left to right."""

    title: str
    label: str
    status: str
    ended: bool
    start: float
    end: float
    flush: float | None
    """Where the label ends, if it doesn't begin with the bar."""
    cause: str | None
    """The id of the deployment that it is on."""
    hook: float
    """Where that deployment is, else where the bar begins."""

    @property
    def left(self) -> float:
        """Where the first thing drawn begins."""
        text = self.start if self.flush is None else self.flush - self._width
        return min(self.start, text, self.hook)

    @property
    def right(self) -> float:
        """Where the last thing drawn ends."""
        return max(self.end, self.start + self._width if self.flush is None else self.flush)

    @property
    def _width(self) -> float:
        return len(self.label) * LETTER


def rows(line: Axis, incidents: Iterable[Row], commits: Sequence[Row]) -> list[list[Bar]]:
    """Put the incidents that are on the line in as few rows as keep them apart."""
    ends = dora.finished(commits)
    packed: list[list[Bar]] = []
    shown = [one for one in incidents if not _over(line, one)]
    for incident in sorted(shown, key=lambda one: one["created_date"]):
        cause = dora.cause(commits, incident)
        bar = _bar(line, incident, cause, ends.get(cause or ""))
        free = (row for row in packed if row[-1].right + GAP <= bar.left)
        row = next(free, None)
        if row is None:
            packed.append([bar])
        else:
            row.append(bar)
    return packed


def _over(line: Axis, incident: Row) -> bool:
    """Tell whether an incident had ended before the line begins."""
    ended = incident.get("resolution_date")
    return bool(ended) and at(incident["resolution_date"]) < line.first


def _bar(line: Axis, incident: Row, cause: str | None, caused: datetime | None) -> Bar:
    ended, title = incident.get("resolution_date"), incident["title"]
    start = line.x(at(incident["created_date"]))
    end = line.x(at(ended)) if ended else line.right
    label = title if len(title) <= LONGEST else title[: LONGEST - 1] + "…"
    return Bar(
        title=title,
        label=label,
        status=incident["status"],
        ended=bool(ended),
        start=start,
        end=max(end, start + SHORTEST),
        flush=line.right if start + len(label) * LETTER > line.right else None,
        cause=cause,
        hook=line.x(caused) if caused else start,
    )
