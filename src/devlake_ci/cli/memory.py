"""The state file as a command uses it: read before, written after, never in the way."""

from dataclasses import dataclass

from devlake_ci.effects import Replace
from devlake_ci.errors import BadUsageError
from devlake_ci.incidents import state
from devlake_ci.incidents.incident import Stretch
from devlake_ci.incidents.standing import Standing
from devlake_ci.options import Options
from devlake_ci.runtime import Runtime
from devlake_ci.text import quoted

PREFIX = "file:"
ELSEWHERE = {"auto", "github", "gitlab", "none"}
LONGEST = 1000  # characters of a path; it is of no use if it is cut


def path(options: Options) -> str | None:
    """Give the path of the state file; None if it is not a file that says what is open.

    Raises BadUsageError for a place that is none, and for a path that names no file: `file:` is
    what is left of a variable that wasn't set.
    """
    chosen, source = options.incident_state, options.source("incident_state")
    if chosen in ELSEWHERE:
        return None
    hint = "Give auto, github, gitlab, file:PATH or none."
    if not chosen.startswith(PREFIX):
        message = f"{source}: {quoted(chosen)} is no place where incidents are known."
        raise BadUsageError(message, hint)
    found = chosen.removeprefix(PREFIX)
    if found.rpartition("/")[2] in ("", ".", ".."):
        raise BadUsageError(f"{source}: {quoted(chosen)} names no file.", hint)
    return found


@dataclass(frozen=True)
class Memory:
    """The state file at `path`."""

    world: Runtime
    path: str
    dry: bool = False
    """Whether nothing may be changed."""

    def standing(self, whose: Stretch) -> Standing:
        """Read how it stands; a file that is none of ours is set aside, and that is a note.

        Raises BadUsageError like `text`.
        """
        text = self.text()
        if text is None:
            note = f"There is no {self._named} yet: no incident is taken to be open."
            return Standing(notes=(note,))
        try:
            return state.standing(text, whose)
        except state.NotAStateError:
            return Standing(
                notes=(
                    f"{self._named} is broken or not a state file: it is {self._aside()}, "
                    "and no incident is taken to be open.",
                )
            )

    def text(self) -> str | None:
        """Give what is in the file; None if there is none yet.

        Raises BadUsageError for one that can't be read: an incident may be open in it.
        """
        try:
            return self.world.read_kept(self.path)
        except (OSError, ValueError) as error:
            why = (isinstance(error, OSError) and error.strerror) or type(error).__name__
            raise BadUsageError(
                f"The state file {self._named} can't be read ({why}), so which incident is open is "
                "not known.",
                "Let this command read it, or name another file with --incident-state.",
            ) from None

    def remember(self, whose: Stretch, standing: Standing) -> tuple[str, ...]:
        """Write how it stands now; what goes wrong is a note, for DevLake has been told."""
        try:
            text = state.updated(self.world.read_kept(self.path), whose, standing)
            self.world.write(Replace(self.path, text))
        except OSError as error:
            why = error.strerror or type(error).__name__
            return (
                f"{self._named} can't be written ({why}): the next run will not know which "
                "incident is open.",
            )
        return ()

    @property
    def _named(self) -> str:
        return quoted(self.path, LONGEST)

    def _aside(self) -> str:
        if self.dry:
            return "left there"
        try:
            return f"set aside as {quoted(self.world.set_aside(self.path), LONGEST)}"
        except OSError as error:
            return f"left there ({error.strerror or type(error).__name__})"
