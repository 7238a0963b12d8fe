"""Bodies are read as Go and DevLake read them; messages are held to the recordings elsewhere."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devlake_sandbox import VERSIONS, connections, router, timestamps
from devlake_sandbox.request import Request
from devlake_sandbox.store import Store
from devlake_sandbox.versions import Version

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEPLOYMENTS = "/plugins/webhook/connections/1/deployments"
ISSUES = "/plugins/webhook/connections/1/issues"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def answer(text, path=DEPLOYMENTS, version="v1.0.3"):
    store = Store(":memory:")
    connections.create(store, Version(version), {"name": "ci"})
    server = router.Server(Version(version), store)
    said = router.answer(server, Request("POST", path, "", text), store.last_place())
    store.close()
    return said


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T12:00:00.5Z", NOON.replace(microsecond=500_000)),
        ("2026-03-01T12:00:00,123456789Z", NOON.replace(microsecond=123_456)),
        ("2026-03-01T14:00:00.250+02:00", NOON.replace(microsecond=250_000)),
        ("2026-03-01T10:30:00-0130", NOON),
        ("2026-03-01 12:00:00", NOON),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_date_in_a_layout_that_devlake_knows_is_read(text, moment):
    assert timestamps.parse(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2026-03-01T12:00:00", "1772359260", "2026-13-01T12:00:00Z",
        "2026-02-30T12:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:00:00Z?",
    ],
)  # fmt: skip
def test_a_date_in_another_layout_is_refused(text):
    with pytest.raises(ValueError, match="parsing time"):
        timestamps.parse(text)


def test_six_decimals_before_an_offset_are_taken_since_june_2026():
    text = "2026-03-01T12:00:00.123456+00:00"

    with pytest.raises(ValueError, match='cannot parse "456\\+00:00" as "-07:00"'):
        timestamps.parse(text)
    assert timestamps.parse(text, microseconds=True) == NOON.replace(microsecond=123_456)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_in_utc_with_a_z_is_read_to_the_microsecond(moment):
    text = moment.replace(tzinfo=None).isoformat() + "Z"

    assert timestamps.parse(text) == moment


@pytest.mark.parametrize(
    "text",
    ['{"a" 1}', '{"a": [1 2]}', '{"a": NaN}', '{"a": ', '"text"', "7", "true", "[" * 100_000],
)
def test_a_body_that_is_no_object_is_refused(text):
    assert answer(text).status == 500


@pytest.mark.parametrize("text", ["", "  ", "null", "{}", "{} what follows is not looked at"])
def test_an_empty_body_is_an_empty_object(text):
    assert "'WebhookDeploymentReq.Id'" in answer(text).body["message"]


def test_every_field_that_does_not_fit_is_named():
    body = {"title": {"a": 1}, "createdDate": "soon", "leadTimeMinutes": "long", "storyPoint": []}

    said = answer(json.dumps(body), ISSUES)

    assert said.status == 400
    assert said.body.startswith("4 error(s) decoding:")
    assert all(f"'{key}'" in said.body for key in body)


@given(
    version=st.sampled_from(VERSIONS),
    path=st.sampled_from([DEPLOYMENTS, ISSUES]),
    values=st.lists(JSON, min_size=1, max_size=4),
)
@settings(max_examples=250)
def test_whatever_is_sent_gets_one_of_devlakes_answers(version, path, values):
    keys = (
        "id", "createdDate", "startedDate", "finishedDate", "title", "deploymentCommits",
        "pipeline_id", "start_time", "repo_url", "leadTimeMinutes", "storyPoint", "result",
    )  # fmt: skip
    body = {key: values[number % len(values)] for number, key in enumerate(keys)}

    assert answer(json.dumps(body), path, version).status in {200, 400, 500}
