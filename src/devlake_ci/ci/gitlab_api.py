"""Reads a project through GitLab's API, and tells apart why it can't.

https://docs.gitlab.com/api/rest/
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from devlake_ci.ci.facts import value
from devlake_ci.ci.paging import PAGE, paged
from devlake_ci.ci.provider import Ask, Env, Reply
from devlake_ci.errors import MissingError
from devlake_ci.text import quoted

PAGES = 100
"""Pages that are read at most."""


class NotAllowedError(MissingError):
    """GitLab doesn't let this token see it, or says that there is no such thing."""


def get(env: Env, ask: Ask, path: str) -> Reply:
    """Ask for something of the pipeline's project; `path` is escaped, and may have a query."""
    api, project = value(env, "CI_API_V4_URL"), value(env, "CI_PROJECT_ID")
    if not (api and project):
        return Reply(None, message="CI_API_V4_URL or CI_PROJECT_ID is not set")
    url = f"{api.rstrip('/')}/projects/{quote(project, safe='')}/{path}"
    return ask(url, _headers(env))


def pages(env: Env, ask: Ask, path: str, **query: str) -> Iterator[dict[str, Any]]:
    """List what there is at a path, all pages of it; raises MissingError."""

    def page(number: int) -> list[Any]:
        things: list[Any] = _got(env, ask, page_path(path, number, **query), list)
        return things

    many = MissingError(f"GitLab has more than {PAGE * PAGES} {path}: that many are not read.")
    for things in paged(page, PAGES, many):
        yield from things


def page_path(path: str, number: int, **query: Any) -> str:  # noqa: ANN401 (text, or several)
    """Give the path of a list with the query for one of its pages."""
    asked = urlencode({**query, "per_page": PAGE, "page": number}, doseq=True)
    return f"{path}?{asked}"


def one(env: Env, ask: Ask, path: str) -> dict[str, Any]:
    """Give the thing at a path; raises MissingError."""
    thing: dict[str, Any] = _got(env, ask, path, dict)
    return thing


def _got(env: Env, ask: Ask, path: str, kind: type) -> Any:  # noqa: ANN401 (of that kind)
    reply = get(env, ask, path)
    if reply.status == 200 and isinstance(reply.body, kind):
        return reply.body
    asked = path.partition("?")[0]
    if reply.status is None:
        raise MissingError(
            f"GitLab was not reached for {asked} of the project: {reply.message or 'no answer'}.",
            "Run this job again. If it stays so, look at the way from the runner to GitLab.",
        )
    words = f": {quoted(reply.message)}" if reply.message else ""
    said = f"GitLab answered {reply.status} for {asked} of the project{words}."
    if reply.status not in (401, 403, 404):
        raise MissingError(said, "Run this job again.")
    raise NotAllowedError(
        said,
        "The job's own token may list a pipeline's jobs since GitLab 18.0. On an older one set "
        "a masked variable DEVLAKE_GITLAB_TOKEN: a project access token with read_api.",
    )


def _headers(env: Env) -> dict[str, str]:
    own, job = value(env, "DEVLAKE_GITLAB_TOKEN"), value(env, "CI_JOB_TOKEN")
    if own:
        return {"PRIVATE-TOKEN": own}
    return {"JOB-TOKEN": job} if job else {}
