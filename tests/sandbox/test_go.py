"""Bodies are read as Go and DevLake read them, also where no recording says so.

Expected messages that aren't recorded: Go's own, from the sources that the modules name.
"""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_sandbox import VERSIONS, connections, gotime, router
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
    said = router.answer(Version(version), store, Request("POST", path, "", text))
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
    assert gotime.parse(text) == moment


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "2026-03-01T12:00:00.123456+00:00",
            'parsing time "2026-03-01T12:00:00.123456+00:00" as "2006-01-02T15:04:05.000-07:00": '
            'cannot parse "456+00:00" as "-07:00"',
        ),
        ("2026-13-01T12:00:00Z", 'parsing time "2026-13-01T12:00:00Z": month out of range'),
        ("2026-02-30T12:00:00Z", 'parsing time "2026-02-30T12:00:00Z": day out of range'),
        ("2026-03-01T24:00:00Z", 'parsing time "2026-03-01T24:00:00Z": hour out of range'),
        ("2026-03-01T12:00:00Z?", 'parsing time "2026-03-01T12:00:00Z?": extra text: "?"'),
        (
            '"now"',
            'parsing time "\\"now\\"" as "2006-01-02T15:04:05Z07:00": '
            'cannot parse "\\"now\\"" as "2006"',
        ),
    ],
)
def test_a_date_in_another_layout_is_refused_in_gos_words(text, complaint):
    with pytest.raises(ValueError, match="parsing") as refusal:
        gotime.parse(text)

    assert str(refusal.value) == complaint


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_in_utc_with_a_z_is_read_to_the_microsecond(moment):
    text = moment.replace(tzinfo=None).isoformat() + "Z"

    assert gotime.parse(text) == moment


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a": 1 "b"}', "invalid character '\"' after object key:value pair"),
        ('{"a": [1 2]}', "invalid character '2' after array element"),
        ('{"a": nope}', "invalid character 'n' looking for beginning of value"),
        ('{"a": NaN}', "invalid character 'N' looking for beginning of value"),
        ('{"a": 1,}', "invalid character '}' looking for beginning of object key string"),
        ('{"a": ', "unexpected EOF"),
        ('{"a": "b', "unexpected EOF"),
        ('"text"', "json: cannot unmarshal string into Go value of type map[string]interface {}"),
        ("7", "json: cannot unmarshal number into Go value of type map[string]interface {}"),
        ("true", "json: cannot unmarshal bool into Go value of type map[string]interface {}"),
        ("[" * 100_000, "exceeded max depth"),
    ],
)
def test_a_body_that_is_no_object_is_refused_in_gos_words(text, complaint):
    said = answer(text)

    assert (said.status, said.body["message"]) == (500, complaint)


@pytest.mark.parametrize("text", ["", "  ", "null", "{}", "{} what follows is not looked at"])
def test_an_empty_body_is_an_empty_object(text):
    assert "'WebhookDeploymentReq.Id'" in answer(text).body["message"]


def test_all_fields_that_do_not_fit_are_named_in_the_order_of_the_alphabet():
    body = {"title": {"a": 1}, "createdDate": "soon", "leadTimeMinutes": "long", "storyPoint": []}

    said = answer(json.dumps(body), ISSUES)

    assert said.status == 400
    assert said.body.split("\nWraps: ")[0].split("\n  | ") == [
        "4 error(s) decoding:\n  |",
        "* 'storyPoint' expected type 'float64', got unconvertible type '[]interface {}', "
        "value: '[]'",
        "* 'title' expected type 'string', got unconvertible type 'map[string]interface {}', "
        "value: 'map[a:1]'",
        "* cannot parse 'leadTimeMinutes' as uint: strconv.ParseUint: parsing \"long\": "
        "invalid syntax",
        '* error decoding \'createdDate\': parsing time "soon" as "2006-01-02T15:04:05Z07:00": '
        'cannot parse "soon" as "2006"',
    ]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", [DEPLOYMENTS, ISSUES])
@given(values=st.lists(JSON, min_size=1, max_size=4))
def test_whatever_is_sent_gets_one_of_devlakes_answers(version, path, values):
    keys = (
        "id", "createdDate", "startedDate", "finishedDate", "title", "deploymentCommits",
        "pipeline_id", "start_time", "repo_url", "leadTimeMinutes", "storyPoint", "result",
    )  # fmt: skip
    body = {key: values[number % len(values)] for number, key in enumerate(keys)}

    assert answer(json.dumps(body), path, version).status in {200, 400, 500}
