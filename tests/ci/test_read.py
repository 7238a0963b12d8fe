"""Whatever the variables and the event hold, reading them stops no report."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci import ci
from devlake_ci.model import Context
from tests.ci.recorded import RECORDED

NAMES = sorted({name for record in RECORDED.values() for name in record["env"]} - {"DEVLAKE_CI"})
EVENTS = sorted({record["env"].get("GITHUB_EVENT_NAME", "") for record in RECORDED.values()})
TOP = st.sampled_from(["pull_request", "workflow_run", "deployment", "deployment_status", "action"])
KEYS = st.sampled_from(["head", "sha", "head_sha", "ref", "head_commit", "id", "state", "merged"])
WORDS = (
    st.sampled_from(["", "<nil>", "0", "9" * 18, "0" * 40, "refs/heads/", "true", "closed"])
    | st.text()
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS | WORDS, inner))
EVENT = JSON | st.dictionaries(TOP, st.dictionaries(KEYS, LEAVES | st.dictionaries(KEYS, LEAVES)))
PROVIDERS = st.sampled_from([*ci.KNOWN, "plain"])


@given(PROVIDERS, st.dictionaries(st.sampled_from(NAMES), WORDS), st.sampled_from(EVENTS), EVENT)
def test_any_values_and_any_event_are_read_without_an_error(provider, env, name, event):
    env = env | {"DEVLAKE_CI": provider, "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": "event"}

    context = ci.context(env, lambda _: json.dumps(event), lambda *_: None)

    assert context.provider == provider
    assert set(context.sources) == {name for name in shown() if getattr(context, name) is not None}


def shown():
    names = list(Context.__dataclass_fields__)
    return names[: names.index("sources")]


@pytest.mark.parametrize(
    "text", [None, "", "{", "[" * 100_000, "9" * 10_000, "null", "[]", '{"pull_request": 1}']
)
def test_an_event_that_cannot_be_read_leaves_what_variables_say(text):
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": "event", "GITHUB_SHA": "a" * 40}

    context = ci.context(env, lambda _: text, lambda *_: None)

    assert (context.provider, context.sha) == ("github", "a" * 40)


def test_the_merge_commit_of_a_pull_request_is_not_taken_for_its_head():
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_SHA": "a" * 40}

    context = ci.context(env, lambda _: None, lambda *_: None)

    assert context.sha is None


def test_the_message_of_another_commit_is_not_taken():
    event = {"head_commit": {"id": "b" * 40, "message": "another"}}
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": "event", "GITHUB_SHA": "a" * 40}

    context = ci.context(env, lambda _: json.dumps(event), lambda *_: None)

    assert context.message is None


@pytest.mark.parametrize("variable", ["GITHUB_SHA", "CI_COMMIT_SHA", "CIRCLE_SHA1"])
def test_the_zeros_of_a_deleted_ref_are_no_sha(variable):
    provider = {"GITHUB_SHA": "github", "CI_COMMIT_SHA": "gitlab", "CIRCLE_SHA1": "circleci"}
    env = {"DEVLAKE_CI": provider[variable], variable: "0" * 40}

    assert ci.context(env, lambda _: None, lambda *_: None).sha is None


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("refs/heads/main", "main"),
        ("refs/heads/feature/a", "feature/a"),
        ("refs/tags/v1", "v1"),
        ("origin/main", "main"),
        ("refs/remotes/origin/main", "main"),
        ("refs/pull/7/merge", "refs/pull/7/merge"),
        ("refs/heads/", None),
    ],
)
def test_a_ref_is_a_bare_name(written, bare):
    env = {"CIRCLECI": "true", "CIRCLE_BRANCH": written}

    assert ci.context(env, lambda _: None, lambda *_: None).ref == bare


@pytest.mark.parametrize("time", ["2026-03-02T10:00:00", "0001-01-01T00:00:00+01:00", "today"])
def test_a_time_without_a_zone_or_out_of_range_is_none(time):
    env = {"GITLAB_CI": "true", "CI_JOB_STARTED_AT": time}

    assert ci.context(env, lambda _: None, lambda *_: None).started_at is None


@pytest.mark.parametrize("token", ["a", "a.b.c", "a.e30.c", "a.W10.c", "a.eyJpYXQiOiAxZTk5OX0.c"])
def test_an_odd_oidc_token_says_nothing(token):
    env = {"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN": token}

    context = ci.context(env, lambda _: None, lambda *_: None)

    assert (context.repo_url, context.started_at) == (None, None)


def test_the_first_version_of_the_oidc_token_is_read_too():
    env = RECORDED["circleci-github-app"]["env"] | {"CIRCLE_OIDC_TOKEN_V2": ""}

    context = ci.context(env, lambda _: None, lambda *_: None)

    assert context.repo_url == "https://github.com/acme/shop"
    assert context.sources["repo_url"] == "CIRCLE_OIDC_TOKEN (vcs-origin)"


@pytest.mark.parametrize(
    "variable",
    [
        {"CI_PIPELINE_SOURCE": "merge_request_event"},
        {"CI_PIPELINE_SOURCE": "external_pull_request_event"},
        {"CI_MERGE_REQUEST_IID": "3"},
        {"CI_EXTERNAL_PULL_REQUEST_IID": "9"},
    ],
)
def test_each_sign_of_a_merge_request_is_enough(variable):
    context = ci.context({"GITLAB_CI": "true"} | variable, lambda _: None, lambda *_: None)

    assert context.pull_request == "it runs for a merge request"


@pytest.mark.parametrize(("action", "uses"), [("start", False), ("prepare", True),
                                                ("verify", True), ("access", True)])  # fmt: skip
def test_gitlab_deploys_nothing_where_a_job_only_uses_its_environment(action, uses):
    env = {"GITLAB_CI": "true", "CI_ENVIRONMENT_ACTION": action}

    context = ci.context(env, lambda _: None, lambda *_: None)

    assert (context.stops, bool(context.no_deployment)) == (None, uses)


def test_an_environment_without_a_name_is_stopped_all_the_same():
    env = {"GITLAB_CI": "true", "CI_ENVIRONMENT_ACTION": "stop"}

    context = ci.context(env, lambda _: None, lambda *_: None)

    assert context.stops == "it stops the environment"


@pytest.mark.parametrize(
    ("line", "url"),
    [
        (r"vcsroot.url=https\://git.example/a/b", "https://git.example/a/b"),
        (r"vcsroot.url = https\://git.example/\u0061/b", "https://git.example/a/b"),
        (r"vcsroot.url:https\://git.example/a\=b/c", "https://git.example/a=b/c"),
        (r"#vcsroot.url=https\://git.example/a/b", None),
        (r"vcsroot.url", None),
        (r"vcsroot.url=\uD800", None),
    ],
)
def test_teamcitys_properties_are_read_as_java_writes_them(line, url):
    env = {"TEAMCITY_VERSION": "2025.11", "TEAMCITY_BUILD_PROPERTIES_FILE": "build"}

    context = ci.context(env, {"build": f"!\n{line}\n"}.get, lambda *_: None)

    assert context.repo_url == url


@pytest.mark.parametrize("name", ["BUILDKITE_COMMIT", "CODEBUILD_RESOLVED_SOURCE_VERSION"])
def test_a_name_of_a_commit_is_left_to_git(name):
    env = {"BUILDKITE_COMMIT": "buildkite", "CODEBUILD_RESOLVED_SOURCE_VERSION": "codebuild"}
    said = {("rev-parse", "HEAD"): "a" * 40}

    context = ci.context(
        {"DEVLAKE_CI": env[name], name: "HEAD"}, lambda _: None, lambda *words: said.get(words)
    )

    assert (context.sha, context.sources["sha"]) == ("a" * 40, "git rev-parse HEAD")
