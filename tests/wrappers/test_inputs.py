"""What a wrapper's user gives as an input arrives in the program as it was written."""

import pytest
import yaml

from devlake_ci.cli import params, wrappers
from devlake_ci.cli.report import report
from devlake_ci.cli.wrappers import ORB, PLUGIN, TEMPLATE
from devlake_ci.options import declared, kebab
from tests import gitlab
from tests.wrappers.circleci import COMMAND, steps
from tests.wrappers.test_github import ACTION

WILD = """it's "quoted" $( id ) `id` $HOME ${HOME} \\1 \\n"; ~ ${{ x }} ü 🚀\n::error::next"""


def of_the_action(inputs):
    """Return the variables that the runner makes of inputs: Handler.cs, l. 185, actions/runner."""
    every = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
    return {f"INPUT_{name.upper()}": text for name, text in {**every, **inputs}.items()}


def of_the_template(inputs):
    typed = {name: yaml.safe_load(text) if text in ("true", "false", "12.5") else text
             for name, text in inputs.items()}  # fmt: skip
    return gitlab.variables(gitlab.included(**typed)[1][".devlake-ci"])


def of_the_plugin(inputs):
    return {f"PLUGIN_{name.upper().replace('-', '_')}": text for name, text in inputs.items()}


def of_the_orb(inputs):
    """Return the variables of the orb's step; CircleCI hands a boolean on as 0 or 1."""
    names = {kebab(each.name): ORB.name(each.name) for each in declared()}
    secret = {each.name for each in declared() if each.metadata.get("secret")}
    given, env = {}, {}
    for name, text in inputs.items():
        parameter = names.get(name, "fail_on_error")
        given[parameter] = {"true": True, "false": False}.get(text, text)
        if parameter in secret:
            given[parameter], env["MY_SECRET_" + parameter.upper()] = (
                f"MY_SECRET_{parameter}".upper(),
                text,
            )
    (ours,) = [each["run"] for each in steps(COMMAND, given) if "PARAM_URL" in str(each)]
    return wrappers.parameters(env | ours["environment"])


WRAPPERS = {
    "action": (of_the_action, wrappers.ACTION, {"gitlab_token"}),
    "template": (of_the_template, TEMPLATE,
                 {each.name for each in declared() if each.metadata.get("secret")}),
    "plugin": (of_the_plugin, PLUGIN, set()),
    "orb": (of_the_orb, ORB, {"github_token", "gitlab_token"}),
}  # fmt: skip


def text_for(option):
    if choices := option.metadata.get("choices"):
        return choices[-1], choices[-1]
    if option.default == ():
        return f"{WILD}\n\n", tuple(WILD.split("\n"))
    kinds = {bool: ("true", True), float: ("12.5", 12.5)}
    return kinds.get(type(option.default), (WILD, WILD))


def received(wrapper, inputs, env=()):
    """Return the options that `report` runs with."""
    variables, declaring, _ = WRAPPERS[wrapper]
    given = wrappers.read_inputs(variables(inputs), declaring)
    return params.options(params.parse(report, [], params.option_texts(dict(env), given)))


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_every_option_is_an_input_that_arrives_unchanged(wrapper):
    _, declaring, left_out = WRAPPERS[wrapper]
    ours = [each for each in declared() if each.name not in {*left_out, "on_failure"}]

    options = received(wrapper, {kebab(each.name): text_for(each)[0] for each in ours})

    assert {each.name: getattr(options, each.name) for each in ours} == {
        each.name: text_for(each)[1] for each in ours
    }
    assert {options.sources[each.name] for each in ours} == {
        declaring.name(each.name) for each in ours
    }


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_an_input_goes_before_a_variable_and_one_that_is_not_given_leaves_it(wrapper):
    env = {"DEVLAKE_SERVICE": "variable", "DEVLAKE_TITLE": "variable", "DEVLAKE_RESULT": "failed",
           "DEVLAKE_VERBOSE": "true", "DEVLAKE_DEADLINE": "30"}  # fmt: skip

    options = received(wrapper, {"service": "input", "title": ""}, env)

    assert (options.service, options.title, options.result) == ("input", "variable", "failed")
    assert (options.verbose, options.deadline) == (True, 30)
    assert options.source("title") == "DEVLAKE_TITLE"


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize(("word", "on_failure"), [("true", "fail"), ("false", "warn")])
def test_only_fail_on_error_lets_a_report_fail_the_job(wrapper, word, on_failure):
    assert received(wrapper, {"fail-on-error": word}).on_failure == on_failure
