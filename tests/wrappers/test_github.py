"""The inputs of the GitHub actions, from their declaration to what they do."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from devlake_ci import runtime
from devlake_ci.cli.wrappers import action_end, action_main, with_runner_contexts
from devlake_ci.options import declared, kebab
from tests.support import GITHUB, Reply

ROOT = Path(__file__).parent.parent.parent
ACTION, NATIVE = (yaml.safe_load((ROOT / path).read_text()) for path in
                  ("action.yml", "native/action.yml"))  # fmt: skip
OTHER_SHA = "1234567890abcdef1234567890abcdef12345678"


@pytest.fixture
def act(server, ticking, capsys):
    """Run a stage of the action with these inputs, as the runner gives them; post by default."""

    def ran(stage=action_end, env=(), **inputs):
        every = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
        every |= {"job-status": "success", "github-token": "", "check-run-id": "7",
                  "matrix-index": "0", "url": server.url, "connection": "1",
                  "environment": "production"}  # fmt: skip
        every |= {name.replace("_", "-"): value for name, value in inputs.items()}
        env = {
            **GITHUB,
            **dict(env),
            **{f"INPUT_{key.upper()}": text for key, text in every.items()},
        }
        fake = replace(
            runtime.real_runtime(),
            env=env,
            clock=ticking.clock(),
            stop_at_signals=lambda: None,
            defer_signals=lambda: None,
        )
        capsys.readouterr()
        code = stage(with_runner_contexts(fake))
        told = capsys.readouterr()
        return code, told.out + told.err, server.received[-1] if server.received else None

    return ran


def test_the_job_s_own_id_is_part_of_the_deployments(act):
    one, two = (act(check_run_id=run)[2].body["id"] for run in ("$( id )", "`id`"))

    assert one != two


def test_the_place_in_a_matrix_is_part_of_the_id_where_the_job_has_none(act):
    _, _, posted = act(matrix_index="3", check_run_id="")

    assert posted.body["id"] == "github:github.com/acme/shop:42:1:deploy:3::production"


def test_the_github_token_asks_githubs_api(act, server):
    server.script = [Reply(200, {"sha": OTHER_SHA}), Reply()]

    _, _, posted = act(github_token="gh$( id )", sha="v1", env={"GITHUB_API_URL": server.url})

    assert server.received[0].headers["authorization"] == "Bearer gh$( id )"
    assert posted.body["deploymentCommits"][0]["commitSha"] == OTHER_SHA


@pytest.mark.parametrize(
    ("outcome", "result"),
    [("success", "SUCCESS"), ("failure", "FAILURE"), ("cancelled", "ABORT"), ("skipped", None)],
)
@pytest.mark.parametrize("status", ["success", "failure"])
def test_the_outcome_of_the_step_that_deploys_counts_and_not_the_jobs(act, outcome, result, status):
    code, told, posted = act(result=outcome, job_status=status)

    assert code == 0
    assert (posted and posted.body["result"]) == result
    assert ("Nothing is reported: " in told) is (result is None)


@pytest.mark.parametrize("inputs", [{}, {"at": "now"}])
@pytest.mark.parametrize("mode", ["deployment", "both"])
@pytest.mark.parametrize(("hard", "code"), [("false", 0), ("true", 2)])
def test_the_outcome_of_a_step_that_is_not_there_reports_nothing_loudly(
    act, inputs, mode, hard, code
):
    stage = action_main if inputs else action_end
    given = {"result": "", "incident_result": "failure", "fail_on_error": hard, "mode": mode}

    ended, told, posted = act(stage, **inputs, **given)

    assert (ended, posted) == (code, None)
    assert "title=DevLake::result is empty, so nothing is reported." in told


@pytest.mark.parametrize("default", ["job", "Job"])
def test_a_default_that_is_typed_in_any_case_leaves_the_word_to_a_variable(act, default):
    _, _, posted = act(result=default, env={"DEVLAKE_RESULT": "failed"})

    assert posted.body["result"] == "FAILURE"


def test_an_empty_incident_result_closes_no_incident(act):
    _, told, posted = act(mode="incident", incident_result="", job_status="success")

    assert posted is None
    assert "incident-result is empty" in told


def test_the_result_of_a_later_step_is_not_missed_at_the_beginning_of_the_job(act, tmp_path):
    output = tmp_path / "output"

    code, told, _ = act(action_main, result="", env={"GITHUB_OUTPUT": str(output)})

    assert (code, "empty" in told) == (0, False)
    assert "github:github.com/acme/shop:42" in output.read_text()


@pytest.mark.parametrize(
    ("mode", "given", "missing"),
    [
        ("deployment", {}, "result"),
        ("deployment", {"result": "job"}, "result"),
        ("incident", {}, "incident-result"),
        ("both", {"result": "success"}, "incident-result"),
        ("both", {}, "incident-result and result"),
    ],
)
def test_a_report_before_the_job_ends_needs_a_result(act, mode, given, missing):
    code, told, posted = act(action_main, at="now", mode=mode, fail_on_error="true", **given)

    assert (code, posted) == (2, None)
    assert f"at: now needs the input {missing}:" in told
    for spelling in ("steps.ID.outcome", "job.status", "needs.JOB.result"):
        assert f"${{{{ {spelling} }}}}" in told


@pytest.mark.parametrize("name", ["result", "incident_result"])
def test_an_incident_before_the_job_ends_takes_either_result(act, name):
    _, told, _ = act(action_main, at="now", mode="incident", **{name: "success"})

    assert "at: now needs" not in told


def test_a_variable_that_says_job_is_no_result_before_the_job_ends(act):
    said = {"DEVLAKE_RESULT": "job"}

    _, told, posted = act(action_main, at="now", job_status="success", env=said)

    assert posted is None
    assert "at: now needs the input result:" in told


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ({"mode": "x"}, "mode"),
        ({"deadline": "soon"}, "deadline"),
        ({"environment": "x"}, "environment"),
        ({"verbose": "perhaps"}, "verbose"),
        ({"fail_on_error": "perhaps"}, "fail-on-error"),
        ({"started_at": "noon"}, "started-at"),
        ({"result": "completed"}, "result"),
    ],
)
def test_a_wrong_input_is_called_what_its_user_calls_it(act, inputs, name):
    _, told, posted = act(**inputs)

    assert posted is None
    assert f"::warning title=DevLake::{name}: " in told


def test_the_end_of_the_job_takes_what_its_beginning_noted(act):
    env = {"STATE_started": "2026-03-01T10:00:00Z", "STATE_deployment-id": "noted",
           "STATE_deployment-of": "service , environment production"}  # fmt: skip

    _, _, posted = act(env=env)

    assert posted.body["id"] == "noted"
    assert posted.body["startedDate"] == "2026-03-01T10:00:00Z"


def test_what_the_user_gives_goes_before_what_was_noted(act):
    env = {"STATE_started": "2026-03-01T10:00:00Z", "STATE_deployment-id": "noted",
           "STATE_deployment-of": "service , environment production",
           "DEVLAKE_STARTED_AT": "2026-03-01T11:00:00Z"}  # fmt: skip

    _, _, posted = act(id="given", env=env)

    assert posted.body["id"] == "given"
    assert posted.body["startedDate"] == "2026-03-01T11:00:00Z"


def test_two_reports_whose_services_later_steps_name_are_two_deployments(act, tmp_path):
    state = tmp_path / "state"
    act(action_main, env={"GITHUB_STATE": str(state)})
    noted = re.findall(r"(?m)^(.+)<<.*\n(.*)\n", state.read_text())
    env = {f"STATE_{name}": text for name, text in noted}

    ids = [act(service=service, env=env)[2].body["id"]
           for service in ("", "api", "web")]  # fmt: skip

    assert len(set(ids)) == 3
    assert ids[0] == env["STATE_deployment-id"]


def test_a_variable_that_can_not_be_read_only_warns_at_the_end_of_the_job(act):
    code, told, received = act(env={"STATE_started": "2026-03-01T10:00:00Z",
                                                        "DEVLAKE_VERBOSE": "perhaps"})  # fmt: skip

    assert (code, received) == (0, None)
    assert "DEVLAKE_VERBOSE" in told


@pytest.mark.parametrize("word", ["perhaps", "${{ x }}"])
def test_a_switch_that_is_neither_true_nor_false_only_warns(act, word):
    code, told, received = act(fail_on_error=word)

    assert (code, received) == (0, None)
    assert "neither true nor false" in told


def test_the_beginning_of_a_job_fails_for_nothing(act):
    code, _, received = act(action_main, mode="nonsense", fail_on_error="true", environment="?")

    assert (code, received) == (0, None)


@pytest.mark.parametrize("hard", ["true", "false"])
def test_an_unknown_word_for_when_reports_nothing_and_stops_no_job_at_its_beginning(act, hard):
    began, told, _ = act(action_main, at="end", fail_on_error=hard)
    ended, again, received = act(at="end", fail_on_error=hard)

    assert (began, ended, received) == (0, 2 if hard == "true" else 0, None)
    assert 'not reported: at: "end" is neither job-end nor now' in told
    assert 'at: "end" is neither job-end nor now' in again


@pytest.mark.parametrize("stage", [action_main, action_end])
def test_both_stages_mask_the_secrets(act, stage):
    _, told, _ = act(stage, token="k3y-of-devlake", header="X-Access: s3cr3t-too")

    assert "::add-mask::k3y-of-devlake\n::add-mask::s3cr3t-too\n" in told


def test_both_actions_have_the_same_inputs_and_outputs():
    assert ACTION["inputs"] == NATIVE["inputs"]
    assert ACTION["outputs"] == NATIVE["outputs"]


def test_every_option_of_the_program_is_an_input_but_for_other_cis_and_what_is_replaced():
    names = {kebab(each.name) for each in declared()}

    assert names - set(ACTION["inputs"]) == {"on-failure", "gitlab-token"}


def test_expressions_stand_in_defaults_only_and_ask_what_the_runner_allows_there():
    """The runner refuses the whole file otherwise: src/Runner.Worker/action_yaml.json."""
    for text in ((ROOT / "action.yml").read_text(), (ROOT / "native/action.yml").read_text()):
        for line in text.splitlines():
            for expression in re.findall(r"\$\{\{(.*?)\}\}", line):
                assert line.strip().startswith("default:")
                assert re.fullmatch(r" (github|strategy|matrix|job|runner)\.[a-z_-]+ ", expression)
        assert "${{" not in re.sub(r"default: '\$\{\{.*?\}\}'", "", text)


def test_secrets_are_no_arguments_of_the_container():
    """They would be printed in the log, and seen in the list of processes."""
    assert set(ACTION["runs"]) == {"using", "image", "entrypoint", "post-entrypoint"}


def test_the_entry_points_are_what_the_package_installs():
    installed = (ROOT / "pyproject.toml").read_text()

    for name in (ACTION["runs"]["entrypoint"], ACTION["runs"]["post-entrypoint"]):
        folder, _, script = name.rpartition("/")
        assert folder == "/opt/devlake-ci/bin"
        assert f'\n{script} = "devlake_ci.__main__:' in installed
