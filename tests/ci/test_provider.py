import subprocess
import sys

import pytest

from devlake_ci import ci
from devlake_ci.ci import PLAIN
from devlake_ci.errors import BadUsageError


@pytest.mark.parametrize("name", [*ci.KNOWN, "plain"])
def test_a_provider_is_forced_by_name_in_any_case_whatever_the_environment_says(name):
    env = {"GITHUB_ACTIONS": "true", "CIRCLECI": "true", "DEVLAKE_CI": f" {name.upper()} "}

    assert name == ci.provider_of(env).name


@pytest.mark.parametrize("unset", ["", " ", "<nil>"])
def test_an_empty_name_forces_nothing(unset):
    assert ci.provider_of({"CIRCLECI": "true", "DEVLAKE_CI": unset}).name == "circleci"


def test_an_unknown_name_is_refused_with_the_names_that_are_known():
    with pytest.raises(BadUsageError) as refused:
        ci.provider_of({"DEVLAKE_CI": "hudson"})

    assert 'DEVLAKE_CI: "hudson"' in refused.value.message
    assert "github, gitlab, circleci, azure," in refused.value.hint
    assert ", plain," in refused.value.hint


def test_only_the_ci_that_runs_us_is_imported():
    read = "import sys; from devlake_ci import ci; ci.provider_of({'TRAVIS': 'true'})"
    code = f"{read}; print([name for name in ci.KNOWN if f'devlake_ci.ci.{{name}}' in sys.modules])"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "['travis']\n"


@pytest.mark.parametrize(
    ("like", "name"), [("GITEA_ACTIONS", "gitea"), ("FORGEJO_ACTIONS", "forgejo")]
)
def test_systems_that_call_themselves_github_have_no_api_of_github(like, name):
    provider = ci.provider_of({"GITHUB_ACTIONS": "true", like: "true"})

    assert provider.name == name
    assert provider.resolve is PLAIN.resolve
    assert provider.times is PLAIN.times


def test_without_any_variable_it_is_a_plain_machine():
    assert ci.provider_of({}).name == "plain"
