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
    return ci.read_context(RUNNER | env, lambda _: json.dumps(event), lambda *_: None)


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


OWN, NAMED = "c" * 40, "d" * 40
SUITE = {"head_sha": NAMED, "head_branch": "release/2", "pull_requests": []}
ON_PULL_REQUEST = {"issue": {"number": 7, "pull_request": {"url": "https://api.github.com/x"}}}
EVERY_EVENT = {
    "branch_protection_rule": ({}, OWN),
    "check_run": ({"check_run": {"head_sha": NAMED, "check_suite": SUITE}}, NAMED),
    "check_suite": ({"check_suite": SUITE}, NAMED),
    "create": ({"ref": "v1", "ref_type": "tag"}, OWN),
    "delete": ({"ref": "old", "ref_type": "branch"}, None),
    "deployment": ({"deployment": {"sha": NAMED}}, NAMED),
    "deployment_status": ({"deployment": {"sha": NAMED}}, NAMED),
    "discussion": ({"discussion": {}}, OWN),
    "discussion_comment": ({"discussion": {}}, OWN),
    "fork": ({}, OWN),
    "gollum": ({}, OWN),
    "image_version": ({}, OWN),
    "issue_comment": ({"issue": {"number": 7}}, OWN),
    "issue_comment on a pull request": (ON_PULL_REQUEST, None),
    "issues": ({"issue": {"number": 7}}, OWN),
    "issues on a pull request": (ON_PULL_REQUEST, None),
    "label": ({}, OWN),
    "merge_group": ({"merge_group": {"head_sha": OWN}}, OWN),
    "milestone": ({}, OWN),
    "page_build": ({"build": {"commit": NAMED}}, NAMED),
    "public": ({}, OWN),
    "pull_request": ({"pull_request": {"head": {"sha": NAMED}}}, NAMED),
    "pull_request_review": ({"pull_request": {"head": {"sha": NAMED}}}, NAMED),
    "pull_request_review_comment": ({"pull_request": {"head": {"sha": NAMED}}}, NAMED),
    "pull_request_target": ({"pull_request": {"head": {"sha": NAMED}}}, NAMED),
    "push": ({"head_commit": {"id": OWN}}, OWN),
    "registry_package": ({}, OWN),
    "release": ({"release": {"tag_name": "v1"}}, OWN),
    "repository_dispatch": ({"client_payload": {}}, OWN),
    "schedule": ({}, OWN),
    "status": ({"sha": NAMED, "branches": [{"name": "release/2"}]}, NAMED),
    "watch": ({}, OWN),
    "workflow_dispatch": ({}, OWN),
    "workflow_run": ({"workflow_run": {"event": "push", "head_sha": NAMED}}, NAMED),
    "workflow_run of one": ({"workflow_run": {"event": "workflow_run", "head_sha": NAMED}}, None),
    "workflow_run of status": ({"workflow_run": {"event": "status", "head_sha": NAMED}}, None),
}
"""All that GitHub's page lists, with an event and the commit that is deployed: GITHUB_SHA, the one
that the event names, or none, because GITHUB_SHA is another one and the event doesn't name it.
https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows"""


@pytest.mark.parametrize("name", EVERY_EVENT)
def test_each_event_is_about_the_commit_that_it_names_or_asks_for_one(name):
    event, sha = EVERY_EVENT[name]

    context = read(event, GITHUB_EVENT_NAME=name.partition(" ")[0], GITHUB_SHA=OWN)

    assert context.sha == sha
    assert ("sha" in context.unknown) == (sha is None)


@pytest.mark.parametrize("name", ["check_run", "check_suite", "delete", "status", "workflow_run"])
def test_an_event_about_another_commit_that_cannot_be_read_asks_for_one(name):
    context = read(None, GITHUB_EVENT_NAME=name, GITHUB_SHA=OWN)

    assert (context.sha, list(context.unknown)) == (None, ["sha"])


@pytest.mark.parametrize(
    ("suite", "is_one"),
    [
        (SUITE, False),
        (SUITE | {"pull_requests": [{"number": 7}]}, True),
        (SUITE | {"head_branch": None}, True),  # it comes from a fork
        (SUITE | {"head_branch": "gh-readonly-queue/main/pr-7-abc"}, True),
    ],
)
def test_a_check_of_a_pull_request_is_one(suite, is_one):
    runs = {
        "check_suite": {"check_suite": suite},
        "check_run": {"check_run": {"head_sha": NAMED, "check_suite": suite}},
    }

    for name, event in runs.items():
        assert bool(read(event, GITHUB_EVENT_NAME=name).pull_request) == is_one


@pytest.mark.parametrize(
    ("branches", "ref"),
    [
        (["release/2"], "release/2"),
        (["topic", "main"], "main"),
        (["topic", "other"], None),
        ([], None),
    ],
)
def test_a_status_is_about_a_branch_only_where_that_is_clear(branches, ref):
    event = {"sha": NAMED, "branches": [{"name": name} for name in branches],
             "repository": {"default_branch": "main"}}  # fmt: skip

    assert read(event, GITHUB_EVENT_NAME="status").ref == ref


@pytest.mark.parametrize(("branches", "is_one"), [([], True), ([{"name": "topic"}], False)])
def test_a_status_of_a_commit_on_no_branch_is_of_a_forks_pull_request(branches, is_one):
    event = {"sha": NAMED, "branches": branches}

    assert bool(read(event, GITHUB_EVENT_NAME="status").pull_request) == is_one


def test_a_push_to_a_merge_queue_is_for_pull_requests():
    ref = "refs/heads/gh-readonly-queue/main/pr-7-abc"

    assert read(GITHUB_EVENT_NAME="push", GITHUB_REF=ref).pull_request == (
        "it runs for a merge queue"
    )


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
