"""The picture over time: everything in its lane, at its time, and tied to what it belongs to."""

from datetime import datetime, timedelta
from itertools import combinations
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from devlake_sandbox.page import axis, bars, timeline
from devlake_sandbox.tables import format_time

NINE = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 (rows hold UTC without saying so)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def deployed(name, when, result="SUCCESS", environment="PRODUCTION"):
    return {"id": name, "name": name, "result": result, "environment": environment,
            "finished_date": format_time(when), "cicd_deployment_id": name}  # fmt: skip


def incident(title, began, ended=None):
    return {"id": title, "title": title, "status": "DONE" if ended else "TODO",
            "created_date": format_time(began), "resolution_date": format_time(ended)}  # fmt: skip


def drawn(deployments, incidents=()):
    """Draw, and read the picture as XML, which it is too."""
    figure = timeline.figure(deployments, deployments, incidents)
    return ET.fromstring(figure).find(".//svg")  # noqa: S314 (our own)


def named(picture, kind):
    """Return the first shape of a kind in each group that has a title, by that title."""
    found = {}
    for group in picture.iter("g"):
        title, shape = group.find("title"), group.find(kind)
        if shape is not None:
            found[title.text.split(": ")[1].split(" (")[0]] = shape
    return found


def place(dot):
    return float(dot.get("cx")), float(dot.get("cy"))


def test_later_is_to_the_right_and_each_environment_has_its_lane():
    picture = drawn(
        [
            deployed("b", NINE + HOUR),
            deployed("a", NINE),
            deployed("c", NINE + 2 * HOUR, environment="STAGING"),
        ]
    )

    (ax, ay), (bx, by), (cx, cy) = (
        place(dot) for _, dot in sorted(named(picture, "circle").items())
    )
    assert ax < bx < cx
    assert ay == by < cy
    assert [text.text for text in picture.iter("text") if text.get("class") == "name"] == [
        "Production",
        "Staging",
    ]


def test_how_it_ended_is_seen_without_colours():
    picture = drawn(
        [
            deployed("good", NINE),
            deployed("bad", NINE + HOUR, "FAILURE"),
            deployed("stopped", NINE + 2 * HOUR, "ABORT"),
        ]
    )

    classes = {name: dot.get("class") for name, dot in named(picture, "circle").items()}
    assert classes == {"good": "dot good", "bad": "dot bad", "stopped": "dot plain"}
    assert set(named(picture, "path")) == {"bad"}


def test_neighbours_do_not_hide_each_other():
    picture = drawn([deployed("a", NINE), deployed("b", NINE), deployed("c", NINE, "FAILURE")])

    assert len({place(dot) for dot in named(picture, "circle").values()}) == 3


def test_an_incident_lasts_from_its_beginning_to_its_end_and_hangs_on_its_deployment():
    deployments = [deployed("a", NINE), deployed("b", NINE + 4 * HOUR)]
    began, ended = NINE + HOUR, NINE + 3 * HOUR

    picture = drawn(deployments, [incident("Broken", began, ended)])

    dots = named(picture, "circle")
    left, right = place(dots["a"])[0], place(dots["b"])[0]
    bar = named(picture, "rect")["Broken"]
    start, width = float(bar.get("x")), float(bar.get("width"))
    assert abs(start - (left + (right - left) / 4)) < 0.2
    assert abs(start + width - (left + (right - left) * 3 / 4)) < 0.2
    (thread,) = (path.get("d") for path in picture.iter("path") if path.get("class") == "thread")
    assert thread.startswith(f"M{left:.1f} ")
    assert thread.endswith(f"H{start:.1f}")


def test_an_open_incident_goes_on_to_the_edge_and_one_on_no_deployment_hangs_on_none():
    picture = drawn([deployed("a", NINE)], [incident("Early", NINE - HOUR)])

    bar = named(picture, "rect")["Early"]
    assert float(bar.get("x")) + float(bar.get("width")) == timeline.WIDTH - timeline.RIGHT
    assert bar.get("class") == "bar open"
    assert not [path for path in picture.iter("path") if path.get("class") == "thread"]


def test_incidents_at_the_same_time_have_a_row_each():
    picture = drawn([deployed("a", NINE)], [incident("One", NINE), incident("Two", NINE)])

    assert len({bar.get("y") for bar in named(picture, "rect").values()}) == 2


def test_what_is_older_than_three_months_does_not_squeeze_the_rest():
    old = NINE - timedelta(days=300)

    picture = drawn(
        [deployed("old", old), deployed("new", NINE)],
        [incident("Long ago", old, old + HOUR), incident("Never closed", old)],
    )

    assert set(named(picture, "circle")) == {"new"}
    assert set(named(picture, "rect")) == {"Never closed"}


def test_what_is_not_drawn_is_counted():
    ends = [NINE + n * HOUR for n in range(timeline.MOST + 2)]
    broken = [incident(f"i{n}", ends[-1] + MINUTE) for n in range(timeline.MOST_ROWS + 3)]

    figure = timeline.figure([deployed(str(end), end) for end in ends], [], broken)

    assert "Not shown: 2 deployments and 3 incidents from before" in figure


def test_days_are_labelled_over_days_and_hours_over_hours():
    def ticks(picture):
        return [text.text for text in picture.iter("text") if text.get("class") == "tick"]

    fortnight = drawn([deployed("a", NINE), deployed("b", NINE + timedelta(days=10))])
    morning = drawn([deployed("a", NINE), deployed("b", NINE + 4 * HOUR)])

    assert ticks(fortnight)[:2] == ["3 Mar", "4 Mar"]
    assert ticks(morning)[:2] == ["09:00", "09:30"]


moments = st.datetimes()


@given(st.lists(moments, min_size=1, max_size=6), st.lists(st.tuples(moments, st.none() | moments)))
def test_any_dates_can_be_drawn_and_nothing_is_outside(ends, spans):
    deployments = [deployed(str(n), end) for n, end in enumerate(ends)]
    incidents = [incident(str(n), *span) for n, span in enumerate(spans)]

    picture = drawn(deployments, incidents)

    across = [float(shape.get(name)) for shape in picture.iter() for name in ("x", "x1", "cx")
              if shape.get(name)]  # fmt: skip
    assert all(0 <= x <= timeline.WIDTH for x in across)
    assert all(float(bar.get("width")) > 0 for bar in picture.iter("rect"))


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 400), st.text("abc ", max_size=40)),
        max_size=25,
    )
)
def test_no_connector_crosses_another_incidents_title_or_bar(spans):
    deployments = [deployed(str(n), NINE + n * HOUR) for n in range(61)]
    incidents = [
        incident(title, NINE + n * HOUR + MINUTE, NINE + n * HOUR + minutes * MINUTE)
        for n, minutes, title in spans
    ]
    line = axis.axis([NINE, NINE + 70 * HOUR], timeline.LEFT, timeline.WIDTH - timeline.RIGHT)

    rows = bars.rows(line, incidents, deployments, timeline.WIDTH)

    assert sum(map(len, rows)) == len(incidents)
    for number, row in enumerate(rows):
        assert not any(one.overlaps(other) for one, other in combinations(row, 2))
        above = [other for each in rows[:number] for other in each]
        assert not any(other.covers(bar.hook) for bar in row for other in above)


def test_a_single_deployment_stands_at_the_newest_end_which_a_narrow_screen_shows_first():
    line = axis.axis([NINE], 0, 100)

    assert line.x(NINE) > 90
