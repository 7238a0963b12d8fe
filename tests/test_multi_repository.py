"""docs/multi-repository.md and the schema are held to the program."""

import json
import re
from pathlib import Path

import pytest
import yaml

from devlake_ci.commits import manifest
from tests.support import SHA

DOCS = Path(__file__).parent.parent / "docs"
BLOCKS = re.findall(r"```yaml\n(.*?)```", (DOCS / "multi-repository.md").read_text(), re.DOTALL)
INPUTS = yaml.safe_load((DOCS.parent / "action.yml").read_text())["inputs"]
SCHEMA = json.loads((DOCS / "commits.schema.json").read_text())


def test_the_published_schema_is_what_the_program_prints(devlake_ci):
    ran = devlake_ci("context", "--commits-schema")

    assert ran.json == SCHEMA, "devlake-ci context --commits-schema > docs/commits.schema.json"


def test_the_schema_takes_what_the_program_takes():
    entry, devlake, short = SCHEMA["items"]["oneOf"]

    assert entry == {"$ref": "#/$defs/Entry"}
    assert devlake == {"$ref": "#/$defs/DevLakeEntry"}
    assert {"repoUrl", "commitSha"} == set(SCHEMA["$defs"]["DevLakeEntry"]["required"])
    assert set(SCHEMA["$defs"]["Entry"]["required"]) == {"repo_url", "sha"}
    assert re.search(short["pattern"], f"acme/pay@{SHA}")
    assert not re.search(short["pattern"], f"see acme/pay@{SHA} !")


@pytest.mark.parametrize("block", BLOCKS)
def test_what_the_documentation_shows_works(block):
    shown = yaml.safe_load(block)

    if isinstance(shown, list):
        read = manifest.parse_commits(
            block, "docs", "https://github.com", lambda _: (lambda _: SHA,)
        )
        assert len(read) == len(shown)
    else:
        (ours,) = (each for each in shown["steps"] if "devlake-ci" in each.get("uses", ""))
        assert set(ours["with"]) <= set(INPUTS)


def test_there_is_a_list_and_a_workflow_to_show():
    assert {type(yaml.safe_load(each)) for each in BLOCKS} == {list, dict}
