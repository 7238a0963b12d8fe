"""The plugin for Drone and Woodpecker: its settings are the options of `report`."""

import json
from pathlib import Path

import pytest

from devlake_ci.cli.wrappers import plugin_step
from tests.support import DATA

DRONE = json.loads((DATA / "environments/drone/branch.json").read_text())["env"]
WOODPECKER = json.loads((DATA / "environments/woodpecker/branch.json").read_text())["env"]
SETTINGS = {
    "PLUGIN_URL": "https://devlake.example/api",
    "PLUGIN_CONNECTION": "1",
    "PLUGIN_ENVIRONMENT": "production",
    "PLUGIN_DRY_RUN": "true",
    "PLUGIN_FORMAT": "json",
}


@pytest.fixture
def run(make_runtime, capsys):
    def ran(env):
        capsys.readouterr()
        return plugin_step(make_runtime(env)), *capsys.readouterr()

    return ran


def test_a_steps_settings_are_options(run):
    code, out, _ = run(DRONE | SETTINGS | {"PLUGIN_ENVIRONMENT_MAP": "a=STAGING\ncanary=PRODUCTION",
                                           "PLUGIN_ENVIRONMENT": "canary"})  # fmt: skip

    body = json.loads(out)["requests"][0]["body"]
    assert code == 0
    assert (body["result"], body["environment"]) == ("SUCCESS", "PRODUCTION")
    assert body["originalEnvironment"] == "canary"


def test_the_result_that_a_condition_stands_for_is_a_setting_in_woodpecker(run):
    _, out, _ = run(WOODPECKER | SETTINGS | {"PLUGIN_RESULT": "failed"})

    assert json.loads(out)["requests"][0]["body"]["result"] == "FAILURE"


def test_woodpeckers_own_status_is_not_taken_for_a_result(run):
    _, out, _ = run(WOODPECKER | SETTINGS)

    assert json.loads(out)["problem"]["exit-code"] == 3


@pytest.mark.parametrize(("setting", "code"), [({}, 0), ({"PLUGIN_FAIL_ON_ERROR": "true"}, 3)])
def test_a_report_that_fails_is_a_warning_unless_it_is_to_fail_the_step(run, setting, code):
    assert run(WOODPECKER | SETTINGS | setting)[0] == code


def test_a_switch_that_is_neither_on_nor_off_is_a_warning(run):
    code, _, err = run(DRONE | SETTINGS | {"PLUGIN_FAIL_ON_ERROR": "perhaps"})

    assert code == 0
    assert 'fail-on-error: "perhaps" is neither true nor false.' in err


def test_another_entry_points_inputs_are_no_settings(run):
    _, out, _ = run(DRONE | SETTINGS | {"INPUT_ENVIRONMENT": "staging"})

    assert json.loads(out)["requests"][0]["body"]["environment"] == "PRODUCTION"


@pytest.mark.parametrize("env", [DRONE, WOODPECKER])
def test_a_plugins_step_without_settings_reports_what_variables_say(run, env):
    given = {"DEVLAKE_ENVIRONMENT": "production", "DEVLAKE_RESULT": "success"}

    code, _, err = run(env | given)

    assert code == 0
    assert "warning: not reported" in err
    assert "Set `url` or DEVLAKE_URL to it" in err


def test_a_blank_line_between_values_is_none(run):
    environments = {"PLUGIN_ENVIRONMENT_MAP": "a=STAGING\n\n  \ncanary=PRODUCTION",
                    "PLUGIN_ENVIRONMENT": "canary"}  # fmt: skip

    _, out, _ = run(DRONE | SETTINGS | environments)

    assert json.loads(out)["requests"][0]["body"]["environment"] == "PRODUCTION"


@pytest.mark.parametrize(("hard", "code"), [("true", 2), ("false", 0), ("perhaps", 0)])
def test_a_setting_that_can_not_be_read_fails_the_step_only_if_it_may(run, hard, code):
    wrong = {"PLUGIN_VERBOSE": "perhaps", "PLUGIN_FAIL_ON_ERROR": hard}

    assert run(DRONE | SETTINGS | wrong)[0] == code


def test_no_setting_of_another_name_says_if_the_step_may_fail(run):
    told = {"PLUGIN_TITLE": "Mend --on-failure fail", "PLUGIN_DIALECT": "v9"}

    assert run(DRONE | SETTINGS | told)[0] == 0


def test_the_image_shows_the_help_where_no_ci_runs_it(run):
    code, out, _ = run({})

    assert code == 0
    assert "Usage: devlake-ci" in out


def test_the_plugin_is_what_the_image_runs():
    dockerfile = (Path(__file__).parent.parent.parent / "Dockerfile").read_text()

    assert 'CMD ["devlake-ci-plugin"]' in dockerfile
