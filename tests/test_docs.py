"""The documentation and the wrappers are held to the program."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GENERATED = sorted(
    path
    for path in [*ROOT.rglob("*.md"), *ROOT.rglob("*.yml")]
    if not path.relative_to(ROOT).parts[0].startswith(".venv") and "[[[cog" in path.read_text()
)


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_printed_from_the_code_is_up_to_date(path):
    checked = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", "tools", "--check", "--diff", path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, f"{checked.stdout}Run `make wrappers`, and commit it."
