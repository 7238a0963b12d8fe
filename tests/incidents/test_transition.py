"""What each end of a job does to an incident: the whole truth table."""

from datetime import timedelta

import pytest

from devlake_ci.ci.provider import PAGE
from devlake_ci.incidents.decision import job_result, streak_of
from devlake_ci.incidents.state_file import state_after
from devlake_ci.incidents.streak import (
    IncidentState,
    JobResult,
    PastRun,
    first_failure,
    is_outdated,
    read_backwards,
    transition,
)
from devlake_ci.model import Context, Incident, Result
from devlake_ci.options import Options
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


def test_of_attempts_with_the_same_times_the_lowest_one_ran():
    listed = [
        PastRun(run_id="1", attempt=attempt, result=Result.FAILURE, started_at=NOON,
                finished_at=NOON)
        for attempt in ("10", "9", "11")
    ]  # fmt: skip

    assert first_failure(listed).attempt == "9"


@pytest.mark.parametrize(("number", "outdated"), [(6, True), (7, False), (8, False), (None, False)])
def test_without_times_a_lower_number_is_an_older_run_and_the_same_one_a_re_run(number, outdated):
    state = IncidentState(newest_number=7)

    assert is_outdated(state, JobResult(result=Result.SUCCESS, number=number)) is outdated


@pytest.mark.parametrize(("minutes", "outdated"), [(-1, True), (0, False), (1, False)])
def test_a_run_that_began_earlier_is_older_whatever_its_number(minutes, outdated):
    state = IncidentState(newest_start=NOON, newest_number=7)
    this = JobResult(
        result=Result.SUCCESS, started_at=NOON + timedelta(minutes=minutes), number=7 - minutes
    )

    assert is_outdated(state, this) is outdated


def test_when_a_job_began_the_ci_s_history_knows_better_than_its_variables():
    known = IncidentState(started_at=NOON)
    context = Context(provider="github", started_at=NOON - timedelta(minutes=9))

    assert job_result(Options(), context, known, Result.FAILURE).started_at == NOON


def test_when_a_job_began_the_user_knows_better_than_variables_and_history_better_than_both():
    given = Options(started_at="2026-03-01T11:55:00Z")
    context = Context(provider="github", started_at=NOON - timedelta(minutes=9))
    known = IncidentState(started_at=NOON)
    unknown = IncidentState()

    assert job_result(given, context, known, Result.FAILURE).started_at == NOON
    assert job_result(given, context, unknown, Result.FAILURE).started_at == NOON - timedelta(
        minutes=5
    )


def test_a_run_without_a_number_does_not_make_an_older_one_news():
    seven = IncidentState(newest_number=7)

    after = state_after(seven, JobResult(result=Result.SUCCESS), None, sent=True)

    assert is_outdated(after, JobResult(result=Result.FAILURE, number=6))


def test_of_several_lists_one_that_is_too_long_to_read_is_not_taken_for_a_whole_one():
    full, short = [["run"] * PAGE], [["run"] * PAGE, ["run"]]

    def read(*pages):
        return read_backwards(map(iter, pages), lambda _: None, lambda _: False)

    assert read(short, short)
    assert not read(full, short)
    assert not read(short, full)


@pytest.mark.parametrize(("index", "job"), [(None, "deploy"), ("0", "deploy"), ("1", "deploy (1)")])
def test_only_the_later_legs_of_a_matrix_are_numbered_for_a_lone_job_has_index_0_too(index, job):
    context = Context(provider="bitbucket", job="deploy", matrix_index=index)

    assert streak_of(Options(), context, None, None).job == job
