"""A project is computed once more after a report is stored: the run that counts began after it."""

import json

import pytest

from devlake_ci.devlake.address import Target
from devlake_ci.devlake.api import Api
from devlake_ci.devlake.refresh import Refresh
from devlake_ci.devlake.request import Answer
from devlake_ci.errors import Problem

COLLECTING = {"id": 3, "connections": [{"pluginName": "gitlab", "connectionId": 1}]}
PENDING = (400, {"message": "error triggering blueprint (400)\nWraps: (2) there are pending "
                 "pipelines of current blueprint already (400)\nError types: (1) x"})  # fmt: skip
SCOPE = (403, {"success": False, "message": "path doesn't match api key's scope"})


def run(number, status, plugins=("org", "dora", "refdiff", "dora"), **more):
    plan = [[{"plugin": each, "subtasks": [], "options": {}}] for each in plugins]
    shape = {"id": number, "status": f"TASK_{status}", "plan": plan, "message": ""}
    return shape | more


class Server:
    """A DevLake that answers each kind of request with the next of its script."""

    def __init__(self, runs, triggers=(), blueprint=SCOPE, tasks=SCOPE):
        self.runs, self.triggers = list(runs), list(triggers)
        self.others = {"/blueprints/3": blueprint, "/pipelines/8/tasks": tasks}
        self.asked = []

    def call(self, request, _seconds):
        path = request.url.removeprefix("http://lake/rest").partition("?")[0]
        self.asked.append(f"{request.method} {path}")
        if path == "/blueprints/3/trigger":
            assert request.body == {"skipCollectors": True, "fullSync": False}
            said = self.triggers.pop(0)
        elif path == "/blueprints/3/pipelines":
            now = self.runs.pop(0) if len(self.runs) > 1 else self.runs[0]
            said = now if isinstance(now, tuple) else (200, {"pipelines": now, "count": len(now)})
        else:
            said = self.others[path]
        status, body = said if isinstance(said, tuple) else (200, said)
        return Answer(status, json.dumps(body))

    @property
    def triggered(self):
        return self.asked.count("POST /blueprints/3/trigger")


@pytest.fixture
def refresh(ticking):
    def made(server, seconds=60.0):
        target = Target("http://lake", "connections/1", rest=True)
        return Refresh(Api(target, server.call, ticking.clock(), lambda: seconds), 3)

    return made


def test_a_run_is_asked_for_where_none_is_under_way(refresh):
    server = Server([[run(7, "COMPLETED")]], [run(8, "CREATED")])

    assert refresh(server).request().id == 8
    assert server.triggered == 1


def test_a_queued_run_is_joined(refresh):
    server = Server([[run(8, "CREATED")]])

    assert refresh(server).request().id == 8
    assert server.triggered == 0


def test_after_a_running_one_one_more_is_asked_for(refresh):
    server = Server(
        [[run(7, "RUNNING")], [run(7, "RUNNING")], [run(7, "COMPLETED")]], [run(8, "CREATED")]
    )

    assert refresh(server).request().id == 8
    assert server.triggered == 1


def test_what_another_job_asked_for_after_the_running_one_is_joined(refresh):
    server = Server([[run(7, "RUNNING")], [run(8, "RUNNING"), run(7, "COMPLETED")]], [PENDING])

    assert refresh(server).request().id == 8
    assert server.triggered == 1


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (Server([[run(7, "COMPLETED", ["github", "org", "dora"])]]), "also collects from github"),
        (Server([[run(7, "COMPLETED", spentSeconds=31)]]), "took 31 s"),
        (
            Server([[]], blueprint=COLLECTING),
            "also collects from gitlab",
        ),
    ],
    ids=["another plugin", "a long run", "another plugin, never run"],
)
def test_a_long_run_is_not_asked_for_and_a_schedule_advised(refresh, server, why):
    with pytest.raises(Problem) as raised:
        refresh(server).request()

    assert why in raised.value.message
    assert "schedule" in raised.value.hint
    assert server.triggered == 0


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((500, {"message": "error triggering blueprint\nWraps: (2) empty plan"}), "runs nothing"),
        ((400, {"message": "error\nWraps: (2) blueprint is not enabled (400)"}), "switched off"),
        (
            (404, {"message": "error\nWraps: (2) blueprint not found (404)"}),
            "There is no blueprint",
        ),
        (SCOPE, "may not run"),
        ((200, []), "not as its API says"),
    ],
)
def test_a_refusal_is_said_with_its_reason(refresh, answer, why):
    with pytest.raises(Problem, match=why):
        refresh(Server([[]], [answer])).request()


def test_waiting_ends_when_the_run_has_ended_well(refresh, ticking):
    server = Server([[run(8, "CREATED")], [run(8, "RUNNING")], [run(8, "COMPLETED")]])

    refresh(server).wait(refresh(Server([[run(8, "CREATED")]])).request())

    assert ticking.slept == [0.2, 0.4]


def test_waiting_finds_a_run_that_is_no_longer_the_newest(refresh, ticking):
    server = Server([[run(9, "RUNNING"), run(8, "COMPLETED")]])

    refresh(server).wait(refresh(Server([[run(8, "CREATED")]])).request())

    assert ticking.slept == []


def test_a_task_that_failed_is_named(refresh):
    tasks = [
        {"plugin": "org", "status": "TASK_COMPLETED"},
        {"plugin": "dora", "status": "TASK_FAILED", "failedSubTask": "calculateChangeLeadTime",
         "message": "disk full"},
    ]  # fmt: skip
    server = Server([[run(8, "FAILED", message="dora failed")]], tasks={"tasks": tasks})

    with pytest.raises(Problem, match="TASK_FAILED: dora, calculateChangeLeadTime: disk full"):
        refresh(server).wait(refresh(Server([[run(8, "CREATED")]])).request())


def test_with_a_narrow_key_the_runs_own_message_says_what_failed(refresh):
    server = Server([[run(8, "FAILED", message="subtask x failed")]])

    with pytest.raises(Problem, match="TASK_FAILED: subtask x failed"):
        refresh(server).wait(refresh(Server([[run(8, "CREATED")]])).request())


def test_the_causes_of_a_failure_are_told_once_each(refresh):
    message = (
        "Error running pipeline 12.\nWraps: (2) Error running task 42.\n  | Wraps: (2) subtask x "
        "ended unexpectedly\n  | Wraps: (3) Error 1146: no table y (500)\n  | Wraps: (4) Error "
        "1146: no table y\n  | Error types: (1) *hintdetail.withDetail\nError types: (1) z"
    )
    server = Server([[run(8, "FAILED", message=message)]])

    with pytest.raises(Problem) as raised:
        refresh(server).wait(refresh(Server([[run(8, "CREATED")]])).request())

    assert raised.value.message == (
        "The project's run ended as TASK_FAILED: Error running pipeline 12: Error running task 42: "
        "subtask x ended unexpectedly: Error 1146: no table y."
    )


def test_waiting_ends_with_the_deadline(refresh, ticking):
    with pytest.raises(Problem, match="has not ended within the deadline"):
        refresh(Server([[run(8, "RUNNING")]]), 10).wait(
            refresh(Server([[run(8, "CREATED")]])).request()
        )

    assert ticking.seconds <= 10
