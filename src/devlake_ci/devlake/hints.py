"""What to do about each refusal: for the person who has to fix the pipeline or the DevLake."""

import re
from urllib.parse import unquote, urlsplit

from devlake_ci.devlake.address import Target
from devlake_ci.devlake.request import Answer
from devlake_ci.text import cut, line, redact

BASE = (
    "Check DevLake's address: behind the Config UI the API is below /api "
    "(https://devlake.example.com/api), on the lake server itself it is not."
)
MIGRATION = (
    "DevLake waits for somebody to confirm a database migration: open its Config UI and confirm, "
    "or call /proceed-db-migration."
)
PASSING = "Look at the state of the DevLake server; the same report may well pass later."
SPELLING = "The server uses the other spelling of the fields: set --dialect auto."
PROJECT = (
    "The first request just created the project's webhook connection, but the second is "
    "refused: open the project in DevLake and look at its webhooks."
)
PULL_REQUESTS = "DevLake takes pull requests since 1.0.3: update it, or leave --changes out."
_TOKEN = "Use the key that DevLake showed when the connection was created, or create a new one."  # noqa: S105
_NO_RECORD = r"^record not found[^\n]*\nconnections/"
_ENVIRONMENT = "DevLake takes PRODUCTION, STAGING, TESTING and DEVELOPMENT only."


def hint(status: int, said: str, target: Target) -> str:
    """Return what to do about a refusal with this status and message."""
    for code, pattern, text in _TABLE:
        # Which route it was for is part of what a pattern may look at.
        if status == code and re.search(pattern, f"{said}\n{target.route}/{target.kind}"):
            number = target.route.rpartition("/")[2]
            project = unquote(number).removesuffix("_deployments")
            return text.format(path=target.path, route=target.route, number=number, project=project)
    return "The same report is refused again: fix what the message says."


_TABLE = (
    (401, "token is missing", "Set DEVLAKE_TOKEN. If it is set, a proxy on the way took the "
     "Authorization header out."),
    (401, "not present or malformed", "DevLake wants an API key here (DEVLAKE_TOKEN), not a user "
     "and password; a proxy on the way may have replaced the Authorization header."),
    (401, "^unauthorized", "This DevLake has AUTH_ENABLED on, and then it refuses valid API keys, "
     "too (a fault of DevLake since June 2026). Set AUTH_ENABLED=false there and put a proxy with "
     "a login in front of it, or put such a login into the URL, without /rest and a token."),
    (401, "", "Something in front of DevLake asks for a login: pass what it needs with --header, "
     "or as a user in the URL."),
    (403, "api key is invalid", "This DevLake has no such API key. " + _TOKEN),
    (403, "expired", "The API key has expired: create a new one in DevLake."),
    (403, "doesn't match api key's scope[^\\n]*\\n.*/pull_requests$", "The API key is not allowed "
     "on {path}: use the key that DevLake made with the connection, or let devlake-ci setup make a "
     "new key. If a plugin collects the repository, DevLake has its pull requests already: leave "
     "--changes out."),
    (403, "doesn't match api key's scope", "The API key is not allowed on {path}. A "
     "key that DevLake made with a connection opens only /plugins/webhook/connections/NUMBER/. Set "
     "--connection to that NUMBER, or use a key whose allowed path matches this one."),
    (403, "", "Something in front of DevLake refuses the request: ask whoever runs it what "
     "it needs, and pass that with --header."),
    (404, "could not find project", "Create the project in DevLake first, or fix --project."),
    (404, r"^404 page not found[^\n]*\n.*/pull_requests$", PULL_REQUESTS),
    (404, rf"{_NO_RECORD}by-name/[^/]+_deployments/issues", "The project {project} has no webhook "
     "connection yet: DevLake creates it at the project's first deployment. Report a deployment "
     "first, or set --connection for the incident."),
    (404, rf"{_NO_RECORD}\d+/", "DevLake has no webhook connection number {number}: look its "
     "number up in the Config UI, under Connections, Webhooks. A re-created connection has a new "
     "number."),
    (404, "^record not found", "DevLake has no webhook connection like {route}: look for its "
     "number in the Config UI, under Connections, Webhooks."),
    (404, r"^404 page not found[^\n]*\nconnections/\d+/", "Every DevLake since 0.19 has this "
     "route, so the address is wrong. " + BASE),
    (404, "^404 page not found", "This DevLake has no route {path}: by name it takes deployments "
     "since 1.0.2, by project since 1.0.3. If the version is new enough, the address is wrong. "
     + BASE),
    (404, "", BASE),
    (407, "", "The proxy (HTTPS_PROXY) asks for a login: put it into the proxy's URL."),
    (413, "", "The report is too large for a proxy in front of DevLake."),
    (400, "invalid connectionId", "Set --connection to the number of a webhook connection."),
    (400, "'Environment'", _ENVIRONMENT),
    (500, "Data too long for column 'repo_url'", "A DevLake before 1.0 keeps 191 characters of a "
     "repository's URL: update DevLake, or set a shorter --repo-url that leads there, too."),
    (500, "Data too long", "A value is longer than DevLake's column for it, and that is a bug of "
     "devlake-ci: please report it with this message."),
)  # fmt: skip


def name_taken(target: Target) -> str:
    """Return what to do where another connection has the name of a project's own."""
    name = unquote(target.route.removeprefix("projects/"))
    return (
        f'DevLake has a webhook connection "{cut(line(name), 100)}_deployments" that is not in the '
        "project, so it can't make the project's own: add that connection to the project, or "
        "rename it, or report to it by --connection."
    )


def redirect(answer: Answer, target: Target) -> tuple[str, str]:
    """Return where a redirect pointed, without what may be secret in it; it is never followed."""
    try:
        to = urlsplit(answer.headers.get("location", ""))
        text = f"{to.scheme}://{to.hostname}{to.path}" if to.hostname else to.path
    except ValueError:
        text = "what is no URL"
    where = cut(line(redact(text, target.secrets)), 300)
    return (
        f"{target.base} redirects ({answer.status}) to {where or 'nowhere'}.",
        "A redirected report would arrive without its body, so it is not followed: "
        "use the address that it points to, or (a login page) what the proxy wants, by --header.",
    )


def page(answer: Answer, target: Target) -> tuple[str, str]:
    """Return that a web page came back where DevLake's API should be."""
    ui = "devlake" in answer.text.lower() or "config ui" in answer.text.lower()
    return (
        f"{target.url} answered {answer.status} with an HTML page: nothing was stored.",
        f"This is {'the' if ui else 'perhaps the'} Config UI or a login page, not DevLake's API: "
        + ("" if target.base.endswith("/api") else f"did you mean {target.base}/api ? Otherwise ")
        + "check the address and what a proxy in front of it wants.",
    )
