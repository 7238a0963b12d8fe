"""The files that other programs read, as their own linters see them: no finding at all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tools.orb import packed, written

from tests.markdown import PAGES, prose

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
ORB = yaml.safe_load(written(packed()))
WORKFLOWS = [".github/workflows", "examples/github", "tests/clients/workflows"]


def files(*folders, ending=".yml"):
    return [str(path.relative_to(ROOT)) for each in folders
            for path in sorted((ROOT / each).glob(f"*{ending}"))]  # fmt: skip


LINTERS = {
    "actionlint": ["go", "run", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
                   *files(*WORKFLOWS)],
    "zizmor": [BIN / "zizmor", "--offline", "--quiet", "--config", ".github/zizmor.yml", ".",
               "examples/github"],
    "hadolint": [BIN / "hadolint", "Dockerfile"],
    "schema of actions": [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-actions",
                          "action.yml", "native/action.yml", ".github/actions/sandbox/action.yml"],
    "schema of workflows": [BIN / "check-jsonschema", "--builtin-schema",
                            "vendor.github-workflows", *files(*WORKFLOWS)],
    "schema of examples for Azure": [
        BIN / "check-jsonschema", "--regex-variant", "nonunicode", "--builtin-schema",
        "vendor.azure-pipelines", *files("examples/azure")],
    "schema of examples for Bitbucket": [
        BIN / "check-jsonschema", "--builtin-schema", "vendor.bitbucket-pipelines",
        *files("examples/bitbucket")],
    "schema of examples for Buildkite": [
        BIN / "check-jsonschema", "--builtin-schema", "vendor.buildkite",
        *files("examples/buildkite")],
    "schema of examples for Drone": [
        BIN / "check-jsonschema", "--builtin-schema", "vendor.drone-ci", *files("examples/drone")],
    "schema of examples for Woodpecker": [
        BIN / "check-jsonschema", "--builtin-schema", "vendor.woodpecker-ci",
        *files("examples/woodpecker", ending=".yaml")],
    "schema of examples for Travis": [
        BIN / "check-jsonschema", "--builtin-schema", "vendor.travis", *files("examples/travis")],
    "schema of examples for Gitea and Forgejo": [
        BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows",
        *files("examples/gitea", "examples/forgejo")],
    "schema of examples for CircleCI": [BIN / "check-jsonschema", "--builtin-schema",
                                        "vendor.circle-ci", *files("examples/circleci")],
    "codespell": [BIN / "codespell", "src", "examples", "tools", *(str(page) for page in PAGES)],
    "shellcheck": [BIN / "shellcheck", *files("circleci-orb/src/scripts", ending=".sh"),
                   *files("examples/buildkite/plugin/hooks", ending="")],
    "yamllint": [BIN / "yamllint", "--strict", "action.yml", "native", "circleci-orb", "gitlab-ci",
                 "examples", ".github"],
    "schema of GitLab's pipelines": [BIN / "check-jsonschema", "--builtin-schema",
                                     "vendor.gitlab-ci", "--data-transform", "gitlab-ci",
                                     *files("examples/gitlab", "tests/clients/pipelines")],
}  # fmt: skip


@pytest.mark.parametrize("name", LINTERS)
def test_a_linter_finds_nothing(name):
    lint(LINTERS[name])


def test_proselint_finds_nothing_in_the_documentation(tmp_path):
    for page in PAGES:
        (tmp_path / page.name).write_text(prose(page))
    # Quotes are typed here as they are in code; "(R)" stands in a processor's name.
    off = ("typography.symbols.curly_quotes", "typography.symbols.trademark")
    config = tmp_path / "proselint.json"
    config.write_text(json.dumps({"checks": dict.fromkeys(off, False)}))

    lint([BIN / "proselint", "check", "--config", config, *sorted(tmp_path.glob("*.md"))])


@pytest.mark.parametrize("name", ["the orb", *ORB["examples"]])
def test_the_packed_orb_and_its_examples_keep_to_the_schema(name, tmp_path):
    ours = {"version": 2.1, "orbs": {"devlake-ci": inline()}}
    config = ours if name == "the orb" else ORB["examples"][name]["usage"] | ours
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config))

    lint([BIN / "check-jsonschema", "--builtin-schema", "vendor.circle-ci",
          tmp_path / "config.yml"])  # fmt: skip


def inline():
    """Return the orb as it may stand in a configuration, where it is not published."""
    return {key: part for key, part in ORB.items() if key in {"commands", "jobs", "executors"}}


def lint(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
