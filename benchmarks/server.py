"""A server that answers every request as DevLake answers what it stored, at once.

Prints its port, then answers until it is ended. What it costs is the same for all that is compared.
"""

from devlake_ci.sandbox.answers import Answer, success
from devlake_ci.sandbox.request import Request
from devlake_ci.sandbox.server import Server


def stored(_: Request) -> Answer:
    """Answer without looking."""
    return success()


if __name__ == "__main__":
    server = Server("127.0.0.1", 0, stored)
    print(server.port, flush=True)
    server.serve_forever()
