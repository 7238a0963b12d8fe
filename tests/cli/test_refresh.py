"""`--refresh` runs the project's computation once something is stored; a failure undoes nothing."""

import pytest

from tests.support import PIPELINE, Reply

RUN = {"id": 1, "status": "TASK_COMPLETED", "plan": []}
RUNS = {"count": 1, "pipelines": [RUN]}
REFUSED = Reply(400, {"message": "error triggering blueprint\nWraps: (2) blueprint is not enabled"})


def test_a_report_that_is_not_stored_refreshes_nothing(server, devlake_ci):
    server.script = [Reply(403, {"success": False, "message": "api key is invalid"})]

    ran = devlake_ci("report", "--refresh", "3", env={**PIPELINE, "DEVLAKE_URL": server.url})

    assert (ran.code, len(server.received)) == (4, 1)


def test_a_report_stays_reported_when_the_refresh_fails(server, devlake_ci):
    server.script = [Reply(), Reply(body=RUNS), REFUSED]

    ran = devlake_ci("report", "--refresh", "3", env={**PIPELINE, "DEVLAKE_URL": server.url})

    assert ran.code == 0
    assert "Warning: stored, but not refreshed. The blueprint 3 is switched off." in ran.out
    assert [each.path.partition("?")[0] for each in server.received][1:] == [
        "/rest/blueprints/3/pipelines",
        "/rest/blueprints/3/trigger",
    ]


def test_both_halves_of_a_report_refresh_once(server, devlake_ci, tmp_path):
    server.script = [Reply(), Reply(), Reply(body=RUNS), Reply(body=RUN | {"id": 2})]
    env = {
        **PIPELINE,
        "DEVLAKE_URL": server.url,
        "DEVLAKE_MODE": "both",
        "DEVLAKE_INCIDENT_STATE": f"file:{tmp_path / 'state'}",
        "DEVLAKE_INCIDENT_BRANCHES": "main",
        "DEVLAKE_INCIDENT_RESULT": "failed",
    }

    ran = devlake_ci("report", "--refresh", "3", env=env)

    assert "The project is running (run 2)" in ran.out
    assert [each.method for each in server.received] == ["POST", "POST", "GET", "POST"]


def test_an_incident_by_hand_refreshes_too(server, devlake_ci):
    server.script = [Reply(), Reply(body=RUNS), Reply(body=RUN | {"id": 2})]
    env = {**PIPELINE, "DEVLAKE_URL": server.url}

    ran = devlake_ci("incident", "open", "db", "--title", "Down", "--refresh", "3", env=env)

    assert "The project is running (run 2)" in ran.out


def test_a_replay_refreshes_once_for_all_that_it_sent(server, devlake_ci, tmp_path):
    spool = str(tmp_path)
    env = {**PIPELINE, "DEVLAKE_URL": "http://127.0.0.1:9", "DEVLAKE_SPOOL": spool}
    for number in ("1", "2"):
        devlake_ci("report", "--id", number, "--deadline", "1", env=env)
    env = {"DEVLAKE_URL": server.url, "DEVLAKE_TOKEN": "s3cr3t"}
    waiting = [each for each in tmp_path.iterdir() if each.suffix == ".json"]
    for file in waiting:
        file.write_text(file.read_text().replace("http://127.0.0.1:9", server.url))
    server.script = [Reply(), Reply(), Reply(body=RUNS), Reply(body=RUN | {"id": 2})]

    ran = devlake_ci("replay", spool, "--refresh", "3", env=env)

    assert "Replayed: 2 stored." in ran.out
    assert "The project is running (run 2)" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--refresh-wait"], "--refresh-wait waits for a run, and --refresh asks for none"),
        (["--refresh", "shop"], '--refresh: "shop" is not the number of a blueprint'),
        (["--refresh", "0"], '--refresh: "0" is not the number of a blueprint'),
    ],
)
def test_a_refresh_that_means_nothing_is_refused_before_anything_is_sent(
    server, devlake_ci, arguments, said
):
    ran = devlake_ci("report", *arguments, env={**PIPELINE, "DEVLAKE_URL": server.url})

    assert (ran.code, server.received) == (2, [])
    assert said in ran.err
