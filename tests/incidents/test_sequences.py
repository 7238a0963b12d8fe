"""Random pipelines: whatever ends in whatever order, an incident is opened once, and closed."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci.errors import NothingToReport
from devlake_ci.incidents import decision
from devlake_ci.incidents.state_file import MOST_UNSENT, parse, state_after, update
from devlake_ci.incidents.streak import (
    IncidentState,
    JobResult,
    PastRun,
    Streak,
    is_outdated,
    relevant_runs,
)
from devlake_ci.model import Context, Deployment, Environment, Incident, Result
from devlake_ci.options import Options
from tests.support import NOON

STREAK = Streak(repository="acme/shop", workflow="deploy.yml", job="verify")


@dataclass(frozen=True)
class Run:
    """One execution of the job: it began and ended at these minutes."""

    number: int
    attempt: int
    began: int
    ended: int
    result: Result


@st.composite
def runs(draw):
    """Runs in any order of ends, some in parallel, some again; no two end in the same minute."""
    results = st.sampled_from([Result.SUCCESS, Result.FAILURE, Result.FAILURE, Result.ABORT])
    ends = draw(st.lists(st.integers(1, 500), unique=True, max_size=12))
    found, attempts = [], {}
    for ended in ends:
        number = draw(st.integers(1, 6))
        attempts[number] = attempts.get(number, 0) + 1
        began = draw(st.integers(max(0, ended - 60), ended - 1))
        found.append(Run(number, attempts[number], began, ended, draw(results)))
    return sorted(found, key=lambda each: each.ended)


def at(minute):
    return NOON + timedelta(minutes=minute)


def context(run):
    return Context(
        provider="github", run_id=str(run.number), attempt=str(run.attempt), job="verify",
        ref="main", default_branch="main", repo_url="https://github.com/acme/shop",
        started_at=at(run.began), run_number=run.number,
    )  # fmt: skip


class FromHistory:
    """A CI that can be asked how the job ended before, as GitHub and GitLab."""

    def __init__(self):
        self.past = []

    def state(self, run):
        return decision.state_from(Options(), context(run), STREAK, self.past, at(run.began))

    def ended(self, run, _state, _incident, *, sent):
        del sent
        self.past.append(
            PastRun(run_id=str(run.number), attempt=str(run.attempt), result=run.result,
                 started_at=at(run.began), finished_at=at(run.ended), ref="main")
        )  # fmt: skip


class FromFile:
    """A CI that keeps a state file."""

    def __init__(self):
        self.text = None

    def state(self, _run):
        return parse(self.text, STREAK) if self.text else IncidentState()

    def ended(self, run, state, incident, *, sent):
        this = decision.job_result(Options(), context(run), state, run.result)
        if not is_outdated(state, this):
            now = state_after(state, this, incident, sent=sent)
            self.text = update(self.text, STREAK, now)


def play(ci, sequence, devlake, lost=(), *, sent=True):
    """Let the runs end one after the other; give what each told, unsent ones of before aside."""
    heard = []
    for number, run in enumerate(sequence):
        if run.result is Result.ABORT:
            continue
        if number in lost:
            ci.text = None
        state = ci.state(run)
        incident = ended(run, state)
        ci.ended(run, state, incident, sent=sent)
        is_late = is_outdated(state, decision.job_result(Options(), context(run), state,
                                                            run.result))  # fmt: skip
        for each in (*(() if is_late else state.unsent), incident):
            if each:
                devlake[each.key] = each
        heard.append(incident)
    return heard


def ended(run, state):
    """Return what the end of this run has to report."""
    this = decision.job_result(Options(), context(run), state, run.result)
    try:
        return decision.next_incident(Options(), context(run), STREAK, state=state, this=this,
                               deployment=None, now=at(run.ended))  # fmt: skip
    except NothingToReport:
        return None


def is_open(devlake):
    return [each for each in devlake.values() if not each.resolved_at]


@pytest.mark.parametrize("kind", [FromHistory, FromFile])
@given(runs())
def test_at_no_time_are_two_incidents_open(kind, sequence):
    ci, devlake = kind(), {}

    for run in sequence:
        play(ci, [run], devlake)

        assert len(is_open(devlake)) <= 1


@pytest.mark.parametrize("kind", [FromHistory, FromFile])
@given(runs())
def test_what_is_open_is_so_because_the_newest_run_failed(kind, sequence):
    ci, devlake = kind(), {}

    play(ci, sequence, devlake)

    ended = [each for each in sequence if each.result is not Result.ABORT]
    past = [PastRun(run_id="", attempt="", result=each.result, started_at=at(each.began),
                 finished_at=at(each.ended)) for each in ended]  # fmt: skip
    newest = relevant_runs(past)[-1:]
    assert bool(is_open(devlake)) == any(each.result is Result.FAILURE for each in newest)


@pytest.mark.parametrize("kind", [FromHistory, FromFile])
@given(runs())
def test_nothing_is_closed_that_was_not_opened_and_times_are_in_order(kind, sequence):
    opened = set()

    for incident in filter(None, play(kind(), sequence, {})):
        if incident.resolved_at:
            assert incident.key in opened
            assert incident.created_at <= incident.resolved_at == incident.updated_at
        opened.add(incident.key)
        assert incident.created_at <= incident.updated_at


@given(runs())
def test_history_and_file_tell_the_same(sequence):
    assert play(FromHistory(), sequence, {}) == play(FromFile(), sequence, {})


@given(runs())
def test_a_streak_keeps_its_key_and_its_beginning(sequence):
    streaks = {}

    for incident in filter(None, play(FromFile(), sequence, {})):
        assert streaks.setdefault(incident.key, incident.created_at) == incident.created_at


@given(runs(), st.sets(st.integers(0, 11)))
def test_a_lost_file_closes_nothing_that_was_not_opened(sequence, lost):
    opened = set()

    for incident in filter(None, play(FromFile(), sequence, {}, lost)):
        assert not incident.resolved_at or incident.key in opened
        opened.add(incident.key)


@given(runs(), st.sets(st.integers(0, 11)))
def test_whatever_devlake_misses_it_has_once_it_answers_again(sequence, away):
    ci, devlake, reference = FromFile(), {}, {}
    play(FromFile(), sequence, reference)
    end = Run(99, 1, 600, 601, Result.SUCCESS)

    for number, run in enumerate(sequence):
        play(ci, [run], {} if number in away else devlake, sent=number not in away)
    play(ci, [end], devlake)
    play(FromFile(), [*sequence, end], reference)

    assert devlake == {key: each for key, each in reference.items() if each.resolved_at}


@pytest.mark.parametrize(
    ("now", "begins"), [(at(10), at(10) + timedelta(seconds=1)), (at(25), at(25))]
)
def test_an_incident_begins_now_but_after_the_deployment_beside_it(now, begins):
    run = Run(1, 1, 0, 10, Result.FAILURE)
    deployment = Deployment(
        id="x", name="x", title=None, result=Result.SUCCESS, environment=Environment.PRODUCTION,
        original_environment="x", created_at=NOON, started_at=NOON, finished_at=at(10), commits=(),
    )  # fmt: skip
    this = decision.job_result(Options(), context(run), IncidentState(), run.result)

    incident = decision.next_incident(
        Options(),
        context(run),
        STREAK,
        state=IncidentState(),
        this=this,
        deployment=deployment,
        now=now,
    )

    assert incident.created_at == begins


def test_what_devlake_misses_for_months_does_not_fill_the_file():
    state, this = IncidentState(), JobResult(result=Result.SUCCESS)

    for number in range(MOST_UNSENT + 5):
        closed = Incident(key=str(number), title="t", original_status="SUCCESS", created_at=NOON,
                          updated_at=NOON, resolved_at=NOON)  # fmt: skip
        state = state_after(state, this, closed, sent=False)

    assert [each.key for each in state.unsent] == [str(number) for number in range(5, 55)]
