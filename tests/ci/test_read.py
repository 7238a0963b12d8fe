"""Whatever the variables and the event hold, reading them stops no report."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci import ci
from devlake_ci.model import Context
from tests.ci.recorded import RECORDED

NAMES = sorted({name for record in RECORDED.values() for name in record["env"]} - {"DEVLAKE_CI"})
EVENTS = sorted(
    {record["env"].get("GITHUB_EVENT_NAME", "") for record in RECORDED.values()}
    | {"check_run", "check_suite", "delete", "issue_comment", "page_build", "status"}
)
TOP = st.sampled_from(
    [
        "pull_request",
        "workflow_run",
        "deployment",
        "deployment_status",
        "action",
        "sha",
        "issue",
        "check_run",
        "check_suite",
        "branches",
        "repository",
    ]
)
KEYS = st.sampled_from(
    [
        "head",
        "sha",
        "head_sha",
        "ref",
        "head_commit",
        "id",
        "state",
        "merged",
        "event",
        "name",
        "check_suite",
        "pull_requests",
        "html_url",
    ]
)
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

    context = ci.read_context(env, lambda _: json.dumps(event), lambda *_: None)

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

    context = ci.read_context(env, lambda _: text, lambda *_: None)

    assert (context.provider, context.sha) == ("github", "a" * 40)


def test_the_merge_commit_of_a_pull_request_is_not_taken_for_its_head():
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_SHA": "a" * 40}

    context = ci.read_context(env, lambda _: None, lambda *_: None)

    assert context.sha is None


def test_the_message_of_another_commit_is_not_taken():
    event = {"head_commit": {"id": "b" * 40, "message": "another"}}
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_PATH": "event", "GITHUB_SHA": "a" * 40}

    context = ci.read_context(env, lambda _: json.dumps(event), lambda *_: None)

    assert context.message is None


@pytest.mark.parametrize("variable", ["GITHUB_SHA", "CI_COMMIT_SHA", "CIRCLE_SHA1"])
def test_the_zeros_of_a_deleted_ref_are_no_sha(variable):
    provider = {"GITHUB_SHA": "github", "CI_COMMIT_SHA": "gitlab", "CIRCLE_SHA1": "circleci"}
    env = {"DEVLAKE_CI": provider[variable], variable: "0" * 40}

    assert ci.read_context(env, lambda _: None, lambda *_: None).sha is None


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

    assert ci.read_context(env, lambda _: None, lambda *_: None).ref == bare


@pytest.mark.parametrize("time", ["2026-03-02T10:00:00", "0001-01-01T00:00:00+01:00", "today"])
def test_a_time_without_a_zone_or_out_of_range_is_none(time):
    env = {"GITLAB_CI": "true", "CI_JOB_STARTED_AT": time}

    assert ci.read_context(env, lambda _: None, lambda *_: None).started_at is None


@pytest.mark.parametrize("token", ["a", "a.b.c", "a.e30.c", "a.W10.c", "a.eyJpYXQiOiAxZTk5OX0.c"])
def test_an_odd_oidc_token_says_nothing(token):
    env = {"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN": token}

    context = ci.read_context(env, lambda _: None, lambda *_: None)

    assert (context.repo_url, context.started_at) == (None, None)


def test_the_first_version_of_the_oidc_token_is_read_too():
    env = RECORDED["circleci-github-app"]["env"] | {"CIRCLE_OIDC_TOKEN_V2": ""}

    context = ci.read_context(env, lambda _: None, lambda *_: None)

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
    context = ci.read_context({"GITLAB_CI": "true"} | variable, lambda _: None, lambda *_: None)

    assert context.pull_request == "it runs for a merge request"


@pytest.mark.parametrize(("action", "uses"), [("start", False), ("prepare", True),
                                                ("verify", True), ("access", True)])  # fmt: skip
def test_gitlab_deploys_nothing_where_a_job_only_uses_its_environment(action, uses):
    env = {"GITLAB_CI": "true", "CI_ENVIRONMENT_ACTION": action}

    context = ci.read_context(env, lambda _: None, lambda *_: None)

    assert (context.stops, bool(context.no_deployment)) == (None, uses)


def test_an_environment_without_a_name_is_stopped_all_the_same():
    env = {"GITLAB_CI": "true", "CI_ENVIRONMENT_ACTION": "stop"}

    context = ci.read_context(env, lambda _: None, lambda *_: None)

    assert context.stops == "it stops the environment"


@pytest.mark.parametrize(
    ("written", "ref"),
    [
        ("origin/main", "main"),
        ("upstream/main", "main"),
        ("refs/remotes/upstream/main", "main"),
        ("origin/upstream/main", "upstream/main"),
        ("origin/origin/main", "origin/main"),
        ("feature/a", "feature/a"),
        ("detached", None),
    ],
)
def test_jenkinss_branch_has_no_remote_before_it_and_is_none_for_a_sha(written, ref):
    env = {"JENKINS_URL": "https://ci", "GIT_BRANCH": written}

    assert ci.read_context(env, lambda _: None, lambda *_: None).ref == ref


@pytest.mark.parametrize(
    "ref", ["refs/pull/7/merge", "refs/heads/gh-readonly-queue/main/pr-7-a", "origin/pr/7/head"]
)
@pytest.mark.parametrize(
    ("provider", "name"),
    [("azure", "BUILD_SOURCEBRANCH"), ("jenkins", "GIT_BRANCH"), ("teamcity", "vcsroot.branch"),
     ("buildkite", "BUILDKITE_BRANCH"), ("circleci", "CIRCLE_BRANCH")],
)  # fmt: skip
def test_on_any_ci_the_ref_of_a_pull_request_or_a_merge_queue_gives_it_away(provider, name, ref):
    context = ci.read_context({"DEVLAKE_CI": provider, name: ref}, lambda _: None, lambda *_: None)

    assert context.pull_request


@pytest.mark.parametrize("text", ["$(GIT_COMMIT)", " $(Build.SourceVersion) ", "<nil>", ""])
def test_a_macro_that_nothing_expanded_counts_as_not_set(text):
    env = {"TF_BUILD": "True", "BUILD_SOURCEVERSION": text}

    assert ci.read_context(env, lambda _: None, lambda *_: None).sha is None


@pytest.mark.parametrize(
    "name", ["HARNESS_STAGE_INDEX", "HARNESS_STEP_INDEX", "HARNESS_NODE_INDEX"]
)
def test_legs_of_a_matrix_differ_on_harness(name):
    env = {"DRONE": "true", "DRONE_STAGE_NUMBER": "1", "DRONE_BUILD_NUMBER": "7"}

    legs = [ci.read_context(env | {name: leg}, lambda _: None, lambda *_: None) for leg in "01"]

    assert legs[0].job_id != legs[1].job_id


def test_nodes_of_a_parallel_job_differ_on_circleci():
    env = {"CIRCLECI": "true", "CIRCLE_WORKFLOW_JOB_ID": "j1", "CIRCLE_NODE_TOTAL": "2"}

    nodes = [
        ci.read_context(env | {"CIRCLE_NODE_INDEX": node}, lambda _: None, lambda *_: None)
        for node in "01"
    ]

    assert [each.job_id for each in nodes] == ["j1-0", "j1-1"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:s3cr3t@ci.example.com/job/shop/7/", "https://ci.example.com/job/shop/7/"),
        ("https://ada:s3/cr3t@ci.example.com/job/7/", None),
        ("https://ci.example.com:8443/job/a@b/7/", "https://ci.example.com:8443/job/a@b/7/"),
    ],
)
def test_the_address_of_a_run_loses_its_login(url, shown):
    env = {"JENKINS_URL": "https://ci.example.com", "BUILD_URL": url}

    context = ci.read_context(env, lambda _: None, lambda *_: None)

    assert context.run_url == shown
    assert ("run_url" in context.sources) == (shown is not None)


def test_no_login_in_a_url_of_a_variable_is_shown():
    showing = []
    for name, record in RECORDED.items():
        for login in ("ada:s3cr3t", "s3cr3t", "ada:s3cr3t/s3cr3t"):
            urls = {key: text.replace("://", f"://{login}@") for key, text in record["env"].items()}
            if "s3cr3t" in repr(ci.read_context(urls, lambda _: None, lambda *_: None)):
                showing.append((name, login))

    assert showing == []


@pytest.mark.parametrize("name", ["gitea", "forgejo"])
def test_a_repository_is_where_the_server_says_not_where_its_runner_found_it(name):
    env = {"DEVLAKE_CI": name, "GITHUB_EVENT_PATH": "event", "GITHUB_RUN_NUMBER": "7",
           "GITHUB_SERVER_URL": "http://gitea:3000", "GITHUB_REPOSITORY": "acme/shop"}  # fmt: skip
    event = json.dumps({"repository": {"html_url": "https://git.example.com/acme/shop"}})

    context = ci.read_context(env, {"event": event}.get, lambda *_: None)

    assert context.repo_url == "https://git.example.com/acme/shop"
    assert context.run_url == "https://git.example.com/acme/shop/actions/runs/7"
    assert context.sources["repo_url"] == "event.repository.html_url"


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

    context = ci.read_context(env, {"build": f"!\n{line}\n"}.get, lambda *_: None)

    assert context.repo_url == url


@pytest.mark.parametrize("name", ["BUILDKITE_COMMIT", "CODEBUILD_RESOLVED_SOURCE_VERSION"])
def test_a_name_of_a_commit_is_left_to_git(name):
    env = {"BUILDKITE_COMMIT": "buildkite", "CODEBUILD_RESOLVED_SOURCE_VERSION": "codebuild"}
    said = {("rev-parse", "HEAD"): "a" * 40}

    context = ci.read_context(
        {"DEVLAKE_CI": env[name], name: "HEAD"}, lambda _: None, lambda *words: said.get(words)
    )

    assert (context.sha, context.sources["sha"]) == ("a" * 40, "git rev-parse HEAD")
