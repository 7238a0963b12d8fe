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
}  # fmt: skip


@pytest.mark.parametrize("name", LINTERS)
def test_a_linter_finds_nothing(name):
    done = subprocess.run(LINTERS[name], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
