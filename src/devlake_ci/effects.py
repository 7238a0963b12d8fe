"""What we may write for the CI, as values: decided in `ci/`, carried out by `cli/outcome.py`."""

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
    stdout: bool = False
    """Whether the CI reads the standard output only (TeamCity); else it goes to standard error."""


@dataclass(frozen=True)
class Mask:
    """Print a line that tells the CI which secret to hide."""

    line: str


@dataclass(frozen=True)
class Run:
    """Run a program of the CI's own and give it `text` to read (Buildkite's agent); no shell."""

    command: tuple[str, ...]
    text: str


Effect = Append | Replace | Say | Mask | Run
