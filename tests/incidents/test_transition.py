"""What each end of a job does to an incident: the whole truth table."""

from datetime import timedelta

import pytest

from devlake_ci.incidents.streak import transition
from devlake_ci.model import Incident, Result
from tests.support import NOON

OPEN = Incident(
    key="old", title="It broke", description="d", url="https://ci/1", original_status="FAILURE",
    created_at=NOON - timedelta(hours=1), updated_at=NOON - timedelta(hours=1), severity="high",
    priority="P1", component="shop",
)  # fmt: skip
FRESH = Incident(
    key="new", title="It broke again", original_status="FAILURE", created_at=NOON, updated_at=NOON
)


def changed(incident):
    """What differs from the open one, by name."""
    return {name: value for name, value in vars(incident).items() if value != getattr(OPEN, name)}


def test_a_failure_with_none_open_opens_the_fresh_one():
    assert transition(None, Result.FAILURE, NOON, FRESH) is FRESH


def test_a_failure_with_one_open_is_the_same_again():
    assert changed(transition(OPEN, Result.FAILURE, NOON, FRESH)) == {"updated_at": NOON}


def test_a_success_with_one_open_closes_it_whole():
    well = Incident(**vars(FRESH) | {"original_status": "SUCCESS"})

    assert changed(transition(OPEN, Result.SUCCESS, NOON, well)) == {
        "updated_at": NOON,
        "resolved_at": NOON,
        "original_status": "SUCCESS",
    }


@pytest.mark.parametrize(
    ("open_", "result"),
    [
        (None, Result.SUCCESS),
        (None, Result.ABORT),
        (OPEN, Result.ABORT),
        (None, Result.SKIPPED),
        (OPEN, Result.SKIPPED),
    ],
)
def test_nothing_else_is_told(open_, result):
    assert transition(open_, result, NOON, FRESH) is None


def test_a_clock_that_is_behind_makes_no_negative_time():
    early = OPEN.created_at - timedelta(minutes=5)

    assert transition(OPEN, Result.SUCCESS, early, FRESH).resolved_at == OPEN.created_at
    assert transition(OPEN, Result.FAILURE, early, FRESH).updated_at == OPEN.created_at
