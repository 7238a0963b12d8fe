"""An event's members, read by what they should be; whatever else they are, they are unknown."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci.ci.facts import Fact
from devlake_ci.ci.json_object import JsonObject, parse

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner),
)


def test_a_text_is_told_with_the_path_that_it_is_from():
    event = JsonObject({"pull_request": {"head": {"sha": " abc \n"}}})

    assert event.fact("pull_request.head.sha") == Fact("abc", "event.pull_request.head.sha")
    assert event.at("pull_request").at("head").fact("sha") == event.fact("pull_request.head.sha")


def test_a_time_with_a_zone_is_told_in_utc():
    event = JsonObject(
        {"at": "2026-03-01T12:00:00+02:00", "local": "2026-03-01T12:00:00", "number": 1}
    )

    assert event.time("at") == Fact(datetime(2026, 3, 1, 10, tzinfo=UTC), "event.at")
    assert (event.time("local"), event.time("number"), event.time("none")) == (None, None, None)


def test_only_true_is_true():
    event = JsonObject({"true": True, "one": 1, "text": "true"})

    assert [event.flag(name) for name in ("true", "one", "text", "none")] == [True, *[False] * 3]


def test_of_a_list_its_objects_are_read():
    event = JsonObject({"branches": [{"name": "main"}, "main", None, {"name": 7}]})

    assert [each.text("name") for each in event.each("branches")] == ["main", None]


@pytest.mark.parametrize("odd", [None, 7, True, [], ["x"], {"x": "y"}, "", "  "])
def test_an_odd_text_is_unknown(odd):
    event = JsonObject({"sha": odd})

    assert (event.fact("sha"), event.text("sha")) == (None, None)


def test_half_of_a_surrogate_pair_does_not_get_out():
    event = parse(r'{"message": "a\ud83d"}')

    assert event.text("message").encode()


@pytest.mark.parametrize("document", [None, "", "null", "7", "[]", '"x"', "{", "[" * 100_000])
def test_what_is_no_object_is_no_event(document):
    assert parse(document) == JsonObject(None)


@given(ANYTHING, st.sampled_from(["a", "a.b", "a.b.c"]))
def test_any_json_can_be_read(found, path):
    event = JsonObject(json.loads(json.dumps(found)))

    said = (event.text(path), event.fact(path), event.time(path), event.has(path))

    assert all(isinstance(each, JsonObject) for each in event.each(path))
    assert said[0] is None or said[1].value == said[0]
    assert not event.flag(path) or said[0] is None
