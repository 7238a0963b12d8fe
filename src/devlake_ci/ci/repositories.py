"""Other repositories than the job's own: where they are, and whose API says what a name means.

A token goes to the server that it is for, and to no other: the CI's own, or github.com and
gitlab.com. Where a repository is may be read from a file that anybody can commit.
"""

from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from devlake_ci.ci import github, gitlab
from devlake_ci.ci.facts import value
from devlake_ci.ci.provider import Ask, Env
from devlake_ci.commits.repo_url import canonical
from devlake_ci.model import Context

_SERVER = {"github": "GITHUB_SERVER_URL", "gitlab": "CI_SERVER_URL"}
_ANY = "/owner/name"
_PUBLIC: Mapping[str, tuple[str, str, Env]] = {
    "github": (
        "https://github.com/",
        "GITHUB_REPOSITORY",
        {"GITHUB_API_URL": "https://api.github.com"},
    ),
    "gitlab": (
        "https://gitlab.com/",
        "CI_PROJECT_ID",
        {"CI_API_V4_URL": "https://gitlab.com/api/v4"},
    ),
}
"""Of each: its address, the variable that names a repository there, and its API's address."""


def server(context: Context, env: Env, repo_url: str | None = None) -> str | None:
    """Return the URL below which the CI's repositories are, or else `repo_url`; None if unknown."""
    said = value(env, _SERVER[context.provider]) if context.provider in _SERVER else None
    if said and (url := canonical(said.rstrip("/") + _ANY)):
        return url.removesuffix(_ANY)
    own = context.repo_url or canonical(repo_url or "")
    if not own:
        return None
    parts = urlsplit(own)
    return f"{parts.scheme}://{parts.netloc}"


def host(repo_url: str, context: Context, env: Env) -> tuple[str, Env] | None:
    """Return `github` or `gitlab` and the variables with which it is asked about a repository.

    That is the CI's own server, or with a token GitHub or GitLab. None if there is neither.
    """
    kind = context.provider if context.provider in _SERVER else None
    if kind and repo_url == context.repo_url:
        return kind, env
    base = server(context, env)
    if kind and base and repo_url.startswith(base + "/"):
        path = unquote(repo_url.removeprefix(base + "/"))
        # GitLab takes a path for the number: https://docs.gitlab.com/api/rest/#namespaced-paths
        return kind, {**env, "GITHUB_REPOSITORY": path, "CI_PROJECT_ID": path}
    return _public(repo_url, env)


def resolver(
    repo_url: str, context: Context, env: Env, ask: Ask
) -> Callable[[str], str | None] | None:
    """Return what asks the API of a repository's `host` for the whole SHA of a name, if any."""
    if not (found := host(repo_url, context, env)):
        return None
    kind, there = found
    resolve = {"github": github.resolve, "gitlab": gitlab.resolve}[kind]
    return lambda name: resolve(name, there, ask)


def _public(repo_url: str, env: Env) -> tuple[str, Env] | None:
    # In a job of another server (GitHub Enterprise, Gitea, own GitLab) a token is that server's.
    for kind, (public, place, api) in _PUBLIC.items():
        own, name = value(env, _SERVER[kind]) or public, f"DEVLAKE_{kind.upper()}_TOKEN"
        token = value(env, name)
        if token and repo_url.startswith(public) and own.rstrip("/") + "/" == public:
            return kind, {**api, place: unquote(repo_url.removeprefix(public)), name: token}
    return None
