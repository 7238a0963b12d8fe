"""GitLab CI/CD, on gitlab.com and self-managed.

- Variables: https://docs.gitlab.com/ci/variables/predefined_variables/
- The API: https://docs.gitlab.com/api/rest/. The job's own token may list a pipeline's jobs since
  GitLab 18.0, deployments and environments long since:
  https://docs.gitlab.com/ci/jobs/ci_job_token/
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from devlake_ci.ci.facts import (
    Facts,
    commit_sha,
    convert,
    parse_job_result,
    timestamp,
    value,
    variable,
)
from devlake_ci.ci.json_object import JsonObject
from devlake_ci.ci.outputs import variables
from devlake_ci.ci.provider import PAGE, Ask, Effect, Env, Provider, Replace, Reply, paginate
from devlake_ci.commits.sha import WHOLE
from devlake_ci.errors import MissingError, NothingToReport
from devlake_ci.model import Context, Outcome, Result
from devlake_ci.text import cut, line, quoted
from devlake_ci.timestamps import rfc3339
from devlake_ci.vocabulary import has_ended

if TYPE_CHECKING:
    from devlake_ci.ci.answers import GitLabDeployment, GitLabEnvironment, GitLabJob

DOTENV = "devlake.env"
DOTENV_VALUE = 1000  # characters; GitLab takes 5 KB in all: https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv
PAGES = 100
"""Pages that are read at most."""

FOR_MERGE_REQUEST = {"merge_request_event", "external_pull_request_event"}

WORST_FIRST = (Result.FAILURE, Result.ABORT, Result.SUCCESS)
"""Results of a job that ran: of several parts the worst one decides."""

DEPLOY_JOB = "DEVLAKE_DEPLOY_JOB"
"""The variable that names the job that deploys."""
VERIFY_JOB = "DEVLAKE_VERIFY_JOB"
"""The variable that names the job that checks production, for a job that reports its incidents."""


class NotAllowedError(MissingError):
    """GitLab doesn't let this token see it, or says that there is no such thing."""


def read(env: Env) -> Facts:
    """Read the predefined variables; in `after_script` they say the result, too."""
    # In merged results and merge train pipelines CI_COMMIT_SHA and CI_COMMIT_MESSAGE are of a merge
    # that nobody made, and this is the commit; in all others it is empty.
    source = convert(variable(env, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"), commit_sha)
    ref = variable(env, "CI_COMMIT_TAG", "CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME")
    return Facts(
        sha=source or variable(env, "CI_COMMIT_SHA"),
        ref=ref,
        message=None if source else variable(env, "CI_COMMIT_MESSAGE"),
        # Not CI_REPOSITORY_URL, which holds a token.
        repo_url=variable(env, "CI_PROJECT_URL"),
        run_id=variable(env, "CI_PIPELINE_ID"),
        job=variable(env, "CI_JOB_NAME"),
        job_id=value(env, "CI_JOB_ID"),
        run_url=variable(env, "CI_PIPELINE_URL"),
        actor=variable(env, "GITLAB_USER_LOGIN"),
        environment=variable(env, "CI_ENVIRONMENT_NAME"),
        tier=value(env, "CI_ENVIRONMENT_TIER"),
        created_at=convert(variable(env, "CI_PIPELINE_CREATED_AT"), timestamp),
        started_at=convert(variable(env, "CI_JOB_STARTED_AT"), timestamp),
        result=variable(env, "CI_JOB_STATUS"),
        # Merged results and merge trains have these, too; a child pipeline has the numbers only.
        pull_request=value(env, "CI_PIPELINE_SOURCE") in FOR_MERGE_REQUEST
        or value(env, "CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"),
        request_kind="merge request",
        stops=_stops(env),
        no_deployment=_no_deployment(env),
        workflow=value(env, "CI_PIPELINE_NAME"),
        run_number=value(env, "CI_PIPELINE_IID"),
        default_branch=value(env, "CI_DEFAULT_BRANCH"),
        is_tag=value(env, "CI_COMMIT_TAG") is not None,
    )


def _stops(env: Env) -> str | None:
    if value(env, "CI_ENVIRONMENT_ACTION") != "stop":
        return None
    return f"it stops the environment {value(env, 'CI_ENVIRONMENT_NAME') or ''}".strip()


def _no_deployment(env: Env) -> str | None:
    # These have the environment's name and tier, and GitLab makes no deployment of them:
    # https://docs.gitlab.com/ci/yaml/#environmentaction
    action = value(env, "CI_ENVIRONMENT_ACTION")
    if action in {"prepare", "verify", "access"}:
        return f"the job has its environment with action: {action}"
    return None


def emit(outcome: Outcome, env: Env) -> tuple[Effect, ...]:
    """Write the file for the job's `artifacts: reports: dotenv`."""
    folder = value(env, "CI_PROJECT_DIR")
    text = "".join(
        f"{name}={cut(line(text), DOTENV_VALUE)}\n" for name, text in variables(outcome).items()
    )
    return (Replace(f"{folder.rstrip('/')}/{DOTENV}", text),) if folder else ()


def resolve(ref: str, env: Env, ask: Ask) -> str | None:
    """Ask for the whole SHA that `ref` stands for: https://docs.gitlab.com/api/commits/."""
    reply = get(env, ask, f"repository/commits/{quote(ref.strip(), safe='')}")
    sha = JsonObject(reply.body).text("id")
    return sha if sha and WHOLE.fullmatch(sha) else None


def reported_job(context: Context, env: Env, ask: Ask, where: bool) -> Context:
    """Return the facts of the job `DEVLAKE_DEPLOY_JOB` in place of ours; ours if it is not set.

    Commit, branch and repository are the pipeline's, so they are ours too. `where` tells whether to
    ask for the environment as well.

    Raise NothingToReport if that job has deployed nothing, or not yet, and MissingError for what
    GitLab doesn't say.
    """
    if checks := value(env, VERIFY_JOB):
        return _verifying_job(context, env, ask, checks)
    name = value(env, DEPLOY_JOB)
    if not name or (where and (context.pull_request or context.stops)):
        return context
    parts = _parts(_jobs(context, env, ask, name), name)
    found = _as_job(context, name, parts)
    place = _environment(parts, env, ask) if where else None
    source = dict.fromkeys(("environment", "created_at"), found.sources["job"])
    return replace(
        found,
        environment=place.name if place else None,
        tier=place.tier if place else None,
        created_at=_earliest(part.created_at for part in parts),
        sources={**found.sources, **source},
    )


def _verifying_job(context: Context, env: Env, ask: Ask, name: str) -> Context:
    """Return the facts of the job `name`, which checks production, in place of our own.

    If the pipeline has the job `DEVLAKE_DEPLOY_JOB` too, and it didn't succeed, no incident begins:
    DevLake would count it against the deployment before. Raise Problem, like `reported_job`.
    """
    if context.pull_request or context.stops:
        return context
    jobs = _pipeline(context, env, ask)
    found = _as_job(context, name, _parts(jobs, name))
    return replace(found, no_incident=_why_not_deployed(jobs, value(env, DEPLOY_JOB)))


def _as_job(context: Context, name: str, parts: "Sequence[GitLabJob]") -> Context:
    """Return what GitLab says of the job `name`, which ran in these parts, in place of our own."""
    status, finished_at = _status(parts), _finished_at(parts)
    source = f"GitLab's answer about the job {name}"
    return replace(
        context,
        job=name,
        job_id=str(max(map(_id, parts))),
        started_at=_earliest(part.started_at for part in parts),
        finished_at=finished_at,
        result=parse_job_result(status),
        result_word=status,
        sources={**context.sources, **dict.fromkeys(("job", "started_at", "result"), source)},
    )


def _why_not_deployed(jobs: "Iterable[GitLabJob]", name: str | None) -> str | None:
    """Return why the job `name` of a pipeline didn't deploy; None if it did, or is not named."""
    newest = _newest(jobs, name).items() if name else ()
    failed = next((each for each in newest if each[1].status != "success"), None)
    return failed and f"the job {quoted(failed[0])} of this pipeline is {failed[1].status}"


def _pipeline(context: Context, env: Env, ask: Ask) -> "list[GitLabJob]":
    """List all jobs of this pipeline; raise MissingError if they can't be read."""
    if not context.run_id:
        raise MissingError(
            "GitLab can't be asked for this pipeline: CI_PIPELINE_ID is not set.",
            "Outside of a pipeline unset DEVLAKE_DEPLOY_JOB, and set --result and --environment.",
        )
    from devlake_ci.ci.answers import GitLabJob, parse  # noqa: PLC0415 (it imports pydantic)

    path = f"pipelines/{quote(context.run_id, safe='')}/jobs"
    return [parse(GitLabJob, each) for each in list_objects(env, ask, path)]


def _jobs(context: Context, env: Env, ask: Ask, name: str) -> "list[GitLabJob]":
    """List the pipeline's jobs: all of them, or where that isn't allowed those that deploy."""
    try:
        return _pipeline(context, env, ask)
    except NotAllowedError:
        jobs = [each.deployable for each in _deployments(env, ask, context.created_at)]
        ours = [
            each
            for each in jobs
            if str(each.pipeline) == context.run_id and match_part(each.name, name)
        ]
        if not ours:  # which proves nothing: a job without an environment deploys unseen
            raise
        return ours


def _parts(jobs: "Sequence[GitLabJob]", name: str) -> "list[GitLabJob]":
    """Find the newest attempt of the job: one, or several if it runs in parallel."""
    newest = _newest(jobs, name)
    if name in newest:
        return [newest[name]]
    if not newest:
        there = quoted(", ".join(sorted({job.name or "" for job in jobs})), 500)
        raise MissingError(
            f"This pipeline has no job {quoted(name)}. Its jobs are {there}.",
            "Compare deploy-job or verify-job with them. If some pipelines have no such job, "
            "give the template that job's rules. A job that starts another pipeline doesn't count: "
            "include the template in the one that it starts.",
        )
    counts = {found[1] for each in newest if (found := match_part(each, name))}
    if counts != {str(len(newest))}:  # the legs of a matrix, or not all parts of one deployment
        raise MissingError(
            f"The legs of the job {quoted(name)} may each be a separate deployment: "
            f"{quoted(', '.join(sorted(newest)))}.",
            "Include the template once per leg, with that leg's whole name as deploy-job and a "
            "job-prefix of its own, or let each leg report in its after_script.",
        )
    return list(newest.values())


def _newest(jobs: "Iterable[GitLabJob]", name: str) -> "dict[str, GitLabJob]":
    """Return the newest attempt of the job `name`, or of each of its parts, by their names."""
    attempts = sorted((job for job in jobs if match_part(job.name, name)), key=_id)
    return {job.name or "": job for job in attempts}


def _id(job: "GitLabJob") -> int:
    return job.id or 0


def match_part(job: str | None, name: str) -> re.Match[str] | None:
    """Match a job's name if it is `name` or a part of it.

    `parallel: 3` makes `name 1/3` and so on, a matrix makes `name: [eu]` and so on. The group says
    of how many, if they only share the work.
    """
    return re.fullmatch(rf"{re.escape(name)}(?: \d+/(\d+)|: \[.*\])?", job or "")


def _status(parts: "Sequence[GitLabJob]") -> str:
    """Return how the job ended: https://docs.gitlab.com/ci/jobs/#available-job-statuses."""
    for part in parts:
        name, status = quoted(part.name or ""), part.status or ""
        if parse_job_result(status) is Result.SKIPPED or not has_ended(status):
            raise NothingToReport(f"Nothing is reported: the job {name} is {status}.")
        if parse_job_result(status) not in WORST_FIRST:
            raise MissingError(
                f"GitLab says of the job {name} that it is {quoted(status)}, which is not known "
                "here.",
                "A newer version of devlake-ci may know it.",
            )
    if not any(part.started_at for part in parts):
        raise NothingToReport(
            f"Nothing is reported: the job {quoted(parts[0].name or '')} never ran "
            f"({parts[0].status})."
        )
    statuses = {parse_job_result(part.status or ""): part.status or "" for part in parts}
    return next(statuses[result] for result in WORST_FIRST if result in statuses)


def _finished_at(parts: "Sequence[GitLabJob]") -> datetime:
    times = [part.finished_at for part in parts if part.finished_at]
    if len(times) < len(parts):
        raise MissingError(
            f"GitLab doesn't say when the job {quoted(parts[0].name or '')} ended.",
            "Run this job again.",
        )
    return max(times)


def _environment(parts: "Sequence[GitLabJob]", env: Env, ask: Ask) -> "GitLabEnvironment":
    """Ask for the environment that the job deployed to."""
    from devlake_ci.ci.answers import GitLabEnvironment, parse  # noqa: PLC0415 (pydantic)

    ids, found = {part.id for part in parts}, {}
    for each in _deployments(env, ask, _earliest(part.created_at for part in parts)):
        if each.deployable.id in ids:
            found[each.environment.id] = each.environment.name or ""
            ids.remove(each.deployable.id)
        if not ids:
            break
    if ids or len(found) != 1:
        names = quoted(", ".join(sorted(found.values())))
        raise MissingError(
            f"Where the job {quoted(parts[0].name or '')} deployed to is not known: GitLab names "
            + (f"{names}." if found else "no environment for it."),
            "Set the template's input environment (DEVLAKE_ENVIRONMENT).",
        )
    # Only this answer has the tier, without which the name alone might be misunderstood.
    answer = _get_checked(env, ask, f"environments/{next(iter(found))}", dict)
    return parse(GitLabEnvironment, answer)


def _deployments(env: Env, ask: Ask, since: datetime | None) -> "Iterator[GitLabDeployment]":
    """List what jobs deployed, the latest first, back to `since`."""
    from devlake_ci.ci.answers import GitLabDeployment, parse  # noqa: PLC0415 (pydantic)

    query = {"order_by": "id", "sort": "desc"}
    if since:  # GitLab wants this filter and this order together
        query = {"order_by": "updated_at", "sort": "desc", "updated_after": rfc3339(since)}
    for each in list_objects(env, ask, "deployments", **query):
        found = parse(GitLabDeployment, each)
        if found.deployable.id and found.environment.id:
            yield found


def _earliest(times: Iterable[datetime | None]) -> datetime | None:
    return min(filter(None, times), default=None)


def get(env: Env, ask: Ask, path: str) -> Reply:
    """Ask the API for something of the project; `path` is escaped, and may have a query."""
    api, project = value(env, "CI_API_V4_URL"), value(env, "CI_PROJECT_ID")
    if not (api and project):
        return Reply(None, message="CI_API_V4_URL or CI_PROJECT_ID is not set")
    url = f"{api.rstrip('/')}/projects/{quote(project, safe='')}/{path}"
    return ask(url, _headers(env))


def list_objects(env: Env, ask: Ask, path: str, **query: str) -> Iterator[dict[str, Any]]:
    """List all objects at a path, page after page; raise MissingError if they can't be read."""

    def page(number: int) -> list[Any]:
        return list(_get_checked(env, ask, page_path(path, number, **query), list))

    many = MissingError(
        f"GitLab has more than {PAGE * PAGES} {path}: too many to read.",
        "Report in the deploy job's after_script, which asks nothing.",
    )
    for things in paginate(page, PAGES, many):
        yield from (each for each in things if isinstance(each, dict))


def page_path(path: str, number: int, **query: Any) -> str:  # noqa: ANN401 (text, or several)
    """Return the path of a list with the query for one of its pages."""
    asked = urlencode({**query, "per_page": PAGE, "page": number}, doseq=True)
    return f"{path}?{asked}"


def _get_checked(env: Env, ask: Ask, path: str, kind: type) -> Any:  # noqa: ANN401 (of that kind)
    reply = get(env, ask, path)
    if reply.status == 200 and isinstance(reply.body, kind):
        return reply.body
    asked = path.partition("?")[0]
    if reply.status is None:
        raise MissingError(
            f"GitLab was not reached for {asked} of the project: {reply.message or 'no answer'}.",
            "Run this job again. If it stays so, check the network between runner and GitLab.",
        )
    words = f": {quoted(reply.message)}" if reply.message else ""
    said = f"GitLab answered {reply.status} for {asked} of the project{words}."
    if reply.status not in (401, 403, 404):
        raise MissingError(said, "Run this job again.")
    raise NotAllowedError(
        said,
        "The job's own token may list a pipeline's jobs since GitLab 18.0. On an older one set "
        "a masked variable DEVLAKE_GITLAB_TOKEN: a project access token with read_api.",
    )


def _headers(env: Env) -> dict[str, str]:
    own, job = value(env, "DEVLAKE_GITLAB_TOKEN"), value(env, "CI_JOB_TOKEN")
    if own:
        return {"PRIVATE-TOKEN": own}
    return {"JOB-TOKEN": job} if job else {}


PROVIDER = Provider(read=read, emit=emit, resolve=resolve, reported_job=reported_job)
"""`gitlab-ci-local` says `false` in its marker, and wants to be named by `DEVLAKE_CI`."""
