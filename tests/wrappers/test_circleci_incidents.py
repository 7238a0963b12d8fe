"""What the CircleCI orb remembers of an open incident from run to run, in the project's cache."""

import shutil

import pytest

from tests.wrappers.circleci import JOB, Job, script


@pytest.fixture
def remembering(bare):
    """Put a stand-in for the program there, that keeps a list of runs in the incident's state."""
    one, bin_ = bare
    script(
        bin_ / "devlake-ci-circleci",
        "if [ $# = 0 ]; then\n"
        "state=${DEVLAKE_ORB_NOTED_INCIDENT_STATE#file:}\n"
        'echo "job: $CIRCLE_JOB"\n'
        'echo "in: $(cat "$state" 2>&1 | tr "\\n" " ")"\n'
        'echo "$DEVLAKE_ORB_PARAM_MODE-$DEVLAKE_ORB_PARAM_RESULT-$DEVLAKE_ORB_NOTED_RESULT" '
        '>>"$state"; fi',
    )
    return one


def again(one, tmp_path, **env):
    """Begin the job of a later pipeline, on a machine where nothing is left but the cache."""
    shutil.rmtree(tmp_path / "state", ignore_errors=True)
    return Job(one.env | env, one.folder, one.project)


def test_an_open_incident_is_remembered_from_run_to_run(remembering, start, report, tmp_path):
    failing = [*start(), {"run": "false"}, *report(mode="incident")]
    one = remembering.run(failing)
    two = again(one, tmp_path).run(failing)

    three = again(two, tmp_path).run(report(mode="both", result="failed"))

    last = again(three, tmp_path).run(report(mode="both"))
    assert "No such file" in one.said
    assert "in: incident-job-failed \n" in two.said
    assert "in: incident-job-failed incident-job-failed \n" in three.said
    assert last.said.count("both-failed-success") == 1


@pytest.mark.parametrize(
    ("parameters", "env"),
    [
        ({"service": "api-2"}, {}),
        ({"environment": "staging"}, {}),
        ({"incident_name": "other"}, {}),
        ({}, {"CIRCLE_JOB": "deploy-2"}),
        ({}, {"CIRCLE_PROJECT_ID": "another"}),
    ],
    ids=["service", "environment", "name", "job", "project"],
)
def test_an_incident_of_anything_else_is_not_taken(remembering, report, tmp_path, parameters, env):
    one = remembering.run(report(mode="incident", service="api"))

    two = again(one, tmp_path, **env).run(
        report(mode="incident", **({"service": "api"} | parameters))
    )

    assert "in: incident" not in two.said


def test_jobs_of_different_names_share_an_incident_by_its_name(
    remembering, start, report, tmp_path
):
    remembering.run(start(cache=True, environment="production"))
    one = again(remembering, tmp_path, CIRCLE_JOB="report-failed")
    one.run(report(JOB, mode="incident", result="failed"))

    two = again(one, tmp_path, CIRCLE_JOB="report-success")
    two.run(report(JOB, mode="incident", result="success"))

    assert "in: incident-failed- \n" in two.said
    assert "job: report\n" in one.said
    assert "job: report\n" in two.said


def test_what_another_node_saves_later_is_not_restored(remembering, report, tmp_path):
    one = remembering.run(report(mode="incident"))
    other = again(one, tmp_path, CIRCLE_NODE_INDEX="1").run(report(mode="incident"))

    two = again(other, tmp_path, CIRCLE_NODE_INDEX="0").run(report(mode="incident"))

    assert "in: incident-job-success \n" in two.said


def test_a_report_of_a_deployment_keeps_no_state_of_incidents(remembering, report):
    some = report()

    done = remembering.run(some)

    assert not any("cache" in kind for step in some for kind in step)
    assert "in: \n" in done.said or "No such file" in done.said


def test_a_name_of_the_incident_that_came_out_empty_is_none(remembering, report, tmp_path):
    one = remembering.run(report(mode="incident", incident_name="<nil>"))

    two = again(one, tmp_path, CIRCLE_JOB="other").run(
        report(mode="incident", incident_name="<nil>")
    )

    assert "in: incident" not in two.said


@pytest.mark.parametrize("service", ["", "<nil>", "it's $( id )\n"])
def test_an_incident_is_found_whatever_the_service_is_called(
    remembering, report, tmp_path, service
):
    one = remembering.run(report(mode="incident", service=service))

    two = again(one, tmp_path).run(report(mode="incident", service=service))

    assert "in: incident-job-success \n" in two.said
