"""The inputs of the GitLab template, and the variables that carry them into its jobs.

https://docs.gitlab.com/ci/inputs/
"""

from collections.abc import Iterator

from devlake_ci.cli.wrappers import NUMBERS, TEMPLATE
from devlake_ci.options import kebab
from wrappers.inputs import FAIL_ON_ERROR, Input, options, quoted

_NUMBERS = {kebab(name): number for name, number in NUMBERS.items()}
_FAIL_ON_ERROR = Input(
    "fail-on-error", f"{FAIL_ON_ERROR} The pipeline passes all the same.", switch=True
)


def inputs() -> str:
    """Return the block of inputs, as YAML below `spec: inputs:`."""
    return "".join(map(_input, _carried()))


def variables() -> str:
    """Return the block of variables, as YAML below a job's `variables:`.

    What isn't text gets a space behind it, which makes it text (GitLab takes no `true` for the
    value of a variable), and which the program strips.
    """
    return "".join(
        f"    DEVLAKE_INPUT_{each.name.replace('-', '_').upper()}: "
        f'{{value: "$[[ inputs.{each.name} ]]{_padding(each)}", expand: false}}\n'
        for each in _carried()
    )


def _carried() -> Iterator[Input]:
    """Yield the program's options but the secrets, which GitLab has masked variables for."""
    yield from options(without=TEMPLATE.missing)
    yield _FAIL_ON_ERROR


def _input(each: Input) -> str:
    kind, default = _kind(each)
    lines = [f"    {each.name}:", f"      description: {quoted(each.text + each.one_of)}"]
    if kind != "string":
        lines.append(f"      type: {kind}")
    return "\n".join([*lines, f"      default: {default}"]) + "\n"


def _kind(each: Input) -> tuple[str, str]:
    """Return an input's type and its default in YAML."""
    if each.switch:
        return "boolean", "false"
    if number := _NUMBERS.get(each.name):
        return "number", number
    return "string", quoted(each.default)


def _padding(each: Input) -> str:
    return "" if _kind(each)[0] == "string" else " "
