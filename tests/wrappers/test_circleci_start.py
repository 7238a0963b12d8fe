"""The time that the CircleCI orb's `start` notes, and who finds it."""

import shutil

import pytest

from tests.wrappers.circleci import JOB, Job, script

NOTED = "2026-03-01T10:00:00Z"
SAME = {"environment": "production", "service": "it's $( id )"}


@pytest.fixture
def one(job):
    """Return a job that has noted NOTED; its clock is the image's `date`."""
    begun = job()
    program = begun.folder.parent / "bin" / "date"
    program.unlink()
    script(program, f"echo {NOTED}")
    return begun


def elsewhere(one, tmp_path, **env):
    """Begin another job of the project, where nothing is left but the cache."""
    shutil.rmtree(tmp_path / "state")
    return Job(one.env | {"CIRCLE_WORKFLOW_JOB_ID": "next"} | env, one.folder, one.project)


def test_start_is_found_by_the_report_of_the_same_job(one, start, report, server):
    one.run([*start(), *report(**SAME)])

    assert f"begins at {NOTED}" in one.said
    assert server.received[-1].body["startedDate"] == NOTED


def test_start_is_found_in_the_cache_by_the_report_of_another_job(
    one, start, report, server, tmp_path
):
    one.run(start(cache=True, **SAME))

    elsewhere(one, tmp_path).run(report(JOB, **SAME))

    assert server.received[-1].body["startedDate"] == NOTED


@pytest.mark.parametrize(
    ("other", "env"),
    [({"service": "a"}, {}), ({"environment": "staging"}, {}), ({}, {"CIRCLE_WORKFLOW_ID": "2"})],
    ids=["service", "environment", "workflow"],
)
@pytest.mark.parametrize("left", ["in the cache", "on the machine"])
def test_start_of_anything_else_is_not_taken(  # noqa: PLR0917 (fixtures)
    one, start, report, server, tmp_path, other, env, left
):
    one.run(start(cache=left == "in the cache", **SAME))
    if left == "in the cache":
        shutil.rmtree(tmp_path / "state")
    one.env |= {"CIRCLE_WORKFLOW_JOB_ID": "next"} | env

    one.run(report(JOB, **(SAME | other)))

    assert server.received[-1].body["startedDate"] != NOTED


def test_what_the_user_gives_goes_before_what_start_noted(one, start, report, server):
    one.run([*start(), *report(started_at="2026-03-01T09:00:00Z")])

    assert server.received[-1].body["startedDate"] == "2026-03-01T09:00:00Z"


def test_a_start_that_is_not_kept_in_the_cache_saves_none(start):
    assert [next(iter(step)) for step in start()] == ["run"]
