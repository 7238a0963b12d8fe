"""Speak HTTP/1.1: a thread for each client, requests read whole and bounded."""

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from threading import Thread
from typing import Any

from devlake_sandbox.answers import BAD_REQUEST, PLAIN, Answer
from devlake_sandbox.request import Request

LARGEST_BODY = 8 * 1024 * 1024
LARGEST_DRAINED = 8 * LARGEST_BODY
LENGTH_REQUIRED = 411
TOO_LARGE = 413
CHUNK = 64 * 1024
PATIENCE = 30
"""Seconds that a client may keep a connection open without saying anything."""

FAREWELL = 5
"""Seconds that closing waits for a client's thread."""

Application = Callable[[Request], Answer]


class ApplicationServer(BaseServer):
    """A server that knows what answers its requests."""

    application: Application


class Handler(BaseHTTPRequestHandler):
    """One client's connection."""

    server: ApplicationServer
    raw_requestline: bytes
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    wbufsize = -1  # Headers and body in one packet; two would wait for each other.
    disable_nagle_algorithm = True

    def version_string(self) -> str:
        """Return what the Server header says."""
        return "devlake-ci sandbox"

    def log_message(self, *_: object) -> None:
        """Log nothing: what arrived is on the page."""

    def handle_expect_100(self) -> bool:
        """Let the client go on: what we say is buffered."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def do_GET(self) -> None:
        """Answer any method: the routes know which there are."""
        body = self._body()
        if isinstance(body, Answer):
            self.close_connection = True
            self._send(body)
        elif body is not None:
            # Not self.path: http.server takes one of two leading slashes away.
            target = self.raw_requestline.split()[1].decode("latin-1")
            authorization = (self.headers.get("Authorization") or "").strip()
            text = body.decode(errors="replace")
            request = Request(self.command, target, authorization, text)
            self._send(self.server.application(request))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 the same

    def _body(self) -> bytes | Answer | None:
        """Read the body: an Answer if it can't be taken, None if the client left in the middle."""
        if self.headers.get("Transfer-Encoding"):
            return Answer(LENGTH_REQUIRED, "the sandbox needs a Content-Length", PLAIN)
        length = self.headers.get("Content-Length") or "0"
        if not (length.isascii() and length.isdigit()):
            return Answer(BAD_REQUEST, "400 Bad Request", PLAIN)
        if int(length) > LARGEST_BODY:
            self._drain(min(int(length), LARGEST_DRAINED))
            return Answer(TOO_LARGE, f"more than {LARGEST_BODY} bytes", PLAIN)
        body = self.rfile.read(int(length))
        self.close_connection |= len(body) < int(length)
        return None if len(body) < int(length) else body

    def _drain(self, length: int) -> None:
        """Read on: a client that is still sending doesn't see an answer."""
        while length > 0 and (read := len(self.rfile.read(min(CHUNK, length)))):
            length -= read

    def _send(self, answer: Answer) -> None:
        payload = answer.payload()
        self.send_response(answer.status)
        if answer.content_type:
            self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)


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
        """Ignore a client that hung up; a bug of ours still shows."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop listening and hang up on all clients."""
        super().server_close()
        for request, thread in list(self._open.items()):
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
            thread.join(FAREWELL)
