"""Many jobs that end at once, and a DevLake that can't take them all, or not all at first."""

import json
import random
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest
import requests

from devlake_ci import runtime
from devlake_ci.cli import invoke
from devlake_sandbox import Sandbox
from tests.support import PIPELINE, Ticking

JOBS = 50
PASSES = 8
"""Of so many requests one is let through."""


class _Gate(BaseHTTPRequestHandler):
    """Answers 429 to most, and hands the others on."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if next(self.server.numbers) % PASSES:
            self._send(429, b"slow down")
            return
        headers = {"Authorization": self.headers["Authorization"]}
        answer = requests.post(self.server.behind + self.path, body, headers=headers, timeout=10)
        self._send(answer.status_code, answer.content)

    def _send(self, status, content):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Stay quiet."""


@pytest.fixture
def devlake():
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def gate(devlake):
    class Gate(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 2 * JOBS

    with Gate(("127.0.0.1", 0), _Gate) as server:
        server.numbers, server.behind = count(1), devlake.url
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def at_once(work, number):
    threads = [threading.Thread(target=work, args=(each,)) for each in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_each_is_stored_or_kept_and_their_retries_spread_out(gate, devlake, tmp_path, capsys):
    clocks, codes = [Ticking() for _ in range(JOBS)], {}

    def report(number):
        ticking = clocks[number]
        env = PIPELINE | {
            "DEVLAKE_URL": gate, "DEVLAKE_TOKEN": devlake.token, "DEVLAKE_ID": f"job-{number}",
            "DEVLAKE_SPOOL": str(tmp_path), "DEVLAKE_DEADLINE": "30",
        }  # fmt: skip
        clock = replace(ticking.clock(), random=random.random)
        fake = replace(
            runtime.real_runtime(), env=env, clock=clock, git=lambda *_, **__: None,
            stop_at_signals=lambda: None, defer_signals=lambda: None,
        )  # fmt: skip
        codes[number] = invoke(["report"], fake)

    at_once(report, JOBS)
    capsys.readouterr()

    stored = {row["id"].rpartition(":")[2] for row in devlake.rows("cicd_deployments")}
    kept = {json.loads(path.read_text())["deployment"]["id"] for path in tmp_path.iterdir()}
    reported = {f"job-{number}" for number, code in codes.items() if code == 0}
    first = [clock.slept[0] for clock in clocks if clock.slept]
    # An answer that comes when time is up is not seen: that report is stored and kept.
    assert reported | kept == {f"job-{number}" for number in range(JOBS)}
    assert reported <= stored
    assert not reported & kept
    assert set(codes.values()) == {0, 5}
    assert len(set(first)) == len(first) > JOBS / 2
    assert all(clock.seconds < 30 for clock in clocks)


@pytest.fixture
def program(devlake, capsys):
    """Run the program in a thread of a test, against DevLake without keys, on a patient clock."""

    def ran(arguments, **env):
        env = {"DEVLAKE_URL": devlake.url, "DEVLAKE_DEADLINE": "60"} | env
        clock = replace(Ticking().clock(), random=random.random)
        fake = replace(
            runtime.real_runtime(), env=env, clock=clock, git=lambda *_, **__: None,
            stop_at_signals=lambda: None, defer_signals=lambda: None,
        )  # fmt: skip
        return invoke(arguments, fake)

    yield ran
    capsys.readouterr()


def test_32_first_reports_to_a_new_project_at_once_are_all_stored(devlake, program):
    dora = {"pluginName": "dora", "pluginOption": {}, "enable": True}
    project = {"name": "shop", "metrics": [dora], "enable": True}
    requests.post(f"{devlake.url}/projects", json=project, timeout=10).raise_for_status()
    devlake.hold_back(32)
    job = PIPELINE | {"DEVLAKE_TOKEN": "", "DEVLAKE_CONNECTION": "", "DEVLAKE_PROJECT": "shop"}
    codes = {}

    def report(number):
        codes[number] = program(["report"], **job | {"DEVLAKE_ID": f"job-{number}"})

    at_once(report, 32)

    assert set(codes.values()) == {0}
    assert len(devlake.rows("cicd_deployments")) == 32


def test_48_first_incidents_of_a_new_connection_at_once_are_all_stored(devlake, program):
    devlake.hold_back(48)
    codes = {}

    def opened(number):
        arguments = ["incident", "open", f"K{number}", "--title=x", "--connection=1"]
        codes[number] = program(arguments)

    at_once(opened, 48)

    assert set(codes.values()) == {0}
    assert len(devlake.rows("incidents")) == 48
