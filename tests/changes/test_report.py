"""What `report --changes` tells a DevLake: real histories, a real stand-in server."""

import json
from datetime import timedelta

import pytest
import requests

from devlake_ci.runtime.git import run_git as ask
from devlake_sandbox import Sandbox
from tests.changes.test_git import History
from tests.support import Reply

ENV = {
    "CIRCLECI": "true",
    "CIRCLE_REPOSITORY_URL": "git@github.com:acme/shop.git",
    "CIRCLE_BRANCH": "main",
    "CIRCLE_WORKFLOW_ID": "w",
    "CIRCLE_JOB": "deploy",
    "DEVLAKE_ENVIRONMENT": "production",
    "DEVLAKE_RESULT": "success",
    "DEVLAKE_CHANGES": "git",
}


@pytest.fixture
def history(tmp_path, monkeypatch):
    made = History(tmp_path / "shop", monkeypatch)
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def report(devlake_ci, devlake, tmp_path):
    """Report what is deployed: `report(sha, hour, *options)`."""
    runs = iter(range(1, 1000))

    def ran(sha, hour, *options, run=None, **env):
        where = {
            "DEVLAKE_URL": devlake.connection_url,
            "DEVLAKE_TOKEN": devlake.token,
            "DEVLAKE_INCIDENT_STATE": f"file:{tmp_path}/state.json",
            "CIRCLE_SHA1": sha,
            "CIRCLE_WORKFLOW_JOB_ID": f"j{run or next(runs)}",
            "DEVLAKE_FINISHED_AT": f"2026-02-28T{hour:02}:00:00Z",
        }
        return devlake_ci("report", *options, env=ENV | where | env, git=ask)

    return ran


def keys(devlake):
    """The numbers of the pull requests that DevLake has."""
    return sorted(
        int(row["pull_request_key"]) % 10_000_000 for row in devlake.rows("pull_requests")
    )


def entries(devlake, deployment=None):
    """The commits of the deployments, in the order of their times."""
    rows = [
        (row["finished_date"], row["commit_sha"])
        for row in devlake.rows("cicd_deployment_commits")
        if deployment is None or row["cicd_deployment_id"] == deployment
    ]
    return [sha for _, sha in sorted(rows)]


def deployed(devlake):
    """For the number of each pull request, the hour in which DevLake counts it as deployed."""
    moment = timedelta(seconds=1)  # the entries of a deployment are milliseconds apart
    return {
        int(each.pull_request.rpartition(":")[2]) % 10_000_000: (each.deployed + moment).hour
        for each in devlake.lead_times
    }


def test_a_deployment_lists_what_it_shipped_and_devlake_has_its_lead_time(history, devlake, report):
    base = history.commit("Base")
    one, two = history.pull_request(1), history.pull_request(2)

    ran = report(two, 12, "--changes-since", base)

    assert ran.code == 0
    assert entries(devlake) == [base, one, two]
    assert deployed(devlake) == {1: 12, 2: 12}
    assert f"Shipped since {base[:12]}: 2 pull requests (#1, #2)." in ran.out
    assert ran.out.count("  commit ") == 1


def test_the_state_file_knows_what_was_live(history, devlake, report):
    first = history.commit("First (#1)")
    report(first, 10)
    second = history.pull_request(2)

    report(second, 11)

    assert deployed(devlake) == {2: 11}


def test_without_anything_known_it_is_the_own_commit_and_says_how_to_give_it(
    history, devlake, report
):
    head = history.commit("Base (#1)")

    ran = report(head, 10)

    assert (ran.code, entries(devlake), keys(devlake)) == (0, [head], [])
    assert "What was live before is not known" in ran.out
    assert "--changes-since" in ran.out


def test_an_unknown_base_is_a_warning(history, devlake, report):
    head = history.commit("Base")

    ran = report(head, 10, "--changes-since", "v0")

    assert (ran.code, entries(devlake)) == (0, [head])
    assert '"v0"' in ran.out


@pytest.mark.parametrize("env", [{"DEVLAKE_RESULT": "failure"}, {"DEVLAKE_ENVIRONMENT": "staging"}])
def test_what_failed_or_went_elsewhere_ships_nothing(history, devlake, report, env):
    base = history.commit("Base")
    head = history.pull_request(1)

    report(head, 10, "--changes-since", base, **env)

    assert (entries(devlake), keys(devlake)) == ([head], [])


def test_what_a_failed_deployment_had_comes_with_the_next_good_one(history, devlake, report):
    report(history.commit("Base"), 9)
    report(history.pull_request(1), 10, DEVLAKE_RESULT="failure")

    report(history.pull_request(2), 11)

    assert sorted(deployed(devlake)) == [1, 2]


def test_reported_again_nothing_is_counted_twice(history, devlake, report):
    report(history.commit("Base"), 9)
    head = history.pull_request(1)
    report(head, 10, run="x")
    before = devlake.rows("cicd_deployment_commits"), devlake.rows("pull_requests")

    report(head, 10, run="x")

    assert (devlake.rows("cicd_deployment_commits"), devlake.rows("pull_requests")) == before


def test_a_roll_back_ships_nothing_and_going_forward_counts_nothing_twice(history, devlake, report):
    report(history.commit("Base"), 8)
    old = history.pull_request(1)
    report(old, 9)
    report(history.pull_request(2), 10)

    back = report(old, 11)
    report(history.pull_request(3), 12)

    assert "Nothing was shipped" in back.out
    assert deployed(devlake) == {1: 9, 2: 10, 3: 12}


def test_a_chosen_older_version_then_a_push(history, devlake, report):
    report(history.commit("Base"), 8)
    old = history.pull_request(1)
    history.git("tag", "v1")
    report(old, 9)
    waiting = history.pull_request(2)

    report(waiting, 10, "--ref", "v1")
    report(history.pull_request(3), 11)

    assert deployed(devlake) == {1: 9, 2: 11, 3: 11}


def test_a_hotfix_branch_and_then_main(history, devlake, report):
    base = history.commit("Base")
    report(base, 8)
    history.branch("hotfix", base)
    fix = history.pull_request(1, into="hotfix")
    history.to("main")
    history.pull_request(2)
    report(fix, 9)
    history.merge("Merge branch 'hotfix'", "hotfix")

    report(history.head, 10)

    assert deployed(devlake) == {1: 9, 2: 10}


def test_two_regions_of_one_release_count_each_pull_request_once(history, devlake, report):
    base = history.commit("Base")
    head = history.pull_request(1)

    for hour, region in ((9, "production-eu"), (10, "production-us")):
        report(head, hour, "--changes-since", base, DEVLAKE_ENVIRONMENT=region)

    assert deployed(devlake) == {1: 9}


def test_a_service_ships_what_touches_its_paths(history, devlake, report):
    base = history.commit("Base", path="README")
    history.pull_request(1, path="api/x")
    history.pull_request(2, path="web/x")
    head = history.commit("Release")

    for hour, service in ((9, "api"), (10, "web")):
        report(head, hour, "--changes-since", base, "--service", service, "--changes-path", service)

    assert deployed(devlake) == {1: 9, 2: 10}


def test_a_service_without_paths_is_an_error(history, devlake, report):
    ran = report(history.commit("Base"), 9, "--service", "api")

    assert (ran.code, devlake.rows("cicd_deployments")) == (2, [])
    assert "DEVLAKE_CHANGES_PATH" in ran.err


def test_pull_requests_go_to_a_connection_of_their_own(history, devlake, report):
    base = history.commit("Base")
    connections = f"{devlake.url}/plugins/webhook/connections"
    with requests.Session() as session:
        session.post(connections, json={"name": "changes-of-acme-shop"})

    report(
        history.pull_request(1), 9, "--changes-since", base, "--connection", "ci",
        "--changes-connection", "changes-of-{owner}-{repo}",
        DEVLAKE_URL=devlake.url, DEVLAKE_TOKEN="",
    )  # fmt: skip

    (row,) = devlake.rows("pull_requests")
    assert row["id"].startswith("webhook:2:")


def test_commits_are_changes_where_nobody_merges(history, devlake, report):
    base = history.commit("Base")
    one, two = history.commit("One"), history.commit("Two")

    report(two, 12, "--changes-since", base, DEVLAKE_CHANGES="commits")

    assert entries(devlake) == [base, one, two]
    assert [row["title"] for row in devlake.rows("pull_requests")] == ["One", "Two"]


def test_no_author_is_named_unless_it_is_wanted(history, devlake, report):
    base = history.commit("Base")
    head = history.pull_request(1)

    report(head, 10, "--changes-since", base)
    silent = [row.get("author_name") for row in devlake.rows("pull_requests")]
    report(head, 10, "--changes-since", base, "--changes-authors")

    assert silent == [None]
    assert [row["author_name"] for row in devlake.rows("pull_requests")] == ["Ada"]


def test_a_dry_run_shows_the_deployment_and_then_its_pull_requests(history, devlake, report):
    base = history.commit("Base")

    ran = report(
        history.pull_request(1), 10, "--changes-since", base, "--dry-run", "--format", "json"
    )

    shown = [each["url"].rpartition("/")[2] for each in json.loads(ran.out)["requests"]]
    assert shown == ["deployments", "pull_requests"]
    assert devlake.rows("pull_requests") == []


def scripted(server, *replies):
    """Answer like DevLake; the keys of `replies` are parts of paths."""

    def answer(received):
        return next((reply for part, reply in replies if part in received), Reply())

    server.script = [lambda _: answer(server.received[-1].path)]


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            Reply(403, {"message": "path doesn't match api key's scope"}),
            "use the key that DevLake made with the connection",
        ),
        (Reply(404, "404 page not found"), "since 1.0.3"),
    ],
)
def test_a_server_that_takes_no_pull_requests_has_the_deployment_and_says_why(
    history, report, server, refusal, said
):
    base = history.commit("Base")
    history.pull_request(1)
    scripted(server, ("pull_requests", refusal))

    ran = report(
        history.pull_request(2), 10, "--changes-since", base, "--connection", "1",
        DEVLAKE_URL=server.url,
    )  # fmt: skip

    assert ran.code == 0
    assert [each.path.rpartition("/")[2] for each in server.received] == [
        "deployments",
        "pull_requests",
    ]
    assert "Warning: the deployment is stored, but DevLake takes none of its 2 pull" in ran.out
    assert said in ran.out


def test_pull_requests_that_are_not_reached_wait_in_the_spool(
    history, report, server, tmp_path, devlake_ci
):
    base = history.commit("Base")
    history.pull_request(1)
    scripted(server, ("pull_requests", Reply(503)))
    spool = str(tmp_path / "spool")
    where = {"DEVLAKE_URL": f"{server.url}/api", "DEVLAKE_CONNECTION": "1", "DEVLAKE_TOKEN": "t"}

    ran = report(
        history.pull_request(2), 10, "--changes-since", base, "--spool", spool,
        "--deadline", "2", **where,
    )  # fmt: skip

    assert ran.code == 5
    assert "The deployment is stored. 2 of its 2 pull requests were not sent." in ran.err
    server.script = [Reply()]
    server.received.clear()
    assert devlake_ci("replay", spool, env=where).code == 0
    assert [each.path.rpartition("/")[2] for each in server.received] == ["pull_requests"] * 2
    assert sorted(each.body["pullRequestKey"] % 10_000_000 for each in server.received) == [1, 2]


def test_a_deployment_that_is_not_reached_waits_with_its_pull_requests(
    history, report, server, tmp_path, devlake_ci
):
    base = history.commit("Base")
    server.script = [Reply(503)]
    spool = str(tmp_path / "spool")
    where = {"DEVLAKE_URL": f"{server.url}/api", "DEVLAKE_CONNECTION": "1", "DEVLAKE_TOKEN": "t"}

    ran = report(
        history.pull_request(1), 10, "--changes-since", base, "--spool", spool,
        "--deadline", "2", **where,
    )  # fmt: skip

    assert ran.code == 5
    server.script = [Reply()]
    server.received.clear()
    devlake_ci("replay", spool, env=where)
    sent = {each.path.rpartition("/")[2]: each.body for each in server.received}
    assert sent["deployments"]["deploymentCommits"][0]["commitSha"] == base
    assert sent["pull_requests"]["status"] == "MERGED"


def test_a_refused_deployment_sends_no_pull_requests(history, report, server):
    base = history.commit("Base")
    scripted(server, ("deployments", Reply(403, {"message": "api key is invalid"})))

    ran = report(
        history.pull_request(1), 10, "--changes-since", base, "--connection", "1",
        DEVLAKE_URL=server.url,
    )  # fmt: skip

    assert (ran.code, len(server.received)) == (4, 1)


def test_what_devlake_was_not_told_the_next_run_tells(history, report, server, devlake):
    report(history.commit("Base"), 8)
    scripted(server, ("pull_requests", Reply(503)))
    lost = report(
        history.pull_request(1), 9, "--deadline", "2", "--connection", "1", DEVLAKE_URL=server.url
    )

    report(history.pull_request(2), 10)

    assert lost.code == 5
    assert keys(devlake) == [1, 2]


def test_a_devlake_that_knows_no_pull_requests_is_told_of_the_own_commit_alone(history, report):
    base = history.commit("Base")
    head = history.pull_request(1)
    with Sandbox("v0.21.0") as old:
        ran = report(
            head, 9, "--changes-since", base,
            DEVLAKE_URL=old.connection_url, DEVLAKE_TOKEN=old.token,
        )  # fmt: skip

        assert entries(old) == [head]
    assert ran.code == 0
    assert "since 1.0.3" in ran.out
