"""What DevLake's answers mean, held to answers that real servers gave."""

import json
from datetime import UTC, datetime

import pytest

from devlake_ci.devlake.address import report_target
from devlake_ci.devlake.answers import FIRST_REPORTS, retry_after, verdict
from devlake_ci.devlake.request import Answer
from devlake_ci.options import Options
from tests.support import DATA, NOON

TARGET = report_target(Options(url="https://d.example/api", connection="1", token="key"), {})
VERSIONS = ["v0.20.0", "v0.21.0", "v1.0.1", "v1.0.3"]


def recorded(version):
    text = (DATA / "contract" / f"devlake-{version}.json").read_text()
    return [
        each
        for each in json.loads(text)["exchanges"]
        if each["method"] == "POST" and each["path"].rstrip("/").endswith("/deployments")
    ]


def judged(exchange, where=TARGET):
    said, kind = exchange["answer"], exchange.get("content_type", "")
    text = said if isinstance(said, str) and "json" not in kind else json.dumps(said)
    headers = {"content-type": kind, "location": exchange["path"].rstrip("/")}
    answer = Answer(exchange["status"], text, headers)
    body = exchange.get("body")
    return verdict(answer, body if isinstance(body, dict) else {}, where, NOON)


@pytest.mark.parametrize("version", VERSIONS)
def test_stored_is_exactly_what_a_real_server_called_a_success(version):
    for exchange in recorded(version):
        succeeded = isinstance(exchange["answer"], dict) and exchange["answer"].get("success")

        assert (judged(exchange).kind == "stored") == bool(succeeded), exchange["name"]


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_that_a_real_server_refused_is_tried_again(version):
    kinds = {judged(exchange).kind for exchange in recorded(version)}

    assert kinds <= {"stored", "refused", "switch dialect"}


@pytest.mark.parametrize(
    ("version", "spelling", "kind"),
    [
        ("v0.20.0", "camelCase: every field, two commits", "switch dialect"),
        ("v0.21.0", "camelCase: every field, two commits", "switch dialect"),
        ("v1.0.1", "camelCase: every field, two commits", "stored"),
        ("v1.0.3", "camelCase: every field, two commits", "stored"),
        ("v0.20.0", "snake_case: one commit, every field", "stored"),
        ("v0.21.0", "snake_case: one commit, every field", "stored"),
        # a field that really is missing says nothing of the spelling
        ("v1.0.3", "camelCase: without startedDate", "refused"),
        ("v0.21.0", "snake_case: without start_time", "refused"),
    ],
)
def test_a_server_that_calls_missing_what_was_sent_has_the_other_spelling(version, spelling, kind):
    exchange = next(each for each in recorded(version) if each["name"] == spelling)

    assert judged(exchange).kind == kind


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("rest: no token", "401: token is missing", "DEVLAKE_TOKEN"),
        ("rest: Basic", "401: token is not present or malformed", "API key"),
        ("rest: wrong token", "403: api key is invalid", "no such API key"),
        ("rest: expired token", "403: api key has expired", "create a new one"),
        ("rest: good token, legacy route", "403: path doesn't match api key's scope",
         "/plugins/webhook/connections/1/deployments"),
        ("unknown connection id", "404: record not found (404)", "no webhook connection number 1"),
        ("connection id that is no number", "400: invalid connectionId", "the number"),
        ("project route, project unknown", "404: could not find project [nope] in DB (404)",
         "Create the project"),
        ("double slash", "404: 404 page not found", "the address is wrong"),
        ("trailing slash", "redirects (307) to /plugins/webhook/connections/1/deployments",
         "not followed"),
        ("camelCase: environment 'prod'", "'Environment' failed on the 'oneof' tag",
         "PRODUCTION, STAGING, TESTING and DEVELOPMENT only"),
        ("camelCase: id of 256 characters", "500: Error 1406 (22001): Data too long", "a bug of"),
    ],
)  # fmt: skip
def test_each_refusal_says_what_happened_and_what_to_do(name, message, hint):
    exchange = next(each for each in recorded("v1.0.3") if each["name"] == name)

    found = judged(exchange)

    assert found.kind == "refused"
    assert message in found.message
    assert hint in found.hint


def test_the_first_404_of_a_project_route_is_tried_once_more():
    where = report_target(Options(url="https://d.example/api", project="shop", token="key"), {})
    exchange = next(each for each in recorded("v1.0.3") if each["name"] == "project route")

    assert judged(exchange, where).kind == "retry once"
    assert judged(exchange, TARGET).kind == "refused"


@pytest.mark.parametrize("status", [408, 425, 428, 429, 500, 502, 503, 504, 520])
def test_what_passes_is_tried_again(status):
    found = verdict(Answer(status, "busy", {"retry-after": "7"}), {}, TARGET, NOON)

    assert (found.kind, found.wait) == ("retry", 7.0)
    assert "busy" in found.message


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 407, 413, 415, 422, 501])
def test_what_cannot_get_better_is_refused_with_a_hint(status):
    found = verdict(Answer(status, "no"), {}, TARGET, NOON)

    assert found.kind == "refused"
    assert found.hint


@pytest.mark.parametrize(
    "text",
    ["500 invalid character 'n' looking for", "json: cannot unmarshal array into Go value",
     "commit_sha or repo_url is required", "Error 1406 (22001): Data too long for column 'id'"],
)  # fmt: skip
def test_a_500_that_is_about_the_body_is_refused(text):
    assert verdict(Answer(500, text), {}, TARGET, NOON).kind == "refused"


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '"success"', '{"success": "true"}', '{"success": 1}',
     '{"success": false}', "success", '{"success": true', "[" * 100_000],
)  # fmt: skip
def test_a_200_without_devlakes_own_success_is_no_success(text):
    assert verdict(Answer(200, text), {}, TARGET, NOON).kind == "refused"


@pytest.mark.parametrize(
    ("answer", "base", "hint"),
    [
        (Answer(200, "<!DOCTYPE html><title>DevLake</title>"), "https://d.example",
         "This is the Config UI or a login page, not DevLake's API: "
         "did you mean https://d.example/api ?"),
        (Answer(200, "<p>Sign in", {"content-type": "text/html"}), "https://d.example/api",
         "check the address and what a proxy"),
    ],
)  # fmt: skip
def test_a_web_page_is_recognised_as_the_wrong_address(answer, base, hint):
    where = report_target(Options(url=base, connection="1"), {})

    found = verdict(answer, {}, where, NOON)

    assert found.kind == "refused"
    assert "HTML page: nothing was stored" in found.message
    assert hint in found.hint


def test_a_redirect_is_told_without_what_may_be_secret_in_it():
    location = "https://me:s3cr3t@login.example/in?state=s3cr3t#s3cr3t"

    found = verdict(Answer(302, "", {"location": location}), {}, TARGET, NOON)

    assert "(302) to https://login.example/in." in found.message
    assert "s3cr3t" not in found.message + found.hint


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2026 12:00:30 -0000", 30.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("٣", None),
        ("Sun, 99 Mar 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_or_nothing(value, seconds):
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    assert retry_after({"retry-after": value}, now) == seconds


@pytest.mark.parametrize(("title", "kind"), [("Down", "switch dialect"), ("", "refused")])
def test_a_required_field_that_was_sent_empty_is_missing_in_any_spelling(title, kind):
    said = "Key: 'Title' Error:Field validation for 'Title' failed on the 'required' tag"

    found = verdict(Answer(400, json.dumps({"message": said})), {"title": title}, TARGET, NOON)

    assert found.kind == kind


@pytest.mark.parametrize("text", ['{"message": "no user has the key t0p-secret"}', "t0p-secret?"])
def test_a_key_that_a_server_repeats_is_hidden(text):
    target = report_target(
        Options(url="https://d.example/api", connection="1", token="t0p-secret"), {}
    )

    found = verdict(Answer(401, text), {}, target, NOON)

    assert "t0p-secret" not in found.message
    assert "401" in found.message


NAME_TAKEN = Answer(400, '{"message": "the connection name already exists (400)"}')
DUPLICATE = Answer(400, "\"Error 1062 (23000): Duplicate entry 'webhook:70' for key 'PRIMARY'\"")


@pytest.mark.parametrize("answer", [NAME_TAKEN, DUPLICATE])
def test_of_two_first_reports_at_one_moment_the_refused_one_is_sent_again_a_few_times(answer):
    found = verdict(answer, {}, TARGET, NOON)

    assert (found.kind, found.attempts) == ("retry", FIRST_REPORTS)


def test_a_name_that_stays_taken_says_whose_it_is_and_what_to_do():
    where = report_target(Options(url="https://d.example/api", project="shop", token="key"), {})

    assert (
        '"shop_deployments" that is not in the project' in verdict(NAME_TAKEN, {}, where, NOON).hint
    )


@pytest.mark.parametrize(
    ("answer", "about_event"),
    [
        (Answer(400, "'Environment' failed on the 'oneof' tag"), True),
        (Answer(413, "too large"), True),
        (Answer(422, "a gateway takes no such body"), True),
        (Answer(500, "Data too long for column 'name'"), True),
        (
            Answer(500, "Error 1390 (HY000): Prepared statement contains too many placeholders"),
            True,
        ),
        (Answer(401, "token is missing"), False),
        (Answer(403, "api key is invalid"), False),
        (Answer(404, "record not found"), False),
        (Answer(400, "<html>a proxy's own page"), False),
        (Answer(302, ""), False),
    ],
)
def test_a_refusal_says_whether_it_is_about_the_event_or_about_who_sends_it(answer, about_event):
    found = verdict(answer, {}, TARGET, NOON)

    assert (found.kind, found.about_event) == ("refused", about_event)
