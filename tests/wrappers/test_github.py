"""The inputs of the GitHub actions, from their declaration to what they do."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from devlake_ci import runtime
from devlake_ci.cli.action import CARRIED, first, given, last
from devlake_ci.options import declared, kebab
from tests.support import GITHUB, SHA, Reply

ROOT = Path(__file__).parent.parent.parent
ACTION, NATIVE = (yaml.safe_load((ROOT / path).read_text()) for path in
                  ("action.yml", "native/action.yml"))  # fmt: skip
WILD = """it's "quoted" $(id) `id`"; rm -rf ~ ${{ x }} ü 🚀\n::error::next"""
ONE_LINE = WILD.replace("\n", " ")
OTHER_SHA = "1234567890abcdef1234567890abcdef12345678"


@pytest.fixture
def act(server, ticking, capsys):
    """Run main or post of the action with these inputs, as the runner hands them over."""

    def ran(stage=first, env=(), **inputs):
        every = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
        every |= {"job-status": "success", "github-token": "", "check-run-id": "7",
                  "matrix-index": "0", "url": server.url, "connection": "1", "at": "now",
                  "environment": "production"}  # fmt: skip
        every |= {name.replace("_", "-"): value for name, value in inputs.items()}
        env = {
            **GITHUB,
            **dict(env),
            **{f"INPUT_{key.upper()}": text for key, text in every.items()},
        }
        carried = {name: given(env, each) for each, name in CARRIED.items() if given(env, each)}
        world = replace(
            runtime.real(), env={**env, **carried}, clock=ticking.clock(),
            stop_at_signals=lambda: None,
        )  # fmt: skip
        capsys.readouterr()
        code = stage(world)
        told = capsys.readouterr()
        return code, told.out + told.err, server.received[-1] if server.received else None

    return ran


def body(name):
    return lambda _, __, sent: sent.body[name]


def commit(name):
    return lambda _, __, sent: sent.body["deploymentCommits"][0][name]


def header(name):
    return lambda _, __, sent: sent.headers.get(name)


def path(_, __, sent):
    return sent.path


def code(code, _, __):
    return code


def said(text):
    return lambda _, told, __: text in told


def sent(_, __, received):
    return received is not None


INCIDENT = {
    "mode": "incident", "incident_branches": "ma?n", "incident_state": "file:/proc/none/x",
    "job_status": "failure",
}  # fmt: skip
REACHES = {
    # input: the values given, where to look, what has to be there
    "url": ({"url": "http://127.0.0.1:1/x", "deadline": "1"}, said("127.0.0.1:1/x: no"), True),
    "connection": (
        {"connection": ONE_LINE.replace("${{ x }} ", "")}, path,
        "/plugins/webhook/connections/by-name/it%27s%20%22quoted%22%20%24%28id%29%20%60id%60%22%3B"
        "%20rm%20-rf%20~%20%C3%BC%20%F0%9F%9A%80%20%3A%3Aerror%3A%3Anext"
        "/deployments",
    ),
    "project": (
        {"project": "{repo} $(id)", "connection": ""}, path,
        "/plugins/webhook/projects/shop%20%24%28id%29/deployments",
    ),
    "token": ({"token": "$(id)`\"'"}, header("authorization"), "Bearer $(id)`\"'"),
    "header": ({"header": "X-A: $(id) \"'\nX-B: `id`"}, header("x-b"), "`id`"),
    "ca-bundle": (
        {"url": "https://127.0.0.1:1", "ca_bundle": "/no/$(id)"}, said("/no/$(id)"), True,
    ),
    "client-cert": (
        {"url": "https://127.0.0.1:1", "client_cert": "/no/`id`"}, said("/no/`id`"), True,
    ),
    "client-key": (
        {"url": "https://127.0.0.1:1", "client_cert": __file__, "client_key": "/no/`id`"},
        said("/no/`id`"), True,
    ),
    "dialect": ({"dialect": "legacy"}, body("pipeline_id"), "github:github.com/acme/shop:42:1:"
                "deploy:7::production"),
    "mode": ({"mode": ONE_LINE}, said("--mode: "), True),
    "service": ({"service": WILD}, body("name"), f"Deploy {WILD} of acme/shop to production"),
    "environment": (
        {"environment": ONE_LINE, "environment_map": f"{ONE_LINE}=STAGING"},
        body("originalEnvironment"), ONE_LINE,
    ),
    "environment-map": (
        {"environment": "canary", "environment_map": "x=TESTING\ncanary=PRODUCTION"},
        body("environment"), "PRODUCTION",
    ),
    "result": ({"result": "Cancelled"}, body("result"), "ABORT"),
    "id": ({"id": WILD}, body("id"), WILD),
    "name": ({"name": WILD}, body("name"), WILD),
    "title": ({"title": WILD}, body("displayTitle"), WILD),
    "created-at": ({"created_at": "2026-03-01 11:00:00+01:00"}, body("createdDate"),
                   "2026-03-01T10:00:00Z"),
    "started-at": ({"started_at": "1772359200"}, body("startedDate"), "2026-03-01T10:00:00Z"),
    "finished-at": ({"finished_at": "2026-03-01T10:00:00Z"}, body("finishedDate"),
                    "2026-03-01T10:00:00Z"),
    "repo-url": ({"repo_url": "git@h.example:a/$(id)'x'.git"}, commit("repoUrl"),
                 "https://h.example/a/$(id)'x'"),
    "sha": ({"sha": OTHER_SHA.upper()}, commit("commitSha"), OTHER_SHA),
    "ref": ({"ref": WILD, "sha": SHA}, commit("refName"), WILD),
    "message": ({"message": WILD}, commit("commitMsg"), WILD),
    "commits": (
        {"commits": f"- repo_url: https://h.example/a/b\n  sha: {OTHER_SHA}\n  message: "
         f"{json.dumps(WILD, ensure_ascii=False)}\n", "exclude_own_commit": "true"},
        commit("commitMsg"), WILD,
    ),
    "checkout": ({"checkout": "$(id) '`x`'\ny"}, said("\"$(id) '`x`'\" can't be read"), True),
    "submodules": ({"submodules": "$(id) '`x`'"}, said("\"$(id) '`x`'\" can't be read"), True),
    "submodules-recursive": ({"submodules_recursive": "true"}, said("without --submodules"), True),
    "exclude-own-commit": ({"exclude_own_commit": "true"}, said("leaves no commit"), True),
    "incident-result": (
        INCIDENT | {"incident_result": "failed", "job_status": ""}, body("originalStatus"),
        "FAILURE",
    ),
    "incident-key": (INCIDENT | {"incident_key": "a.B_c-1"}, body("issueKey"), "a.B_c-1"),
    "incident-title": (INCIDENT | {"incident_title": WILD.replace("${{ x }}", "{branch}")},
                       body("title"), WILD.replace("${{ x }}", "main")),
    "severity": (INCIDENT | {"severity": WILD}, body("severity"), WILD),
    "priority": (INCIDENT | {"priority": WILD}, body("priority"), WILD),
    "component": (INCIDENT | {"component": WILD}, body("component"), WILD),
    "incident-state": (
        INCIDENT | {"incident_state": "file:/dev/null/$(id) `id`"},
        said('"/dev/null/$(id) `id`" can\'t be read'), True,
    ),
    "incident-branches": (INCIDENT | {"incident_branches": "x\n$(id)*"}, sent, False),
    "deadline": ({"url": "http://127.0.0.1:1", "deadline": "1"}, said("within the deadline"), True),
    "spool": (
        {"url": "http://127.0.0.1:1", "deadline": "1", "spool": "/dev/null/$(id)"},
        said('kept in --spool "/dev/null/$(id)": Not a directory'), True,
    ),
    "dry-run": ({"dry_run": "true"}, sent, False),
    "format": ({"format": "json"}, said('"reported": true'), True),
    "verbose": ({"verbose": "true"}, said("Attempt 1: stored"), True),
    "at": ({"at": "job-end"}, sent, False),
    "fail-on-error": ({"mode": "x", "fail_on_error": "true"}, code, 2),
    "job-status": ({"job_status": "failure"}, body("result"), "FAILURE"),
    "check-run-id": ({"check_run_id": "$(id)"}, said("$(id)"), False),
    "matrix-index": ({"matrix_index": "3", "check_run_id": ""}, body("id"),
                     "github:github.com/acme/shop:42:1:deploy:3::production"),
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in ACTION["inputs"] if name != "github-token"])
def test_an_input_reaches_what_it_promises_unchanged(act, name):
    inputs, look, expected = REACHES[name]

    assert look(*act(**inputs)) == expected


def test_the_job_s_own_id_is_part_of_the_deployments(act):
    one, two = (act(check_run_id=run)[2].body["id"] for run in ("$(id)", "`id`"))

    assert one != two


def test_the_github_token_asks_githubs_api(act, server):
    server.script = [Reply(200, {"sha": OTHER_SHA}), Reply()]

    _, _, posted = act(github_token="gh$(id)", sha="v1", env={"GITHUB_API_URL": server.url})

    assert server.received[0].headers["authorization"] == "Bearer gh$(id)"
    assert posted.body["deploymentCommits"][0]["commitSha"] == OTHER_SHA


def test_an_input_goes_before_a_variable_and_an_empty_one_leaves_it(act):
    env = {"DEVLAKE_SERVICE": "variable", "DEVLAKE_TITLE": "variable"}

    _, _, posted = act(env=env, service="input", title="")

    assert "input of" in posted.body["name"]
    assert posted.body["displayTitle"] == "variable"


def test_the_end_of_the_job_takes_what_its_beginning_noted(act):
    env = {"STATE_started": "2026-03-01T10:00:00Z", "STATE_deployment-id": "noted",
           "STATE_deployment-of": "service , environment production"}  # fmt: skip

    _, _, posted = act(last, at="job-end", env=env)

    assert posted.body["id"] == "noted"
    assert posted.body["startedDate"] == "2026-03-01T10:00:00Z"


def test_what_the_user_gives_goes_before_what_was_noted(act):
    env = {"STATE_started": "2026-03-01T10:00:00Z", "STATE_deployment-id": "noted",
           "STATE_deployment-of": "service , environment production",
           "DEVLAKE_STARTED_AT": "2026-03-01T11:00:00Z"}  # fmt: skip

    _, _, posted = act(last, at="job-end", id="given", env=env)

    assert posted.body["id"] == "given"
    assert posted.body["startedDate"] == "2026-03-01T11:00:00Z"


def test_two_reports_whose_services_later_steps_name_are_two_deployments(act, tmp_path):
    state = tmp_path / "state"
    act(at="job-end", env={"GITHUB_STATE": str(state)})
    noted = re.findall(r"(?m)^(.+)<<.*\n(.*)\n", state.read_text())
    env = {f"STATE_{name}": text for name, text in noted}

    ids = [act(last, at="job-end", service=service, env=env)[2].body["id"]
           for service in ("", "api", "web")]  # fmt: skip

    assert len(set(ids)) == 3
    assert ids[0] == env["STATE_deployment-id"]


def test_a_variable_that_can_not_be_read_only_warns_at_the_end_of_the_job(act):
    code, told, received = act(last, at="job-end", env={"STATE_started": "2026-03-01T10:00:00Z",
                                                        "DEVLAKE_VERBOSE": "perhaps"})  # fmt: skip

    assert (code, received) == (0, None)
    assert "DEVLAKE_VERBOSE" in told


@pytest.mark.parametrize("word", ["perhaps", "${{ x }}"])
def test_a_switch_that_is_neither_true_nor_false_only_warns(act, word):
    code, told, received = act(fail_on_error=word)

    assert (code, received) == (0, None)
    assert "neither true nor false" in told


def test_the_beginning_of_a_job_fails_for_nothing(act):
    code, _, received = act(at="job-end", mode="nonsense", fail_on_error="true", environment="?")

    assert (code, received) == (0, None)


@pytest.mark.parametrize("hard", ["true", "false"])
def test_a_moment_that_nobody_knows_reports_nothing_and_stops_no_job_at_its_beginning(act, hard):
    began, told, _ = act(at="end", fail_on_error=hard)
    ended, again, received = act(last, at="end", fail_on_error=hard)

    assert (began, ended, received) == (0, 2 if hard == "true" else 0, None)
    assert 'not reported: at: "end" is no moment' in told
    assert 'at: "end" is no moment' in again


@pytest.mark.parametrize("at", ["now", "job-end"])
def test_both_stages_hide_the_secrets(act, at):
    _, told, _ = act(at=at, token="k3y-of-devlake", header="X-Access: s3cr3t-too")

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
        assert f'\n{script} = "devlake_ci.cli.action:' in installed
