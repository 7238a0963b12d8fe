"""A command can't tell that `devlake-ci run` runs it: same bytes, same exit code, same signals."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import GITHUB

OURS = [sys.executable, "-m", "devlake_ci", "run", "--"]
ENV = {
    **GITHUB,
    "PATH": os.environ["PATH"],
    "DEVLAKE_URL": "http://127.0.0.1:9/plugins/webhook/connections/1/deployments",
    "DEVLAKE_ENVIRONMENT": "production",
    "DEVLAKE_DRY_RUN": "true",
    "ODD": "caf\udce9 \n=",
}
TALK = """
import sys
for n in range(10_000):
    print("line", n, flush=not n % 1000)
    print("error", n, file=sys.stderr)
"""


def sh(script, *arguments):
    return ["sh", "-c", script, "sh", *arguments]


def py(script, *arguments):
    return [sys.executable, "-I", "-c", script, *arguments]


CASES = {
    "succeeds": sh("exit 0"),
    "fails": sh("exit 1"),
    "fails with 77": sh("exit 77"),
    "fails with 125": sh("exit 125"),
    "says itself that it is not executable": sh("exit 126"),
    "says itself that it is not found": sh("exit 127"),
    "fails with 130, as a shell after Ctrl-C": sh("exit 130"),
    "fails with 255": sh("exit 255"),
    "is killed by SIGTERM": sh("echo out; kill -TERM $$"),
    "is killed by SIGKILL": sh("kill -KILL $$"),
    "is killed by SIGSEGV": sh("kill -SEGV $$"),
    "is stopped and continued": sh("(sleep 0.3; kill -CONT $$) & kill -STOP $$; echo went on"),
    "leaves children behind": sh("(sleep 0.3; echo late) & echo first"),
    "closes its streams": sh("echo out; exec <&- >&- 2>&-; exit 5"),
    "reads what it is told": sh("cat; wc -c"),
    "prints binary": py("import os; os.write(1, bytes(range(256)) * 40); os.write(2, b'\\0\\xff')"),
    "prints 10,000 lines at once": py(TALK),
    "shows all of its environment": ["env", "-0"],
    "is a shell's builtin and a program": ["echo", "-n", "hello"],
    "has words with spaces, quotes and newlines": sh(
        'printf "[%s]" "$@"', "a b", '"', "'", "", "\n", "$HOME", "*", "--", "-- x", "-h"),
    "has words that are not ASCII, nor even UTF-8": sh(
        'printf "[%s]" "$@"', "grün 🚀", "\udcff\udcfe"),
    "is a script without a first line that says by what": ["./plain"],
    "is a script that is looked for": ["there"],
    "is in this folder, and not looked for": ["./there"],
    "writes into a descriptor that it inherited": sh("echo three >&3"),
    "prints to whoever has read enough": sh("yes | head -n 2"),
    "wants no terminal": sh("test -t 0 || test -t 1 || echo none"),
    "is a run itself": [*OURS, *sh("echo inner; exit 9")],
    "ends with the umask, the folder and the limits that we have": sh("umask; pwd; ulimit -n"),
    "leaves signals as they are": py(
        "import signal as s; print([n for n in s.valid_signals() if s.getsignal(n) is s.SIG_IGN],"
        " s.pthread_sigmask(s.SIG_BLOCK, []))"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name, text in {"plain": "echo plain $1\n", "there": "#!/bin/sh\necho there\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def end(command, folder, env=ENV):
    """Run a command; return what it prints and, as a shell has it, its exit code."""
    told, reader = folder / "three", b"some \0 input\n"
    with told.open("wb") as three:
        ran = subprocess.run(
            command, input=reader, capture_output=True, check=False, cwd=folder,
            env={**env, "PATH": f"{env['PATH']}:{folder}"},
            pass_fds=[3], preexec_fn=lambda: os.dup2(three.fileno(), 3),
        )  # fmt: skip
    code = 128 - ran.returncode if ran.returncode < 0 else ran.returncode
    return ran.stdout + told.read_bytes(), ran.stderr, code


@pytest.mark.parametrize("command", CASES.values(), ids=CASES.keys())
def test_bytes_and_exit_code_are_the_command_s(command, folder):
    env = {name: text for name, text in ENV.items() if "//" not in text} | {"DEVLAKE_URL": "u"}

    bare, wrapped = end(["env", *command], folder, env), end([*OURS, *command], folder, env)

    assert (wrapped[0], wrapped[2]) == (bare[0], bare[2])
    assert wrapped[1].startswith(bare[1])


@pytest.mark.parametrize(("command", "code"), [
    (["no-such-program"], 127), (["./no-such-file"], 127), (["three/no-folder"], 127), ([""], 127),
    (["./data"], 126), (["./not-executable"], 126), (["./for-another-machine"], 126)])  # fmt: skip
def test_what_can_not_be_started_ends_as_in_a_shell(command, code, folder):
    (folder / "not-executable").write_text("#!/bin/sh\n")
    (folder / "data").mkdir()
    (folder / "for-another-machine").write_bytes(b"\x7fELF\x02\x01\x01\0")
    (folder / "for-another-machine").chmod(0o755)

    bare = end(sh('"$@"', *command), folder)
    out, errors, ours = end([*OURS, *command], folder)

    assert (out, ours) == (bare[0], bare[2]) == (b"", code)
    assert b"can't be started" in errors


def test_nothing_that_python_does_to_itself_is_seen_by_the_command(folder):
    for given in ({}, {"LC_ALL": "C"}, {"LANG": "C"}, {"LC_CTYPE": "C"}, {"LC_CTYPE": "C.UTF-8"}):
        env = {name: text for name, text in ENV.items() if name != "ODD"} | given

        assert end([*OURS, "env"], folder, env)[0] == end(["env"], folder, env)[0]


EVERY = """
import signal
from devlake_ci.child import Child
from os import environ
def end(script):
    return Child(["sh", "-c", script], environ).wait(may_be_cancelled=lambda code: False)
for code in range(256):
    assert end(f"exit {code}") == code, code
for each in signal.valid_signals() - {signal.SIGCHLD, signal.SIGCONT, signal.SIGSTOP,
        signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGURG, signal.SIGWINCH}:
    assert end(f"kill -{int(each)} $$; sleep 9") == 128 + each, each
"""


def test_every_exit_code_and_every_deadly_signal_is_told_as_it_is():
    ran = subprocess.run([sys.executable, "-c", EVERY], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")


COUNTING = """
import os, signal, sys, time
def count(number, frame):
    with open("signals", "a") as file:
        file.write(signal.Signals(number).name + " ")
for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):
    signal.signal(each, count)
open("ready", "w").close()
while not os.path.exists("enough"):
    time.sleep(0.01)
print("tty" if os.isatty(0) else "no tty")
sys.exit(4)
"""


def appears(path, text=""):
    """Wait for a file that has a text in it."""
    while not (path.exists() and text in path.read_text()):
        time.sleep(0.01)


def started(command, folder, env=ENV):
    return subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip


def ended(process, folder):
    """Let a counting command end; return its exit code and the signals that it got."""
    (folder / "enough").touch()
    process.communicate()
    return process.returncode, (folder / "signals").read_text().split()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1"])
def test_each_signal_is_forwarded_once_and_a_second_one_goes_through(name, folder):
    process = started([*OURS, *py(COUNTING)], folder)
    appears(folder / "ready")

    process.send_signal(getattr(signal, name))
    appears(folder / "signals", name)
    process.send_signal(getattr(signal, name))
    appears(folder / "signals", f"{name} {name}")

    assert ended(process, folder) == (4, [name, name])


def test_a_signal_to_our_whole_group_comes_once(folder):
    process = started([*OURS, *py(COUNTING)], folder)
    appears(folder / "ready")

    os.killpg(process.pid, signal.SIGTERM)
    appears(folder / "signals", "SIGTERM")

    assert ended(process, folder) == (4, ["SIGTERM"])


def test_what_the_command_started_is_told_to_end_too(folder):
    process = started([*OURS, *sh("touch ready; sleep 60; echo never")], folder)
    appears(folder / "ready")

    process.terminate()
    out, _ = process.communicate()  # which the sleep holds open

    assert (process.returncode, out) == (128 + signal.SIGTERM, b"")


@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["us", "our group"])
def test_a_command_does_not_outlive_us_if_we_are_killed(kill, folder):
    process = started([*OURS, *sh("trap '' TERM; touch ready; sleep 60; touch never")], folder)
    appears(folder / "ready")

    kill(process.pid, signal.SIGKILL)
    out, _ = process.communicate()  # which the command and its sleep hold open

    assert (process.returncode, out) == (-signal.SIGKILL, b"")


def test_a_ctrl_c_before_the_command_started_ends_us_without_a_word(folder):
    (folder / "git").write_text("#!/bin/sh\ntouch ready; sleep 60\n")
    (folder / "git").chmod(0o755)
    env = {**ENV, "PATH": f"{folder}:{ENV['PATH']}", "DEVLAKE_SHA": "HEAD"}
    process = started([*OURS, "touch", "never"], folder, env)
    appears(folder / "ready")

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()

    assert (process.returncode, errors) == (-signal.SIGINT, b"")
    assert not (folder / "never").exists()


@pytest.mark.parametrize("trap", ["", "trap '' PIPE;"], ids=["default", "ignored"])
def test_sigpipe_is_to_the_command_what_it_was_to_us(trap, folder):
    shell, show = sh(f'{trap} "$@"; true'), ["grep", "Sig[BIC]", "/proc/self/status"]

    bare, wrapped = end([*shell, *show], folder), end([*shell, *OURS, *show], folder)

    assert b"SigIgn" in bare[0]
    assert wrapped[0] == bare[0]


def test_a_signal_that_is_ignored_around_us_stays_ignored(folder):
    process = started(["nohup", *OURS, *sh("kill -HUP $$; echo alive")], folder)

    out, _ = process.communicate()

    assert (process.returncode, out) == (0, b"alive\n")


def on_terminal(command, folder, keys=()):
    """Run a command on a terminal of its own; return what it shows and its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, ENV)  # noqa: S606
    for act in keys:
        act(child, terminal)
    shown = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        shown += more
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_terminal_is_the_command_s(folder):
    command = py("import os, sys; print([os.isatty(n) for n in range(3)], os.ttyname(0) > '', "
                 "os.tcgetpgrp(0) == os.getpgrp(), input()); sys.exit(3)")  # fmt: skip
    keys = [lambda _, terminal: os.write(terminal, b"typed\n")]

    bare, wrapped = on_terminal(command, folder, keys), on_terminal([*OURS, *command], folder, keys)

    assert wrapped[0].startswith(bare[0])
    assert b"[True, True, True] True True typed" in bare[0]
    assert wrapped[1] == bare[1] == 3


@pytest.mark.parametrize(("send", "name"), [
    (lambda _, terminal: os.write(terminal, b"\x03"), "SIGINT"),
    (lambda _, terminal: os.write(terminal, b"\x1c"), "SIGQUIT"),
    (lambda child, _: os.kill(child, signal.SIGTERM), "SIGTERM"),
    (lambda child, _: os.killpg(child, signal.SIGTERM), "SIGTERM"),
], ids=["Ctrl-C", "Ctrl-\\", "TERM to us", "TERM to the group"])  # fmt: skip
def test_on_a_terminal_each_signal_comes_once(send, name, folder):
    def ready(*_):
        appears(folder / "ready")

    def seen(*_):
        appears(folder / "signals", name)
        time.sleep(0.2)  # a second one would have come by now
        (folder / "enough").touch()

    shown, code = on_terminal([*OURS, *py(COUNTING)], folder, [ready, send, seen])

    assert (folder / "signals").read_text().split() == [name]
    assert code == 4
    assert b"no tty" not in shown


def test_a_ctrl_c_is_a_cancel_even_if_the_command_ends_before_we_look(folder):
    def interrupt(ours, _):
        os.kill(ours, signal.SIGSTOP)
        os.killpg(ours, signal.SIGINT)
        while alive(int((folder / "pid").read_text())):
            time.sleep(0.01)
        os.kill(ours, signal.SIGCONT)

    command = sh("echo $$ > pid; touch ready; exec sleep 60")
    ready = lambda *_: appears(folder / "ready")  # noqa: E731 (a step among others)
    shown, code = on_terminal([*OURS, *command], folder, [ready, interrupt])

    assert code == 128 + signal.SIGINT
    assert b'"result": "ABORT"' in shown


def alive(process):
    """Return whether a process runs; one that has ended is there until it is waited for."""
    return " Z " not in Path(f"/proc/{process}/stat").read_text()


def test_what_is_imported_before_the_command_starts_is_next_to_nothing():
    script = "import sys; from devlake_ci import launch; launch.start_early(['--', 'true']).wait();"
    ran = subprocess.run(
        [sys.executable, "-c", f"{script} print(*sys.modules)"],
        env=ENV, capture_output=True, text=True, check=True,
    )  # fmt: skip

    ours = {name for name in ran.stdout.split() if name.startswith("devlake_ci")}
    assert ours == {f"devlake_ci{each}" for each in ("", ".launch", ".child", ".companion")}
    assert {"click", "dataclasses", "typing", "json", "pathlib"}.isdisjoint(ran.stdout.split())


def test_nothing_of_ours_is_left_running(folder):
    on_terminal([*OURS, "true"], folder)

    assert str(folder) not in {str(each.resolve()) for each in Path("/proc").glob("[0-9]*/cwd")}
