"""Environments of real CI jobs, by provider and event: variables, event, expected context."""

import json

from tests.support import DATA

RECORDED = {
    f"{path.parent.name}-{path.stem}": json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(DATA.glob("environments/*/*.json"))
}
