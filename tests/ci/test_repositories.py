"""Where other repositories than the job's own are, and which API is asked about them."""

import pytest

from devlake_ci.ci import repositories
from devlake_ci.ci.provider import Reply
from devlake_ci.model import Context

OWN = "https://git.example:8443/gitlab/acme/shop"
SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e"


class Api:
    """Knows every name in every repository, and keeps what it was asked."""

    def __init__(self):
        self.asked = {}

    def __call__(self, url, headers):
        self.asked[url] = headers
        return Reply(200, {"sha": SHA, "id": SHA})


def context(provider, repo_url=OWN):
    return Context(provider=provider, repo_url=repo_url)


def asked(repo_url, provider, env, own=OWN):
    """Return the URL that is asked for the tag v1 of a repository, with its headers."""
    api = Api()
    resolve = repositories.resolver(repo_url, context(provider, own), env, api)
    assert resolve is None or resolve("v1") == SHA
    return api.asked


@pytest.mark.parametrize(
    ("provider", "env", "url"),
    [
        (
            "gitlab",
            {"CI_SERVER_URL": "https://git.example:8443/gitlab/"},
            OWN.removesuffix("/acme/shop"),
        ),
        ("github", {"GITHUB_SERVER_URL": "https://GHE.example"}, "https://ghe.example"),
        ("github", {"GITHUB_SERVER_URL": "nonsense"}, "https://git.example:8443"),
        ("circleci", {}, "https://git.example:8443"),
    ],
)
def test_the_server_is_what_the_ci_says_else_that_of_its_repository(provider, env, url):
    assert repositories.server(context(provider), env) == url


def test_without_a_ci_it_is_the_server_of_the_repository_that_is_given():
    nothing = context("plain", None)

    assert repositories.server(nothing, {}) is None
    assert repositories.server(nothing, {}, "git@h.example:a/b.git") == "https://h.example"


@pytest.mark.parametrize(
    ("provider", "env", "api"),
    [
        (
            "gitlab",
            {"CI_SERVER_URL": "https://git.example:8443/gitlab", "CI_API_V4_URL": "https://api",
             "CI_PROJECT_ID": "5"},
            ("https://api/projects/5/repository/commits/v1",
             "https://api/projects/acme%2Fa%20b/repository/commits/v1"),
        ),
        (
            "github",
            {"GITHUB_SERVER_URL": "https://git.example:8443/gitlab", "GITHUB_API_URL": "https://api",
             "GITHUB_REPOSITORY": "acme/shop"},
            ("https://api/repos/acme/shop/commits/v1", "https://api/repos/acme/a%20b/commits/v1"),
        ),
    ],
)  # fmt: skip
def test_the_cis_own_api_is_asked_for_repositories_of_its_own_server_only(provider, env, api):
    own, sibling = api

    assert list(asked(OWN, provider, env)) == [own]
    assert list(asked("https://git.example:8443/gitlab/acme/a%20b", provider, env)) == [sibling]
    for other in ("https://git.example:8443/gitlabx/a/b", "https://git.example/gitlab/a/b", ""):
        assert asked(other, provider, env) == {}


TOKENS = {"DEVLAKE_GITHUB_TOKEN": "ghp_1", "DEVLAKE_GITLAB_TOKEN": "glpat-1"}


@pytest.mark.parametrize("provider", ["jenkins", "plain", "circleci"])
def test_on_any_ci_a_token_opens_the_api_that_it_is_for(provider):
    on_github = asked("https://github.com/acme/shop", provider, TOKENS)
    on_gitlab = asked("https://gitlab.com/acme/team/shop", provider, TOKENS)

    assert on_github["https://api.github.com/repos/acme/shop/commits/v1"]["Authorization"] == (
        "Bearer ghp_1"
    )
    assert on_gitlab == {
        "https://gitlab.com/api/v4/projects/acme%2Fteam%2Fshop/repository/commits/v1": {
            "PRIVATE-TOKEN": "glpat-1"
        }
    }


def test_without_a_token_no_other_server_is_asked():
    for url in ("https://github.com/acme/shop", "https://gitlab.com/acme/shop"):
        assert asked(url, "jenkins", {}) == {}


@pytest.mark.parametrize(
    "url", ["https://github.com.evil.example/a/b", "https://gitlab.evil.example/a/b", OWN]
)
def test_no_token_goes_to_a_server_that_it_is_not_for(url):
    assert asked(url, "jenkins", TOKENS) == {}


@pytest.mark.parametrize(
    ("provider", "server", "url"),
    [
        ("github", {"GITHUB_SERVER_URL": "https://ghe.example"}, "https://github.com/a/b"),
        ("gitea", {"GITHUB_SERVER_URL": "https://git.example"}, "https://github.com/a/b"),
        ("gitlab", {"CI_SERVER_URL": "https://git.example"}, "https://gitlab.com/a/b"),
    ],
)
def test_the_token_of_another_server_stays_there(provider, server, url):
    assert asked(url, provider, TOKENS | server) == {}
