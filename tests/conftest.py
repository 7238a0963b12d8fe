"""What the tests run the program with."""

import os
import signal
import ssl
import threading

import pytest
import trustme
from hypothesis import settings

from devlake_ci.cli import invoke
from devlake_ci.runtime import Runtime
from devlake_ci.runtime.spool import Spool
from tests.support import Ran, ScriptedServer, Ticking

# A machine that is busy elsewhere proves nothing wrong.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def pytest_addoption(parser):
    parser.addoption("--write-bodies", action="store_true", help="write tests/data/bodies anew")


@pytest.fixture(autouse=True, scope="session")
def _isolated():
    """Let no settings of this machine into git, and let Ada commit; give children their signals.

    A shell's background job ignores SIGINT and SIGQUIT, nohup SIGHUP; children inherit that.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            is_ctrl_c = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_ctrl_c else signal.SIG_DFL)
    with pytest.MonkeyPatch.context() as patch:
        # Or each program that a test starts compiles all of itself anew.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
            patch.setenv(name, os.devnull)
        for name in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{name}_NAME", "Ada")
            patch.setenv(f"GIT_{name}_EMAIL", "ada@example.com")
        yield


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
def authority(tmp_path):
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    made.issue_cert("ci@example.com").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "client.pem")
    )
    made.path, made.client = str(tmp_path / "ca.pem"), str(tmp_path / "client.pem")
    return made


@pytest.fixture
def secure(authority):
    """Run a server behind TLS; `secure("localhost")` has a certificate for that name."""
    running = []

    def serve(name, *, asks=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            authority.configure_trust(context)
        server = ScriptedServer()
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        running.append((server, thread))
        server.https = f"https://localhost:{server.server_address[1]}"
        return server

    yield serve
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def ticking():
    """Return a clock that only moves when somebody sleeps."""
    return Ticking()


@pytest.fixture
def make_runtime(ticking):
    """Make a runtime with these variables, whose clock stands at NOON and sleeping takes no time.

    The network and files are real, and git is asked nothing unless it is given.
    """

    def made(env, git=lambda *_: None, spool=None):
        return Runtime(
            env=dict(env),
            clock=ticking.clock(),
            git=lambda *asked, **_: git(*asked),
            stop_at_signals=lambda: None,
            ignore_signals=lambda: None,
            defer_signals=lambda: None,
            release_signals=lambda: None,
            spool=spool or Spool(),
        )

    return made


@pytest.fixture
def devlake_ci(capsys, make_runtime):
    """Run the program in this process: `devlake_ci("report", ..., env={...})`."""

    def ran(*arguments, env=None, git=lambda *_: None, spool=None):
        capsys.readouterr()
        code = invoke(list(arguments), make_runtime(env or {}, git, spool))
        return Ran(code, *capsys.readouterr())

    return ran
