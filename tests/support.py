"""What tests are made of: a server that answers as it is told, and a clock that stands still."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from devlake_ci.clock import Clock
from devlake_ci.companion import FORWARDED

DATA = Path(__file__).parent / "data"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SHA = "015e3d3b480e417aede5a1293bd61de9b0fd051d"
PIPELINE = {
    "CIRCLECI": "true",
    "CIRCLE_SHA1": SHA,
    "CIRCLE_BRANCH": "main",
    "CIRCLE_REPOSITORY_URL": "git@github.com:acme/shop.git",
    "CIRCLE_WORKFLOW_ID": "w1",
    "CIRCLE_WORKFLOW_JOB_ID": "j1",
    "CIRCLE_JOB": "deploy",
    "DEVLAKE_CONNECTION": "1",
    "DEVLAKE_TOKEN": "s3cr3t",
    "DEVLAKE_ENVIRONMENT": "production",
    "DEVLAKE_RESULT": "success",
}
"""The variables of a job on CircleCI that deploys, and those of its report."""
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_SHA": SHA,
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_JOB": "deploy",
    "GITHUB_RUN_ID": "42",
    "GITHUB_RUN_ATTEMPT": "1",
}
"""The variables of a job on GitHub that a push to the default branch set off."""
STORED = {"code": 0, "success": True, "message": "success", "data": None}


@dataclass
class Reply:
    """What the scripted server answers to one request."""

    status: int = 200
    body: object = field(default_factory=lambda: STORED)
    headers: dict = field(default_factory=dict)

    def bytes(self):
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


CUT = object()
"""Instead of a Reply: hang up in the middle of an answer."""
SILENCE = object()
"""Instead of a Reply: accept the request and never answer."""


@dataclass
class Received:
    method: str
    path: str
    headers: dict
    body: object


class ScriptedServer(ThreadingHTTPServer):
    """Answers each request with the next reply of its script, and the last one for ever after.

    A reply may be a function of the request's body.
    """

    daemon_threads = True
    address = "127.0.0.1"

    def __init__(self):
        super().__init__((self.address, 0), _Handler)
        self.script = [Reply()]
        self.received = []
        self.connections = 0
        self.asked = threading.Event()
        self.over = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        """Clients that hang up are part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or the body waits 40 ms for the head to be acknowledged

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        body = json.loads(raw) if raw else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        server = self.server
        server.received.append(Received(self.command, self.path, headers, body))
        server.asked.set()
        reply = server.script.pop(0) if len(server.script) > 1 else server.script[0]
        if callable(reply):
            reply = reply(body)
        if reply is SILENCE:
            server.over.wait(30)
            self.close_connection = True
            return
        content = b"0123456789" if reply is CUT else reply.bytes()
        self.send_response(200 if reply is CUT else reply.status)
        given = {} if reply is CUT else reply.headers
        for name, value in ({"Content-Type": "application/json"} | given).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) + (100 if reply is CUT else 0)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = reply is CUT

    do_GET = do_POST  # noqa: N815 (http.server's name)

    def log_message(self, *args):
        """Stay quiet."""


def archive(program):
    """Return an archive as a release has it, with this script in place of the executable."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        entry = tarfile.TarInfo("devlake-ci/devlake-ci")
        entry.mode, entry.size = 0o755, len(program.encode())
        tar.addfile(entry, io.BytesIO(program.encode()))
    return made.getvalue()


class Ticking:
    """A clock that only moves when somebody sleeps, and remembers how long they did."""

    def __init__(self):
        self.now = NOON
        self.seconds = 0.0
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds

    def clock(self):
        return Clock(now=lambda: self.now, monotonic=lambda: self.seconds, sleep=self.sleep,
                     random=lambda: 1.0)  # fmt: skip


def git(folder, *arguments):
    """Run git in a folder, and give what it prints."""
    allow = ("-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main")
    command = ["git", *allow, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@dataclass
class Ran:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def shown(self):
        """All that a log shows: not what GitHub is told to hide in it."""
        told = (self.out + self.err).splitlines()
        return "\n".join(each for each in told if not each.startswith("::add-mask::"))


@contextmanager
def signals_restored():
    """Put back what a command that runs in this process changes."""
    handlers = {each: signal.getsignal(each) for each in (*FORWARDED, signal.SIGCHLD)}
    yield
    for each, handler in handlers.items():
        signal.signal(each, handler)
