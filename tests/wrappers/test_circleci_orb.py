"""The CircleCI orb as a file: what is generated, packed, and asked for by the review."""

import re
import stat

import pytest
import yaml
from tools.orb import SOURCE, packed, written

from devlake_ci import __version__
from devlake_ci.options import declared
from tests.wrappers.circleci import COMMAND, JOB, ORB, steps

OWN = {"fail_on_error", "incident_name", "package", "executable_url", "executable_sha256",
       "state_folder"}  # fmt: skip
FILES = {path: yaml.safe_load(path.read_text()) for path in sorted(SOURCE.glob("*/*.yml"))}


def test_every_option_is_a_parameter_but_for_other_cis_and_what_is_replaced():
    renamed = {"deployment_name" if each.name == "name" else each.name for each in declared()}
    elsewhere = {"github_token", "gitlab_token", "on_failure"}

    assert set(COMMAND["parameters"]) - OWN == renamed - elsewhere
    assert renamed - elsewhere <= set(JOB["parameters"])


def test_no_parameter_has_a_name_that_a_workflow_keeps_for_itself():
    taken = {"name", "requires", "context", "type", "filters", "matrix", "pre-steps", "post-steps"}

    for part in (*ORB["commands"].values(), *ORB["jobs"].values()):
        assert not taken & set(part["parameters"])


def test_secrets_are_the_names_of_variables():
    secrets = {each.name for each in declared() if each.metadata.get("secret")}

    for part in (COMMAND, JOB):
        named = {name for name, each in part["parameters"].items()
                 if each["type"] == "env_var_name"}  # fmt: skip
        assert named == secrets - {"github_token", "gitlab_token"}


def runs(value):
    """Find every `run` step below."""
    if isinstance(value, dict):
        if "run" in value:
            yield value["run"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from runs(each)


def test_parameters_stand_in_the_environment_of_a_script_and_never_in_the_script():
    for run in runs([ORB["commands"], ORB["jobs"]]):
        assert not re.search(r"(?<!\\)<<", run["command"])
        assert "eval " not in run["command"]


# The rules of orb-tools/review that need no network:
# https://github.com/CircleCI-Public/orb-tools-orb/blob/master/src/scripts/review.bats


def test_rc001_and_rc005_the_orb_says_what_it_is_and_where_it_comes_from():
    assert ORB["display"]["source_url"].startswith("https://github.com/")
    assert len(ORB["description"]) >= 64


def test_rc002_every_part_has_a_description():
    assert all(each["description"] for each in FILES.values())


def test_rc003_and_rc004_there_are_examples_and_their_names_say_of_what():
    names = list(ORB["examples"])

    assert len(names) >= 4
    assert not any("example" in name for name in names)


def test_rc008_and_rc009_every_run_has_a_name_and_a_short_command_or_an_include():
    for run in runs(list(FILES.values())):
        if isinstance(run, dict):
            assert run["name"]
            assert re.fullmatch(r"<<include\(scripts/[a-z_]+\.sh\)>>", run["command"])


def test_rc010_names_are_in_snake_case():
    for path, part in FILES.items():
        for name in (path.stem, *part.get("parameters", {})):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name)


def test_rc011_examples_use_the_version_that_there_is():
    for example in ORB["examples"].values():
        (reference,) = example["usage"]["orbs"].values()
        name, _, version = reference.partition("@")
        assert name == "devlake-ci/devlake-ci"
        assert f"{__version__}.".startswith(f"{version}.")


def test_rc012_no_default_is_a_variable_that_nothing_would_fill_in():
    for part in FILES.values():
        for each in part.get("parameters", {}).values():
            assert "$" not in str(each.get("default", ""))


def test_what_is_included_is_whole_and_its_angle_brackets_are_escaped(tmp_path):
    (tmp_path / "commands").mkdir()
    (tmp_path / "x.sh").write_text("cat <<EOF\n$1\nEOF\n")
    (tmp_path / "@orb.yml").write_text("version: 2.1\n")
    (tmp_path / "commands" / "c.yml").write_text("steps: [{run: << include(x.sh) >>}]\n")

    orb = yaml.safe_load(written(packed(tmp_path)))

    assert orb["commands"]["c"]["steps"] == [{"run": "cat \\<<EOF\n$1\nEOF\n"}]
    assert steps(orb["commands"]["c"]) == [{"run": "cat <<EOF\n$1\nEOF\n"}]


def test_an_include_inside_of_other_text_is_an_error(tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "@orb.yml").write_text("version: 2.1\n")
    (tmp_path / "jobs" / "j.yml").write_text("steps: [{run: 'echo <<include(x.sh)>>'}]\n")

    with pytest.raises(ValueError, match="the whole value: echo <<include"):
        packed(tmp_path)


def test_scripts_can_be_run_by_hand():
    for path in (SOURCE / "scripts").iterdir():
        assert path.read_text().startswith("#!/bin/sh\n")
        assert path.stat().st_mode & stat.S_IXUSR
