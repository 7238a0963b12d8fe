"""The parameters of the CircleCI orb, and how they reach its scripts.

A parameter is never a variable of the program itself: given empty, it would hide a variable of the
project or a context that is called the same. `devlake-ci-circleci` takes those that were given.
https://circleci.com/docs/guides/security/env-vars/#order-of-precedence
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from devlake_ci import __version__
from devlake_ci.cli.wrappers import ORB
from wrappers.inputs import FAIL_ON_ERROR, Input, options, quoted

_EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "circleci"
_HOME = "https://github.com/devlake-ci/devlake-ci"


@dataclass(frozen=True)
class _Own:
    """A parameter that the orb needs for itself, such as DEVLAKE_ORB_PACKAGE of its script."""

    name: str
    text: str
    default: str | bool = ""

    def lines(self) -> list[str]:
        kind = "boolean" if isinstance(self.default, bool) else "string"
        default = str(self.default).lower() if kind == "boolean" else quoted(str(self.default))
        return _lines(self.name, kind, self.text, default)


_FAIL = _Own("fail_on_error", FAIL_ON_ERROR, default=False)
_INCIDENT = _Own(
    "incident_name",
    "The name under which an open incident is remembered from one run to the next: the same in all "
    "jobs that open and close it. Default: the job's name.",
)
_FOLDER = _Own(
    "state_folder",
    "An absolute path where steps and jobs leave notes for each other: the same for start and "
    "report.",
    "/tmp/devlake-ci",  # noqa: S108 (a path in a container that lives for one job)
)
_INSTALL = (
    _Own(
        "package",
        "What uv or pipx installs if devlake-ci is not in the image. Empty: nothing.",
        # From our repository: on the package index anybody may still take the name.
        f"git+{_HOME}@v{__version__}",
    ),
    _Own(
        "executable_url",
        "The URL of the archive with our executable, for images with none of these; {os} and "
        "{arch} in it become what uname says, in lower case. Empty: none.",
        f"{_HOME}/releases/download/v{__version__}/devlake-ci-{{os}}-{{arch}}.tar.gz",
    ),
    _Own(
        "executable_sha256",
        "The SHA-256 sums that this archive may have, one per platform. While this is empty, no "
        "executable is run.",
    ),
)
_IMAGE = (
    _Own("tag", "The tag of the image ghcr.io/devlake-ci/devlake-ci.", __version__),
    _Own("resource_class", "What the job runs on.", "small"),
)
_ENDED = Input(
    "result",
    "How the job that deploys ended. A job can't see which of the states that it requires was "
    "reached, so use this job once for each.",
    choices=("success", "failed", "canceled"),
)

# A job's invocation keeps these for itself.
# https://circleci.com/docs/reference/configuration-reference/#jobs-in-workflow
_TAKEN = {"name": "deployment_name", "type": "deployment_type", "context": "deployment_context"}


def command() -> str:
    """Return the parameters of the command `report`."""
    own = (_FAIL, _INCIDENT, *_INSTALL, _FOLDER)
    return _block([*map(_option, _program()), *(each.lines() for each in own)])


def job() -> str:
    """Return the parameters of the job `report`."""
    rest = (each for each in _program() if each.name != "result")
    named = replace(_INCIDENT, default="report", text=_INCIDENT.text.partition(" Default")[0])
    own = (_FAIL, named, _FOLDER, *_IMAGE)
    return _block([_option(_ENDED), *map(_option, rest), *(each.lines() for each in own)])


def start() -> str:
    """Return the parameters of the command `start` that have to be the same in `report`."""
    same = (each for each in _program() if each.name in {"service", "environment"})
    return _block([*map(_option, same), _FOLDER.lines()])


def install() -> str:
    """Return the parameters of the command `install`."""
    return _block([each.lines() for each in _INSTALL])


def executor() -> str:
    """Return the parameters of the executor."""
    return _block([each.lines() for each in _IMAGE])


def environment() -> str:
    """Return the variables by which the parameters that are the program's reach it."""
    return "".join(
        f"DEVLAKE_ORB_PARAM_{each.name.replace('-', '_').upper()}: << parameters.{_name(each)} >>\n"
        for each in _program()
    )


def usage(name: str) -> str:
    """Return an example of examples/circleci without the comment on top, for the orb's own ones."""
    lines = (_EXAMPLES / f"{name}.yml").read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#"))


def _program() -> Iterator[Input]:
    return options(without=ORB.missing)


def _option(each: Input) -> list[str]:
    name = _name(each)
    if each is _ENDED:
        return [*_lines(name, "enum", each.text), f"  enum: [{', '.join(each.choices)}]"]
    if each.metadata.get("secret"):
        text = f"The name of the variable that holds this: {each.text}"
        return _lines(name, "env_var_name", text, f"DEVLAKE_{name.upper()}")
    if each.switch:
        return _lines(name, "boolean", each.text, "false")
    # No enum: its default would be handed on, before a variable of the project or a context.
    return _lines(name, "string", each.text + each.one_of, quoted(each.default))


def _lines(name: str, kind: str, text: str, default: str | None = None) -> list[str]:
    lines = [f"{name}:", f"  type: {kind}", f"  description: {quoted(text)}"]
    return lines if default is None else [*lines, f"  default: {default}"]


def _name(each: Input) -> str:
    snake = each.name.replace("-", "_")
    return _TAKEN.get(snake, snake)


def _block(parameters: list[list[str]]) -> str:
    return "".join(f"{line}\n" for lines in parameters for line in lines)
