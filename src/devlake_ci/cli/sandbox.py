"""`devlake-ci sandbox`: a stand-in DevLake on this machine."""

import sqlite3

import click

from devlake_ci.cli.printing import say
from devlake_ci.errors import BadUsageError, reason
from devlake_ci.text import line
from devlake_sandbox import RELEASED, VERSIONS, Sandbox


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="The port to listen on; 0 takes any that is free.",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. Whoever can reach it can read and write everything.",
)
@click.option(
    "--as",
    "version",
    type=click.Choice(VERSIONS),
    default=RELEASED,
    show_default=True,
    help="The version of DevLake to stand in for.",
)
@click.option(
    "--store",
    metavar="FILE",
    default=":memory:",
    help="Keep what arrives in this SQLite file. Default: in memory.",
)
@click.option("--empty", is_flag=True, help="Start without a connection, a project and an API key.")
def sandbox(port: int, host: str, version: str, store: str, empty: bool) -> None:
    """Run a stand-in DevLake on this machine: the routes and answers of the real one's webhook.

    A page at / shows what arrived and what DevLake's dashboards make of it.
    """
    try:
        server = Sandbox(version=version, store=store, port=port, empty=empty, host=host)
    except OSError as error:
        raise BadUsageError(
            f"Port {port} of {line(host)} can't be used: {reason(error)}.",
            "Choose another --port or --host.",
        ) from None
    except sqlite3.Error as error:
        raise BadUsageError(
            f"--store {line(store)} can't be used: {error}.", "Choose another file."
        ) from None
    say(f"A stand-in for DevLake {version}; look at {server.url}\n")
    if server.connection_url:
        say(f"export DEVLAKE_URL={server.connection_url}")
        say(f"export DEVLAKE_TOKEN={server.token}")
        say("export DEVLAKE_REFRESH=1\n")
    say("# Another project, with a connection and a key of its own:")
    say(f"# env -u DEVLAKE_TOKEN devlake-ci setup --url {server.url}/api --project cart")
    server.serve_forever()
