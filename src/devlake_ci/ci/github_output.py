"""Tells GitHub Actions what became of a report: step outputs, the job's summary, an annotation.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from hashlib import sha256

from devlake_ci.ci.facts import value
from devlake_ci.ci.outputs import outputs
from devlake_ci.ci.provider import Env
from devlake_ci.ci.summary import headline, summary
from devlake_ci.effects import Append, Effect, Say
from devlake_ci.errors import NothingToReport
from devlake_ci.model import Outcome
from devlake_ci.text import line, workflow_command

TITLE = "DevLake"


def emit(outcome: Outcome, env: Env) -> tuple[Effect, ...]:
    """Write outputs and summary where there is a file for them, and say one annotation."""
    output, page = value(env, "GITHUB_OUTPUT"), value(env, "GITHUB_STEP_SUMMARY")
    effects: list[Effect] = []
    if output:
        lines = "".join(output_line(name, text) for name, text in outputs(outcome).items())
        effects.append(Append(output, lines))
    if page:
        effects.append(Append(page, summary(outcome)))
    return (*effects, Say(workflow_command(_level(outcome), _sentences(outcome), title=TITLE)))


def output_line(name: str, text: str) -> str:
    """Format one entry of `GITHUB_OUTPUT`; any text comes out of it as it went in.

    The delimiter is a hash of the text, so the text can't hold it.
    """
    delimiter = f"devlake_{sha256(text.encode(errors='surrogatepass')).hexdigest()}"
    return f"{name}<<{delimiter}\n{text}\n{delimiter}\n"


def _level(outcome: Outcome) -> str:
    if not outcome.problem or isinstance(outcome.problem, NothingToReport):
        return "notice"
    return "warning" if outcome.soft or outcome.reported else "error"


def _sentences(outcome: Outcome) -> str:
    problem = outcome.problem
    said = [problem.message, problem.hint, *outcome.notes] if problem else [headline(outcome)]
    return "\n".join(line(sentence) for sentence in said if sentence)
