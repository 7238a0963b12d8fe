"""A CI that isn't there yet, added as docs/adding-a-ci.md says: one file, one line, one record."""

import ast
import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

from devlake_ci import ci
from tests.ci.test_environments import as_json

DOCS = Path(__file__).parent.parent.parent / "docs" / "adding-a-ci.md"
BLOCKS = dict(
    re.findall(r"^```(python|text|json)\n(.*?)^```", DOCS.read_text(), re.MULTILINE | re.DOTALL)
)
RECORD = json.loads(BLOCKS["json"])


@pytest.fixture
def quay(tmp_path, monkeypatch):
    file = tmp_path / "quay.py"
    file.write_text(BLOCKS["python"])
    spec = importlib.util.spec_from_file_location("quay", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "devlake_ci.ci.quay", module)
    (line,) = BLOCKS["text"].splitlines()
    monkeypatch.setattr(ci, "KNOWN", ci.KNOWN | ast.literal_eval(f"{{{line.strip()}}}"))


@pytest.mark.usefixtures("quay")
def test_the_added_ci_is_recognised_and_read():
    read = as_json(ci.read_context(RECORD["env"], lambda _: None, lambda *_: None))

    said = {name: value for name, value in read.items() if value not in (None, {})}
    assert said == RECORD["expected"]
    assert [name for name in ci.KNOWN if ci.load(name).marker(RECORD["env"])] == ["quay"]


@pytest.mark.usefixtures("quay")
def test_the_added_ci_is_reported_from_end_to_end(devlake_ci):
    where = ["--url=http://lake", "--connection=1", "--environment=production"]

    ran = devlake_ci("report", "--dry-run", "--format=json", *where, env=RECORD["env"])

    (request,) = ran.json["requests"]
    assert request["body"]["id"] == "quay:github.com/acme/shop:42:::::production"
    assert request["body"]["result"] == "SUCCESS"


@pytest.mark.usefixtures("quay")
def test_the_added_ci_has_nothing_to_be_told(devlake_ci):
    assert "there is no place for it on quay" in devlake_ci("start", env=RECORD["env"]).out
    assert devlake_ci("context", env=RECORD["env"] | {"DEVLAKE_CI": "quay"}).code == 0
