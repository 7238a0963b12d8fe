"""The executables of the wrappers: their inputs become options of `report`.

Each wrapper hands its inputs over in variables of its own, and only this module reads them: other
inputs may lie in the same environment, such as those of another action. An error names an input as
the wrapper's user wrote it: `repo-url`.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NoReturn

import click

from devlake_ci import ci, cli
from devlake_ci.ci.facts import is_set, value
from devlake_ci.ci.github import output_line
from devlake_ci.ci.provider import Append
from devlake_ci.cli import params
from devlake_ci.cli.outcome import carry_out, conclude
from devlake_ci.cli.params import OptionText
from devlake_ci.cli.printing import say
from devlake_ci.cli.report import report
from devlake_ci.cli.session import Session
from devlake_ci.dataclass import dataclass
from devlake_ci.deployment import Lookups, deployment_id
from devlake_ci.errors import BadUsageError, Problem
from devlake_ci.model import Outcome
from devlake_ci.options import declared, kebab, variable
from devlake_ci.runtime import Runtime
from devlake_ci.text import quoted
from devlake_ci.timestamps import rfc3339

Inputs = Mapping[str, OptionText]
"""The inputs that were given, by the names of the options that they stand for."""

RUNNER_CONTEXTS = {
    "job-status": "DEVLAKE_JOB_STATUS",
    "check-run-id": "DEVLAKE_CHECK_RUN_ID",
    "matrix-index": "DEVLAKE_MATRIX_INDEX",
}
"""Inputs of the action that carry what the runner's contexts know, and the variables to read."""

PLUGINS = {"drone", "woodpecker"}
"""The CIs whose steps may be plugins."""

NUMBERS = {each.name: f"{each.default:g}" for each in declared() if isinstance(each.default, float)}
SWITCHES = {each.name: "false" for each in declared() if isinstance(each.default, bool)}
"""What inputs of the GitLab template say if nobody gave them: a number or switch is never empty."""


@dataclass(frozen=True)
class Wrapper:
    """What hands options over as inputs of its own."""

    variable: Callable[[str], str]
    """Name the variable of an option's input."""
    missing: frozenset[str] = frozenset()
    """The options that are no inputs of it."""
    name: Callable[[str], str] = kebab
    """Return what its user calls the input of an option."""

    def spell(self, option: str) -> str | None:
        """Name an option's input in a message; None if it has none."""
        return None if option in self.missing else self.name(option)


ACTION = Wrapper(lambda name: f"INPUT_{kebab(name).upper()}", frozenset({"gitlab_token"}))
"""The variable is `INPUT_REPO-URL`, empty if it wasn't given.
https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#inputs"""

TEMPLATE = Wrapper(
    lambda name: f"DEVLAKE_INPUT_{name.upper()}",
    frozenset(each.name for each in declared() if each.metadata.get("secret")),
)
"""GitLab has masked variables for what is secret. Inputs need variables of their own: one of the
project or group overrides one of the same name in YAML, so a project's `DEVLAKE_ENVIRONMENT` would
hide a job's input. https://docs.gitlab.com/ci/variables/#cicd-variable-precedence"""

ORB = Wrapper(
    lambda name: f"DEVLAKE_ORB_PARAM_{name.upper()}",
    frozenset({"github_token", "gitlab_token"}),
    lambda option: "deployment_name" if option == "name" else option,
)
"""Jobs keep `name` for themselves."""

PLUGIN = Wrapper(lambda name: f"PLUGIN_{name.upper()}")
"""`PLUGIN_REPO_URL` is the setting `repo-url` or `repo_url`. A list arrives joined with commas, so
options of several values want a text with one per line.
https://docs.drone.io/plugins/overview/ and https://woodpecker-ci.org/docs/usage/plugins/creating-plugins"""


# --- the GitHub action ----------------------------------------------------------------------------


def action() -> NoReturn:
    """Run when the action's step runs: report, or note what the end of the job has to know."""
    cli.execute(lambda runtime: action_main(with_runner_contexts(runtime)))


def action_post() -> NoReturn:
    """Run when the job ends: report, unless that was done before."""
    cli.execute(lambda runtime: action_end(with_runner_contexts(runtime)))


def action_main(runtime: Runtime) -> int:
    """With `at: now` report; else note the start and publish the id, which never fails a job."""
    at = _at(runtime.env)
    if isinstance(at, BadUsageError):  # nothing of the job may be in its way
        return _refuse(at, runtime)
    if at == "now":
        return _report_now(runtime)
    started = rfc3339(runtime.clock.now())
    _remember(runtime, "GITHUB_STATE", "started", started)
    if identity := _identity(runtime):
        _remember(runtime, "GITHUB_STATE", "deployment-id", identity)
        _remember(runtime, "GITHUB_STATE", "deployment-of", _id_inputs(runtime.env))
        _remember(runtime, "GITHUB_OUTPUT", "deployment-id", identity)
    say("This job is reported to DevLake when it ends.")
    return 0


def action_end(runtime: Runtime) -> int:
    """Report with what was noted; with `at: now` there is nothing left to do."""
    at = _at(runtime.env)
    if isinstance(at, BadUsageError):
        return _refuse(at, runtime, ACTION)
    if at == "now":
        return 0
    noted = {"started_at": "started"}
    # Later steps may have said which service it is, and that of another report in this job.
    if runtime.env.get("STATE_deployment-of") == _id_inputs(runtime.env):
        noted["id"] = "deployment-id"
    notes = {
        option: OptionText(text, f"STATE_{name}")
        for option, name in noted.items()
        if (text := value(runtime.env, f"STATE_{name}"))
        and not _input_or_variable(runtime.env, option)
    }
    return _report(runtime, ACTION, notes=notes)


def _report_now(runtime: Runtime) -> int:
    """Report at once, which only the user can say the result of.

    The job has not ended, and in a job after the one that deploys its status says nothing of that.
    """
    mode = (_input_or_variable(runtime.env, "mode") or "deployment").lower()
    given_ones = {name for name in params.RESULTS if _is_given(runtime.env, name)}
    needed = {
        "deployment": {"result"},
        "incident": given_ones or {"incident_result"},
        "both": set(params.RESULTS),
    }
    if missing := sorted(needed.get(mode, set()) - given_ones):
        names = " and ".join(map(kebab, missing))
        problem = BadUsageError(
            f"at: now needs the input {names}: this job has not ended yet.",
            "Use `${{ steps.ID.outcome }}` with the id of the step that deploys or checks, "
            "`${{ job.status }}` in the last step of a job that does nothing else, or "
            "`${{ needs.JOB.result }}` in a job after it.",
        )
        return _refuse(problem, runtime, ACTION)
    return _report(runtime, ACTION)


def _is_given(env: Mapping[str, str], result: str) -> bool:
    """Return whether the user says a result, be it empty by mistake."""
    text = env.get(ACTION.variable(result), params.JOB).strip().lower()
    if text == params.JOB:  # the default, so a variable may say more
        text = (value(env, variable(result)) or params.JOB).lower()
    return text != params.JOB


def _at(env: Mapping[str, str]) -> str | BadUsageError:
    """Return when to report, or why not: a typo must not report before the job has ended."""
    at = value(env, "INPUT_AT") or "job-end"
    if at.lower() in ("now", "job-end"):
        return at.lower()
    return BadUsageError(f"at: {quoted(at)} is neither job-end nor now.", "Use one of the two.")


def _input_or_variable(env: Mapping[str, str], option: str) -> str | None:
    """Return what the user said themselves, as an input or a variable."""
    return value(env, ACTION.variable(option), variable(option))


def _id_inputs(env: Mapping[str, str]) -> str:
    """Return what a deployment's id is made of and inputs say, as far as they say it by now."""
    names = ("service", "environment")
    return ", ".join(f"{name} {_input_or_variable(env, name) or ''}" for name in names)


def _identity(runtime: Runtime) -> str | None:
    """Mask the secrets; return the deployment's id, or None if not all of it is known yet."""
    try:
        inputs = read_inputs(runtime.env, ACTION)
        # Results are those of later steps, so they are empty by now.
        inputs |= {name: OptionText(params.JOB, "") for name in params.RESULTS}
        given = params.option_texts(runtime.env, inputs)
        options = params.options(params.parse(report, [], given))
        session = Session(runtime, options)
        if options.mode == "incident":
            return None
        return deployment_id(options, session.context, Lookups(nonce=runtime.nonce))
    except (Problem, click.ClickException):
        return None


def _remember(runtime: Runtime, file: str, name: str, text: str) -> None:
    if path := runtime.env.get(file):
        carry_out([Append(path, output_line(name, text))], runtime)


def with_runner_contexts(runtime: Runtime) -> Runtime:
    """Let the providers read what the action's inputs carry of the runner's contexts."""
    known = {
        name: text
        for each, name in RUNNER_CONTEXTS.items()
        if (text := value(runtime.env, ACTION.variable(each)))
    }
    return replace(runtime, env={**runtime.env, **known})


# --- the GitLab template --------------------------------------------------------------------------


def gitlab() -> NoReturn:
    """Run as a job's script; what is typed after it goes to `report`."""
    cli.execute(lambda runtime: gitlab_step(runtime, *sys.argv[1:]))


def gitlab_step(runtime: Runtime, *typed: str) -> int:
    """Report with the template's inputs, and with what was typed."""
    return _report(runtime, TEMPLATE, *typed)


# --- the CircleCI orb -----------------------------------------------------------------------------


def circleci() -> NoReturn:
    """Run as the orb's command; `--version` shows its script that the program runs at all."""
    cli.execute(lambda runtime: cli.invoke(sys.argv[1:], runtime) if sys.argv[1:] else orb(runtime))


def orb(runtime: Runtime) -> int:
    """Report with the orb's parameters, and with what its steps noted."""
    try:
        inputs = read_inputs(parameters(runtime.env), ORB)
    except BadUsageError as problem:
        return _refuse(problem, runtime, ORB)
    given = inputs | _orb_notes(runtime.env, inputs)
    return cli.invoke(["report"], runtime, given, ORB.spell)


def parameters(env: Mapping[str, str]) -> dict[str, str]:
    """Return the orb's variables with each secret in place of the variable that holds it.

    A secret's parameter is the name of a variable, and a boolean is 0 or 1 in a text. Raises
    BadUsageError for a variable that is not set: no other secret may take its place.
    https://circleci.com/docs/reference/reusing-config/#environment-variable-name
    """
    texts = {name: text for name, text in env.items() if name.startswith(ORB.variable(""))}
    for option in declared():
        name = ORB.variable(option.name)
        if isinstance(option.default, bool):
            texts[name] = {"0": "false"}.get(texts.get(name, ""), texts.get(name, ""))
        holder = value(env, name) if option.metadata.get("secret") else None
        if holder == variable(option.name):
            del texts[name]
        elif holder:
            if not value(env, holder):
                raise BadUsageError(
                    f"{option.name}: the variable {holder} is not set.",
                    "Set it in the project or in a context of the job, or name another.",
                )
            texts[name] = env[holder]
    return texts


def _orb_notes(env: Mapping[str, str], inputs: Inputs) -> dict[str, OptionText]:
    """Return what the orb's steps noted, as far as neither a parameter nor a variable says it."""

    def said(name: str) -> str | None:
        given = inputs[name].text if name in inputs else None
        if name in params.RESULTS:  # even an empty one
            return env.get(variable(name)) if given is None else given
        return given if given and is_set(given) else value(env, variable(name))

    result = value(env, "DEVLAKE_ORB_NOTED_RESULT")
    notes = {
        "result": result,
        "incident_result": result or said("result"),
        "started_at": value(env, "DEVLAKE_ORB_NOTED_STARTED_AT"),
        "incident_state": value(env, "DEVLAKE_ORB_NOTED_INCIDENT_STATE"),
    }
    return {
        name: OptionText(text, "what devlake-ci/start noted" if name == "started_at" else "the orb")
        for name, text in notes.items()
        if text and said(name) in (None, params.JOB, "auto")
    }


# --- the plugin for Drone, Harness and Woodpecker -------------------------------------------------


def plugin() -> NoReturn:
    """Run as the image's command, which is all that a plugin's step runs."""
    cli.execute(plugin_step)


def plugin_step(runtime: Runtime) -> int:
    """Report with the settings; outside a CI that has plugins, and without any, show the help."""
    if not any(name.startswith("PLUGIN_") for name in runtime.env) and not _has_plugins(runtime):
        return cli.invoke(["--help"], runtime)
    return _report(runtime, PLUGIN)


def _has_plugins(runtime: Runtime) -> bool:
    try:
        return ci.provider_of(runtime.env).name in PLUGINS
    except BadUsageError:
        return True


# --- what they share ------------------------------------------------------------------------------


def _report(runtime: Runtime, wrapper: Wrapper, *typed: str, notes: Inputs | None = None) -> int:
    """Report with the inputs of a wrapper, and with `notes` beside them."""
    try:
        inputs = read_inputs(runtime.env, wrapper)
    except BadUsageError as problem:
        return _refuse(problem, runtime)
    return cli.invoke(["report", *typed], runtime, {**inputs, **(notes or {})}, wrapper.spell)


def read_inputs(env: Mapping[str, str], wrapper: Wrapper) -> dict[str, OptionText]:
    """Return the inputs that were given, by option, with the names that their user knows.

    Raise BadUsageError if fail-on-error, which stands for --on-failure, is neither true nor false.
    """
    unsaid = NUMBERS | SWITCHES | dict.fromkeys(params.RESULTS, params.JOB)
    names = {each.name for each in declared() if wrapper.variable(each.name) in env}
    texts = {name: env[wrapper.variable(name)].strip() for name in names}
    inputs = {
        name: OptionText(text, wrapper.name(name))
        for name, text in texts.items()
        if text.lower() != unsaid.get(name)
    }
    fail_on_error = wrapper.name("fail_on_error")
    fails = params.parse_switch(
        value(env, wrapper.variable("fail_on_error")) or "false", fail_on_error
    )
    return inputs | {"on_failure": OptionText("fail" if fails else "warn", fail_on_error)}


def _refuse(problem: BadUsageError, runtime: Runtime, wrapper: Wrapper | None = None) -> int:
    """Say what is wrong; it is a warning, unless an input of `wrapper` lets it fail the job."""
    soft = True
    if wrapper:
        with suppress(BadUsageError):
            soft = read_inputs(runtime.env, wrapper)["on_failure"].text == "warn"
    return conclude(Outcome(reported=False, problem=problem, soft=soft), runtime, "text")
