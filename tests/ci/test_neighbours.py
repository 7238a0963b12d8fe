"""Where the other repositories of a CI's server are."""

import pytest

from devlake_ci.ci import neighbours
from devlake_ci.model import Context

OWN = "https://git.example:8443/gitlab/acme/shop"


def context(provider, repo_url=OWN):
    return Context(provider=provider, repo_url=repo_url)


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
    assert neighbours.server(context(provider), env) == url


def test_without_a_ci_it_is_the_server_of_the_repository_that_is_given():
    nothing = context("plain", None)

    assert neighbours.server(nothing, {}) is None
    assert neighbours.server(nothing, {}, "git@h.example:a/b.git") == "https://h.example"


@pytest.mark.parametrize(
    ("provider", "server", "name"),
    [
        ("gitlab", "CI_SERVER_URL", "CI_PROJECT_ID"),
        ("github", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY"),
    ],
)
def test_the_api_is_asked_for_repositories_of_its_own_server_only(provider, server, name):
    env = {server: "https://git.example:8443/gitlab", name: "own"}

    def asked(repo_url):
        return neighbours.env_for(repo_url, context(provider), env)

    assert asked(OWN) is env
    assert asked("https://git.example:8443/gitlab/acme/a%20b")[name] == "acme/a b"
    for other in ("https://git.example:8443/gitlabx/a/b", "https://git.example/gitlab/a/b", ""):
        assert asked(other) is None


def test_a_ci_without_an_api_is_not_asked():
    assert neighbours.env_for("https://git.example:8443/a/b", context("circleci"), {}) is None
