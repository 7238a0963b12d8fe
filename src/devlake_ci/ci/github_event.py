"""Reads from a GitHub event which commit a run is about; often not the one in `GITHUB_SHA`.

Which event sets `GITHUB_SHA` to what:
https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
The shape of each event: https://docs.github.com/webhooks/webhook-events-and-payloads
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from devlake_ci.ci.facts import (
    UNSET,
    Fact,
    bare_ref,
    commit_sha,
    mapped,
    moment,
    outcome,
    value,
    variable,
)
from devlake_ci.ci.provider import Env, ReadFile
from devlake_ci.model import Result

Facts = dict[str, Fact[Any] | None]

FINAL_STATES = {"success", "failure", "error"}
OTHER_STATES = {"queued", "pending", "in_progress", "inactive"}
"""Of a deployment that hasn't ended, or that a newer one has replaced."""


def load(env: Env, read_file: ReadFile) -> object:
    """Read the event that the runner wrote down; None if it can't be read."""
    path = value(env, "GITHUB_EVENT_PATH")
    text = read_file(path) if path else None
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def facts(env: Env, event: object) -> Facts:
    """Find `sha`, `ref`, `message` and `result`, and what else only the event says."""
    ended = {"result": variable(env, "DEVLAKE_JOB_STATUS")}
    return ended | _READERS.get(value(env, "GITHUB_EVENT_NAME") or "", _by_ref)(env, event)


def for_pull_request(env: Env, event: object) -> bool:
    """Tell whether the run, or the run that set it off, is one for a pull request."""
    if _is_merged(event):
        return False
    names = {value(env, "GITHUB_EVENT_NAME"), _text(event, "workflow_run.event")}
    return any(name and name.startswith(("pull_request", "merge_group")) for name in names)


def default_branch(event: object) -> str | None:
    """Find the repository's default branch."""
    return _text(event, "repository.default_branch")


def _is_merged(event: object) -> bool:
    return _at(event, "pull_request.merged") is True and _text(event, "action") == "closed"


def _by_ref(env: Env, event: object) -> Facts:
    sha = mapped(variable(env, "GITHUB_SHA"), commit_sha)
    ref = variable(env, "GITHUB_REF_NAME", "GITHUB_REF") or _field(event, "release.tag_name")
    return {
        "sha": sha,
        "ref": mapped(ref, bare_ref),
        "message": _message(event, "head_commit", sha)
        or _message(event, "merge_group.head_commit", sha),
    }


def _pull_request(env: Env, event: object) -> Facts:
    # GITHUB_SHA is a merge that nobody made (pull_request) or the target (pull_request_target).
    if _is_merged(event):
        sha, ref = _field(event, "pull_request.merge_commit_sha"), None
        ref = variable(env, "GITHUB_BASE_REF") or _field(event, "pull_request.base.ref")
    else:
        sha = _field(event, "pull_request.head.sha")
        ref = variable(env, "GITHUB_HEAD_REF") or _field(event, "pull_request.head.ref")
    return {"sha": mapped(sha, commit_sha), "ref": mapped(ref, bare_ref)}


def _workflow_run(env: Env, event: object) -> Facts:
    # GITHUB_SHA is the head of the default branch. Its times and its conclusion are not this job's.
    del env
    sha = mapped(_field(event, "workflow_run.head_sha"), commit_sha)
    return {
        "sha": sha,
        "ref": mapped(_field(event, "workflow_run.head_branch"), bare_ref),
        "message": _message(event, "workflow_run.head_commit", sha),
    }


def _deployment(env: Env, event: object) -> Facts:
    del env
    sha = mapped(_field(event, "deployment.sha"), commit_sha)
    ref = mapped(_field(event, "deployment.ref"), bare_ref)
    if sha and ref and sha.value.startswith(ref.value):
        ref = None  # created for a commit: what is in `ref` is its SHA
    return {
        "sha": sha,
        "ref": ref,
        "environment": _field(event, "deployment.environment"),
        "created_at": mapped(_field(event, "deployment.created_at"), moment),
    }


def _deployment_status(env: Env, event: object) -> Facts:
    # The status is of the deployment; our own job, which only hears of it, succeeds anyway.
    state = mapped(_field(event, "deployment_status.state"), _ended)
    return _deployment(env, event) | {"result": state}


def _ended(state: str) -> Result | None:
    if state in OTHER_STATES:
        return Result.SKIPPED
    return outcome(state) if state in FINAL_STATES else None


_READERS: Mapping[str, Callable[[Env, object], Facts]] = {
    "pull_request": _pull_request,
    "pull_request_target": _pull_request,
    "pull_request_review": _pull_request,
    "pull_request_review_comment": _pull_request,
    "workflow_run": _workflow_run,
    "deployment": _deployment,
    "deployment_status": _deployment_status,
}


def _message(event: object, path: str, sha: Fact[str] | None) -> Fact[str] | None:
    belongs = sha and _text(event, f"{path}.id") == sha.value
    return _field(event, f"{path}.message") if belongs else None


def _at(event: object, path: str) -> object:
    found = event
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _text(event: object, path: str) -> str | None:
    found = _at(event, path)
    text = found.strip() if isinstance(found, str) else ""
    return None if text in UNSET else text


def _field(event: object, path: str) -> Fact[str] | None:
    text = _text(event, path)
    return Fact(text, f"event.{path}") if text else None
