"""GitHub Actions, on github.com and GitHub Enterprise.

- Variables: https://docs.github.com/actions/reference/workflows-and-actions/variables
- Which event sets `GITHUB_SHA` to what, often not to the commit that a run is about:
  https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
- The shape of each event: https://docs.github.com/webhooks/webhook-events-and-payloads
- Outputs, summary, annotations:
  https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
- The API: https://docs.github.com/rest/actions/workflow-runs and .../rest/commits/commits
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from urllib.parse import quote, urlencode

from devlake_ci.ci.facts import Fact, Facts, commit_sha, convert, timestamp, value, variable
from devlake_ci.ci.json_object import JsonObject, parse
from devlake_ci.ci.outputs import STARTED_AT, headline, outputs, summary
from devlake_ci.ci.provider import Append, Ask, Effect, Env, Print, Provider, Query, ReadFile, Reply
from devlake_ci.commits.sha import WHOLE
from devlake_ci.errors import NothingToReport
from devlake_ci.model import Outcome, Result
from devlake_ci.text import line, workflow_command
from devlake_ci.timestamps import rfc3339

TITLE = "DevLake"
EVENT = "event="
"""Where the text of the event is kept among the variables; no variable has such a name."""

OTHER_STATES = {"queued", "pending", "in_progress", "inactive"}
"""Of a deployment that hasn't ended, or that a newer one has replaced."""

_REQUESTS = ("pull_request", "merge_group")
_ELSEWHERE = {"check_run", "check_suite", "delete", "issue_comment", "page_build", "status"}
"""Events in whose runs `GITHUB_SHA` is the default branch's, though they are about another commit.
What such a run sets off in turn knows that commit no more."""


def with_event(env: Env, read_file: ReadFile) -> Env:
    """Add the text of the event that the runner wrote down to the variables."""
    path = value(env, "GITHUB_EVENT_PATH")
    text = read_file(path) if path else None
    return {**env, EVENT: text} if text else env


def event(env: Env) -> JsonObject:
    """Return the event, of variables that have its text; without members if it can't be read."""
    return parse(env.get(EVENT))


def read(env: Env) -> Facts:
    """Read variables and event.

    `DEVLAKE_JOB_STATUS`, `DEVLAKE_CHECK_RUN_ID` and `DEVLAKE_MATRIX_INDEX` are what our action
    makes of `job.status`, `job.check_run_id` and `strategy.job-index`, which no variable says.
    """
    name, repository = value(env, "GITHUB_EVENT_NAME") or "", _repository(env)
    said = Facts(
        repo_url=repository,
        run_id=variable(env, "GITHUB_RUN_ID"),
        attempt=variable(env, "GITHUB_RUN_ATTEMPT"),
        job=variable(env, "GITHUB_JOB"),
        job_id=value(env, "DEVLAKE_CHECK_RUN_ID"),
        matrix_index=value(env, "DEVLAKE_MATRIX_INDEX"),
        run_url=_run_url(env, repository),
        actor=variable(env, "GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"),
        result=variable(env, "DEVLAKE_JOB_STATUS"),
        state_dir=_state_dir(env),
        workflow=value(env, "GITHUB_WORKFLOW"),
        run_number=value(env, "GITHUB_RUN_NUMBER"),
        pull_request=name.startswith(_REQUESTS),
        is_tag=value(env, "GITHUB_REF_TYPE") == "tag",
    )
    found = event(env)
    said = replace(said, default_branch=found.text("repository.default_branch"))
    if found.found is not None:
        return _READERS.get(name, _by_ref)(env, found, said)
    if name in _ELSEWHERE | {"workflow_run"}:
        return _unknown(said, name)
    return (_pull_request if name.startswith("pull_request") else _by_ref)(env, found, said)


def _unknown(said: Facts, name: str) -> Facts:
    why = (
        f"The deployed commit is not known: the event {name} doesn't say it, and GITHUB_SHA is the "
        "default branch's head there."
    )
    return replace(said, sha=None, ref=None, unknown={**said.unknown, "sha": why})


def _by_ref(env: Env, event: JsonObject, said: Facts) -> Facts:
    # Of an issue nothing else is meant than the default branch; of a pull request perhaps its head.
    if event.has("issue.pull_request"):
        return _unknown(said, f"{value(env, 'GITHUB_EVENT_NAME')} on a pull request")
    sha = variable(env, "GITHUB_SHA")
    ref = variable(env, "GITHUB_REF_NAME", "GITHUB_REF")
    tag = event.fact("release.tag_name")
    message = _message(event.at("head_commit"), sha)
    message = message or _message(event.at("merge_group.head_commit"), sha)
    return replace(said, sha=sha, ref=ref or tag, message=message)


def _pull_request(env: Env, event: JsonObject, said: Facts) -> Facts:
    # GITHUB_SHA is a merge that nobody made (pull_request) or the target (pull_request_target).
    if event.flag("pull_request.merged") and event.text("action") == "closed":
        sha = event.fact("pull_request.merge_commit_sha")
        ref = variable(env, "GITHUB_BASE_REF") or event.fact("pull_request.base.ref")
        said = replace(said, pull_request=None)  # it is on its branch now
    else:
        sha = event.fact("pull_request.head.sha")
        ref = variable(env, "GITHUB_HEAD_REF") or event.fact("pull_request.head.ref")
    return replace(said, sha=sha, ref=ref)


def _workflow_run(_: Env, event: JsonObject, said: Facts) -> Facts:
    # GITHUB_SHA is the head of the default branch. Its times and its conclusion are not this job's.
    run = event.at("workflow_run")
    cause = run.text("event") or ""
    said = replace(said, pull_request=cause.startswith(_REQUESTS))
    if cause in _ELSEWHERE | {"workflow_run"}:
        return _unknown(said, f"workflow_run of a run for {cause}")
    sha, ref = run.fact("head_sha"), run.fact("head_branch")
    return replace(said, sha=sha, ref=ref, message=_message(run.at("head_commit"), sha))


def _check(_: Env, event: JsonObject, said: Facts, name: str = "check_suite") -> Facts:
    check = event.at(name)
    suite = check.at("check_suite") if name == "check_run" else check
    asked = check.each("pull_requests") + suite.each("pull_requests")
    sha, branch = check.fact("head_sha"), suite.fact("head_branch")
    # A pull request from a fork is not listed, and its branch is not one of this repository.
    said = replace(said, pull_request=bool(asked) or not branch, ref=branch)
    return _at(sha, said, name)


def _status(_: Env, event: JsonObject, said: Facts) -> Facts:
    branches = event.each("branches")
    names = [name for each in branches if (name := each.text("name"))]
    # Of several branches that have the commit it is the default one's, or nothing says whose.
    if said.default_branch in names:
        names = [said.default_branch]
    ref = Fact(names[0], "event.branches") if len(names) == 1 else None
    # A commit that is on no branch of the repository is one of a fork's pull request.
    said = replace(said, pull_request=not branches, ref=ref)
    return _at(event.fact("sha"), said, "status")


def _at(sha: Fact[str] | None, said: Facts, name: str) -> Facts:
    found = convert(sha, commit_sha)
    return replace(said, sha=found) if found else _unknown(said, name)


def _deployment(_: Env, event: JsonObject, said: Facts) -> Facts:
    made = event.at("deployment")
    sha, ref = made.fact("sha"), made.fact("ref")
    if sha and ref and sha.value.startswith(ref.value):
        ref = None  # created for a commit: what is in `ref` is its SHA
    environment, created = made.fact("environment"), made.time("created_at")
    return replace(said, sha=sha, ref=ref, environment=environment, created_at=created)


def _deployment_status(env: Env, event: JsonObject, said: Facts) -> Facts:
    # The status is of the deployment; our own job, which only hears of it, succeeds anyway.
    state = event.fact("deployment_status.state")
    word = convert(state, lambda word: Result.SKIPPED if word in OTHER_STATES else word)
    return replace(_deployment(env, event, said), result=word)


_READERS: Mapping[str, Callable[[Env, JsonObject, Facts], Facts]] = {
    "check_run": partial(_check, name="check_run"),
    "check_suite": _check,
    "delete": lambda _env, _event, said: _unknown(said, "delete"),
    "deployment": _deployment,
    "deployment_status": _deployment_status,
    "page_build": lambda _env, event, said: _at(event.fact("build.commit"), said, "page_build"),
    "pull_request": _pull_request,
    "pull_request_review": _pull_request,
    "pull_request_review_comment": _pull_request,
    "pull_request_target": _pull_request,
    "status": _status,
    "workflow_run": _workflow_run,
}
"""The events whose runs are about another commit than `GITHUB_SHA`, or may be."""


def _message(commit: JsonObject, sha: Fact[str] | None) -> Fact[str] | None:
    belongs = sha and commit.text("id") == sha.value
    return commit.fact("message") if belongs else None


def _repository(env: Env) -> Fact[str] | None:
    server, name = value(env, "GITHUB_SERVER_URL"), value(env, "GITHUB_REPOSITORY")
    url = f"{(server or '').rstrip('/')}/{name}"
    return Fact(url, "GITHUB_SERVER_URL/GITHUB_REPOSITORY") if server and name else None


def _run_url(env: Env, repository: Fact[str] | None) -> Fact[str] | None:
    run, attempt = value(env, "GITHUB_RUN_ID"), value(env, "GITHUB_RUN_ATTEMPT")
    if not (run and repository):
        return None
    again = f"/attempts/{attempt}" if attempt and attempt != "1" else ""
    return Fact(f"{repository.value}/actions/runs/{run}{again}", "GITHUB_RUN_ID")


def _state_dir(env: Env) -> str | None:
    # The runner empties its temp folder for each job. Older ones don't mount it into a container,
    # and name it all the same; HOME is a part of it there (actions/runner,
    # src/Runner.Worker/Handlers/ContainerActionHandler.cs).
    folder, home = value(env, "RUNNER_TEMP"), value(env, "HOME")
    if home == "/github/home" and folder != "/github/runner_temp":
        folder = home
    return f"{folder.rstrip('/')}/devlake-ci" if folder else None


def remember(started: datetime, env: Env) -> tuple[Effect, ...]:
    """Set a variable for the later steps of the job."""
    path = value(env, "GITHUB_ENV")
    return (Append(path, f"{STARTED_AT}={rfc3339(started)}\n"),) if path else ()


def emit(outcome: Outcome, env: Env) -> tuple[Effect, ...]:
    """Write outputs and summary where there is a file for them, and print one annotation."""
    output, page = value(env, "GITHUB_OUTPUT"), value(env, "GITHUB_STEP_SUMMARY")
    effects: list[Effect] = []
    if output:
        lines = "".join(output_line(name, text) for name, text in outputs(outcome).items())
        effects.append(Append(output, lines))
    if page:
        effects.append(Append(page, summary(outcome)))
    problem = outcome.problem
    said = [problem.message, problem.hint, *outcome.notes] if problem else [headline(outcome)]
    text = "\n".join(map(line, filter(None, said)))
    return (*effects, Print(workflow_command(_level(outcome), text, title=TITLE)))


def output_line(name: str, text: str) -> str:
    """Format one entry of `GITHUB_OUTPUT`; its delimiter is a hash of the text, not in it."""
    from hashlib import sha256  # noqa: PLC0415 (it loads OpenSSL: only for a file of outputs)

    delimiter = f"devlake_{sha256(text.encode(errors='surrogatepass')).hexdigest()}"
    return f"{name}<<{delimiter}\n{text}\n{delimiter}\n"


def _level(outcome: Outcome) -> str:
    if not outcome.problem or isinstance(outcome.problem, NothingToReport):
        return "notice"
    return "warning" if outcome.soft or outcome.reported else "error"


def times(env: Env, ask: Ask) -> tuple[datetime | None, datetime | None]:
    """Ask when this attempt was queued and its job started: that takes `actions: read`."""
    run, job = value(env, "GITHUB_RUN_ID"), value(env, "DEVLAKE_CHECK_RUN_ID")
    if not value(env, "DEVLAKE_GITHUB_TOKEN"):
        return None, None
    attempt = value(env, "GITHUB_RUN_ATTEMPT") or "1"
    queued = _answer(env, ask, "actions", "runs", run, "attempts", attempt)
    # A re-run keeps the `created_at` of the first attempt.
    created = queued.at("created_at" if attempt == "1" else "run_started_at").found
    started = _answer(env, ask, "actions", "jobs", job).at("started_at").found
    return timestamp(created), timestamp(started)


def resolve(ref: str, env: Env, ask: Ask) -> str | None:
    """Ask for the whole SHA of a branch, tag or short SHA; an ambiguous name gets no answer."""
    sha = _answer(env, ask, "commits", ref.strip().removeprefix("refs/")).text("sha")
    return sha if sha and WHOLE.fullmatch(sha) else None


def get(env: Env, ask: Ask, *path: str, **query: str) -> Reply:
    """Ask the API for something of the run's repository."""
    api, repo = value(env, "GITHUB_API_URL"), value(env, "GITHUB_REPOSITORY")
    if not (api and repo):
        return Reply(None)
    tail = "/".join(quote(part, safe="") for part in path) + f"?{urlencode(query)}" * bool(query)
    return ask(f"{api.rstrip('/')}/repos/{quote(repo)}/{tail}", _headers(env))


def graphql(env: Env, query: Query, text: str, **variables: object) -> Reply:
    """Ask the GraphQL API something; it answers no one without a token."""
    api = (value(env, "GITHUB_API_URL") or "").rstrip("/")
    url = value(env, "GITHUB_GRAPHQL_URL") or f"{api.removesuffix('/v3')}/graphql"
    if not api:
        return Reply(None, message="GITHUB_API_URL is not set")
    return query(url, _headers(env), {"query": text, "variables": variables})


def _answer(env: Env, ask: Ask, *path: str | None) -> JsonObject:
    return JsonObject(get(env, ask, *filter(None, path)).body if all(path) else None)


def _headers(env: Env) -> dict[str, str]:
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    token = value(env, "DEVLAKE_GITHUB_TOKEN")
    return headers | ({"Authorization": f"Bearer {token}"} if token else {})


PROVIDER = Provider(
    unless=("GITEA_ACTIONS", "FORGEJO_ACTIONS"),
    with_files=with_event,
    read=read,
    emit=emit,
    remember=remember,
    times=times,
    resolve=resolve,
)
