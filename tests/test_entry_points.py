"""The program as one file has the scripts of the package, each by its name."""

import tomllib
from pathlib import Path

import pytest

from devlake_ci.__main__ import ENTRY_POINTS, entry_point

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def test_the_scripts_of_the_package_are_those_of_the_one_file():
    scripts = tomllib.loads(PROJECT.read_text())["project"]["scripts"]

    assert scripts == ENTRY_POINTS


@pytest.mark.parametrize("called", ["{}", "./{}", "/opt/devlake-ci-linux-x86_64/{}",
                                    r"C:\hostedtoolcache\{}.exe", "D:/tools/{}.exe"])  # fmt: skip
@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_a_file_with_the_name_of_a_script_is_that_script(called, name):
    assert entry_point(called.format(name)) == ENTRY_POINTS[name]


@pytest.mark.parametrize("called", ["devlake-ci-linux-x86_64", "devlake-ci-windows-amd64.exe",
                                    "/src/devlake_ci/__main__.py", "devlake-ci-action/x", "", "-c",
                                    "devlake-ci-action-post-2"])  # fmt: skip
def test_a_file_with_any_other_name_is_devlake_ci(called):
    assert entry_point(called) == ENTRY_POINTS["devlake-ci"]
