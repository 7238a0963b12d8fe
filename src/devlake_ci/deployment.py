"""Work out a deployment from the options and from what the CI says."""

from collections.abc import Callable
from datetime import datetime

from devlake_ci import vocabulary
from devlake_ci.commits.additional import combine
from devlake_ci.commits.remote import HEAD
from devlake_ci.commits.repo_url import canonical, path_of
from devlake_ci.commits.sha import Find, bare, resolve
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import BadUsageError, MissingError, NothingToReport
from devlake_ci.identity import LONGEST_ID, join_id
from devlake_ci.limits import MESSAGE, NAME, REF, REPO_ID, REPO_URL, TITLE, truncate
from devlake_ci.model import Commit, Context, Deployment, Environment, Result
from devlake_ci.options import Options
from devlake_ci.text import cut
from devlake_ci.timestamps import clamp, parse_past_timestamp, rfc3339


@dataclass(frozen=True)
class Lookups:
    """What may be asked where neither the user nor the CI says it; by default nobody knows."""

    finders: Callable[[str], tuple[Find, ...]] = lambda _: ()
    """For a repository's URL, the ways to find a commit in it."""
    message: Callable[[str], str | None] = lambda _: None
    """The message of a commit by its SHA."""
    additional: Callable[[], tuple[Commit, ...]] = lambda: ()
    """The commits that were deployed beside the job's own."""
    times: Callable[[], tuple[datetime | None, datetime | None]] = lambda: (None, None)
    """When the run was queued, and when the job began."""
    nonce: Callable[[str], str | None] = lambda _: None
    """Something unique to this job, kept in its state folder; None if it can't be kept."""


def make_deployment(
    options: Options, context: Context, lookups: Lookups, now: datetime
) -> Deployment:
    """Work out the deployment that this job made.

    Raise NothingToReport if it made none, MissingError for what the CI doesn't say, and
    BadUsageError for what can't be used as it was given.
    """
    pull_request = None if options.allow_pull_request else context.pull_request
    why = pull_request or context.stops or context.no_deployment
    if why and not options.environment:
        raise NothingToReport(
            f"Nothing is reported: {why}, and no environment is given.",
            "If it does deploy, say where to with --environment.",
        )
    result = _result(options, context)
    environment, original = environment_of(options, context)
    if pull_request and environment is Environment.PRODUCTION:
        raise NothingToReport(
            f"Nothing is reported: {pull_request}, which doesn't count as a deployment to "
            "PRODUCTION.",
            "If this run does deploy there, allow it with --allow-pull-request.",
        )
    commits = combine(options, lambda: _commit(options, context, lookups), lookups.additional)
    created, started, finished = _times(options, context, lookups, now)
    name = _name(options, commits[0].repo_url, original)
    message = (commits[0].message or "").strip()
    return Deployment(
        id=deployment_id(options, context, lookups, f"{rfc3339(finished)}.{commits[0].sha}"),
        name=name,
        title=truncate(options.title or next(iter(message.splitlines()), None), TITLE),
        result=result,
        environment=environment,
        original_environment=cut(original, NAME),
        created_at=created,
        started_at=started,
        finished_at=finished,
        commits=commits,
    )


def deployment_id(options: Options, context: Context, lookups: Lookups, this: str = "") -> str:
    """Return the deployment's id: the user's, else one that no other deployment has.

    Where the CI has an id of the job, history gives the same: it is made of CI, repository, run,
    that id, service and environment. Elsewhere attempt and name of the job, and what the job keeps
    for itself, stand for it. `this` tells two deployments apart where no CI counts its runs.
    Raise what `make_deployment` raises for environment and repository.
    """
    if options.id:
        return options.id if len(options.id) <= LONGEST_ID else join_id([options.id])
    job: tuple[str | None, ...] = (context.job_id,)
    if context.job_id is None:
        nonce = lookups.nonce(context.state_dir) if context.state_dir else None
        own = "-".join(filter(None, (context.matrix_index, nonce)))
        job = (context.attempt, context.job, own)
    parts = (
        context.provider,
        (context.repo_url or _repo_url(options, context)).removeprefix("https://"),
        context.run_id or this,
        *job,
        options.service,
        environment_of(options, context)[1],
    )
    return join_id([part or "" for part in parts])


def start_note(options: Options, context: Context, made: Deployment) -> str | None:
    """Return the note for a deployment whose start is not known."""
    if options.started_at or context.started_at or made.started_at < made.finished_at:
        return None
    return (
        "When the deployment began is not known, so it is reported to begin when it ended. "
        "Let `devlake-ci start` (on GitHub the action itself) run first in the job, or set "
        "--started-at."
    )


def placeholder_values(options: Options, context: Context) -> dict[str, str | None]:
    """Return the values of the placeholders of `--connection` and `--project`."""
    url = _given_repo_url(options) or context.repo_url
    owner, _, repo = path_of(url or "").rpartition("/")
    return {"owner": owner or None, "repo": repo or None, "service": options.service}


def _result(options: Options, context: Context) -> Result:
    result = vocabulary.option_result(options, "result") or vocabulary.ci_result(options, context)
    if result is None:
        raise vocabulary.unknown_result_error(
            "How the deployment ended", "--result (or DEVLAKE_RESULT)", context
        )
    if result is Result.SKIPPED:
        raise NothingToReport("Nothing is reported: the deployment was skipped, or has not ended.")
    return result


def environment_of(options: Options, context: Context) -> tuple[Environment, str]:
    """Return DevLake's word for where this job deploys to or checks, and the user's or CI's own.

    Raise MissingError if nobody says it, or if the name could mean two things.
    """
    mapping = vocabulary.parse_environment_map(
        options.environment_map, options.source("environment_map")
    )
    if given := options.environment:
        return vocabulary.parse_environment(given, options.source("environment"), mapping), given
    if not (name := context.environment):
        raise MissingError(
            "Where it was deployed to is not known, and a guess could put a false deployment on "
            "a dashboard.",
            "Set --environment (or DEVLAKE_ENVIRONMENT): production, staging, testing, "
            "development, or a name that contains one, such as prod-eu.",
        )
    tier = (context.tier or "").upper()
    if tier in Environment.__members__ and not vocabulary.look_up(name, mapping):
        return Environment(tier), name
    return vocabulary.parse_environment(
        name, context.sources.get("environment", "the CI"), mapping
    ), name


def _commit(options: Options, context: Context, lookups: Lookups) -> Commit:
    repo_url = _repo_url(options, context)
    sha, ref = _sha_and_ref(options, context, lookups.finders(repo_url))
    message = options.message or (context.message if sha == context.sha else None)
    message = message or lookups.message(sha)
    return Commit(
        repo_url=repo_url,
        sha=sha,
        ref=truncate(ref, REF),
        message=truncate(message, MESSAGE),
        name=truncate(options.commit_name, NAME),
        repo_id=_repo_id(options),
    )


def _repo_id(options: Options) -> str | None:
    if options.repo_id and len(options.repo_id) > REPO_ID:
        raise BadUsageError(
            f"{options.source('repo_id')} is longer than the {REPO_ID} characters that DevLake "
            "keeps.",
            "Copy the id from the table repos of DevLake's database.",
        )
    return options.repo_id


def _repo_url(options: Options, context: Context) -> str:
    url = _given_repo_url(options) or context.repo_url
    if not url:
        raise MissingError(
            context.unknown.get("repo_url")
            or "The repository's URL is not known: neither the CI nor a git remote says it.",
            "Set --repo-url (or DEVLAKE_REPO_URL), such as https://github.com/acme/shop.",
        )
    if len(url) > REPO_URL:
        raise BadUsageError(
            f"The repository's URL is longer than the {REPO_URL} characters that DevLake keeps.",
            "Set a shorter --repo-url.",
        )
    return url


def _given_repo_url(options: Options) -> str | None:
    if not options.repo_url:
        return None
    if url := canonical(options.repo_url):
        return url
    raise BadUsageError(
        f"{options.source('repo_url')} is not the URL of a repository (it is not shown, because "
        "there may be a password in it).",
        "Write it like https://github.com/acme/shop or git@github.com:acme/shop.git.",
    )


def _sha_and_ref(
    options: Options, context: Context, finders: tuple[Find, ...]
) -> tuple[str, str | None]:
    """Find the whole SHA of what was deployed, and the branch or tag that it was deployed from.

    The CI's own SHA and ref belong together: one of them is taken only if the other isn't given
    by hand, or is given as the CI has it.
    """
    ref = bare(options.ref) if options.ref else None
    if options.sha:
        sha = resolve(options.sha, options.source("sha"), finders)
        named = None if sha.startswith(options.sha.lower()) else bare(options.sha)
        return sha, ref or named or (context.ref if sha == context.sha else None)
    if options.ref and ref != context.ref:
        return resolve(options.ref, options.source("ref"), finders), ref
    if context.sha is None:
        raise MissingError(
            context.unknown.get("sha")
            or "The deployed commit is not known: neither the CI nor a git checkout says it.",
            "Set --sha (or DEVLAKE_SHA).",
        )
    _same_repository(options, context)
    return resolve(context.sha, context.sources.get("sha", "the CI"), finders), ref or context.ref


def _same_repository(options: Options, context: Context) -> None:
    """Raise MissingError if HEAD is that of another repository than the one given by hand.

    The same path on another host is a mirror.
    """
    given, found = _given_repo_url(options), context.repo_url
    if context.sources.get("sha") != HEAD or not (given and found):
        return
    if path_of(given) != path_of(found):
        raise MissingError(
            f"The deployed commit is not known: the checkout here is one of {found}, not of {given}"
            f" ({options.source('repo_url')}).",
            "Set --sha (or DEVLAKE_SHA).",
        )


def _times(
    options: Options, context: Context, lookups: Lookups, now: datetime
) -> tuple[datetime, datetime, datetime]:
    """Work out created, started and finished; only the user's own contradiction is an error."""
    given = {
        name: parse_past_timestamp(text, options.source(name), now)
        for name in ("created_at", "started_at", "finished_at")
        if (text := getattr(options, name)) is not None
    }
    finished = given.get("finished_at") or context.finished_at or now
    if {"started_at", "finished_at"} <= given.keys() and given["started_at"] > finished:
        raise BadUsageError(
            f"{options.source('started_at')} ({options.started_at}) is after "
            f"{options.source('finished_at')} ({options.finished_at}).",
            "A deployment can't end before it began.",
        )
    created = given.get("created_at") or context.created_at
    started = given.get("started_at") or context.started_at
    if not (created and started):
        asked_created, asked_started = lookups.times()
        created, started = created or asked_created, started or asked_started
    return clamp(created, started, finished)


def _name(options: Options, repo_url: str, environment: str) -> str:
    repo = path_of(repo_url)
    what = f"{options.service} of {repo}" if options.service else repo
    return cut(options.name or f"Deploy {what} to {environment}", NAME)
