"""The inputs of the two GitHub actions.

Which contexts a default may use: src/Runner.Worker/action_yaml.json of actions/runner.
"""

from devlake_ci.cli.wrappers import ACTION
from wrappers.inputs import FAIL_ON_ERROR, Input, options, quoted

_OWN = (
    Input(
        "at",
        "When to report: job-end or now. With job-end the step comes first in the job, and the "
        "report is made after the job's last step, with its final status.",
        "job-end",
    ),
    Input("fail-on-error", FAIL_ON_ERROR, "false"),
    Input("job-status", "How the job stands; the default knows it.", "${{ job.status }}"),
    Input(
        "check-run-id",
        "The job's own id, which the default knows (but on GitHub Enterprise Server): part of the "
        "deployment's id.",
        "${{ job.check_run_id }}",
    ),
    Input(
        "matrix-index",
        "The job's place in its matrix, which the default knows: part of the deployment's id where "
        "there is no check-run-id.",
        "${{ strategy.job-index }}",
    ),
)
_DEFAULTS = {"github-token": "${{ github.token }}"}


def inputs() -> str:
    """Return the block of inputs, as YAML below `inputs:`."""
    program = options(without=ACTION.missing)
    return "".join(_input(each) for each in (*program, *_OWN))


def _input(each: Input) -> str:
    lines = [f"  {each.name}:", f"    description: {quoted(each.text + each.one_of)}"]
    if default := each.default or _DEFAULTS.get(each.name):
        lines.append(f"    default: {quoted(default)}")
    return "\n".join(lines) + "\n"
