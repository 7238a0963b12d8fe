"""Finds in GitHub's runs how this job ended before: no state of our own has to be kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from devlake_ci.ci import github as provider
from devlake_ci.ci.facts import value
from devlake_ci.ci.paging import PAGE
from devlake_ci.ci.provider import Ask, Env, ReadFile
from devlake_ci.ci.values import timestamp
from devlake_ci.errors import MissingError
from devlake_ci.incidents import github_runs as runs
from devlake_ci.incidents.branches import counts
from devlake_ci.incidents.github_guard import check_event, check_inputs, check_refs
from devlake_ci.incidents.github_runs import Json
from devlake_ci.incidents.history import History, Past, Source, is_known_before
from devlake_ci.model import Context, Result
from devlake_ci.options import Options
from devlake_ci.text import quoted

MOST = 100
"""Runs whose jobs are asked for at most, and names that are looked up: each is a request of the
1,000 an hour that a repository has
(https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""

RE_RUN = timedelta(days=31)
"""How long after it was made a run can be started again, and be news: GitHub says 30 days
(https://docs.github.com/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs)."""

ENDED = {
    "success": Result.SUCCESS,
    "failure": Result.FAILURE,
    "timed_out": Result.FAILURE,
}
"""The conclusions that say how things stand; all others say nothing of it."""


def history(options: Options, context: Context, env: Env, ask: Ask, read_file: ReadFile) -> History:
    """Find how this job ended before, back to a success after which nothing older matters.

    Raises MissingError if GitHub doesn't say it, or if no success is among the runs looked at.
    """
    file = runs.workflow_file(env)
    if not file:
        raise MissingError(
            "Which workflow this is is not known: GITHUB_WORKFLOW_REF is not set.",
            "Give --incident-state file:PATH.",
        )
    check_event(options, value(env, "GITHUB_EVENT_NAME"))
    own = runs.own_job(env, ask)
    search = _Search(
        options,
        context,
        name=str(own.get("name")),
        jobs=lambda run: runs.jobs(env, ask, run),
        is_tag=lambda name: runs.is_tag(env, ask, name),
    )
    found = search.past(runs.pages(env, ask, file))
    check_refs(options, context, found)
    check_inputs(options, context, provider.event(provider.with_event(env, read_file)), search.name)
    return History(found, timestamp(own.get("started_at")), search.name)


@dataclass
class _Search:
    """Looks through the runs that count, the newest first, for how the job `name` ended."""

    options: Options
    context: Context
    name: str
    jobs: Callable[[Json], list[Json]]
    is_tag: Callable[[str], bool]
    found: list[Past] = field(default_factory=list)
    asked: int = 0
    names: set[str] = field(default_factory=set)
    """Of all jobs of other runs."""
    tags: dict[str, bool] = field(default_factory=dict)
    """For each name that was looked up, whether it is one of a tag."""

    def past(self, pages: Iterator[list[Json]]) -> list[Past]:
        """Give how the job ended; raises MissingError if that can't be known."""
        for page in pages:
            for run in page:
                if is_known_before(self.found, runs.ended(run)):
                    break
                if self._counts(run):
                    if self.asked == MOST:
                        return self._nothing()
                    self._take(run)
            made = [when for run in page if (when := timestamp(run.get("created_at")))]
            is_last = len(page) < PAGE
            if is_last or (made and is_known_before(self.found, min(made) + RE_RUN)):
                return self.found
        if any(each.result is Result.SUCCESS for each in self.found):
            return self.found
        raise self._unknown()

    def _take(self, run: Json) -> None:
        jobs = self.jobs(run)
        self.asked += 1
        if str(run.get("id")) != self.context.run_id:
            self.names |= {str(job.get("name")) for job in jobs}
        self.found += _executions(run, jobs, self.name, self.context)

    def _counts(self, run: Json) -> bool:
        """Tell if a run's failures are incidents: a fork has a `main` too."""
        check_event(self.options, run.get("event"))
        ref = run.get("head_branch")
        if not isinstance(ref, str) or not _is_own(run):
            return False
        return counts(self.options, self.context, ref, lambda: self._is_tag(ref))

    def _is_tag(self, ref: str) -> bool:
        if ref not in self.tags:
            if len(self.tags) == MOST:
                raise self._unknown()
            self.tags[ref] = self.is_tag(ref)
        return self.tags[ref]

    def _nothing(self) -> list[Past]:
        """Give nothing for a job that is new: none of these runs had it, though some have ended.

        A matrix or a call that was skipped is listed by the first part of its jobs' names.
        """
        is_there = any(f"{self.name} ".startswith(f"{each} ") for each in self.names)
        if is_there or self.found:
            raise self._unknown()
        return []

    def _unknown(self) -> MissingError:
        return MissingError(
            f"Which incident is open is not known: no success of the job {quoted(self.name)} is "
            f"among the runs that were looked at ({self.asked} of those that count).",
            "After its next success it is known again; what is open until then is closed by hand "
            "(devlake-ci incident close). If many branches run this workflow, --incident-branches "
            "saves questions.",
        )


def _is_own(run: Json) -> bool:
    """Tell if a run is for a branch or tag of the repository itself, and no pull request."""
    of, repository = run.get("head_repository") or {}, run.get("repository") or {}
    is_pull_request = str(run.get("event")).startswith("pull_request")
    return not is_pull_request and of.get("id") == repository.get("id")


def _executions(run: Json, jobs: list[Json], name: str, context: Context) -> Iterator[Past]:
    for job in jobs:
        result = ENDED.get(str(job.get("conclusion")))
        started, finished = timestamp(job.get("started_at")), timestamp(job.get("completed_at"))
        attempt = str(job.get("run_attempt") or 1)
        own = (str(run.get("id")), attempt) == (context.run_id, context.attempt or "1")
        if job.get("name") != name or own or not (result and started and finished):
            continue
        again = f"/attempts/{attempt}" if attempt != "1" else ""
        yield Past(
            run_id=str(run.get("id")),
            attempt=attempt,
            result=result,
            started_at=started,
            finished_at=finished,
            ref=run.get("head_branch"),
            sha=run.get("head_sha"),
            url=f"{run.get('html_url')}{again}",
            actor=(run.get("triggering_actor") or run.get("actor") or {}).get("login"),
        )


SOURCE = Source(
    history=history,
    workflow=lambda context, env: runs.workflow_file(env) or context.workflow,
)
