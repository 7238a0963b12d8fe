"""What is read in every CI and of every event, recorded in tests/data/environments."""

import json
from dataclasses import asdict
from datetime import datetime

import pytest

from devlake_ci import ci
from tests.ci.recorded import RECORDED

each_recorded = pytest.mark.parametrize("record", RECORDED.values(), ids=RECORDED.keys())

UNSAID = {
    "run_number": None,
    "workflow": None,
    "default_branch": None,
    "is_tag": False,
    "finished_at": None,
    "pull_request": None,
    "stops": None,
    "no_deployment": None,
    "no_incident": None,
    "unknown": {},
}
"""What an environment that doesn't say it is expected to hold."""


WORDS = {"result_word", "matrix_note"}


def no_git(*_):
    return None


def as_json(context):
    """Return what was read, without words for the user and the CI's own word for `result`."""
    read = {name: plain(value) for name, value in asdict(context).items()}
    return {name: value for name, value in read.items() if name not in WORDS}


def plain(value):
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return value


@each_recorded
def test_the_context_of_a_recorded_environment_is_the_expected_one(record):
    files = {record["env"].get("GITHUB_EVENT_PATH"): json.dumps(record.get("event"))}

    context = ci.read_context(record["env"], (files | record.get("files", {})).get, no_git)

    assert as_json(context) == UNSAID | record["expected"]


def test_an_environment_is_claimed_by_its_provider_and_by_no_other():
    providers = [ci.load(name) for name in ci.KNOWN]

    claims = {
        name: [each for each, provider in zip(ci.KNOWN, providers, strict=True)
               if provider.marker(record["env"])]
        for name, record in RECORDED.items()
    }  # fmt: skip

    assert claims == {
        name: [record["expected"]["provider"]]
        if record["expected"]["sources"]["provider"] in record["env"].keys() - {"DEVLAKE_CI"}
        else []
        for name, record in RECORDED.items()
    }


def test_every_provider_has_recorded_environments():
    names = {record["expected"]["provider"] for record in RECORDED.values()}

    assert names == {*ci.KNOWN, "plain"}
