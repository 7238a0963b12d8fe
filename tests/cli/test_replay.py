"""`devlake-ci replay`: what was kept is sent, in order, once DevLake is there again."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Barrier

import pytest

from devlake_ci.runtime.spool import LARGEST, STALE, Spool
from devlake_sandbox import Sandbox
from tests.support import PIPELINE, SILENCE, Reply

DOWN = Reply(503, "down")
REFUSED = Reply(403, {"success": False, "message": "api key is invalid"})
MISSING = Reply(
    400, "Key: 'X' Error:Field validation for 'StartedDate' failed on the 'required' tag"
)
AT = "2026-03-01T10:00:{:02}Z"


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "spool"


@pytest.fixture
def keep(devlake_ci, server, spool):
    """Make a report that doesn't reach DevLake: `keep("id", second)`."""

    def kept(identity, second, folder=spool, **env):
        server.script = [DOWN]
        env = {"DEVLAKE_URL": server.url, "DEVLAKE_ID": identity, "DEVLAKE_SPOOL": str(folder),
               "DEVLAKE_FINISHED_AT": AT.format(second), "DEVLAKE_DEADLINE": "1"} | env  # fmt: skip
        assert devlake_ci("report", env=PIPELINE | env).code == 5
        server.script = [Reply()]
        server.received.clear()

    return kept


@pytest.fixture
def replay(devlake_ci, server, spool):
    def ran(*arguments, **env):
        env = {"DEVLAKE_URL": server.url, "DEVLAKE_TOKEN": "s3cr3t"} | env
        return devlake_ci("replay", *(arguments or [str(spool)]), env=env)

    return ran


def waiting(folder):
    return sorted(path.name for path in folder.iterdir())


def sent(server):
    return [each.body.get("id") or each.body.get("pipeline_id") for each in server.received]


def incident(devlake_ci, server, spool, *arguments):
    return devlake_ci(
        "incident", *arguments, "--title=x", "--url", server.url, "--connection=1",
        "--spool", str(spool), env={},
    )  # fmt: skip


def test_what_was_kept_is_sent_as_it_would_have_been_and_removed(keep, replay, server, spool):
    keep("a", 1)

    ran = replay()

    assert ran.code == 0
    assert "Replayed: 1 stored." in ran.out
    (received,) = server.received
    assert received.path == "/rest/plugins/webhook/connections/1/deployments"
    assert received.headers["authorization"] == "Bearer s3cr3t"
    assert received.body["finishedDate"] == AT.format(1)
    assert waiting(spool) == []


def test_a_real_server_stores_it(devlake_ci, spool):
    with Sandbox() as devlake:
        pass
    env = PIPELINE | {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
    devlake_ci("report", "--spool", str(spool), env=env)

    port = int(devlake.url.rpartition(":")[2])
    with Sandbox(port=port) as again:
        env |= {"DEVLAKE_TOKEN": again.token}
        ran = devlake_ci("replay", str(spool), env=env)
        rows = again.rows("cicd_deployments")

    assert ran.code == 0
    assert [row["result"] for row in rows] == ["SUCCESS"]


def test_the_oldest_goes_first_over_all_folders_and_over_one_connection(
    keep, replay, server, tmp_path
):
    one, two = tmp_path / "one", tmp_path / "two"
    for identity, second, folder in (("c", 3, one), ("b", 2, two), ("d", 4, two), ("a", 1, one)):
        keep(identity, second, folder)
    before = server.connections

    ran = replay("--parallel=1", str(one), str(two))

    assert ran.code == 0
    assert sent(server) == ["a", "b", "c", "d"]
    assert server.connections == before + 1


def test_what_an_old_server_taught_is_remembered(keep, replay, server):
    keep("a", 1)
    keep("b", 2)
    server.script = [MISSING, Reply()]

    assert replay().code == 0
    assert ["pipeline_id" in each.body for each in server.received] == [False, True, True]


def test_only_what_was_stored_is_removed(keep, replay, server, spool):
    for second, identity in enumerate("abcdef"):
        keep(identity, second)
    server.script = [Reply(), DOWN]

    ran = replay("--deadline=1", "--parallel=1", str(spool))

    assert ran.code == 5
    assert "1 stored, 5 still waiting" in ran.out
    assert len(waiting(spool)) == 5
    assert set(sent(server)) == {"a", "b", "c", "d", "f"}  # and the newest, before it gives up


def test_several_at_a_time_give_up_on_a_server_that_is_down_as_one_does(
    keep, replay, server, spool
):
    for second in range(30):
        keep(f"e{second}", second)
    server.script = [Reply(), DOWN]

    ran = replay("--deadline=1", "--parallel=8", str(spool))

    assert ran.code == 5
    assert len(set(sent(server))) < 20  # one, and eight at a time until three have failed


def test_what_is_kept_while_devlake_is_down_waits_for_the_next_replay(keep, replay, server, spool):
    keep("later", 9)
    (later,) = spool.iterdir()
    text = later.read_text()
    later.unlink()
    for second, identity in enumerate("abcd"):
        keep(identity, second)

    def kept_meanwhile(_):
        later.write_text(text)
        return DOWN

    server.script = [kept_meanwhile]

    ran = replay("--deadline=1", str(spool))

    assert ran.code == 5
    assert set(sent(server)) == {*"abcd"}


INVALID = Reply(400, {"success": False, "message": "'Environment' failed on the 'oneof' tag"})


def by_id(**replies):
    """Answer by the event's id, and with a success where none is given."""
    return lambda body: replies.get(body.get("id"), Reply())


@pytest.mark.parametrize("parallel", [1, 8])
def test_an_event_that_is_refused_for_good_is_set_aside_and_blocks_no_other(
    keep, replay, server, spool, parallel
):
    for second, identity in enumerate("abcdef"):
        keep(identity, second)
    keep("a", 9)
    server.script = [by_id(a=INVALID, b=DOWN, c=DOWN, d=DOWN)]

    ran = replay("--deadline=1", f"--parallel={parallel}", str(spool))

    assert ran.code == 5
    assert "2 stored, 3 still waiting, 2 set aside" in ran.out
    assert {each.rpartition(".")[2] for each in waiting(spool)} == {"json", "bad"}
    assert "was refused" in ran.err
    assert replay("--deadline=1", str(spool)).code == 5
    assert len(waiting(spool)) == 5


def test_up_to_eight_are_sent_at_a_time_over_a_connection_each(keep, replay, server):
    for second in range(20):
        keep(f"e{second}", second)
    before, together = server.connections, Barrier(8, timeout=20)
    numbers = iter(range(20))

    def meet(_):
        """Let the first in alone, and of the next eight nobody before all are there."""
        if 0 < next(numbers) <= 8:
            together.wait()
        return Reply()

    server.script = [meet]

    ran = replay()

    assert ran.code == 0
    assert sorted(sent(server)) == sorted(f"e{second}" for second in range(20))
    assert server.connections == before + 8


@pytest.mark.parametrize("parallel", ["0", "9", "x"])
def test_how_many_at_a_time_is_a_number_from_1_to_8(replay, server, parallel):
    assert replay(f"--parallel={parallel}", "x").code == 2
    assert replay("x", DEVLAKE_PARALLEL=parallel).code == 2
    assert server.received == []


@pytest.mark.parametrize("parallel", [1, 8])
def test_of_one_thing_the_earlier_always_goes_first(keep, replay, server, spool, parallel):
    for second in range(12):
        keep("abc"[second % 3], second)

    assert replay(f"--parallel={parallel}", str(spool)).code == 0

    for identity in "abc":
        times = [x.body["finishedDate"] for x in server.received if x.body["id"] == identity]
        assert times == sorted(times)
        assert len(times) == 4


def test_a_retry_does_not_undo_what_was_stored_meanwhile(devlake_ci, replay, server, spool):
    server.script = [DOWN]
    began = "--created-at=2026-03-01T09:00:00Z"
    incident(devlake_ci, server, spool, "open", "K", began)
    server.received.clear()

    def closed_by_another_job(_):
        server.script = [Reply()]
        command = [sys.executable, "-m", "devlake_ci", "incident", "close", "K", began]
        subprocess.run(
            [*command, "--title=x", "--connection=1", "--spool", str(spool)],
            env={"DEVLAKE_URL": server.url}, check=True, capture_output=True,
        )  # fmt: skip
        return DOWN

    server.script = [closed_by_another_job]

    ran = replay("--parallel=1", str(spool))

    assert ran.code == 0
    assert [each.body["status"] for each in server.received] == ["TODO", "DONE", "DONE"]
    assert waiting(spool) == []


def test_a_report_that_a_replay_may_have_overtaken_is_sent_once_more(
    devlake_ci, replay, server, spool
):
    server.script = [DOWN]
    began = "--created-at=2026-03-01T09:00:00Z"
    incident(devlake_ci, server, spool, "open", "K", began)
    (opened,) = spool.iterdir()

    def overtaken(_):
        opened.unlink()  # a replay has sent it, and DevLake stores it after the report below
        return Reply()

    server.script, server.received[:] = [overtaken], []
    incident(devlake_ci, server, spool, "close", "K", began)
    server.script = [Reply()]
    replay()

    assert [each.body["status"] for each in server.received] == ["DONE", "DONE"]
    assert waiting(spool) == []


def test_a_dry_run_sends_nothing_and_keeps_all(keep, replay, server, spool):
    keep("a", 1)
    keep("b", 2)

    ran = replay(DEVLAKE_DRY_RUN="true")

    assert (ran.code, server.received, len(waiting(spool))) == (0, [], 2)
    assert "0 stored, 2 still waiting" in ran.out
    assert ran.err.count("would go to connections/1.") == 2


def test_a_second_run_sends_the_rest(keep, replay, server, spool):
    keep("a", 1)
    keep("b", 2)
    server.script = [Reply(), DOWN]
    replay("--deadline=1", str(spool))
    server.script, server.received[:] = [Reply()], []

    ran = replay()

    assert ran.code == 0
    assert sent(server) == ["b"]
    assert waiting(spool) == []


def test_a_refused_event_stays_and_delays_only_later_ones_about_the_same_thing(
    keep, replay, server, spool
):
    keep("a", 1)
    keep("b", 2)
    keep("a", 3)
    server.script = [REFUSED, Reply()]

    ran = replay()

    assert ran.code == 4
    assert "api key is invalid" in ran.err
    assert sent(server) == ["a", "b"]
    assert len(waiting(spool)) == 2


def test_a_file_never_says_where_to_or_with_what(keep, replay, server, spool):
    keep("a", 1)
    (path,) = spool.iterdir()
    text = path.read_text()
    path.write_text(text.replace(server.url, "http://127.0.0.1:1"))

    ran = replay()

    assert ran.code == 0
    assert 'is left alone: it is for "http://127.0.0.1:1", and DEVLAKE_URL is' in ran.err
    assert "1 of another DevLake left alone" in ran.out
    assert waiting(spool) == [path.name]
    assert server.received == []
    assert "s3cr3t" not in text


def test_what_is_no_event_is_set_aside_named_and_counted(keep, replay, server, spool, tmp_path):
    keep("a", 1)
    (good,) = spool.iterdir()
    (tmp_path / "elsewhere.json").write_text(good.read_text())
    (spool / "broken.json").write_text(good.read_text()[:100])
    (spool / "foreign.json").write_text('{"private": "s3cr3t"}')
    (spool / "huge.json").write_bytes(b" " * (LARGEST + 1))
    (spool / "link.json").symlink_to(tmp_path / "elsewhere.json")
    (spool / "folder.json").mkdir()
    os.mkfifo(spool / "pipe.json")
    (spool / "notes.txt").write_text("not ours")

    ran = replay()

    names = ["broken", "folder", "foreign", "huge", "link", "pipe"]
    assert ran.code == 2
    assert "1 stored, 6 set aside" in ran.out
    assert all(f"{name}.json" in ran.err for name in names)
    assert waiting(spool) == sorted([*(f"{name}.json.bad" for name in names), "notes.txt"])
    assert "s3cr3t" not in ran.out + ran.err
    assert sent(server) == ["a"]
    assert replay().code == 0


def test_what_can_not_be_used_keeps_nothing_else_waiting(keep, replay, server, spool, tmp_path):
    keep("a", 1)
    (tmp_path / "file").write_text("")

    ran = replay(str(tmp_path / "file"), str(spool))

    assert ran.code == 2
    assert "can't be used: Not a directory" in ran.err
    assert sent(server) == ["a"]


def test_a_file_that_is_being_written_is_left_until_nobody_writes_any_more(replay, spool):
    spool.mkdir()
    (spool / "young.tmp").write_text("{")
    (spool / "old.tmp").write_text("{")
    old = (spool / "old.tmp").stat().st_mtime - STALE - 1
    os.utime(spool / "old.tmp", (old, old))

    ran = replay()

    assert ran.code == 2
    assert waiting(spool) == ["old.tmp.bad", "young.tmp"]


def test_a_name_that_is_taken_is_not_overwritten(replay, spool):
    spool.mkdir()
    (spool / "x.json.bad").write_text("first")
    (spool / "x.json").write_text("second")

    replay()

    assert sorted(path.read_text() for path in spool.iterdir()) == ["first", "second"]


class Closed(Spool):
    """Folders whose first file is somebody else's."""

    def read(self, path):
        if path == self.list_events(str(Path(path).parent))[0]:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return super().read(path)


@pytest.mark.parametrize("hidden", [True, False], ids=["unreadable", "of a later version"])
def test_nothing_overtakes_what_is_left_unread(devlake_ci, server, spool, hidden):
    server.script = [DOWN]
    incident(devlake_ci, server, spool, "open", "K", "--created-at=2026-03-01T09:00:00Z")
    incident(devlake_ci, server, spool, "close", "K", "--created-at=2026-03-01T09:00:00Z")
    server.script, server.received[:] = [Reply()], []
    if not hidden:
        opened = min(spool.iterdir())
        opened.write_text(opened.read_text().replace('"version": 1', '"version": 2'))

    reader = Closed() if hidden else Spool()
    ran = devlake_ci("replay", str(spool), env={"DEVLAKE_URL": server.url}, spool=reader)

    assert server.received == []
    assert len(waiting(spool)) == 2
    assert "1 still waiting" in ran.out or "2 still waiting" in ran.out


class ReadOnly(Spool):
    """Folders on a disk that nobody may write."""

    def remove(self, path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)


def test_a_folder_that_can_not_be_written_stops_the_replay_and_is_named(
    keep, devlake_ci, server, spool
):
    keep("a", 1)
    keep("b", 2)

    ran = devlake_ci("replay", str(spool), env={"DEVLAKE_URL": server.url}, spool=ReadOnly())

    assert ran.code == 2
    assert "is stored, but can't be removed: Read-only file system" in ran.err
    assert sent(server) == ["a"]
    assert len(waiting(spool)) == 2


def test_two_at_once_send_nothing_twice(keep, replay, server, spool):
    keep("a", 1)

    with Spool().lock(str(spool)) as is_ours:
        ran = replay()

    assert is_ours
    assert ran.code == 0
    assert "is left to another replay" in ran.err
    assert server.received == []
    assert replay().code == 0
    assert sent(server) == ["a"]


def test_a_folder_given_twice_is_sent_once(keep, replay, server, spool):
    keep("a", 1)

    assert replay(str(spool), str(spool)).code == 0
    assert sent(server) == ["a"]


def test_a_folder_that_was_never_needed_is_no_failure(replay, tmp_path):
    ran = replay(str(tmp_path / "nothing"))

    assert ran.code == 0
    assert "nothing was kept there" in ran.err


@pytest.mark.parametrize("arguments", [[], ["--url", "x", "DIR"], ["--connection=1", "DIR"]])
def test_wrong_usage_is_said_before_anything_is_sent(replay, server, arguments):
    if not arguments:
        assert replay(os.devnull).code == 2
    else:
        assert replay(*arguments).code == 2
    assert server.received == []


def test_it_says_how_far_it_is(keep, replay, server, ticking):
    keep("a", 1)
    keep("b", 2)
    server.script = [Reply(503, "", {"Retry-After": "20"}), Reply()]

    assert "1 of 2 are done." in replay().err
    assert ticking.slept[-1] == 20


def test_it_can_be_stopped_and_started_again(keep, replay, server, spool):
    keep("a", 1)
    keep("b", 2)
    server.script = [Reply(), SILENCE]
    command = [sys.executable, "-m", "devlake_ci", "replay", "--deadline=600", str(spool)]

    with subprocess.Popen(
        command, env={"DEVLAKE_URL": server.url}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        while len(server.received) < 2:
            server.asked.clear()
            server.asked.wait(1)
        process.terminate()
        out, err = process.communicate()
    server.script, server.received[:] = [Reply()], []

    assert process.returncode == 5
    assert "Stopped by SIGTERM" in err
    assert "1 stored, 1 still waiting" in out
    assert replay().code == 0
    assert sent(server) == ["b"]


def test_an_incident_s_earlier_state_never_follows_a_later_one(devlake_ci, replay, server, spool):
    server.script = [DOWN]
    incident(devlake_ci, server, spool, "open", "K", "--created-at=2026-03-01T09:00:00Z")
    incident(devlake_ci, server, spool, "close", "K", "--created-at=2026-03-01T09:00:00Z")
    server.script, server.received[:] = [Reply()], []

    ran = replay()

    assert ran.code == 0
    assert [each.body["status"] for each in server.received] == ["TODO", "DONE"]
    assert server.received[0].path.endswith("/connections/1/issues")


def test_what_devlake_heard_meanwhile_is_not_undone(devlake_ci, replay, server, spool):
    server.script = [DOWN]
    incident(devlake_ci, server, spool, "open", "K", "--created-at=2026-03-01T09:00:00Z")
    incident(devlake_ci, server, spool, "open", "L", "--created-at=2026-03-01T09:00:00Z")
    server.script, server.received[:] = [Reply()], []

    incident(devlake_ci, server, spool, "close", "K", "--created-at=2026-03-01T09:00:00Z")
    replay()

    told = [(each.body["issueKey"], each.body["status"]) for each in server.received]
    assert told == [("K", "DONE"), ("L", "TODO")]


def test_what_is_said_of_an_earlier_time_is_the_later_word(devlake_ci, replay, server, spool):
    server.script = [DOWN]
    began = "--created-at=2026-03-01T09:00:00Z"
    incident(devlake_ci, server, spool, "open", "K", "--created-at=2026-03-01T11:00:00Z")
    server.script, server.received[:] = [Reply()], []

    incident(devlake_ci, server, spool, "close", "K", began, "--resolved-at=2026-03-01T10:00:00Z")
    replay()

    assert [each.body["status"] for each in server.received] == ["DONE"]


def test_what_is_kept_twice_in_a_second_keeps_its_order(devlake_ci, replay, server, spool):
    now = "--created-at=2026-03-01T12:00:00Z"
    for key in "KLMNOPQR":
        for what in ("open", "close"):  # certificates that are not there fail at once
            secure = server.url.replace("http:", "https:")
            devlake_ci(
                "incident", what, key, "--title=x", now, "--connection=1", "--spool", str(spool),
                "--ca-bundle=/no/such/file", env={"DEVLAKE_URL": secure},
            )  # fmt: skip
    for path in spool.iterdir():
        path.write_text(path.read_text().replace("https:", "http:"))

    replay()

    told = [(each.body["issueKey"], each.body["status"]) for each in server.received]
    assert len(told) == 16
    assert all(told.index((key, "TODO")) < told.index((key, "DONE")) for key in "KLMNOPQR")


def test_both_halves_of_a_report_are_named_where_they_are_kept(devlake_ci, server, spool, tmp_path):
    server.script = [DOWN]

    ran = devlake_ci(
        "report", "--mode=both", "--incident-result=failed", "--incident-branches=main",
        f"--incident-state=file:{tmp_path}/state", "--spool", str(spool),
        env=PIPELINE | {"DEVLAKE_URL": server.url},
    )  # fmt: skip

    assert len(waiting(spool)) == 2
    assert all(name in ran.err for name in waiting(spool))


def test_the_command_that_sends_it_can_be_copied_as_it_is(devlake_ci, server, tmp_path):
    server.script = [DOWN]

    ran = incident(devlake_ci, server, tmp_path / "a b; rm -rf ~", "open", "K")

    assert f"devlake-ci replay '{tmp_path}/a b; rm -rf ~' sends it." in ran.err


def test_json_of_a_report_says_where_its_event_is(devlake_ci, server, spool):
    server.script = [DOWN]

    ran = devlake_ci(
        "report", "--format=json", "--spool", str(spool),
        env=PIPELINE | {"DEVLAKE_URL": server.url},
    )  # fmt: skip

    (path,) = spool.iterdir()
    assert ran.json["reported"] is False
    assert str(path) in ran.json["problem"]["hint"]
    assert json.loads(path.read_text())["deployment"]["id"] == ran.json["deployment-id"]
