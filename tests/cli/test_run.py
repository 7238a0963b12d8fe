"""`devlake-ci run`: what is reported of a command, from what was known before it began."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci import ci
from devlake_ci.child import Child
from devlake_ci.cli import invoke
from devlake_ci.cli.run import _not_started, run
from devlake_ci.devlake.request import NotSentError
from devlake_ci.launch import (
    SAID,
    SWITCHES,
    TAKING,
    asks_git,
    is_known,
    split_at_dashes,
    without_user,
)
from devlake_ci.options import KNOWN_TO_RUN, declared, flag
from tests.ci.recorded import RECORDED
from tests.support import GITHUB, NOON, SHA, SILENCE, Reply, git, signals_restored

SECRETS = {
    "DEVLAKE_TOKEN": "t0ken-of-devlake",
    "DEVLAKE_HEADER": "X-Key: h3ader-value",
    "DEVLAKE_GITHUB_TOKEN": "ghp_t0ken-of-github",
    "DEVLAKE_GITLAB_TOKEN": "glpat-t0ken-of-gitlab",
}
ROUTE = "/plugins/webhook/connections/1/deployments"


def sh(script):
    return ["--", "sh", "-c", script]


@pytest.fixture
def wrapper(server, tmp_path):
    """Give what runs a command in a job on GitHub, and its report's server."""

    class Wrapped:
        received = server.received
        folder = tmp_path

        @staticmethod
        def start(*words, env=GITHUB, **more):
            given = {
                **env, **SECRETS, "PATH": os.environ["PATH"], "DEVLAKE_ENVIRONMENT": "production",
                "DEVLAKE_URL": server.url + ROUTE,
            }  # fmt: skip
            return subprocess.Popen(
                [sys.executable, "-m", "devlake_ci", "run", *words],
                cwd=tmp_path, env=given | more, text=True, start_new_session=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip

        @staticmethod
        def run(*words, env=GITHUB, **more):
            process = Wrapped.start(*words, env=env, **more)
            out, errors = process.communicate()
            return process.returncode, out, errors

        @staticmethod
        def reported():
            return [each.body["result"] for each in server.received]

        @staticmethod
        def wait_for(name):
            while not (tmp_path / name).exists():
                time.sleep(0.01)

    Wrapped.server = server
    return Wrapped


@pytest.mark.parametrize(("options", "script", "result"), [
    ([], "exit 0", "SUCCESS"),
    ([], "exit 1", "FAILURE"),
    ([], "exit 127", "FAILURE"),
    ([], "kill -TERM $$", "FAILURE"),
    (["--success-codes", "0, 3"], "exit 3", "SUCCESS"),
    (["--success-codes=3"], "exit 0", "FAILURE"),
    (["--result-map", "FAILURE=SUCCESS"], "exit 1", "FAILURE"),
])  # fmt: skip
def test_the_exit_code_is_the_result(wrapper, options, script, result):
    wrapper.run(*options, *sh(script))

    assert wrapper.reported() == [result]


def test_what_can_not_be_started_deployed_nothing(wrapper):
    code, out, errors = wrapper.run("--", "no-such-program")

    assert (code, out, wrapper.received) == (127, "", [])
    assert 'Nothing is reported: "no-such-program" can\'t be started' in errors


@pytest.mark.parametrize(("number", "hint"), [
    (errno.EAGAIN, "raise its limits"), (errno.ENOMEM, "raise its limits"),
    (errno.EACCES, "If only a shell knows it")])  # fmt: skip
def test_the_hint_tells_a_machine_that_is_full_from_a_program_that_is_not_there(number, hint):
    assert hint in _not_started(["./deploy.sh"], OSError(number, os.strerror(number))).hint


def test_a_report_says_when_the_command_began_and_ended(wrapper):
    before = int(time.time())
    _, out, errors = wrapper.run(*sh("sleep 1.1; date +%s"))

    body = wrapper.received[0].body
    times = [stamp(body[name]) for name in ("startedDate", "finishedDate")]
    assert before <= times[0] < times[1] == int(out)
    assert "Reported: SUCCESS in PRODUCTION" in errors


def test_a_clock_may_be_set_back_meanwhile(make_runtime, server, ticking):
    env = {**GITHUB, "DEVLAKE_URL": server.url + ROUTE, "DEVLAKE_ENVIRONMENT": "production"}
    ticking.now = datetime.now(UTC)

    class SetBack(Child):
        def wait(self, *given):
            code = super().wait(*given)
            self.ended -= 3600
            return code

    with signals_restored():
        runtime = make_runtime(env)
        invoke(["run", *sh("exit 0")], replace(runtime, start=lambda words, _: SetBack(words, env)))

    body = server.received[0].body
    assert body["startedDate"] == body["finishedDate"]


def stamp(text):
    return int(time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))) - time.timezone


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_command_that_ends_because_we_were_told_to_is_an_abort(wrapper, name):
    process = wrapper.start(*sh("touch ready; exec sleep 60"))
    wrapper.wait_for("ready")
    process.send_signal(getattr(signal, name))
    process.communicate()

    assert process.returncode == 128 + getattr(signal, name)
    assert wrapper.reported() == ["ABORT"]


@pytest.mark.parametrize(("variables", "ending"), [
    ({}, "exit 143"), ({"JENKINS_URL": "https://jenkins.example.com"}, "exit 1")],
    ids=["as a shell ends by it", "on Jenkins, with a code of its own"])  # fmt: skip
def test_a_cancel_may_reach_the_command_before_us(wrapper, variables, ending):
    script = f"trap '{ending}' TERM; echo $$ > pid; touch ready; while :; do sleep 0.05; done"
    git = {"DEVLAKE_SHA": SHA, "DEVLAKE_REPO_URL": "https://github.com/acme/shop"}
    process = wrapper.start(*sh(script), env=git if variables else GITHUB, **variables)
    wrapper.wait_for("ready")
    command = int((wrapper.folder / "pid").read_text())

    os.kill(command, signal.SIGTERM)
    while Path(f"/proc/{command}").exists():
        time.sleep(0.01)
    process.terminate()
    process.communicate()

    assert wrapper.reported() == ["ABORT"]


@pytest.mark.parametrize(("script", "seconds"), [
    ("kill -TERM $PPID; sleep 60", 5), ("exit 1", 60)])  # fmt: skip
def test_devlake_has_five_seconds_after_a_cancel(make_runtime, ticking, script, seconds):
    env = {**GITHUB, "DEVLAKE_URL": "http://d" + ROUTE, "DEVLAKE_ENVIRONMENT": "production"}
    ticking.now = datetime.now(UTC)  # the command is timed by the real clock

    class Silent:
        def send(self, _request, seconds):
            ticking.sleep(seconds)
            raise NotSentError("no answer")

    with signals_restored():
        invoke(["run", *sh(script)], replace(make_runtime(env), connect=lambda _: Silent()))

    assert sum(ticking.slept) == seconds


@pytest.mark.parametrize(("ending", "result"), [("exit 0", "SUCCESS"), ("exit 9", "ABORT")])
def test_a_command_may_tidy_up_after_a_cancel(wrapper, ending, result):
    process = wrapper.start(*sh(f"trap '{ending}' TERM; touch ready; sleep 60 & wait"))
    wrapper.wait_for("ready")
    process.terminate()
    process.communicate()

    assert process.returncode == int(ending.removeprefix("exit "))
    assert wrapper.reported() == [result]


def test_usr1_cancels_nothing(wrapper):
    process = wrapper.start(*sh("trap 'exit 1' USR1; touch ready; sleep 60 & wait"))
    wrapper.wait_for("ready")
    process.send_signal(signal.SIGUSR1)
    process.communicate()

    assert wrapper.reported() == ["FAILURE"]


@pytest.fixture
def cancelled(wrapper):
    """Give a cancelled command that goes on, with what is in its spool by now."""
    spool = wrapper.folder / "spool"
    script = (
        "trap '' TERM; touch ready; until test -e enough; do sleep 0.05; done; exit $(cat enough)"
    )
    process = wrapper.start("--spool=spool", *sh(script))
    wrapper.wait_for("ready")
    process.terminate()
    while not list(spool.glob("*.json")):
        time.sleep(0.01)
    wrapper.process, wrapper.spool = process, spool
    wrapper.kept = lambda: [
        json.loads(each.read_text())["deployment"]["result"] for each in spool.glob("*.json")
    ]
    return wrapper


@pytest.mark.parametrize(("code", "result"), [("0", "SUCCESS"), ("5", "ABORT")])
def test_a_cancelled_command_is_kept_as_an_abort_until_it_has_ended(cancelled, code, result):
    kept = cancelled.kept()
    (cancelled.folder / "enough").write_text(code)
    cancelled.process.communicate()

    assert kept == ["ABORT"]
    assert (cancelled.reported(), cancelled.kept()) == ([result], [])


def test_what_was_kept_for_the_worst_is_there_when_we_are_killed(cancelled):
    cancelled.process.kill()
    (cancelled.folder / "enough").write_text("0")
    cancelled.process.communicate()

    assert cancelled.kept() == ["ABORT"]


def test_a_command_may_take_longer_than_the_deadline_of_its_report(wrapper):
    code, _, _ = wrapper.run("--deadline", "1", *sh("sleep 1.5"))

    assert (code, wrapper.reported()) == (0, ["SUCCESS"])


def test_a_report_that_is_cut_short_after_a_cancel_leaves_one_event_to_replay(cancelled):
    cancelled.server.script = [SILENCE]
    (cancelled.folder / "enough").write_text("0")
    cancelled.server.asked.wait()
    cancelled.process.terminate()
    _, errors = cancelled.process.communicate()

    assert cancelled.kept() == ["SUCCESS"]
    assert "devlake-ci replay spool sends it" in errors


class Cancelled:
    """A command that was cancelled and has ended."""

    problem, is_cancelled, is_stopped = None, True, True
    started = ended = NOON.timestamp()

    def wait(self, *_):
        return 128 + signal.SIGTERM

    def stoppable(self):
        return nullcontext()


def test_a_report_after_a_cancel_tries_for_no_longer_than_five_seconds(
    make_runtime, server, ticking
):
    server.script = [Reply(503, "down")]
    env = GITHUB | {"DEVLAKE_URL": server.url + ROUTE, "DEVLAKE_ENVIRONMENT": "production"}

    code = invoke(["run", "--", "x"], replace(make_runtime(env), child=Cancelled()))

    assert code == 128 + signal.SIGTERM
    assert 3 < ticking.seconds <= 5


# --- what was deployed ----------------------------------------------------------------------------


@pytest.fixture
def checkout(wrapper):
    """Make the job's folder, and one in it, checkouts."""
    for name, folder in {"shop": wrapper.folder, "infra": wrapper.folder / "infra"}.items():
        git(wrapper.folder, "init", "--quiet", str(folder))
        git(folder, "remote", "add", "origin", f"git@github.com:acme/{name}.git")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", f"The {name}")
    return wrapper


MOVE = "git commit -q --allow-empty -m Later; git remote set-url origin git@github.com:a/other.git"
IDENTITY = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")}  # fmt: skip


def test_the_commit_is_the_one_before_the_command_began(checkout):
    sha = git(checkout.folder, "rev-parse", "HEAD")

    code, _, errors = checkout.run(*sh(MOVE), env=IDENTITY)

    (commit,) = checkout.received[0].body["deploymentCommits"]
    assert (code, errors.count("warning")) == (0, 0)
    assert (commit["commitSha"], commit["repoUrl"]) == (sha, "https://github.com/acme/shop")
    assert commit["commitMsg"] == "The shop"


def test_so_are_those_of_other_checkouts_and_of_branches(checkout):
    shas = [git(folder, "rev-parse", "HEAD")
            for folder in (checkout.folder, checkout.folder / "infra")]  # fmt: skip

    checkout.run("--ref", "main", "--checkout", "infra", *sh(f"{MOVE}; cd infra; {MOVE}"),
                 env=IDENTITY)  # fmt: skip

    commits = checkout.received[0].body["deploymentCommits"]
    assert [each["commitSha"] for each in commits] == shas


def test_a_checkout_that_the_command_makes_is_not_taken_for_what_was_deployed(wrapper):
    script = f"git init -q; git remote add origin git@github.com:acme/shop.git; {MOVE}"

    code, _, errors = wrapper.run(*sh(script), env=IDENTITY)

    assert (code, wrapper.received) == (0, [])
    assert "warning: not reported: The repository's URL is not known" in errors


def test_a_list_of_commits_may_be_written_by_the_command(wrapper):
    script = f"echo 'acme/pay@{SHA[::-1]}' > deployed.txt"

    wrapper.run("--commits", "deployed.txt", *sh(script))

    commits = wrapper.received[0].body["deploymentCommits"]
    assert [each["commitSha"] for each in commits] == [SHA, SHA[::-1]]


@pytest.mark.parametrize("name", RECORDED)
def test_git_is_asked_first_wherever_the_ci_does_not_say_what_is_deployed(name):
    record, asked = RECORDED[name], []
    files = {record["env"].get("GITHUB_EVENT_PATH"): json.dumps(record.get("event"))}

    def git(*arguments):
        asked.append(arguments[0])

    context = ci.read_context(record["env"], (files | record.get("files", {})).get, git)

    if not asks_git(record["env"], []):
        assert None not in (context.sha, context.repo_url, context.ref)
        assert {*asked} <= {"show"}


def test_of_each_ci_that_says_it_all_git_is_not_asked():
    marked = {marker for marker in SAID for record in RECORDED.values()
              if marker in record["env"] and not asks_git(record["env"], [])}  # fmt: skip

    assert marked == {*SAID}


# --- our settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("words", "said"), [
    (["--nope", *sh("touch ran")], "No such option"),
    (["--result", "success", *sh("touch ran")], "run takes no --result"),
    (["--started-at=1", *sh("touch ran")], "run takes no --started-at"),
    (["touch", "ran"], "the command after --"),
    (["--environment", "production"], "There is no command to run"),
    (["--environment", "--"], "requires an argument"),
    (["--dry-run=yes", *sh("touch ran")], "does not take a value"),
    ([], "There is no command to run"),
])  # fmt: skip
def test_what_can_not_be_read_starts_nothing(wrapper, words, said):
    code, out, errors = wrapper.run(*words)

    assert (code, out, wrapper.received) == (2, "", [])
    assert said in errors
    assert not (wrapper.folder / "ran").exists()


@pytest.mark.parametrize(("options", "variables", "said"), [
    (["--mode", "both"], {}, "--mode: 'both' is not one of 'deployment', 'incident'"),
    ([], {"DEVLAKE_MODE": "both"}, "DEVLAKE_MODE: 'both' is not one of"),
    (["--deadline", "soon"], {}, "--deadline: 'soon' is not a valid number of seconds"),
    (["--on-failure", "perhaps"], {}, "--on-failure: 'perhaps' is not one of 'fail', 'warn'"),
    ([], {"DEVLAKE_ON_FAILURE": "perhaps"}, "DEVLAKE_ON_FAILURE: 'perhaps' is not one of"),
    (["--success-codes", "0-3"], {}, '--success-codes: "0-3" is not a list of exit codes'),
    ([], {"DEVLAKE_SUCCESS_CODES": "256"}, 'DEVLAKE_SUCCESS_CODES: "256" is not a list of'),
    ([], {"DEVLAKE_VERBOSE": "perhaps"}, "DEVLAKE_VERBOSE"),
    ([], {"DEVLAKE_URL": "nonsense"}, "DEVLAKE_URL is not the URL of a DevLake"),
    ([], {"DEVLAKE_CI": "nonsense"}, "DEVLAKE_CI"),
    (["--environment", "moon"], {}, '--environment: "moon" is not'),
])  # fmt: skip
def test_anything_else_that_is_wrong_is_a_warning_and_the_command_runs(
    wrapper, options, variables, said
):
    code, out, errors = wrapper.run(*options, *sh("echo ran"), **variables)

    assert (code, out, wrapper.received) == (0, "ran\n", [])
    assert f"warning: not reported: {said}" in errors


@pytest.mark.parametrize(("script", "code"), [("exit 0", 4), ("exit 7", 7)])
def test_a_report_may_fail_a_command_that_succeeded_if_that_is_wanted(wrapper, script, code):
    wrapper.server.script = [Reply(403, {"message": "no"})]

    ended = [wrapper.run(*options, *sh(script))[0] for options in ([], ["--on-failure", "fail"])]

    assert ended == [int(script.removeprefix("exit ")), code]


@pytest.mark.parametrize(("options", "script", "expected"), [
    ([], "exit 3", 3), ([], "exit 0", 0), (["--on-failure=fail"], "exit 0", 1)])  # fmt: skip
def test_a_bug_of_ours_changes_the_exit_code_only_if_a_failure_is_to(
    make_runtime, capsys, options, script, expected
):
    def bug():
        raise RuntimeError

    with signals_restored():
        runtime = replace(make_runtime(GITHUB), ignore_signals=bug)
        code = invoke(["run", *options, *sh(script)], runtime)

    assert code == expected
    assert "has a bug (RuntimeError" in capsys.readouterr().err


def test_variables_of_what_the_command_itself_says_are_ignored(wrapper):
    _, _, errors = wrapper.run(
        *sh("exit 0"), DEVLAKE_RESULT="failure", DEVLAKE_STARTED_AT="x", DEVLAKE_FINISHED_AT="y",
        DEVLAKE_INCIDENT_RESULT="z",
    )  # fmt: skip

    assert (wrapper.reported(), "warning" in errors) == (["SUCCESS"], False)


def test_all_that_we_print_goes_to_standard_error(wrapper):
    for options in (["--dry-run"], ["--format", "json"], ["--verbose"]):
        code, out, errors = wrapper.run(*options, *sh("echo out"))

        assert (code, out) == (0, "out\n")
        assert "production" in errors.lower()


def test_a_check_opens_an_incident_and_closes_it(wrapper):
    options = [
        "--mode",
        "incident",
        "--incident-state",
        "file:state",
        "--incident-branches",
        "main",
    ]

    for number, script in enumerate(["exit 1", "exit 0"]):
        wrapper.run(*options, *sh(script), GITHUB_RUN_NUMBER=str(number + 1))

    assert {each.path.rpartition("/")[2] for each in wrapper.received} == {"issues"}
    assert [each.body["status"] for each in wrapper.received] == ["TODO", "DONE"]


# --- secrets --------------------------------------------------------------------------------------


def test_no_secret_of_ours_reaches_the_command(wrapper):
    url = wrapper.server.url.replace("//", "//ada:passw0rd@") + ROUTE
    variables = {"DEVLAKE_TOKEN": "", "DEVLAKE_URL": url}

    _, out, errors = wrapper.run(*sh("env"), **variables)
    _, login, _ = wrapper.run(*sh("echo $DEVLAKE_URL"))

    for each in (*SECRETS.values(), "passw0rd"):
        assert each not in out
        assert each not in errors.replace("::add-mask::", "")
    assert "DEVLAKE_ENVIRONMENT=production" in out
    assert f"DEVLAKE_URL={wrapper.server.url}" in out
    assert login.strip() == wrapper.server.url + ROUTE
    assert wrapper.received[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(("options", "variables"), [
    (["--keep-secrets"], {}), ([], {"DEVLAKE_KEEP_SECRETS": "True"})])  # fmt: skip
def test_secrets_may_be_kept(wrapper, options, variables):
    _, out, _ = wrapper.run(*options, *sh("env"), **variables)

    assert {f"{name}={text}" for name, text in SECRETS.items()} <= set(out.splitlines())


def test_a_run_in_a_run_says_what_it_misses(wrapper):
    wrapper.server.script = [Reply(401, {"message": "token is missing"}), Reply()]
    ours = ["--", sys.executable, "-m", "devlake_ci", "run"]

    code, _, errors = wrapper.run(*ours, *sh("exit 4"))

    assert code == 4
    assert "A run inside another run has no token unless the outer one has --keep-secrets" in errors
    assert [each.headers.get("authorization") for each in wrapper.received] == [
        None, f"Bearer {SECRETS['DEVLAKE_TOKEN']}"]  # fmt: skip


PASSWORD = st.text("abc123:/?#@%$&+=.-_~!", min_size=1).filter(lambda text: "://" not in text)


@given(PASSWORD, st.sampled_from(["", ROUTE, "/api" + ROUTE, "/rest" + ROUTE]))
def test_no_password_is_left_in_a_url_and_the_rest_is(password, route):
    url = f"https://ada:{password}@devlake.example.com:8080{route}"

    assert without_user(url) == f"https://devlake.example.com:8080{route}"


@pytest.mark.parametrize(
    "url", ["", "https://devlake.example.com/api", "nonsense", "https://[::1]:80"]
)
def test_a_url_without_a_login_is_left_as_it_is(url):
    assert without_user(url) == url


# --- the command line -----------------------------------------------------------------------------


def test_the_options_are_those_of_report_but_for_what_the_command_says():
    ours = {*TAKING, *SWITCHES} - {"--success-codes", "--keep-secrets"}

    assert ours == {flag(each.name) for each in declared() if each.name not in KNOWN_TO_RUN}
    assert ours | {"--success-codes", "--keep-secrets", "--help-all"} == {
        name for each in run.params for name in each.opts}  # fmt: skip


WORDS = st.sampled_from([
    "--nope", "--sha", "--sha=x", "--dry-run", "--dry-run=", "x", "-v", "--result", "-",
    "--verbose", "--title", "incident",
])  # fmt: skip


@given(st.lists(WORDS))
def test_click_agrees_on_what_can_be_read(words):
    try:
        run.make_context("run", list(words))
    except click.BadParameter:
        readable = True
    except click.UsageError:
        readable = False
    else:
        readable = True

    assert is_known(words) == readable


@given(st.lists(st.sampled_from(["--", "a", "--x"])))
def test_the_first_two_dashes_end_our_options_and_no_others(words):
    options, command = split_at_dashes(words)

    assert "--" not in options
    assert options + ["--"] * ("--" in words) + command == words
