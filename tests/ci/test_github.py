"""Odd cases of GitHub: what is left when the runner or the event says less than usual."""

import json

import pytest

from devlake_ci import ci

RUNNER = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_EVENT_PATH": "event",
    "GITHUB_SERVER_URL": "https://github.com/",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "42",
}
HEAD, MERGE = "a" * 40, "b" * 40
PULL_REQUEST = {
    "head": {"sha": HEAD, "ref": "add-cart"},
    "base": {"ref": "main"},
    "merge_commit_sha": MERGE,
}


def read(event=None, **env):
    return ci.context(RUNNER | env, lambda _: json.dumps(event), lambda *_: None)


@pytest.mark.parametrize(
    "name",
    [
        "pull_request",
        "pull_request_target",
        "pull_request_review",
        "pull_request_review_comment",
    ],
)
def test_every_event_of_a_pull_request_is_about_its_head_and_deploys_nothing(name):
    context = read({"pull_request": PULL_REQUEST}, GITHUB_EVENT_NAME=name, GITHUB_SHA=MERGE)

    assert (context.sha, context.ref) == (HEAD, "add-cart")
    assert context.pull_request == "it runs for a pull request"


def test_a_pull_request_that_was_merged_just_now_is_about_the_merge():
    event = {"action": "closed", "pull_request": PULL_REQUEST | {"merged": True}}

    context = read(event, GITHUB_EVENT_NAME="pull_request_target")

    assert (context.sha, context.ref, context.pull_request) == (MERGE, "main", None)


@pytest.mark.parametrize("cause", ["pull_request", "pull_request_target", "merge_group"])
def test_a_run_that_was_set_off_by_one_for_a_pull_request_is_one(cause):
    context = read({"workflow_run": {"event": cause}}, GITHUB_EVENT_NAME="workflow_run")

    assert context.pull_request


def test_a_pull_request_that_was_merged_long_ago_is_about_its_head():
    event = {"action": "labeled", "pull_request": PULL_REQUEST | {"merged": True}}

    assert read(event, GITHUB_EVENT_NAME="pull_request").sha == HEAD


def test_a_release_without_a_ref_has_its_tag():
    context = read({"release": {"tag_name": "v1"}}, GITHUB_EVENT_NAME="release", GITHUB_REF="")

    assert context.ref == "v1"


def test_an_older_runner_has_whole_refs_only():
    assert read(GITHUB_REF="refs/heads/main").ref == "main"


def test_a_deployment_of_a_short_sha_has_no_ref():
    context = read({"deployment": {"sha": HEAD, "ref": HEAD[:7]}}, GITHUB_EVENT_NAME="deployment")

    assert context.ref is None


@pytest.mark.parametrize("text", ["", " ", "<nil>", None, 7, {}])
@pytest.mark.parametrize("name", ["deployment", "deployment_status"])
def test_an_event_that_leaves_things_out_leaves_them_out(name, text):
    event = {
        "deployment": {"sha": text, "ref": "main", "environment": text, "created_at": text},
        "deployment_status": {"state": text},
    }

    context = read(event, GITHUB_EVENT_NAME=f" {name} ")

    assert context.ref == "main"
    assert {context.sha, context.environment, context.created_at, context.result} == {None}


def test_without_a_repository_there_are_no_urls():
    context = read(GITHUB_REPOSITORY="")

    assert (context.repo_url, context.run_url) == (None, None)


@pytest.mark.parametrize("attempt", ["", "1"])
def test_the_first_attempt_has_the_url_of_the_run(attempt):
    context = read(GITHUB_RUN_ATTEMPT=attempt)

    assert context.run_url == "https://github.com/acme/shop/actions/runs/42"


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"RUNNER_TEMP": "/w/_temp/", "HOME": "/home/runner"}, "/w/_temp/devlake-ci"),
        ({"RUNNER_TEMP": "/w/_temp", "HOME": "/github/home"}, "/github/home/devlake-ci"),
        ({"HOME": "/github/home"}, "/github/home/devlake-ci"),
        (
            {"RUNNER_TEMP": "/github/runner_temp", "HOME": "/github/home"},
            "/github/runner_temp/devlake-ci",
        ),
        ({"HOME": "/home/runner"}, None),
    ],
)
def test_state_is_kept_where_all_steps_of_the_job_see_it(variables, folder):
    assert read(**variables).state_dir == folder
