"""Our `@dataclass` does what the standard one does: each sentence holds for both."""

import copy
import dataclasses
import pickle

import pytest

from devlake_ci.dataclass import dataclass as ours

BOTH = {"ours": ours, "the standard one": dataclasses.dataclass}


@pytest.fixture(params=BOTH)
def dataclass(request):
    return BOTH[request.param]


@pytest.fixture
def point(dataclass):
    """Declare a class with a field of each sort, its base keyword-only as those of options are."""

    @dataclass(frozen=True, kw_only=True)
    class Named:
        name: str = "here"
        secret: str = dataclasses.field(default="", repr=False)

    @dataclass(frozen=True)
    class Point(Named):
        x: int
        y: int = 0
        tags: dict = dataclasses.field(default_factory=dict, metadata={"help": "Say more."})

    return Point


def test_fields_are_given_by_place_or_by_name(point):
    assert vars(point(1, 2, name="there")) == {
        "name": "there", "secret": "", "x": 1, "y": 2, "tags": {},
    }  # fmt: skip
    assert point(x=1, y=2) == point(1, 2)


def test_a_default_that_is_made_is_made_for_each(point):
    assert point(1).tags is not point(1).tags


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param((), {}, id="one is missing"),
        pytest.param((1, 2, {}, "name"), {}, id="a keyword-only one by its place"),
        pytest.param((1,), {"x": 1}, id="one twice"),
        pytest.param((1,), {"z": 1}, id="one that there is not"),
    ],
)
def test_other_arguments_are_refused(point, values, named):
    with pytest.raises(TypeError):
        point(*values, **named)


def test_what_is_frozen_stays_as_it_is(point):
    here = point(1)

    with pytest.raises(dataclasses.FrozenInstanceError, match="x"):
        here.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="x"):
        del here.x

    assert here.x == 1


def test_what_is_not_frozen_can_be_set_and_not_be_hashed(dataclass):
    @dataclass
    class Counter:
        count: int = 0

    counter = Counter()
    counter.count += 1

    assert counter == Counter(1)
    with pytest.raises(TypeError):
        hash(counter)


def test_equal_are_those_of_one_class_with_equal_values(dataclass, point):
    @dataclass(frozen=True)
    class Pair:
        x: int
        y: int

    @dataclass(frozen=True)
    class Other:
        x: int
        y: int

    assert (Pair(1, 2) == Pair(1, 2), hash(Pair(1, 2))) == (True, hash(Pair(1, 2)))
    assert Pair(1, 2) != Pair(1, 3)
    assert Pair(1, 2) != Other(1, 2)
    assert Pair(1, 2) != (1, 2)
    assert point(1, secret="a") != point(1, secret="b")


def test_it_shows_its_fields_but_for_secrets(point):
    shown = repr(point(1, secret="t0ken"))

    assert shown.endswith("Point(name='here', x=1, y=0, tags={})")


def test_what_the_standard_library_does_with_dataclasses_works(point):
    here = point(1, tags={"a": [1]})

    assert dataclasses.replace(here, x=2) == point(2, tags={"a": [1]})
    assert dataclasses.asdict(here) == vars(here)
    assert [each.name for each in dataclasses.fields(here)] == ["name", "secret", "x", "y", "tags"]
    assert dataclasses.fields(here)[-1].metadata == {"help": "Say more."}
    assert copy.deepcopy(here) == here


def test_a_pattern_takes_its_fields_by_their_place(point):
    match point(1, 2):
        case point(x, y):
            found = (x, y)

    assert found == (1, 2)


@ours(frozen=True)
class Kept:
    """One that pickle can find by its name."""

    x: int


def test_it_can_be_pickled():
    assert pickle.loads(pickle.dumps(Kept(1))) == Kept(1)  # noqa: S301 (made just now)


def test_a_field_that_shadows_a_mutable_default_is_refused(dataclass):
    with pytest.raises(ValueError, match="mutable default"):

        @dataclass
        class Wrong:
            tags: list = []  # noqa: RUF012 (it is the mistake)
