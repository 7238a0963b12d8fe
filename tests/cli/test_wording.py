"""A message names options as its reader set them: typed, in a variable, or as a wrapper's input."""

import pytest

from devlake_ci.cli.wording import reword, set_wrapper
from devlake_ci.cli.wrappers import orb_name
from devlake_ci.errors import BadUsageError
from devlake_ci.model import Outcome
from devlake_ci.options import kebab

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
            orb_name,
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
