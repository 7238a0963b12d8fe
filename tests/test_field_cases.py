"""Inputs from real pipelines on which a report was wrong once, each with the right outcome.

A case of tests/data/field-cases.json has the commands that `setup` the working directory ($W) and
$D beside it, the variables, and the arguments. Of what is `right`, `exit` and the words in `says`
and `says not` are about all that the program prints; `commits` are those that would be sent, with
the fields that matter; everything else is a field of the request.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.support import DATA

CASES = json.loads((DATA / "field-cases.json").read_text())
GIT = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER")
       for what in ("NAME", "EMAIL")}  # fmt: skip
NOWHERE = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}


def run(case, folder):
    """Run the program as a job would, with real git and nothing but the case's variables."""
    work, path = folder / "work", {"PATH": os.environ["PATH"]}
    for each in (work, folder / "home"):
        each.mkdir()
    places = {"D": str(folder), "W": str(work), "HOME": str(folder / "home")}
    subprocess.run(["bash", "-euc", case["setup"]], cwd=work, env=path | GIT | places, check=True)
    env = {name: value.replace("$D", str(folder)).replace("$W", str(work))
           for name, value in case["env"].items()}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "devlake_ci", *case["argv"]],
        cwd=work, env=NOWHERE | env | path, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_case_from_the_field_is_right(case, tmp_path):
    ran = run(case, tmp_path)

    right = dict(case["right"])
    assert ran.returncode == right.pop("exit", 0), ran.stdout + ran.stderr
    for word in right.pop("says", []):
        assert word in ran.stdout + ran.stderr
    for word in right.pop("says not", []):
        assert word not in ran.stdout + ran.stderr
    if right:
        (request,) = json.loads(ran.stdout)["requests"]
        commits = request["body"]["deploymentCommits"]
        for sent, expected in zip(commits, right.pop("commits", commits), strict=True):
            assert {name: sent.get(name) for name in expected} == expected
        assert {name: request["body"].get(name) for name in right} == right
