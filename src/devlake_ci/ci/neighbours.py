"""Other repositories on the CI's own server: where they are, and how its API is asked for them."""

from urllib.parse import unquote, urlsplit

from devlake_ci.ci.facts import value
from devlake_ci.ci.provider import Env
from devlake_ci.commits.repo_url import canonical
from devlake_ci.model import Context

_SERVER = {"github": "GITHUB_SERVER_URL", "gitlab": "CI_SERVER_URL"}
_REPOSITORY = {"github": "GITHUB_REPOSITORY", "gitlab": "CI_PROJECT_ID"}
"""The variable that the API is asked with; GitLab takes a path for the number:
https://docs.gitlab.com/api/rest/#namespaced-paths"""
_ANY = "/owner/name"


def server(context: Context, env: Env, repo_url: str | None = None) -> str | None:
    """Give the URL below which the CI's repositories are; None if it isn't known.

    Where no CI says it, it is the server of `repo_url`.
    """
    said = value(env, _SERVER[context.provider]) if context.provider in _SERVER else None
    if said and (url := canonical(said.rstrip("/") + _ANY)):
        return url.removesuffix(_ANY)
    own = context.repo_url or canonical(repo_url or "")
    if not own:
        return None
    parts = urlsplit(own)
    return f"{parts.scheme}://{parts.netloc}"


def env_for(repo_url: str, context: Context, env: Env) -> Env | None:
    """Give the variables that a job of another repository would have; None if the API has none."""
    if repo_url == context.repo_url:
        return env
    base = server(context, env)
    if context.provider not in _REPOSITORY or not (base and repo_url.startswith(base + "/")):
        return None
    path = unquote(repo_url.removeprefix(base + "/"))
    return {**env, _REPOSITORY[context.provider]: path}
