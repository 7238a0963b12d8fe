"""A message names options as its reader set them: typed, in a variable, or as a wrapper's input."""

from pathlib import Path

import pytest
import yaml

from devlake_ci.cli.wording import reword, set_wrapper
from devlake_ci.cli.wrappers import ACTION, ORB, TEMPLATE
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Outcome
from devlake_ci.options import declared, kebab

ROOT = Path(__file__).parent.parent.parent
HINT = 'Map it: --environment-map "canary=PRODUCTION", or give another --environment.'


@pytest.fixture(autouse=True)
def _typed():
    yield
    set_wrapper(None)


def read(message, hint="", *notes):
    problem = BadUsageError(message, hint)
    return reword(Outcome(reported=False, problem=problem, notes=notes))


@pytest.mark.parametrize(
    ("spell", "hint", "note"),
    [
        (None, HINT, "--started-at"),
        (
            kebab,
            'Map it: `environment-map: "canary=PRODUCTION"`, or give another `environment`.',
            "`started-at`",
        ),
        (
            ORB.name,
            'Map it: `environment_map: "canary=PRODUCTION"`, or give another `environment`.',
            "`started_at`",
        ),
    ],
)
def test_a_wrappers_user_reads_of_inputs(spell, hint, note):
    set_wrapper(spell)

    said = read("It is odd.", HINT, "Or give --started-at.")

    assert said.problem.hint == hint
    assert said.notes == (f"Or give {note}.",)


def test_what_is_no_input_of_a_wrapper_is_given_in_its_variable():
    set_wrapper(lambda option: None if option == "gitlab_token" else kebab(option))

    said = read("It is odd.", "Give a --gitlab-token that may read --repo-url.")

    assert said.problem.hint == "Give a DEVLAKE_GITLAB_TOKEN that may read `repo-url`."


@pytest.mark.parametrize(
    ("file", "section", "wrapper"),
    [
        ("action.yml", ["inputs"], ACTION),
        ("native/action.yml", ["inputs"], ACTION),
        ("gitlab-ci/devlake.yml", ["spec", "inputs"], TEMPLATE),
        ("circleci-orb/src/commands/report.yml", ["parameters"], ORB),
    ],
)
def test_every_option_is_an_input_or_known_not_to_be_one(file, section, wrapper):
    found = next(yaml.safe_load_all((ROOT / file).read_text()))
    for each in section:
        found = found[each]

    options = {each.name for each in declared()} - {"on_failure"}  # there it is fail-on-error
    assert {each for each in options if wrapper.name(each) not in found} == wrapper.missing


def test_what_is_wrong_in_a_variable_is_put_right_in_a_variable():
    said = read("DEVLAKE_CLIENT_KEY was given without --client-cert.", HINT)

    assert said.problem.message == "DEVLAKE_CLIENT_KEY was given without DEVLAKE_CLIENT_CERT."
    assert said.problem.hint == (
        "Map it: DEVLAKE_ENVIRONMENT_MAP=canary=PRODUCTION, or give another DEVLAKE_ENVIRONMENT."
    )


@pytest.mark.parametrize(
    "text",
    [
        'sha: could not find the commit that "--ref main" names.',
        "Make a key that may: devlake-ci setup --project NAME.",
        "Fetch the history first: git fetch --unshallow elsewhere.",
        "docs/multi-repository.md and `devlake-ci context --commits-schema` have more.",
    ],
)
def test_values_and_whole_commands_stay_as_they_are(text):
    set_wrapper(kebab)

    assert read(text).problem.message == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("add --connection NUMBER or --project NAME.",
         "add `connection: NUMBER` or `project: NAME`."),
        ("or ask its host instead: --changes github or gitlab.",
         "or ask its host instead: `changes: github` or gitlab."),
        ("keep it in a file with --incident-state file:PATH.",
         "keep it in a file with `incident-state: file:PATH`."),
        ("A longer --deadline gives it more time.", "A longer `deadline` gives it more time."),
    ],
)  # fmt: skip
def test_a_value_is_part_of_its_input(text, shown):
    set_wrapper(kebab)

    assert read("It is odd.", text).problem.hint == shown
