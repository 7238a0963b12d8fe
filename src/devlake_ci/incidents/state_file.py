"""The file that remembers which incidents are open, and what is live.

It is for where the CI can't be asked. It is one JSON object: `{"devlake-ci": 1, "streaks":
{"<streak>": {…}}, "live": {"<lane>": {…}}}`, with for each streak the open incident (or null),
those whose close DevLake doesn't have yet, and the newest run that was reported; and for each
repository, service and environment the commit that was deployed there last. The CI keeps it in its
cache from one run to the next.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Annotated, Any, Literal, Protocol

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from devlake_ci.ci.answers import Sha
from devlake_ci.ci.provider import Replace
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import BadUsageError, MissingError, reason
from devlake_ci.incidents.streak import ELSEWHERE, IncidentState, JobResult, Streak
from devlake_ci.model import Incident
from devlake_ci.options import Options
from devlake_ci.text import quoted
from devlake_ci.timestamps import rfc3339

PREFIX = "file:"
FORMAT = 1
MOST_UNSENT = 50  # a DevLake that is down for months must not make the file grow for ever
LONGEST = 1000  # characters of a path in a message; a path that is cut is of no use

Time = Annotated[AwareDatetime, PlainSerializer(rfc3339)]


def _check_times(incident: Incident) -> Incident:
    times = (incident.created_at, incident.updated_at, incident.resolved_at)
    if any(each and each.tzinfo is None for each in times):
        raise ValueError("a time has no zone")
    return incident


_Incident = Annotated[Incident, AfterValidator(_check_times)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, from_attributes=True)


class _Streak(_Model):
    open: _Incident | None
    unsent: tuple[_Incident, ...]
    newest_start: Time | None
    newest_number: int | None


class Live(_Model):
    """What was deployed last to one environment of a service, as this program reported it."""

    sha: Sha
    deployment: str
    """The id of the deployment that put it there."""
    before: Sha | None = None
    """What was live before that, if it was known."""


class _File(_Model):
    format: Literal[1] = Field(alias="devlake-ci")
    streaks: dict[str, _Streak] = {}
    live: dict[str, Live] = {}


class Files(Protocol):
    """What is done to files; all of it raises OSError."""

    def read_if_exists(self, path: str, /) -> str | None:
        """Return a file's text; None if there is no such file."""

    def set_aside(self, path: str, /) -> str:
        """Rename a file, and return its new path."""

    def write(self, effect: Replace, /) -> None:
        """Write a file whole or not at all."""

    def lock_folder_of(self, path: str, seconds: float, /) -> AbstractContextManager[bool]:
        """Hold a file for so many seconds at most; False if another process still holds it."""


def path_in(options: Options) -> str | None:
    """Return the path of the state file; None if `--incident-state` is something else.

    Raise BadUsageError for an unknown word, and for a path that names no file: `file:` is what is
    left if a variable was not set.
    """
    chosen, source = options.incident_state, options.source("incident_state")
    if chosen in ELSEWHERE:
        return None
    hint = "Use auto, github, gitlab, file:PATH or none."
    if not chosen.startswith(PREFIX):
        raise BadUsageError(f"{source}: {quoted(chosen)} is not one of its values.", hint)
    found = chosen.removeprefix(PREFIX)
    if found.rpartition("/")[2] in ("", ".", ".."):
        raise BadUsageError(f"{source}: {quoted(chosen)} names no file.", hint)
    return found


@dataclass(frozen=True)
class StateFile:
    """The state file at `path`."""

    files: Files
    path: str
    dry: bool = False
    """Whether nothing may be changed."""

    def load(self, streak: Streak) -> IncidentState:
        """Return a streak's state; set an invalid file aside, with a note. Raise BadUsageError."""
        text = self.read()
        if text is None:
            note = f"There is no {self._label} yet: assuming no incident is open."
            return IncidentState(notes=(note,))
        try:
            return parse(text, streak)
        except ValidationError:
            note = f"{self._label} is not a valid state file: it is {self._aside()}, "
            return IncidentState(notes=(f"{note}assuming no incident is open.",))

    def read(self) -> str | None:
        """Return the file's text; None if there is no file yet.

        Raise BadUsageError if it can't be read: an incident may be open in it.
        """
        try:
            return self.files.read_if_exists(self.path)
        except (OSError, ValueError) as error:
            raise BadUsageError(
                f"The state file {self._label} can't be read ({reason(error)}), so which incident "
                "is open is not known.",
                "Let this command read it, or name another file with --incident-state.",
            ) from None

    def save(self, streak: Streak, state: IncidentState, seconds: float) -> None:
        """Write a streak's state; wait `seconds` for other processes. Raise MissingError."""
        change = partial(update, streak=streak, state=state)
        self._write(change, seconds, "which incident is open")

    def load_live(self, lane: str) -> Live | None:
        """Return what was deployed last to the place `lane`, if known; raise BadUsageError."""
        with suppress(ValidationError):
            return _File.model_validate_json(self.read() or "").live.get(lane)
        return None

    def save_live(self, lanes: Mapping[str, Live], seconds: float) -> None:
        """Write what is live now, and keep the rest; raise MissingError like `save`."""
        change = partial(_change, change=lambda file: {"live": file.live | dict(lanes)})
        self._write(change, seconds, "what was live before it")

    def _write(self, text: Callable[[str | None], str], seconds: float, lost: str) -> None:
        why = "another process uses it"
        try:
            with self.files.lock_folder_of(self.path, seconds) as is_ours:
                if is_ours:
                    self.files.write(Replace(self.path, text(self.files.read_if_exists(self.path))))
                    return
        except (OSError, ValueError) as error:
            why = reason(error)
        raise MissingError(
            f"{self._label} can't be written ({why}): the next run will not know {lost}.",
            "Let this command write it, or name another file with --incident-state.",
        )

    @property
    def _label(self) -> str:
        return quoted(self.path, LONGEST)

    def _aside(self) -> str:
        if self.dry:
            return "left there"
        try:
            return f"set aside as {quoted(self.files.set_aside(self.path), LONGEST)}"
        except OSError as error:
            return f"left there ({reason(error)})"


def parse(text: str, streak: Streak) -> IncidentState:
    """Return the state of a streak in a file's text; raise ValidationError."""
    found = _File.model_validate_json(text).streaks.get(streak.name)
    return IncidentState(**dict(found or ()))


def update(text: str | None, streak: Streak, state: IncidentState) -> str:
    """Return a file's text with the state of a streak; what it says of others is kept."""
    ours = {streak.name: _Streak.model_validate(state)}
    return _change(text, lambda file: {"streaks": file.streaks | ours})


def _change(text: str | None, change: Callable[[_File], dict[str, Any]]) -> str:
    """Return a file's text with some fields changed; one that is not valid is begun anew."""
    file = _File.model_validate({"devlake-ci": FORMAT})
    with suppress(ValidationError):
        file = _File.model_validate_json(text or "")
    return file.model_copy(update=change(file)).model_dump_json(by_alias=True, indent=1) + "\n"


def state_after(
    before: IncidentState, this: JobResult, incident: Incident | None, *, sent: bool
) -> IncidentState:
    """Return the state after this run; `incident` is what it reported, if anything.

    What DevLake doesn't have is kept: an open incident is sent again by the next run anyway, and a
    closed one has to be.
    """
    closed = (incident,) if incident and incident.resolved_at else ()
    return IncidentState(
        open=before.open if incident is None else None if closed else incident,
        unsent=() if sent else (*before.unsent, *closed)[-MOST_UNSENT:],
        newest_start=this.started_at or before.newest_start,
        newest_number=before.newest_number if this.number is None else this.number,
    )
