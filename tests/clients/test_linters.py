"""The files that other programs read, as their own linters see them: no finding at all."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
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
    "shellcheck of hooks": [
        BIN / "shellcheck", *files("examples/buildkite/plugin/hooks", ending="")],
}  # fmt: skip


@pytest.mark.parametrize("name", LINTERS)
def test_a_linter_finds_nothing(name):
    done = subprocess.run(LINTERS[name], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
