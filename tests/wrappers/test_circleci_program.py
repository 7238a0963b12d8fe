"""What the orb's program makes of parameters, and of what the orb's steps noted."""

import json

import pytest

from devlake_ci.cli.wrappers import orb
from tests.wrappers.circleci import RUN

USUAL = {"DEVLAKE_ORB_PARAM_URL": "http://lake/api", "DEVLAKE_ORB_PARAM_CONNECTION": "1",
         "DEVLAKE_ORB_PARAM_ENVIRONMENT": "production", "DEVLAKE_ORB_PARAM_DRY_RUN": "1",
         "DEVLAKE_ORB_PARAM_FORMAT": "json", "DEVLAKE_ORB_PARAM_RESULT": "job",
         "DEVLAKE_ORB_PARAM_INCIDENT_RESULT": "job",
         "DEVLAKE_ORB_NOTED_RESULT": "success"}  # fmt: skip


@pytest.fixture
def run(make_runtime, capsys):
    def ran(**variables):
        capsys.readouterr()
        return orb(make_runtime(RUN | USUAL | variables)), *capsys.readouterr()

    return ran


def sent(out):
    return json.loads(out)["requests"][0]["body"]


@pytest.mark.parametrize(
    ("parameter", "of_project", "result"),
    [("job", None, "FAILURE"), ("job", "job", "FAILURE"), ("job", "success", "SUCCESS"),
     ("canceled", "success", "ABORT")],
)  # fmt: skip
def test_a_result_is_the_parameter_then_the_variable_then_what_was_noted(
    run, parameter, of_project, result
):
    known = {} if of_project is None else {"DEVLAKE_RESULT": of_project}

    _, out, _ = run(DEVLAKE_ORB_PARAM_RESULT=parameter, DEVLAKE_ORB_NOTED_RESULT="failed", **known)

    assert sent(out)["result"] == result


@pytest.mark.parametrize(
    "empty", [{"DEVLAKE_ORB_PARAM_RESULT": ""}, {"DEVLAKE_ORB_PARAM_RESULT": "<nil>"},
              {"DEVLAKE_RESULT": ""}]
)  # fmt: skip
def test_a_result_that_is_given_and_empty_is_never_what_was_noted(run, empty):
    code, out, err = run(**empty)

    assert (code, out) == (0, "")
    assert "result is empty, so nothing is reported" in err.lower()


def test_a_start_that_was_noted_is_used_where_nobody_gives_one(run):
    noted = {"DEVLAKE_ORB_NOTED_STARTED_AT": "2026-03-01T10:00:00Z"}

    _, out, _ = run(**noted)
    _, given, _ = run(**noted, DEVLAKE_STARTED_AT="2026-03-01T09:00:00Z")

    assert sent(out)["startedDate"] == "2026-03-01T10:00:00Z"
    assert sent(given)["startedDate"] == "2026-03-01T09:00:00Z"


def test_a_start_that_was_noted_wrongly_is_said_to_be_the_notes_fault(run):
    _, out, err = run(DEVLAKE_ORB_NOTED_STARTED_AT="today", DEVLAKE_ORB_PARAM_FORMAT="text")

    assert 'what devlake-ci/start noted: "today" is not a valid timestamp' in out + err


@pytest.mark.parametrize(("chosen", "mine"), [("", False), ("auto", False), ("file:{}/mine", True)])
def test_an_incident_is_remembered_where_the_user_says_or_in_the_cache(run, tmp_path, chosen, mine):
    run(
        DEVLAKE_ORB_PARAM_MODE="incident",
        DEVLAKE_ORB_PARAM_DRY_RUN="0",
        DEVLAKE_ORB_PARAM_URL="http://127.0.0.1:1/api",
        DEVLAKE_ORB_PARAM_DEADLINE="1",
        DEVLAKE_ORB_PARAM_INCIDENT_BRANCHES="main",
        DEVLAKE_ORB_PARAM_INCIDENT_STATE=chosen.format(tmp_path),
        DEVLAKE_ORB_NOTED_RESULT="failed",
        DEVLAKE_ORB_NOTED_INCIDENT_STATE=f"file:{tmp_path}/cached",
        DEVLAKE_TOKEN="key",
    )

    assert ((tmp_path / "mine").exists(), (tmp_path / "cached").exists()) == (mine, not mine)


def test_a_mistake_is_named_by_the_parameter(run):
    _, out, _ = run(DEVLAKE_ORB_PARAM_ENVIRONMENT="nowhere")
    _, _, err = run(DEVLAKE_ORB_PARAM_FORMAT="", DEVLAKE_ORB_PARAM_TOKEN="OTHER_KEY")

    problem = json.loads(out)["problem"]
    assert problem["message"].startswith("environment: ")
    assert "DEVLAKE_ENVIRONMENT" not in problem["message"] + problem["hint"]
    assert "token: the variable OTHER_KEY is not set." in err
