"""What GitHub and GitLab are asked over HTTP, and what is made of their answers."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import responses

from devlake_ci import ci
from devlake_ci.ci import PLAIN, github, gitlab
from devlake_ci.cli.session import Session
from devlake_ci.devlake.request import NotSentError
from devlake_ci.options import Options

SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
GITHUB = {
    "GITHUB_API_URL": "https://ghe.example.com/api/v3/",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "42",
    "GITHUB_RUN_ATTEMPT": "1",
    "DEVLAKE_GITHUB_TOKEN": "t0ken",
    "DEVLAKE_CHECK_RUN_ID": "77",
}
GITLAB = {"CI_API_V4_URL": "https://gitlab.example.com/api/v4/", "CI_PROJECT_ID": "5"}
GITLAB_PROJECT = "https://gitlab.example.com/api/v4/projects/5"
REPO = "https://ghe.example.com/api/v3/repos/acme/shop"
RUN = {"created_at": "2026-03-02T08:00:00Z", "run_started_at": "2026-03-02T09:00:00Z"}
JOB = {"created_at": "2026-03-02T08:01:00Z", "started_at": "2026-03-02T08:02:00Z"}


@pytest.fixture
def api():
    """Let `api.get(url, json=...)` say what is answered; whatever else is asked is not reached."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def ask(make_runtime, api):  # noqa: ARG001 (whatever is asked, it is asked there)
    return Session(make_runtime({}), Options()).ask


def asked(api):
    return [call.request.url for call in api.calls]


def at(hour, minute):
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC)


def test_github_says_when_run_and_job_began(api, ask):
    api.get(f"{REPO}/actions/runs/42/attempts/1", json=RUN)
    api.get(f"{REPO}/actions/jobs/77", json=JOB)

    assert github.times(GITHUB, ask) == (at(8, 0), at(8, 2))


def test_a_re_run_began_when_it_was_started_again(api, ask):
    api.get(f"{REPO}/actions/runs/42/attempts/2", json=RUN)

    assert github.times(GITHUB | {"GITHUB_RUN_ATTEMPT": "2"}, ask) == (at(9, 0), None)


def test_the_token_is_sent_as_bearer(api, ask):
    github.times(GITHUB, ask)

    assert len(api.calls) == 2
    for call in api.calls:
        assert call.request.headers["Accept"] == "application/vnd.github+json"
        assert call.request.headers["X-GitHub-Api-Version"] == "2022-11-28"
        assert call.request.headers["Authorization"] == "Bearer t0ken"


def test_a_job_whose_id_is_not_known_is_not_asked_for(api, ask):
    github.times(GITHUB | {"DEVLAKE_CHECK_RUN_ID": "", "GITHUB_RUN_ATTEMPT": ""}, ask)

    assert asked(api) == [f"{REPO}/actions/runs/42/attempts/1"]


@pytest.mark.parametrize("missing", ["DEVLAKE_GITHUB_TOKEN", "GITHUB_API_URL", "GITHUB_REPOSITORY"])
def test_github_is_not_asked_for_times_without(api, ask, missing):
    assert github.times(GITHUB | {missing: ""}, ask) == (None, None)
    assert asked(api) == []


@pytest.mark.parametrize(
    "odd", [None, [], "x", 7, {"created_at": 1}, {"created_at": "soon", "started_at": {}}]
)
def test_odd_times_are_none(api, ask, odd):
    api.get(f"{REPO}/actions/runs/42/attempts/1", json=odd)
    api.get(f"{REPO}/actions/jobs/77", json=odd)

    assert github.times(GITHUB, ask) == (None, None)


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        ("v1.2.3", "v1.2.3"),
        ("feature/a b", "feature%2Fa%20b"),
        ("refs/tags/v1", "tags%2Fv1"),
        ("../../user", "..%2F..%2Fuser"),
        (" 6dcb09b ", "6dcb09b"),
    ],
)
def test_github_resolves_a_name(api, ask, ref, path):
    api.get(f"{REPO}/commits/{path}", json={"sha": SHA})

    assert github.resolve(ref, GITHUB, ask) == SHA


def test_github_resolves_without_a_token(api, ask):
    api.get(f"{REPO}/commits/main", json={"sha": SHA})

    assert github.resolve("main", GITHUB | {"DEVLAKE_GITHUB_TOKEN": ""}, ask) == SHA
    assert "Authorization" not in api.calls[0].request.headers


@pytest.mark.parametrize(
    ("token", "header"),
    [
        ({"CI_JOB_TOKEN": "job"}, {"JOB-TOKEN": "job"}),
        ({"CI_JOB_TOKEN": "job", "DEVLAKE_GITLAB_TOKEN": "own"}, {"PRIVATE-TOKEN": "own"}),
        ({}, {}),
    ],
)
def test_gitlab_resolves_a_name_with_the_token_there_is(api, ask, token, header):
    url = "https://gitlab.example.com/api/v4/projects/5/repository/commits/feature%2Fa"
    api.get(url, json={"id": SHA})

    assert gitlab.resolve("feature/a", GITLAB | token, ask) == SHA
    sent = {name: text for name, text in api.calls[0].request.headers.items() if "TOKEN" in name}
    assert sent == header


@pytest.mark.parametrize("missing", ["CI_API_V4_URL", "CI_PROJECT_ID"])
def test_gitlab_is_not_asked_without(api, ask, missing):
    assert gitlab.resolve("main", GITLAB | {missing: ""}, ask) is None
    assert asked(api) == []


@pytest.mark.parametrize("odd", [None, [], {}, {"sha": 1, "id": 1}, {"sha": "main", "id": "main"}])
@pytest.mark.parametrize(("provider", "env"), [(github, GITHUB), (gitlab, GITLAB)])
def test_an_answer_that_is_no_whole_sha_resolves_nothing(api, ask, provider, env, odd):
    for url in (f"{REPO}/commits/main", f"{GITLAB_PROJECT}/repository/commits/main"):
        api.get(url, json=odd)

    assert provider.resolve("main", env, ask) is None


@pytest.mark.parametrize("provider", [*map(ci.load, ci.KNOWN), PLAIN])
def test_without_variables_no_api_is_asked(api, ask, provider):
    assert provider.times({}, ask) == (None, None)
    assert provider.resolve("main", {}, ask) is None
    assert asked(api) == []


def test_finding_out_may_take_half_of_the_deadline_and_sending_has_the_rest(make_runtime, ticking):
    session = Session(make_runtime({}), Options(deadline=60))

    ticking.seconds += 20
    early = session.time_left_to_ask(), session.time_left
    ticking.seconds += 15
    late = session.time_left_to_ask(), session.time_left

    assert (early, late) == ((10, 40), (0, 25))


def test_one_question_may_take_ten_seconds(make_runtime):
    asked = []

    class Slow:
        def get(self, _url, _headers, seconds):
            asked.append(seconds)
            raise NotSentError("no answer in time")

    runtime = replace(make_runtime({}), connect=lambda _: Slow())
    Session(runtime, Options(deadline=60)).ask("https://ci.example", {})

    assert asked == [10]
