"""Whatever stands in a CI's variables: no traceback, no secret shown, nothing the CI can't read."""

import html
import io
import json
import re
import shlex
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devlake_ci import runtime
from devlake_ci.cli import invoke
from devlake_ci.options import declared, variable
from tests.ci.recorded import RECORDED
from tests.ci.test_emit import runner_reads
from tests.support import SHA, Ticking

SECRETS = {
    "DEVLAKE_TOKEN": "s3cr3t-key",
    "DEVLAKE_HEADER": "X-Access: s3cr3t-header\nAuthorization-Too: Bearer s3cr3t-bearer",
    "DEVLAKE_GITHUB_TOKEN": "s3cr3t-github",
    "DEVLAKE_GITLAB_TOKEN": "s3cr3t-gitlab",
    "CI_JOB_TOKEN": "s3cr3t-job",
    "ACTIONS_RUNTIME_TOKEN": "s3cr3t-runtime",
}
FILES = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "BASH_ENV")
KEPT_OUT = {"DEVLAKE_URL", "DEVLAKE_CI", "DEVLAKE_SPOOL", "DEVLAKE_INCIDENT_STATE", *SECRETS}
"""Variables that tests need as they are: each has tests of its own."""
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=60)
ODD = st.sampled_from([
    "", " ", "<nil>", "::error::x", "##[add-mask]x", "$(id)", "`id`", "${{ x }}", "\x1b[31m", "'",
    "x" * 5000, "git@h.example:a/b.git", SHA, "main",
    "refs/tags/v1", "success", "failed", "production", "true", "0", "-1", "nan", "1e999", "{x}",
    "2026-03-01T10:00:00Z", "9999-12-31T23:59:59Z", "../..", "/dev/null", "{repo}", "\u202e",
])  # fmt: skip
VALUES = ODD | TEXT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


def recorded(ci):
    """Return the environments of a CI as they were recorded."""
    return [each["env"] for name, each in RECORDED.items() if name.startswith(f"{ci}-")]


def names(ci):
    given = {name for env in recorded(ci) for name in env}
    options = {variable(each.name) for each in declared()}
    return sorted((given | options) - KEPT_OUT)


@st.composite
def environments(draw, ci):
    env = dict(draw(st.sampled_from(recorded(ci))))
    env |= draw(st.dictionaries(st.sampled_from(names(ci)), VALUES, max_size=12))
    clone_url = draw(st.sampled_from(["", "https://me:s3cr3t-user@h.example/a/b.git"]))
    env |= dict.fromkeys(("CIRCLE_REPOSITORY_URL", "CI_REPOSITORY_URL"), clone_url)
    if wrong := draw(st.sampled_from(["", "DEVLAKE_REPO_URL", "DEVLAKE_MODE", "DEVLAKE_RESULT"])):
        env[wrong] = "https://me:s3cr3t-user@h.example/a/b.git"
    return {name: str(value) for name, value in env.items()}


EVENT = st.sampled_from([each["event"] for each in RECORDED.values() if each.get("event")])


@st.composite
def events(draw):
    """Return a recorded event with any part of it replaced by anything."""
    event = json.loads(json.dumps(draw(EVENT)))
    inside = event
    while isinstance(inside, dict) and inside:
        key = draw(st.sampled_from(sorted(inside)))
        if not isinstance(inside[key], dict) or draw(st.booleans()):
            inside[key] = draw(JSON)
            break
        inside = inside[key]
    return json.dumps(event)


EVENTS = st.none() | events() | JSON.map(json.dumps) | st.text(max_size=30)
COMMANDS = st.sampled_from([
    ["report"], ["report", "--dry-run"], ["report", "--format=json"], ["report", "--verbose"],
    ["report", "--mode=both"], ["context"], ["start"], ["doctor"],
])  # fmt: skip


def ran(env, event, command, folder):
    """Run a command against a DevLake that isn't there; give its code and all that it wrote."""
    files = {name: str(folder / name) for name in FILES}
    env = {**env, **SECRETS, **files, "CI_PROJECT_DIR": str(folder), "RUNNER_TEMP": str(folder),
           "DEVLAKE_SPOOL": str(folder / "spool"),
           "DEVLAKE_URL": "http://127.0.0.1:1/plugins/webhook/connections/1"}  # fmt: skip
    env |= {"GITHUB_API_URL": "http://127.0.0.1:1", "CI_API_V4_URL": "http://127.0.0.1:1"}
    if event is not None:
        (folder / "event").write_text(event, errors="replace")
        env["GITHUB_EVENT_PATH"] = str(folder / "event")
    fake = replace(
        runtime.real_runtime(), env=env, clock=Ticking().clock(), git=lambda *_, **__: None,
        stop_at_signals=lambda: None, defer_signals=lambda: None,
    )  # fmt: skip
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = invoke(command, fake)
    written = {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*") if path.is_file() and path.name != "event"
    }  # fmt: skip
    return code, out.getvalue(), err.getvalue(), written


@pytest.mark.parametrize("ci", ["github", "gitlab", "circleci"])
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nothing_in_a_variable_breaks_or_shows_anything(ci, data):
    env = data.draw(environments(ci))
    event = data.draw(EVENTS) if ci == "github" else None
    command = data.draw(COMMANDS)

    with TemporaryDirectory() as folder:
        code, out, err, written = ran(env, event, command, Path(folder))

    shown = "\n".join(each for each in err.splitlines() if not each.startswith("::add-mask::"))
    assert code in (0, 2, 3, 4, 5), err
    assert "Traceback" not in err
    assert "has a bug" not in err
    assert "s3cr3t" not in html.unescape(out + shown + "".join(written.values()))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x9b\u202e]", out + err)
    if "--format=json" in command and out:
        json.loads(out)
    runner_reads(written.get("GITHUB_OUTPUT", ""))
    for file in ("GITHUB_ENV", "devlake.env"):
        for row in written.get(file, "").splitlines():
            assert re.fullmatch(r"[A-Z_]+=[^\x00-\x1f]*", row)
    for row in written.get("BASH_ENV", "").splitlines():
        export, *words = shlex.split(row)
        assert (export, len(words)) == ("export", 1)


def test_the_environments_are_the_recorded_ones():
    """Or the test above would try nothing."""
    assert "GITHUB_SHA" in names("github")
    assert "CI_COMMIT_SHA" in names("gitlab")
    assert "CIRCLE_SHA1" in names("circleci")
