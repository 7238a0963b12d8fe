"""What GitHub and GitLab are asked, and what is made of their answers."""

from datetime import UTC, datetime

import pytest

from devlake_ci import ci
from devlake_ci.ci import github, gitlab, plain
from devlake_ci.ci.provider import Reply

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
REPO = "https://ghe.example.com/api/v3/repos/acme/shop"
RUN = {"created_at": "2026-03-02T08:00:00Z", "run_started_at": "2026-03-02T09:00:00Z"}
JOB = {"created_at": "2026-03-02T08:01:00Z", "started_at": "2026-03-02T08:02:00Z"}


class Api:
    """Answers known URLs, and keeps what it was asked."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = {}

    def __call__(self, url, headers):
        self.asked[url] = headers
        body = self.answers.get(url)
        return Reply(200 if body is not None else 404, body)


def at(hour, minute):
    return datetime(2026, 3, 2, hour, minute, tzinfo=UTC)


def test_github_says_when_run_and_job_began():
    api = Api({f"{REPO}/actions/runs/42/attempts/1": RUN, f"{REPO}/actions/jobs/77": JOB})

    assert github.times(GITHUB, api) == (at(8, 0), at(8, 2))


def test_a_re_run_began_when_it_was_started_again():
    api = Api({f"{REPO}/actions/runs/42/attempts/2": RUN})

    assert github.times(GITHUB | {"GITHUB_RUN_ATTEMPT": "2"}, api) == (at(9, 0), None)


def test_the_token_is_sent_as_bearer():
    api = Api({})

    github.times(GITHUB, api)

    assert (
        list(api.asked.values())
        == [
            {
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "Authorization": "Bearer t0ken",
            }
        ]
        * 2
    )


def test_a_job_whose_id_is_not_known_is_not_asked_for():
    api = Api({})

    github.times(GITHUB | {"DEVLAKE_CHECK_RUN_ID": "", "GITHUB_RUN_ATTEMPT": ""}, api)

    assert list(api.asked) == [f"{REPO}/actions/runs/42/attempts/1"]


@pytest.mark.parametrize("missing", ["DEVLAKE_GITHUB_TOKEN", "GITHUB_API_URL", "GITHUB_REPOSITORY"])
def test_github_is_not_asked_for_times_without(missing):
    api = Api({})

    assert github.times(GITHUB | {missing: ""}, api) == (None, None)
    assert api.asked == {}


@pytest.mark.parametrize("odd", [None, [], "x", {"created_at": 1}, {"created_at": "soon"}])
def test_odd_times_are_none(odd):
    assert github.times(GITHUB, lambda *_: Reply(200, odd)) == (None, None)


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
def test_github_resolves_a_name(ref, path):
    api = Api({f"{REPO}/commits/{path}": {"sha": SHA}})

    assert github.resolve(ref, GITHUB, api) == SHA


def test_github_resolves_without_a_token():
    api = Api({f"{REPO}/commits/main": {"sha": SHA}})

    assert github.resolve("main", GITHUB | {"DEVLAKE_GITHUB_TOKEN": ""}, api) == SHA
    assert "Authorization" not in api.asked[f"{REPO}/commits/main"]


@pytest.mark.parametrize(
    ("token", "header"),
    [
        ({"CI_JOB_TOKEN": "job"}, {"JOB-TOKEN": "job"}),
        ({"CI_JOB_TOKEN": "job", "DEVLAKE_GITLAB_TOKEN": "own"}, {"PRIVATE-TOKEN": "own"}),
        ({}, {}),
    ],
)
def test_gitlab_resolves_a_name_with_the_token_there_is(token, header):
    url = "https://gitlab.example.com/api/v4/projects/5/repository/commits/feature%2Fa"
    api = Api({url: {"id": SHA}})

    assert gitlab.resolve("feature/a", GITLAB | token, api) == SHA
    assert api.asked[url] == header


@pytest.mark.parametrize("missing", ["CI_API_V4_URL", "CI_PROJECT_ID"])
def test_gitlab_is_not_asked_without(missing):
    api = Api({})

    assert gitlab.resolve("main", GITLAB | {missing: ""}, api) is None
    assert api.asked == {}


@pytest.mark.parametrize("odd", [None, [], {}, {"sha": 1, "id": 1}, {"sha": "main", "id": "main"}])
@pytest.mark.parametrize(("provider", "env"), [(github, GITHUB), (gitlab, GITLAB)])
def test_an_answer_that_is_no_whole_sha_resolves_nothing(provider, env, odd):
    assert provider.resolve("main", env, lambda *_: Reply(200, odd)) is None


@pytest.mark.parametrize("provider", [*ci.PROVIDERS, plain.PROVIDER])
def test_without_variables_nobody_is_asked(provider):
    api = Api({})

    assert provider.times({}, api) == (None, None)
    assert provider.resolve("main", {}, api) is None
    assert api.asked == {}
