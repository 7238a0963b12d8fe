"""How the program is started: which script it is, and that nothing of the job's folder is run."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from devlake_ci.__main__ import SCRIPTS, script

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
BIN = Path(sys.executable).parent


def test_the_scripts_of_the_package_are_those_of_the_program_as_one_file():
    scripts = tomllib.loads(PROJECT.read_text())["project"]["scripts"]

    assert scripts == dict.fromkeys(SCRIPTS, "devlake_ci.__main__:main")


@pytest.mark.parametrize("called", ["{}", "/opt/devlake-ci-linux-x86_64/{}", r"C:\tools\{}.exe"])
def test_a_file_with_the_name_of_a_script_is_that_script(called):
    assert {name: script(called.format(name)) for name in SCRIPTS} == SCRIPTS


@pytest.mark.parametrize("called", ["devlake-ci-linux-x86_64", "devlake-ci-action/x", "", "-c"])
def test_a_file_with_any_other_name_is_devlake_ci(called):
    assert script(called) == SCRIPTS["devlake-ci"]


@pytest.fixture
def checkout(tmp_path):
    """Return a folder with modules that a stranger named like those that we and Python import."""
    for name in ("click", "requests", "pydantic", "json", "dataclasses", "pathlib"):
        (tmp_path / f"{name}.py").write_text(f"open('ran-{name}', 'w')\n")
    return tmp_path


SCRIPT, MODULE = [BIN / "devlake-ci"], [sys.executable, "-m", "devlake_ci"]
STARTS = [(command, path) for command in (SCRIPT, MODULE)
          for path in (None, ".", "", "src:.:lib", "{here}/")]  # fmt: skip
STARTS += [([BIN / name], ".") for name in SCRIPTS if name != "devlake-ci"]


@pytest.mark.parametrize(
    ("command", "pythonpath"), STARTS, ids=lambda each: Path(each[-1]).name if each else "none"
)
def test_no_module_of_the_working_directory_is_run(checkout, command, pythonpath):
    env = {"PATH": os.environ["PATH"], "DEVLAKE_CI": "github", "DEVLAKE_DRY_RUN": "true"}
    if pythonpath is not None:
        env["PYTHONPATH"] = pythonpath.format(here=checkout)

    done = subprocess.run(
        command, cwd=checkout, env=env, capture_output=True, text=True, check=False
    )

    assert "Traceback" not in done.stderr
    assert not list(checkout.glob("ran-*"))


def test_the_folder_that_the_program_itself_comes_from_may_be_on_pythonpath(tmp_path):
    shutil.copytree(PROJECT.parent / "src", tmp_path / "src")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "src")}

    done = subprocess.run(
        [sys.executable, "-m", "devlake_ci", "--version"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")


def test_a_working_directory_that_is_gone_stops_nothing(tmp_path):
    command = f"cd {tmp_path} && rmdir {tmp_path} && exec {BIN}/devlake-ci --version"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
