"""The documentation is held to the program."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_what_the_readme_prints_from_the_code_is_up_to_date():
    checked = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", "tools", "--check", "README.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, f"{checked.stdout}Run `make format`, and commit README.md."
