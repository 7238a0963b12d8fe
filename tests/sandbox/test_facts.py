"""What real servers answered that no recording shows: seen live, or read in DevLake's source."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from devlake_sandbox import VERSIONS, Sandbox

DATES = {"startedDate": "2026-03-01T10:01:00Z", "finishedDate": "2026-03-01T10:09:00Z"}
SHOP = "https://github.com/acme/shop"
ISSUE = {
    "issueKey": "i",
    "title": "Basket is empty",
    "type": "INCIDENT",
    "status": "DONE",
    "originalStatus": "done",
    "createdDate": "2026-03-01T10:10:00Z",
}
HOOK = "/plugins/webhook"
RACED = "the connection name already exists"


def sha(number):
    return f"{number:040x}"


def deployment(key="d", commits=1, **more):
    listed = [{"repoUrl": SHOP, "commitSha": sha(n), **DATES} for n in range(commits)]
    return {"id": key, "name": key, **DATES, "deploymentCommits": listed, **more}


def post(sandbox, body, path="/connections/1/deployments", **headers):
    with requests.Session() as session:
        return session.post(f"{sandbox.url}{HOOK}{path}", json=body, headers=headers)


def at_once(number, send):
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(send, range(number)))


def project(sandbox, name):
    with requests.Session() as session:
        assert session.post(f"{sandbox.url}/projects", json={"name": name}).ok


@pytest.mark.parametrize("version", ["v1.0.1", "v1.0.3", "main"])
@pytest.mark.parametrize(
    "more", [{"leadTimeMinutes": -5}, {"resolutionDate": "2026-03-01T10:00:00Z"}]
)
def test_an_incident_with_a_negative_lead_time_is_a_500(version, more):
    with Sandbox(version) as sandbox:
        answer = post(sandbox, ISSUE | more, "/connections/1/issues")

        assert answer.status_code == 500
        assert "Out of range value for column 'lead_time_minutes'" in answer.json()["message"]
        assert sandbox.rows("issues") == []


@pytest.mark.parametrize("name", [["shop"], ["a", "b"]])
def test_a_name_that_is_a_list_is_a_400(sandbox, client, name):
    connection = client.post(f"{sandbox.url}{HOOK}/connections", json={"name": name})

    assert post(sandbox, deployment(name=name)).status_code == 400
    assert connection.status_code == 400


def test_keys_that_differ_in_trailing_spaces_are_the_same_key(sandbox):
    post(sandbox, ISSUE, "/connections/1/issues")
    post(sandbox, ISSUE | {"issueKey": "i  ", "title": "Still empty"}, "/connections/1/issues")

    assert [each["title"] for each in sandbox.rows("incidents")] == ["Still empty"]


def test_each_rest_before_a_path_asks_for_the_key(sandbox, client):
    url = sandbox.connection_url.replace("/rest/", "/rest/rest/")

    refused = client.post(url, json=deployment())
    taken = client.post(
        url, json=deployment(), headers={"Authorization": f"Bearer {sandbox.token}"}
    )

    assert (refused.status_code, taken.status_code) == (401, 200)


@pytest.mark.parametrize("version", VERSIONS)
def test_there_is_no_connection_0(version):
    with Sandbox(version) as sandbox:
        answer = post(sandbox, {}, "/connections/0/deployments")

        assert answer.status_code == 400
        assert "invalid connectionId" in answer.json()["message"]


def test_a_project_whose_connection_is_not_in_it_refuses_for_ever(sandbox, client):
    project(sandbox, "shop")
    client.post(f"{sandbox.url}{HOOK}/connections", json={"name": "shop_deployments"})

    answers = [post(sandbox, deployment(), "/projects/shop/deployments") for _ in range(2)]

    assert [each.status_code for each in answers] == [400, 400]
    assert RACED in answers[0].json()["message"]


def test_first_reports_to_a_project_at_one_moment_collide_and_pass_when_sent_again(sandbox):
    project(sandbox, "shop")
    sandbox.hold_back(8)

    def send(number):
        return post(sandbox, deployment(f"d{number}"), "/projects/shop/deployments")

    first, again = at_once(8, send), at_once(8, send)

    assert sorted(each.status_code for each in first) == [400] * 7 + [404]
    assert {each.json()["message"].startswith(RACED) for each in first} == {True, False}
    assert {each.status_code for each in again} == {200}


@pytest.mark.parametrize("version", VERSIONS)
def test_first_incidents_of_a_connection_at_one_moment_collide_and_pass_when_sent_again(version):
    issue = ISSUE if version not in ("v0.20.0", "v0.21.0") else snake_case(ISSUE)
    key = "issueKey" if issue is ISSUE else "issue_key"
    with Sandbox(version) as sandbox:
        sandbox.hold_back(4)

        def send(number):
            return post(sandbox, issue | {key: f"i{number}"}, "/connections/1/issues")

        first, again = at_once(4, send), at_once(4, send)

    assert sorted(each.status_code for each in first) == [200] + [400] * 3
    assert any("Error 1062 (23000): Duplicate entry 'webhook:1'" in each.text for each in first)
    assert {each.status_code for each in again} == {200}


def test_more_commits_than_a_statement_has_room_for_are_a_500_and_two_halves_are_one(sandbox):
    refused = post(sandbox, deployment(commits=2_200))
    assert refused.status_code == 500
    assert "Error 1390 (HY000): Prepared statement contains too many" in refused.json()["message"]

    halves = deployment(commits=2_200)["deploymentCommits"]
    for half in (halves[:1_100], halves[1_100:]):
        assert post(sandbox, deployment(deploymentCommits=half)).ok

    assert len(sandbox.rows("cicd_deployment_commits")) == 2_200
    assert len(sandbox.rows("cicd_deployments")) == 1


def test_with_auth_enabled_a_valid_key_is_unauthorized_and_only_basic_gets_in():
    with Sandbox("main", auth_enabled=True) as sandbox:
        by_key = post(
            sandbox, deployment(), "/connections/1/deployments",
            Authorization=f"Bearer {sandbox.token}",
        )  # fmt: skip
        with requests.Session() as session:
            through_rest = session.post(
                sandbox.connection_url, json=deployment(),
                headers={"Authorization": f"Bearer {sandbox.token}"},
            )  # fmt: skip
            version = session.get(f"{sandbox.url}/version")
        basic = post(sandbox, deployment(), Authorization="Basic bWU6eA==")

    assert by_key.status_code == through_rest.status_code == 401
    assert through_rest.json() == {"success": False, "message": "unauthorized"}
    assert (version.status_code, basic.status_code) == (200, 200)


def test_six_decimals_before_an_offset_are_taken_by_main_alone():
    body = deployment(finishedDate="2026-03-01T10:09:00.123456+00:00")

    answers = {}
    for version in ("v1.0.3", "main"):
        with Sandbox(version) as sandbox:
            answers[version] = post(sandbox, body).status_code

    assert answers == {"v1.0.3": 400, "main": 200}


def test_before_v1_a_commit_that_is_deployed_again_moves_so_that_a_b_a_counts_twice():
    with Sandbox("v0.21.0") as sandbox:
        for number, commit in enumerate((1, 2, 1)):
            post(sandbox, legacy(f"p{number}", sha(commit), day=number + 1))

        assert [month.deployments for month in sandbox.months] == [2]


def test_before_v1_an_open_incident_counts_as_restored_in_no_time():
    still_open = ISSUE | {"status": "TODO"}
    closed = still_open | {"issueKey": "j", "leadTimeMinutes": 120}
    restored = {}
    for version in ("v0.21.0", "v1.0.3"):
        spelled = snake_case if version == "v0.21.0" else dict
        with Sandbox(version) as sandbox:
            for issue in (closed | {"resolutionDate": "2026-03-01T12:10:00Z"}, still_open):
                post(sandbox, spelled(issue), "/connections/1/issues")
            restored[version] = [month.restore_hours for month in sandbox.months]

    assert restored == {"v0.21.0": [0.0], "v1.0.3": [2.0]}


def test_the_close_route_dates_the_end_since_june_2026_alone():
    for version, dated in (("v1.0.3", False), ("main", True)):
        with Sandbox(version) as sandbox:
            post(sandbox, ISSUE | {"status": "TODO"}, "/connections/1/issues")
            post(sandbox, None, "/connections/1/issue/i/close")

            (incident,) = sandbox.rows("incidents")
            assert incident["status"] == "DONE"
            assert ("resolution_date" in incident) is dated
            assert (incident["lead_time_minutes"] != "0") is dated


def snake_case(body):
    return {re.sub("[A-Z]", lambda a: "_" + a[0].lower(), key): one for key, one in body.items()}


def legacy(key, commit, day):
    times = {"start_time": f"2026-03-{day:02}T10:00:00Z", "end_time": f"2026-03-{day:02}T10:05:00Z"}
    return {"pipeline_id": key, "repo_url": SHOP, "commit_sha": commit, **times}
