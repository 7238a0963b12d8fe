"""What a spool keeps of an event, and how little it is believed when it is read."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devlake_ci.devlake.address import report_target
from devlake_ci.devlake.spool import (
    LONG,
    SHORT,
    CorruptError,
    NewerVersionError,
    parse,
    serialize,
    stem,
)
from devlake_ci.model import Commit, Deployment, Environment, Incident, PullRequest, Result
from devlake_ci.options import Options
from tests.support import NOON, SHA

TARGET = report_target(
    Options(url="https://me:s3cr3t@d.example/api", connection="1", header=("X-Access: s3cr3t",)), {}
)
TIMES = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)).map(  # noqa: DTZ001 (made UTC)
    lambda time: time.replace(tzinfo=UTC)
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=80)
NAMES = TEXTS.filter(bool)
MAYBE = st.none() | TEXTS
COMMITS = st.builds(
    Commit, repo_url=st.just("https://g.example/a/b"), sha=st.just(SHA), ref=MAYBE, message=MAYBE,
    name=MAYBE, repo_id=MAYBE, finished_at=st.none() | TIMES,
)  # fmt: skip
RESULTS = st.sampled_from([Result.SUCCESS, Result.FAILURE, Result.ABORT])


@st.composite
def deployments(draw):
    created, started, finished = sorted(draw(st.tuples(TIMES, TIMES, TIMES)))
    return draw(
        st.builds(
            Deployment, id=NAMES, name=TEXTS, title=MAYBE, result=RESULTS,
            environment=st.sampled_from(Environment), original_environment=TEXTS,
            created_at=st.just(created), started_at=st.just(started),
            finished_at=st.just(finished),
            commits=st.lists(COMMITS, min_size=1, max_size=3).map(tuple),
        )
    )  # fmt: skip


@st.composite
def incidents(draw):
    created, updated = sorted(draw(st.tuples(TIMES, TIMES)))
    return draw(
        st.builds(
            Incident, key=NAMES, title=TEXTS, description=MAYBE, url=MAYBE, original_status=TEXTS,
            created_at=st.just(created), updated_at=st.just(updated),
            resolved_at=st.none() | st.just(updated), severity=MAYBE, priority=MAYBE,
            component=MAYBE,
        )
    )  # fmt: skip


@st.composite
def pull_requests(draw):
    created, merged = sorted(draw(st.tuples(TIMES, TIMES)))
    return draw(
        st.builds(
            PullRequest, key=st.integers(1, 2**53 - 1), title=TEXTS, url=MAYBE,
            created_at=st.just(created), merged_at=st.just(merged), merge_sha=st.just(SHA),
            author=MAYBE,
        )
    )  # fmt: skip


def deployment(**changes):
    values = {
        "id": "x", "name": "x", "title": None, "result": Result.SUCCESS,
        "environment": Environment.PRODUCTION, "original_environment": "prod", "created_at": NOON,
        "started_at": NOON, "finished_at": NOON,
        "commits": (Commit(repo_url="https://g.example/a/b", sha=SHA),),
    }  # fmt: skip
    return Deployment(**(values | changes))


@settings(deadline=None)
@given(deployments() | incidents() | pull_requests())
def test_an_event_is_read_back_as_it_was(event):
    read = parse(serialize(event, TARGET, NOON))

    assert read.event == event
    assert (read.base, read.route, read.spooled_at) == (TARGET.base, TARGET.route, NOON)


def test_half_a_character_costs_a_character_and_not_the_event():
    read = parse(serialize(deployment(name="a\ud83d b \ud83d\ude00"), TARGET, NOON))

    assert read.event.name == "a� b 😀"


def test_no_secret_is_kept():
    assert "s3cr3t" not in serialize(deployment(), TARGET, NOON)


def test_a_time_keeps_its_zone_and_its_fraction():
    when = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5)))

    assert parse(serialize(deployment(finished_at=when, created_at=when, started_at=when), TARGET,
                           NOON)).event.finished_at == when  # fmt: skip


def test_names_are_in_order_of_time_and_tell_things_apart():
    later = deployment(finished_at=NOON + timedelta(seconds=1))
    other = deployment(id="y")

    assert stem(deployment(), TARGET) < stem(later, TARGET)
    assert stem(deployment(), TARGET)[17:] == stem(later, TARGET)[17:]
    assert stem(deployment(), TARGET)[17:] != stem(other, TARGET)[17:]


def test_a_later_state_never_goes_before_an_earlier_one_whenever_each_was_kept():
    later = deployment(finished_at=NOON + timedelta(hours=1))

    kept_first = parse(serialize(later, TARGET, NOON + timedelta(hours=1)))
    kept_last = parse(serialize(deployment(), TARGET, NOON + timedelta(hours=2)))

    assert sorted([kept_first, kept_last], key=lambda each: each.order) == [kept_last, kept_first]


def changed(place, value):
    """Return a file's text with one value changed; `place` is a path of keys."""
    held = json.loads(serialize(deployment(), TARGET, NOON))
    inside = held
    *way, last = place
    for key in way:
        inside = inside[key]
    inside[last] = value
    return json.dumps(held)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "[" * 100_000,
        '{"format": "devlake-ci event"}',
        serialize(deployment(), TARGET, NOON)[:-20],
        changed(["format"], "other"),
        changed(["version"], "1"),
        changed(["base"], "file:///etc/passwd"),
        changed(["base"], "https://me:s3cr3t@d.example"),
        changed(["base"], "https://d.example/?x="),
        changed(["route"], "connections/1/../2"),
        changed(["route"], "../../other"),
        changed(["route"], "connections/by-name/.."),
        changed(["route"], "connections/by-name/%2e%2e"),
        changed(["route"], "projects/..%2F..%2Fother"),
        changed(["route"], "projects/a%5C..%5Cb"),
        changed(["route"], "connections/by-name/a%2Fb/c"),
        changed(["route"], "connections/by-name/a?b"),
        changed(["route"], "connections/1\n"),
        changed(["route"], "projects/"),
        changed(["spooled_at"], "2026-03-01T12:00:00"),
        changed(["more"], 1),
        changed(["incident"], {}),
        changed(["deployment"], None),
        changed(["deployment", "id"], ""),
        changed(["deployment", "id"], "x" * 256),
        changed(["deployment", "name"], "x" * (SHORT + 1)),
        changed(["deployment", "title"], "x" * (LONG + 1)),
        changed(["deployment", "result"], "SKIPPED"),
        changed(["deployment", "environment"], "prod"),
        changed(["deployment", "finished_at"], "2026-03-01T11:59:59Z"),
        changed(["deployment", "finished_at"], "2026-03-01T12:00:00"),
        changed(["deployment", "finished_at"], "9999-03-01T12:00:00Z"),
        changed(["deployment", "finished_at"], 1e300),
        changed(["deployment", "commits"], []),
        changed(["deployment", "commits", 0, "sha"], "main"),
        changed(["deployment", "commits", 0, "repo_url"], "https://me:s3cr3t@g.example/a"),
        changed(["deployment", "commits", 0, "repo_url"], "javascript:alert(1)"),
        changed(["deployment", "commits", 0, "message"], {"a": "b"}),
    ],
)
def test_what_no_report_of_ours_writes_is_refused(text):
    with pytest.raises(CorruptError) as refused:
        parse(text)

    assert "s3cr3t" not in str(refused.value)


def test_a_file_of_a_later_version_is_no_broken_one():
    with pytest.raises(NewerVersionError):
        parse(changed(["version"], 2))


@pytest.mark.parametrize(
    "route", ["connections/1", "connections/by-name/a%20b%2Fc", "projects/M%C3%BCller"]
)
def test_the_routes_that_a_target_has_are_taken(route):
    assert parse(changed(["route"], route)).route == route


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
PLACES = [
    ("version",), ("spooled_at",), ("base",), ("route",), ("deployment",), ("deployment", "id"),
    ("deployment", "finished_at"), ("deployment", "commits"), ("deployment", "commits", 0),
    ("deployment", "commits", 0, "sha"), ("deployment", "commits", 0, "repo_url"), ("incident",),
]  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(PLACES), WILD)
def test_no_value_gets_out_as_anything_but_an_event_or_a_refusal(place, value):
    try:
        read = parse(changed(place, value))
    except (CorruptError, NewerVersionError):
        return

    assert parse(
        serialize(read.event, report_target(Options(url=read.base, connection="1"), {}), NOON)
    )
