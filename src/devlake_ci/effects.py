"""What we may write for the CI, as values: decided in `ci/`, carried out by `runtime.py`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Append:
    """Append `text` to the file `path` (GitHub's output files, CircleCI's `$BASH_ENV`)."""

    path: str
    text: str


@dataclass(frozen=True)
class Replace:
    """Make `text` the whole content of the file `path` (GitLab's dotenv report)."""

    path: str
    text: str


@dataclass(frozen=True)
class Say:
    """Print one line that the CI reads, such as a workflow command."""

    line: str


Effect = Append | Replace | Say
