"""As a test server: HTTP as it should be, quiet, bounded, and gone when it is over."""

import os
import signal
import socket
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
import requests

import devlake_sandbox
from devlake_sandbox import Sandbox

MIB = 1024 * 1024
HOOK = "/plugins/webhook/connections/1/deployments"
DATES = {"startedDate": "2026-03-01T10:01:00Z", "finishedDate": "2026-03-01T10:09:00Z"}


def deployment(name):
    commit = {"repoUrl": "https://github.com/acme/shop", "commitSha": "0" * 40, **DATES}
    return {"id": name, **DATES, "deploymentCommits": [commit]}


def connected(sandbox):
    return socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])))


def exchange(client, *lines, body=b""):
    """Send one request over an open connection and give its answer's status and body."""
    client.sendall("\r\n".join([*lines, "", ""]).encode() + body)
    answer = client.makefile("rb")
    status = int(answer.readline().split()[1])
    headers = dict(line.decode().strip().split(": ") for line in iter(answer.readline, b"\r\n"))
    return status, answer.read(int(headers.get("Content-Length", 0)))


def test_a_connection_serves_one_request_after_the_other_also_after_a_refusal(sandbox):
    body = b'{"left": "unread?"}'
    post = ("POST /nothing HTTP/1.1", "Host: x", f"Content-Length: {len(body)}")

    with connected(sandbox) as client:
        refused = exchange(client, *post, body=body)
        served = exchange(client, "GET /version HTTP/1.1", "Host: x")

    assert refused == (404, b"404 page not found")
    assert served == (200, b'{"version":"dev"}')


@pytest.mark.parametrize(
    ("length", "status"), [(8 * MIB, 500), (8 * MIB + 1, 413), (40 * MIB, 413)]
)
def test_a_body_of_more_than_8_mib_is_refused_so_that_the_client_sees_it(sandbox, length, status):
    post = (f"POST {HOOK} HTTP/1.1", "Host: x", f"Content-Length: {length}")

    with connected(sandbox) as client:
        answer, _ = exchange(client, *post, body=b"x" * length)

    assert answer == status


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Content-Length: many", 400),
        ("Content-Length: -1", 400),
        ("Content-Length: ²", 400),
        ("Transfer-Encoding: chunked", 411),
    ],
)
def test_a_body_without_a_proper_length_is_refused(sandbox, header, status):
    with connected(sandbox) as client:
        answer, _ = exchange(client, f"POST {HOOK} HTTP/1.1", "Host: x", header)

    assert answer == status
    assert sandbox.requests == []


def test_who_waits_for_100_continue_gets_it(sandbox):
    post = (f"POST {HOOK} HTTP/1.1", "Host: x", "Content-Length: 2", "Expect: 100-continue")

    with connected(sandbox) as client:
        client.settimeout(5)
        assert exchange(client, *post)[0] == 100
        assert exchange(client, body=b"{}")[0] == 400


@pytest.mark.parametrize("seconds_to_linger", [None, 0], ids=["closes", "resets"])
def test_a_client_that_hangs_up_in_the_middle_leaves_no_trace(client, capfd, seconds_to_linger):
    with Sandbox() as sandbox:
        other = connected(sandbox)
        if seconds_to_linger is not None:
            reset = struct.pack("ii", 1, seconds_to_linger)
            other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        exchange(other, "GET /ping HTTP/1.1", "Host: x")
        other.sendall(f"POST {HOOK} HTTP/1.1\r\nContent-Length: 99\r\n\r\n{{".encode())
        other.close()

        assert client.get(f"{sandbox.url}/version").ok
        assert [one["path"] for one in sandbox.requests] == ["/ping", "/version"]
    assert capfd.readouterr() == ("", "")


def test_a_path_with_a_last_slash_is_pointed_to_the_one_without(sandbox, client):
    options = {"allow_redirects": False}

    post = client.post(f"{sandbox.url}{HOOK}/?x=1", json={}, **options)
    get = client.get(f"{sandbox.url}/version/", **options)

    assert (post.status_code, post.headers["Location"]) == (307, f"{HOOK}?x=1")
    assert (get.status_code, get.headers["Location"]) == (301, "/version")


def posted_alone(sandbox, name):
    with requests.Session() as session:
        return session.post(sandbox.url + HOOK, json=deployment(name)).status_code


def test_reports_at_the_same_time_are_all_stored(sandbox):
    names = [f"deploy-{number}" for number in range(60)]

    with ThreadPoolExecutor(12) as pool:
        statuses = set(pool.map(partial(posted_alone, sandbox), names))

    assert statuses == {200}
    assert sorted(row["id"] for row in sandbox.rows("cicd_deployments")) == sorted(names)
    assert len(sandbox.requests) == len(names)


def test_nothing_is_left_of_it_afterwards_though_a_client_is_still_there():
    before = set(threading.enumerate())

    with Sandbox() as sandbox:
        client = connected(sandbox)
        exchange(client, "GET /version HTTP/1.1", "Host: x")

    assert client.recv(1) == b""
    client.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(ConnectionRefusedError):
        connected(sandbox)


def test_it_listens_on_this_machine_only_unless_told_otherwise():
    with Sandbox() as here, Sandbox(host="0.0.0.0") as everywhere:  # noqa: S104 the point
        assert here.url.startswith("http://127.0.0.1:")
        assert everywhere.url.startswith("http://0.0.0.0:")


def test_ctrl_c_ends_it_without_a_word(client):
    program = "from devlake_sandbox import Sandbox as S; s = S(); print(s.url); s.serve_forever()"
    source = str(Path(devlake_sandbox.__file__).parents[2])
    command = [sys.executable, "-u", "-c", program]

    with Popen(
        command, stdout=PIPE, stderr=PIPE, text=True, env={**os.environ, "PYTHONPATH": source}
    ) as process:
        url = process.stdout.readline().strip()
        client.get(f"{url}/version")
        process.send_signal(signal.SIGINT)

        assert process.communicate() == ("", "")
        assert process.returncode == 0
