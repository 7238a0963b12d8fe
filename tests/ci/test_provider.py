import pytest

from devlake_ci import ci
from devlake_ci.errors import BadUsageError


@pytest.mark.parametrize("name", ["github", "gitlab", "circleci", "plain"])
def test_a_provider_is_forced_by_name_in_any_case_whatever_the_environment_says(name):
    env = {"GITHUB_ACTIONS": "true", "CIRCLECI": "true", "DEVLAKE_CI": f" {name.upper()} "}

    assert name == ci.provider(env).name


@pytest.mark.parametrize("unset", ["", " ", "<nil>"])
def test_an_empty_name_forces_nothing(unset):
    assert ci.provider({"CIRCLECI": "true", "DEVLAKE_CI": unset}).name == "circleci"


def test_an_unknown_name_is_refused_with_the_names_that_are_known():
    with pytest.raises(BadUsageError) as refused:
        ci.provider({"DEVLAKE_CI": "travis"})

    assert 'DEVLAKE_CI: "travis"' in refused.value.message
    assert "github, gitlab, circleci, plain" in refused.value.hint


@pytest.mark.parametrize("like", ["GITEA_ACTIONS", "FORGEJO_ACTIONS"])
def test_systems_that_call_themselves_github_are_read_like_github(like):
    assert ci.provider({"GITHUB_ACTIONS": "true", like: "true"}).name == "github"


def test_without_any_variable_it_is_a_plain_machine():
    assert ci.provider({}).name == "plain"
