"""The page that shows what arrived and what DevLake makes of it."""

from devlake_sandbox import dora, record, runs, tables
from devlake_sandbox.answers import HTML, OK, Answer
from devlake_sandbox.page import deployments, numbers, projects, requests, timeline
from devlake_sandbox.page.markup import Markup, tag, text
from devlake_sandbox.page.refresh import HASH, SCRIPT
from devlake_sandbox.page.style import CSS
from devlake_sandbox.store import Store
from devlake_sandbox.versions import Version

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    f"script-src 'sha256-{HASH}'"
)
"""A second wall behind the escaping: a browser runs our own script alone, and loads nothing."""
NO_CONTENT = 204
# The empty icon keeps browsers from asking for /favicon.ico, which would count as refused.
HEAD = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    f'<title>DevLake sandbox</title><link rel="icon" href="data:,"><style>{CSS}</style>'
    f"<script>{SCRIPT}</script></head>"
)


def answer(
    version: Version, store: Store, query: str, connection_url: str | None, secret: str | None
) -> Answer:
    """Return the page as it is now, without `secret` even if it was sent as something else.

    With the `query` of a page that shows all this already, there is nothing to return.
    """
    changes = f"changes={store.changes()}"
    if query == changes:
        return Answer(NO_CONTENT, "", None)
    rows = store.all(tables.DEPLOYMENTS)
    found = dora.read_stored(store, version)
    received = record.all_received(store)
    body = tag(
        "body",
        _heading(version),
        *(
            (
                timeline.figure(rows, found.commits, found.incidents),
                numbers.section(dora.months(found)),
                deployments.section(rows, found),
            )
            if rows or found.incidents
            else (_how_to(connection_url),)
        ),
        projects.section(runs.all_projects(store)),
        requests.refused(received),
        requests.ignored(received),
        data_changes=changes.partition("=")[2],
    )
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    page = f"{HEAD}{body}</html>"
    return Answer(OK, page.replace(secret, text("<token>")) if secret else page, HTML, headers)


def _heading(version: Version) -> Markup:
    about = (
        f"Answers and stores as Apache DevLake {version} does. It refreshes by itself. "
        "All connections count as one project."
    )
    return tag("header", tag("h1", "DevLake sandbox"), tag("p", about, class_="faint"))


def _how_to(connection_url: str | None) -> Markup:
    """Show how to send something; the token is shown only where the sandbox was started."""
    base = (connection_url or "").partition("/rest/")[0]
    commands = [
        f"export DEVLAKE_URL={connection_url}",
        "export DEVLAKE_TOKEN=…   # printed where the sandbox was started",
        "devlake-ci report --environment production --result success",
        "",
        "# another project, with a connection and a key of its own:",
        f"env -u DEVLAKE_TOKEN devlake-ci setup --url {base} --project cart",
    ]
    if connection_url is None:
        commands = [
            "# make a connection; the answer has its API key",
            'curl --data \'{"name": "ci"}\' "$SANDBOX/plugins/webhook/connections"',
        ]
    return tag(
        "section",
        tag("h2", "Nothing has been stored yet"),
        tag(
            "article",
            tag("p", "In a git checkout:" if connection_url else "With this page's address:"),
            tag("pre", "\n".join(commands)),
        ),
    )
