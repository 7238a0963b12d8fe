"""The examples for GitLab use what the template declares, and name jobs that are there."""

import re
from pathlib import Path

import pytest
import yaml

from tests import gitlab

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = [path for path in sorted((ROOT / "examples" / "gitlab").glob("*.yml"))
            if "\ninclude:" in path.read_text()]  # fmt: skip
KEYWORDS = {"include", "stages"}
ADDRESS = "https://raw.githubusercontent.com/devlake-ci/devlake-ci/v0.1.0/gitlab-ci/devlake.yml"

each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)


class Loader(yaml.SafeLoader):
    """Reads GitLab's own tag as the list that it holds."""


Loader.add_constructor("!reference", Loader.construct_sequence)


def example(path):
    """Return the pipeline's jobs, and the inputs of each time that the template is included."""
    pipeline = yaml.load(path.read_text(), Loader)  # noqa: S506 (a SafeLoader)
    jobs = {name: job for name, job in pipeline.items() if name not in KEYWORDS}
    assert {each["remote"] for each in pipeline["include"]} == {ADDRESS}
    return jobs, [each["inputs"] for each in pipeline["include"]]


def reports(inputs):
    """Return whether the template's jobs report at all."""
    return inputs.get("rules") != [{"when": "never"}]


@each_example
def test_an_example_gives_declared_inputs_of_the_right_type(path):
    for inputs in example(path)[1]:
        gitlab.included(**inputs)


@each_example
def test_an_example_reports_a_job_that_is_there_and_says_where_to(path):
    jobs, included = example(path)

    for inputs in filter(reports, included):
        deploys = jobs[inputs["deploy-job"].partition(":")[0]]
        assert "environment" in deploys or inputs["environment"]


@each_example
def test_an_example_s_jobs_have_names_of_their_own(path):
    jobs, included = example(path)

    made = [name for inputs in included for name in gitlab.included(**inputs)[0]]
    assert len({*made, *jobs}) == len(made) + len(jobs)


@each_example
def test_an_example_has_jobs_that_report_in_one_way_or_the_other(path):
    jobs, included = example(path)

    by_themselves = [job for job in jobs.values() if job.get("extends") == ".devlake-ci"
                     or [".devlake-ci", "after_script"] in job.get("after_script", [])]  # fmt: skip
    assert len(by_themselves) == (0 if any(map(reports, included)) else len(jobs))


@each_example
def test_an_example_holds_no_secret(path):
    without_comments = re.sub("#.*", "", path.read_text())

    assert "token" not in without_comments.lower()
