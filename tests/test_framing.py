"""However a server frames its answers, none is taken for the answer to another request."""

import json
import re
import socket
import threading
from contextlib import suppress
from itertools import takewhile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devlake_ci.devlake.request import NotSentError, Request
from devlake_ci.options import Options
from devlake_ci.runtime.network import Connections

INFORMATIONAL = [100, 102, 103, 110, 199]
FINAL = [200, 201, 204, 304, 400, 404, 500, 503]


class Framing:
    """A server that answers request after request of a connection by `script(request's number)`."""

    def __init__(self):
        self.script = lambda _: b""
        self.connections = 0
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                connection.settimeout(20)
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, suppress(OSError), connection.makefile("rb") as requests:
            # The end of the connection, too, ends a head: readline returns b"" for ever then.
            lines = iter(requests.readline, b"")
            while head := b"".join(takewhile(lambda line: line != b"\r\n", lines)):
                size = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
                number = json.loads(requests.read(size))["number"]
                content = self.script(number)
                connection.sendall(content.removesuffix(b"<close>"))
                if content.endswith(b"<close>"):
                    return


@pytest.fixture(scope="module")
def framing():
    server = Framing()
    yield server
    server.socket.close()


def head(status, *fields):
    return "\r\n".join([f"HTTP/1.1 {status} X", *fields, "\r\n"]).encode()


def chunks(body, size=None):
    shown = f"{len(body):x}" if size is None else size
    return shown.encode() + b"\r\n" + body + b"\r\n0\r\n\r\n"


FRAMES = {
    "length": lambda status, body: head(status, f"Content-Length: {len(body)}") + body,
    "chunks": lambda status, body: head(status, "Transfer-Encoding: chunked") + chunks(body),
    "end": lambda status, body: head(status) + body + b"<close>",
    "both": lambda status, body: head(
        status, "Transfer-Encoding: chunked", "Content-Length: 3"
    ) + chunks(body),
    "two lengths": lambda status, body: head(
        status, f"Content-Length: {len(body)}", "Content-Length: 3"
    ) + body,
    "too short": lambda status, body: head(status, "Content-Length: 3") + body,
    "too long": lambda status, body: head(status, f"Content-Length: {len(body) + 3}")
    + body + b"<close>",
    "no number": lambda status, body: head(status, "Content-Length: +-_1") + body + b"<close>",
    "less than none": lambda status, body: head(status, "Content-Length: -1") + body + b"<close>",
    "other coding": lambda status, body: head(
        status, "Transfer-Encoding: identity, chunked", f"Content-Length: {len(body)}"
    ) + chunks(body),
    "chunk of -1": lambda status, body: head(status, "Transfer-Encoding: chunked")
    + chunks(body, "-1") + b"<close>",
    "chunk of nonsense": lambda status, body: head(status, "Transfer-Encoding: chunked")
    + chunks(body, "0x_g") + b"<close>",
    "twice": lambda status, body: (head(status, f"Content-Length: {len(body)}") + body) * 2,
}  # fmt: skip
ANSWERS = st.tuples(
    st.lists(st.sampled_from(INFORMATIONAL), max_size=3),
    st.sampled_from(FINAL),
    st.sampled_from(sorted(FRAMES)),
    st.booleans(),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ANSWERS, min_size=2, max_size=4))
def test_no_request_gets_the_answer_to_another(framing, answers):
    def script(number):
        informational, status, frame, has_fields = answers[number]
        fields = ["Link: </a>", "Content-Length: 7"] if has_fields else []
        before = b"".join(head(each, *fields) for each in informational)
        return before + FRAMES[frame](status, f'{{"answers": "<{number}>"}}'.encode())

    framing.script = script
    connections = Connections(Options(), {})

    for number, (_, status, _, _) in enumerate(answers):
        try:
            answer = connections.send(Request(framing.url, {"number": number}), 10)
        except NotSentError:
            continue
        assert answer.status == status
        assert set(re.findall("<.>", answer.text)) <= {f"<{number}>"}


@pytest.mark.parametrize("status", [102, 103])
def test_what_is_informational_is_skipped_and_its_connection_left(framing, status):
    framing.script = lambda _: head(status) + FRAMES["length"](200, b'{"success": true}')
    connections = Connections(Options(), {})
    before = framing.connections

    answers = [connections.send(Request(framing.url, {"number": 0}), 10) for _ in range(3)]

    assert [each.status for each in answers] == [200] * 3
    assert framing.connections == before + 3


@pytest.mark.parametrize("frame", ["length", "chunks"])
def test_a_connection_with_nothing_odd_is_used_again(framing, frame):
    framing.script = lambda _: head(100) + FRAMES[frame](200, b"{}")
    connections = Connections(Options(), {})
    before = framing.connections

    for _ in range(3):
        connections.send(Request(framing.url, {"number": 0}), 10)

    assert framing.connections == before + 1


def test_nobody_asked_for_another_protocol(framing):
    framing.script = lambda _: head(101, "Upgrade: x") + b"<close>"

    assert Connections(Options(), {}).send(Request(framing.url, {"number": 0}), 10).status == 101
