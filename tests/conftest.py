"""What the tests run the program with."""

import threading

import pytest
from hypothesis import settings

from devlake_ci import runtime
from devlake_ci.cli import run
from devlake_ci.runtime import Runtime
from devlake_ci.runtime.spool import Spool
from tests.support import Ran, ScriptedServer, Ticking

# A machine that is busy elsewhere proves nothing wrong.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_addoption(parser):
    parser.addoption("--write-bodies", action="store_true", help="write tests/data/bodies anew")


@pytest.fixture
def server():
    """Run a server that answers `server.script` and keeps what it `received`."""
    with ScriptedServer() as scripted:
        thread = threading.Thread(target=scripted.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield scripted
        scripted.over.set()
        scripted.shutdown()
        thread.join()


@pytest.fixture
def ticking():
    """Give a clock that only moves when somebody sleeps."""
    return Ticking()


@pytest.fixture
def devlake_ci(capsys, ticking):
    """Run the program in this process: `devlake_ci("report", ..., env={...})`.

    The network, files and git are real; the clock stands at NOON and sleeping takes no time.
    """

    def ran(*arguments, env=None, git=lambda *_: None, spool=None):
        world = Runtime(
            env=dict(env or {}),
            clock=ticking.clock(),
            git=lambda *asked, **_: git(*asked),
            read_file=runtime.read_file,
            nonce=runtime.nonce,
            write=runtime.write,
            set_aside=runtime.set_aside,
            connect=runtime.connections,
            workspace=lambda left: runtime.workspace(env or {}, left),
            stop_at_signals=lambda: None,
            ignore_signals=lambda: None,
            spool=spool or Spool(),
        )
        capsys.readouterr()
        code = run(list(arguments), world)
        return Ran(code, *capsys.readouterr())

    return ran
