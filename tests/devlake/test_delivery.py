"""How a deployment is sent, against a real server that answers as it is told."""

from datetime import timedelta

import pytest

from devlake_ci.devlake.address import report_target
from devlake_ci.devlake.delivery import Delivery
from devlake_ci.devlake.request import Answer
from devlake_ci.errors import RefusedError, UnreachedError
from devlake_ci.model import Commit, Deployment, Environment, Result
from devlake_ci.options import Options
from devlake_ci.runtime.network import Connections
from tests.support import CUT, NOON, SHA, Reply

MISSING = Reply(400, {"message": "Key: 'X' Error:Field validation for 'StartedDate' failed on the "
                                 "'required' tag"})  # fmt: skip
NOT_FOUND = Reply(404, {"success": False, "message": "record not found (404)"})
BUSY = Reply(503, "busy")


def deployment(commits=1):
    return Deployment(
        id="x", name="x", title=None, result=Result.SUCCESS, environment=Environment.PRODUCTION,
        original_environment="prod", created_at=NOON, started_at=NOON,
        finished_at=NOON + timedelta(minutes=1),
        commits=tuple(
            Commit(repo_url=f"https://g.example/a/{number}", sha=SHA) for number in range(commits)
        ),
    )  # fmt: skip


@pytest.fixture
def delivery(server, ticking):
    def made(seconds=60, dialect="auto", **where):
        options = Options(**({"url": server.url, "connection": "1", "token": "key"} | where))
        send = Connections(options, {}).send
        return Delivery(report_target(options, {}), send, ticking.clock(), seconds, dialect)

    return made


def test_it_is_stored_when_devlake_says_so(server, delivery):
    delivery().deliver(deployment())

    (received,) = server.received
    assert received.path == "/rest/plugins/webhook/connections/1/deployments"
    assert received.headers["authorization"] == "Bearer key"
    assert received.headers["content-type"] == "application/json"
    assert received.body["id"] == "x"


@pytest.mark.parametrize("passing", [BUSY, CUT, Reply(429, ""), Reply(428, "migrating")])
def test_what_passes_is_tried_again_with_growing_pauses(server, delivery, ticking, passing):
    server.script = [passing, passing, passing, Reply()]

    delivery().deliver(deployment())

    assert len(server.received) == 4
    assert ticking.slept == [0.5, 1.0, 2.0]


def test_retry_after_is_heeded(server, delivery, ticking):
    server.script = [Reply(503, "busy", {"Retry-After": "20"}), Reply()]

    delivery().deliver(deployment())

    assert ticking.slept == [20.0]


def test_a_wait_beyond_the_deadline_is_not_waited_for(server, delivery, ticking):
    server.script = [Reply(503, "busy", {"Retry-After": "3600"})]

    with pytest.raises(
        UnreachedError, match=r"after 1 attempt\. .*503: busy It asks to wait 3600 s"
    ):
        delivery().deliver(deployment())

    assert ticking.slept == []


def test_no_attempt_begins_after_the_deadline(server, delivery, ticking):
    server.script = [BUSY]

    with pytest.raises(UnreachedError, match=r"Not stored within the deadline, after 10 attempts"):
        delivery(seconds=60).deliver(deployment())

    assert ticking.seconds < 60


def test_a_port_that_nothing_listens_on_is_tried_until_the_deadline(delivery, ticking):
    with pytest.raises(UnreachedError, match=r"http://127.0.0.1:1: no connection \(Connection ref"):
        delivery(url="http://127.0.0.1:1").deliver(deployment())

    assert len(ticking.slept) > 3


def test_a_refusal_is_final(server, delivery):
    server.script = [Reply(403, {"success": False, "message": "api key is invalid"})]

    with pytest.raises(RefusedError, match="api key is invalid"):
        delivery().deliver(deployment())

    assert len(server.received) == 1


def test_a_redirect_is_not_followed(server, delivery):
    server.script = [Reply(302, "", {"Location": f"{server.url}/elsewhere"}), Reply()]

    with pytest.raises(RefusedError, match="redirects"):
        delivery().deliver(deployment())

    assert len(server.received) == 1


def test_a_server_that_misses_what_was_sent_gets_the_legacy_dialect(server, delivery):
    server.script = [MISSING, Reply()]

    delivery().deliver(deployment(commits=2))

    assert [each.body.get("id", each.body.get("pipeline_id")) for each in server.received] == [
        "x", "x", "x",
    ]  # fmt: skip
    assert ["pipeline_id" in each.body for each in server.received] == [False, True, True]


def test_the_legacy_dialect_is_remembered_for_the_run(server, delivery):
    server.script = [MISSING, Reply()]
    run = delivery()

    run.deliver(deployment())
    run.deliver(deployment())

    assert ["pipeline_id" in each.body for each in server.received] == [False, True, True]


@pytest.mark.parametrize("dialect", ["v1", "legacy"])
def test_a_dialect_given_by_hand_is_kept(server, delivery, dialect):
    missing = "StartedDate" if dialect == "v1" else "start_time"
    server.script = [Reply(400, f"Field validation for '{missing}' failed on the 'required' tag")]

    with pytest.raises(RefusedError) as raised:
        delivery(dialect=dialect).deliver(deployment())

    assert "--dialect auto" in raised.value.hint
    assert len(server.received) == 1


def test_a_server_that_misses_everything_is_not_asked_for_ever(server, delivery):
    server.script = [
        Reply(400, "Field validation for 'StartedDate' failed on the 'required' tag"),
        Reply(400, "Field validation for 'start_time' failed on the 'required' tag"),
    ]

    with pytest.raises(RefusedError):
        delivery().deliver(deployment())

    assert len(server.received) == 2


def test_a_project_whose_connection_was_just_made_is_asked_once_more(server, delivery, ticking):
    server.script = [NOT_FOUND, Reply()]

    delivery(connection=None, project="shop").deliver(deployment())

    assert len(server.received) == 2
    assert ticking.slept == []


def test_a_project_that_stays_unknown_is_asked_twice_only(server, delivery):
    server.script = [NOT_FOUND]

    with pytest.raises(RefusedError, match="record not found"):
        delivery(connection=None, project="shop").deliver(deployment())

    assert len(server.received) == 2


def test_a_failure_in_the_middle_says_how_much_is_stored(server, delivery):
    server.script = [Reply(), Reply(), Reply(), Reply(403, {"message": "api key has expired"})]

    with pytest.raises(RefusedError) as raised:
        delivery(dialect="legacy").deliver(deployment(commits=5))

    assert "3 of its 5 requests were stored before" in raised.value.message


def test_a_login_from_a_netrc_file_does_not_replace_the_token(
    server, delivery, tmp_path, monkeypatch
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cr3t")
    monkeypatch.setenv("NETRC", str(netrc))

    delivery().deliver(deployment())

    assert server.received[0].headers["authorization"] == "Bearer key"


def test_a_header_that_is_no_secret_does_not_blind_us_for_a_success(server, delivery):
    delivery(header=("X-Forwarded-Ssl: true", "X-Word: success")).deliver(deployment())

    assert len(server.received) == 1


NAME_TAKEN = Reply(400, {"success": False, "message": "the connection name already exists"})
DUPLICATE = Reply(400, "\"Error 1062 (23000): Duplicate entry 'webhook:70' for key 'PRIMARY'\"")


@pytest.mark.parametrize("refusal", [NAME_TAKEN, DUPLICATE])
def test_a_first_report_beside_another_one_is_stored(server, delivery, refusal):
    server.script = [refusal, refusal, Reply()]

    delivery(connection=None, project="shop").deliver(deployment())

    assert len(server.received) == 3


def test_a_name_that_is_taken_for_good_is_a_refusal_that_says_what_to_do(server, delivery):
    server.script = [NAME_TAKEN]

    with pytest.raises(RefusedError) as raised:
        delivery(connection=None, project="shop").deliver(deployment())

    assert len(server.received) == 5
    assert '"shop_deployments"' in raised.value.hint


def test_more_commits_than_a_statement_takes_go_in_several_requests_of_one_id(server, delivery):
    delivery().deliver(deployment(commits=4100))

    assert [len(each.body["deploymentCommits"]) for each in server.received] == [2000, 2000, 100]
    assert {each.body["id"] for each in server.received} == {"x"}


def test_an_answer_is_asked_for_as_it_is(server, delivery):
    delivery().deliver(deployment())

    assert server.received[0].headers["accept-encoding"] == "identity"


def test_one_attempt_may_not_take_all_of_the_time(delivery):
    allowed = []
    slow = delivery(seconds=100)
    slow.send = lambda _, seconds: allowed.append(seconds) or Answer(503, "busy")

    with pytest.raises(UnreachedError):
        slow.deliver(deployment())

    assert max(allowed) == 30
    assert allowed[-1] < 30


def test_a_wait_that_ends_with_the_deadline_is_not_waited_for(server, delivery, ticking):
    server.script = [Reply(503, "busy", {"Retry-After": "60"})]

    with pytest.raises(UnreachedError, match="Not stored within the deadline"):
        delivery(seconds=60).deliver(deployment())

    assert ticking.slept == []
