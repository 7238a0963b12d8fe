"""Listens, and gives each client a thread of its own."""

import socket
import sys
from contextlib import suppress
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

from devlake_sandbox.handler import Application, ApplicationServer, Handler

FAREWELL = 5
"""Seconds that closing waits for a client's thread."""


class Server(ThreadingHTTPServer, ApplicationServer):
    """Serves each connection in a thread of its own; closing ends them all. OSError: port taken."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, application: Application) -> None:
        """Bind the address; port 0 takes any that is free."""
        self.application = application
        self._open: dict[socket.socket, Thread] = {}
        super().__init__((host, port), Handler)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 as typeshed
        """Start a thread for a connection and remember both."""
        arguments = (request, client_address)
        thread = Thread(target=self.process_request_thread, args=arguments, daemon=True)
        self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 as typeshed
        """Close a connection and forget it."""
        super().shutdown_request(request)
        self._open.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 as typeshed
        """Say nothing of a client that hung up; a bug of ours still shows."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop listening and hang up on all clients."""
        super().server_close()
        for request, thread in list(self._open.items()):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
            thread.join(FAREWELL)
