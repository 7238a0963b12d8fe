"""The example that fetches the executable in an after_script runs it if it is the one meant."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import archive
from tests.wrappers.test_gitlab_examples import ROOT, example

PROGRAM = '#!/bin/sh\necho "It ran as ${0##*/} in $PWD."\n'
PUBLISHED = archive(PROGRAM)
SUM = hashlib.sha256(PUBLISHED).hexdigest()
# What the real ones do with these options: write to the file behind the one that says so.
FETCH = """#!/bin/sh
while [ "$1" != --output ] && [ "$1" != -O ]; do shift; done
[ "$3" = "${3#https://}" ] || cp "${0%/*}/../published" "$2"
"""


@pytest.fixture
def ran(tmp_path):
    """Run the after_script where there is just one way to fetch, and this is known of the file."""
    (tmp_path / "bin").mkdir()
    for name in ("sha256sum", "mktemp", "tar", "gzip", "ln", "cp"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    jobs, _ = example(ROOT / "examples" / "gitlab" / "after-script-executable.yml")
    (script,) = jobs["deploy"]["after_script"]

    def run(tool, published):
        (tmp_path / "published").write_bytes(published)
        (tmp_path / "bin" / tool).write_text(FETCH)
        (tmp_path / "bin" / tool).chmod(0o755)
        return subprocess.run(
            ["/bin/sh", "-c", script.replace("0" * 64, SUM)], cwd=tmp_path, check=False,
            env={"PATH": str(tmp_path / "bin"), "TMPDIR": str(tmp_path)}, capture_output=True,
            text=True,
        )  # fmt: skip

    return run


@pytest.mark.parametrize("tool", ["curl", "wget"])
def test_the_right_file_runs_in_the_checkout_as_the_template_s_script(ran, tool, tmp_path):
    done = ran(tool, PUBLISHED)

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"It ran as devlake-ci-gitlab in {Path(tmp_path)}.\n")


@pytest.mark.parametrize("tool", ["curl", "wget"])
def test_another_file_does_not_run(ran, tool):
    done = ran(tool, archive(PROGRAM + "# changed\n"))

    assert done.returncode != 0
    assert "It ran" not in done.stdout
