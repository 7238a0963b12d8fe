"""A hundred replays of one spool, two at a time, each killed where it stands."""

import json
import signal
import subprocess
import sys
from collections import defaultdict
from datetime import timedelta

import pytest

from devlake_ci.devlake.address import report_target
from devlake_ci.devlake.spool import serialize, stem
from devlake_ci.model import Incident
from devlake_ci.options import Options
from devlake_ci.runtime.spool import Spool
from tests.support import NOON

ROUNDS, KEYS, STATES = 100, 20, 4
PROGRAM = """
import os, random, signal, sys
from itertools import count
from pathlib import Path
import requests
from devlake_ci import cli, runtime
import devlake_ci.cli.replay
from devlake_ci.devlake.spool import parse
from devlake_ci.runtime.network import Connections
from devlake_ci.runtime.spool import Spool

random.seed(14)
parse(next(Path(sys.argv[1]).iterdir()).read_text())  # what that imports takes longer than a replay


def killed(function, steps, last):
    def counted(*given):
        if next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        done = function(*given)
        if next(steps) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return counted


def replay():
    last = random.randrange(5)
    if child := os.fork():
        return child
    steps = count()
    Connections.send = killed(Connections.send, steps, last)
    Spool.remove = killed(Spool.remove, steps, last)
    sys.stdout = sys.stderr = open(os.devnull, "w")
    os._exit(cli.invoke(["replay", sys.argv[1]], runtime.real_runtime()))


for _ in range(int(sys.argv[2])):
    children = [replay(), replay()]
    print(*[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""
"""Two replays at once, each killed before or after it sends or removes something."""


def states(key):
    """An incident that is opened, told again and closed: each state overwrites the one before."""
    for number in range(STATES):
        now = NOON + timedelta(minutes=number)
        yield Incident(
            key=key, title="x", original_status="failed", created_at=NOON, updated_at=now,
            resolved_at=now if number == STATES - 1 else None,
        )  # fmt: skip


@pytest.fixture
def spool(server, tmp_path):
    where = report_target(Options(url=server.url, connection="1"), {})
    for key in range(KEYS):
        for event in states(f"K{key}"):
            Spool().keep(str(tmp_path), stem(event, where), serialize(event, where, NOON))
    return tmp_path


def test_what_is_killed_at_any_moment_loses_nothing_and_undoes_nothing(server, spool, devlake_ci):
    env = {"DEVLAKE_URL": server.url}
    command = [sys.executable, "-c", PROGRAM, str(spool), str(ROUNDS)]

    killed = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    ended = devlake_ci("replay", str(spool), env=env)

    assert killed.stdout.split().count(str(-signal.SIGKILL)) > ROUNDS / 2
    assert (ended.code, list(spool.iterdir())) == (0, [])
    told = defaultdict(list)
    for each in filter(lambda received: received.body, server.received):  # not cut off before it
        told[each.body["issueKey"]].append(json.dumps(each.body, sort_keys=True))
    assert set(told) == {f"K{key}" for key in range(KEYS)}
    for bodies in told.values():
        in_order = list(dict.fromkeys(bodies))
        assert len(in_order) == STATES  # what was sent twice overwrites itself
        assert '"status": "DONE"' in bodies[-1]
        assert [json.loads(each)["updatedDate"] for each in in_order] == sorted(
            json.loads(each)["updatedDate"] for each in in_order
        )
