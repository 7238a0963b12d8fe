"""Everything that can stop a report: what happened, what to do about it, and the exit code."""

from typing import ClassVar


class Problem(Exception):  # noqa: N818 (not all are errors)
    """A report that could not be made.

    `message` says what happened, with which value and where it came from; `hint` says what to do.
    Neither ever holds a token or the user info of a URL.
    """

    exit_code: ClassVar[int]
    is_kept = False
    """Whether a spool has what was not sent, so that a replay sends it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def text(self) -> str:
        """Message and hint, for where there is one line for both."""
        return f"{self.message} {self.hint}".strip()


class BadUsageError(Problem):
    """An option, variable or input has a value that can't be used."""

    exit_code = 2


class MissingError(Problem):
    """The CI doesn't say something that a report needs, and nobody gave it by hand."""

    exit_code = 3


class RefusedError(Problem):
    """DevLake, or what stands in front of it, said no: sending the same again can't help."""

    exit_code = 4


class InvalidReportError(RefusedError):
    """DevLake refused this very report: it can never pass, while others may."""


class UnreachedError(Problem):
    """DevLake did not store it within the deadline; sending the same later may succeed."""

    exit_code = 5


class StoppedError(UnreachedError):
    """The process was told to stop: nothing more is asked or sent."""


class NothingToReport(Problem):
    """There is nothing to report to DevLake."""

    exit_code = 0


class Bug(Problem):
    """An unexpected error: a bug of ours."""

    exit_code = 1


def reason(error: Exception) -> str:
    """Return the system's words for why something failed, or the error's type where it has none."""
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
