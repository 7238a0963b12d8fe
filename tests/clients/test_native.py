"""What starts the program on the runner's own Python, with a Python that doesn't."""

import os
import subprocess
from pathlib import Path

import pytest

NATIVE = Path(__file__).parent.parent.parent / "native"
PYTHON = """#!/bin/sh
case "$*" in
  *version_info*) exit 0 ;;
  *"-m pip"*) ;;
  *) {ends} ;;
esac
"""


@pytest.fixture
def run(tmp_path):
    def ran(stage, ends, **inputs):
        python = tmp_path / "bin" / "python3"
        python.parent.mkdir()
        python.write_text(PYTHON.format(ends=ends))
        python.chmod(0o755)
        given = {f"INPUT_{name.upper().replace('_', '-')}": text for name, text in inputs.items()}
        return subprocess.run(
            ["node", NATIVE / f"{stage}.js"], capture_output=True, text=True, check=False,
            env={"PATH": f"{python.parent}:{os.environ['PATH']}",
                 "RUNNER_TOOL_CACHE": str(tmp_path)} | given,
        )  # fmt: skip

    return ran


@pytest.mark.parametrize(("stage", "inputs"), [("main", {"fail_on_error": "true"}), ("post", {})])
@pytest.mark.parametrize(("ends", "says"), [("exit 3", "its exit code was 3"),
                                            ("kill -KILL $$", "SIGKILL ended it")])  # fmt: skip
def test_a_program_that_breaks_down_breaks_no_job(run, stage, inputs, ends, says):
    ran = run(stage, ends, **inputs)

    assert ran.returncode == 0
    assert ran.stdout == f"::warning title=DevLake::devlake-ci can't run: {says}.\n"


@pytest.mark.parametrize("word", ["true", "Yes"])
def test_a_report_that_fails_the_job_fails_it_with_the_programs_exit_code(run, word):
    assert run("post", "exit 4", fail_on_error=word).returncode == 4
