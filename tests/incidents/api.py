"""What stand-ins for the APIs of CIs have in common."""

import json
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import responses


class Api(ThreadingHTTPServer):
    """Hands each GET to `answer`, which knows status and body."""

    daemon_threads = True

    def __init__(self, host="127.0.0.1"):
        super().__init__((host, 0), _Handler)
        self.host = host

    @property
    def url(self):
        return f"http://{self.host}:{self.server_address[1]}"

    @contextmanager
    def serving(self):
        thread = Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body go at once

    def do_GET(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, body = self.server.answer(self.path, headers)
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Stay quiet."""


@contextmanager
def mocked(url, answer):
    """Let `answer` know status and body of each GET below `url`; what is local is really asked."""

    def reply(request):
        target = urlsplit(request.url)
        path = f"{target.path}?{target.query}"
        status, body = answer(path, {name.lower(): text for name, text in request.headers.items()})
        return status, {"Content-Type": "application/json"}, json.dumps(body)

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_passthru("http://127.0.0.1")
        mock.add_callback(responses.GET, re.compile(f"{re.escape(url)}/.*"), reply)
        yield
