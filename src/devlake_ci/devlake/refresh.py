"""Run a project's computation after a report is stored, so that the dashboard shows it at once.

What counts is a run that began after the report was stored: one that is still queued then, or any
newer one. DevLake runs one at a time for all projects, so only short runs are asked for.
The answers: contract/setup-*.json (tests/data), 'trigger …', 'pipelines of the blueprint'.
"""

from collections.abc import Iterator
from typing import TypeVar

from pydantic import Field

from devlake_ci.dataclass import dataclass
from devlake_ci.devlake.api import Api, ApiError, causes
from devlake_ci.devlake.inventory import ApiModel, Entries, fetch_blueprint, validate
from devlake_ci.errors import Problem, RefusedError, UnreachedError
from devlake_ci.text import cut, line

OWN = {"org", "dora", "refdiff", "webhook"}
"""The plugins that a project with webhooks only runs."""
LONGEST = 30
"""Seconds of the last run, beyond which a schedule is better than a run for each report."""
SEEN = 5
"""Runs that are looked at: ours may no longer be the newest."""
FIRST_POLL, LONGEST_POLL = 0.2, 2.0
"""Seconds between two looks at a run, which double."""
SCHEDULE = "Give the project a schedule (devlake-ci setup, docs/setup.md) and leave --refresh out."

RUNS = "the project's runs"
A = TypeVar("A", bound=ApiModel)


class _Task(ApiModel):
    plugin: str = ""
    status: str = ""
    message: str = ""
    failed_sub_task: str = ""


class _Tasks(ApiModel):
    tasks: Entries[_Task] = Field(default_factory=list)


class PipelineRun(ApiModel):
    """A run of a blueprint (a pipeline, in DevLake's words)."""

    id: int
    status: str
    message: str = ""
    spent_seconds: float = 0
    finished_at: str | None = None
    plan: Entries[Entries[_Task]] = Field(default_factory=list)

    @property
    def is_under_way(self) -> bool:
        """Whether it is queued or running."""
        return self.status in {"TASK_CREATED", "TASK_RERUN", "TASK_RESUME", "TASK_RUNNING"}

    @property
    def other_plugins(self) -> list[str]:
        """The plugins that it ran beside webhook's own tasks."""
        return sorted({task.plugin for stage in self.plan for task in stage} - OWN - {""})


class _Runs(ApiModel):
    pipelines: Entries[PipelineRun] = Field(default_factory=list)


@dataclass
class Refresh:
    """The computation of one blueprint's project."""

    api: Api
    blueprint: int

    def newest(self) -> PipelineRun | None:
        """Return the newest run, if there was any; raise Problem."""
        return next(iter(self._runs()), None)

    def request(self) -> PipelineRun:
        """Ask for a run, or join one that has not begun; raise Problem.

        While one is running, its end is waited for, and at most one more is asked for.
        """
        seen = self.newest()
        self._check(seen)
        if seen and seen.status == "TASK_CREATED":  # yet to begin
            return seen
        for _ in self._polls():
            if seen and seen.is_under_way:
                seen = next((each for each in self._runs() if each.id == seen.id), None)
                continue
            if run := self._trigger(after=seen.id if seen else 0):
                return run
        raise UnreachedError(
            "Another run of the project has not ended within the deadline.",
            "Raise --deadline, or leave it to the project's schedule.",
        )

    def wait(self, run: PipelineRun) -> None:
        """Wait until a run has ended well; raise Problem."""
        for _ in self._polls():
            now = next((each for each in self._runs() if each.id == run.id), run)
            if now.status == "TASK_COMPLETED":
                return
            if not now.is_under_way:
                raise RefusedError(
                    f"The project's run ended as {line(now.status)}: {self._failure(now)}",
                    "Look at the run in DevLake, under the project's status.",
                )
        raise UnreachedError(
            "The project's run has not ended within the deadline.",
            "It goes on in DevLake. Raise --deadline to wait longer.",
        )

    def _check(self, seen: PipelineRun | None) -> None:
        """Refuse what would take long or convert what other plugins hold; raise Problem."""
        others = seen.other_plugins if seen else self._planned_plugins()
        if others:
            raise RefusedError(
                f"The project also collects from {', '.join(map(line, others))}, and a run would "
                "convert all that they hold while all other projects wait.",
                SCHEDULE,
            )
        if seen and seen.spent_seconds > LONGEST:
            raise RefusedError(
                f"The project's last run took {seen.spent_seconds:.0f} s, and all other projects "
                "wait meanwhile.",
                SCHEDULE,
            )

    def _planned_plugins(self) -> list[str]:
        """Return what a first run would collect from; a narrow key may not ask that."""
        try:
            found = fetch_blueprint(self.api, self.blueprint)
        except ApiError as error:
            if error.status == 403:
                return []
            raise self._explain(error) from None
        return sorted({each.plugin_name for each in found.connections} - OWN)

    def _trigger(self, after: int) -> PipelineRun | None:
        """Ask for a run, or return one that somebody else asked for; None if it is too early."""
        try:
            asked = {"skipCollectors": True, "fullSync": False}
            said = self.api.change("POST", f"/blueprints/{self.blueprint}/trigger", asked)
        except ApiError as error:
            if "pending pipelines" not in error.said:
                raise self._explain(error) from None
            newest = self.newest()
            return newest if newest and newest.id > after else None
        return validate(PipelineRun, said, RUNS)

    def _runs(self) -> list[PipelineRun]:
        path = f"/blueprints/{self.blueprint}/pipelines?page=1&pageSize={SEEN}"
        try:
            return self._fetch(_Runs, path).pipelines
        except ApiError as error:
            raise self._explain(error) from None

    def _fetch(self, kind: type[A], path: str) -> A:
        return validate(kind, self.api.fetch(path), RUNS)

    def _explain(self, error: ApiError) -> Problem:
        where = f"blueprint {self.blueprint}"
        if "empty plan" in error.said:
            return RefusedError(
                "This DevLake runs nothing for a project with webhooks only: 0.21 is the first "
                "version that does.",
                "Update DevLake, or collect something else in the project, too.",
            )
        if "not enabled" in error.said:
            return RefusedError(
                f"The {where} is switched off.", "Switch it on in DevLake, in the project."
            )
        if error.status == 404:
            return RefusedError(
                f"There is no {where}.", "Set --refresh to the number that devlake-ci setup prints."
            )
        if error.status == 403:
            return RefusedError(
                f"The API key may not run the {where}: {error.said}.",
                "Make a key that may: devlake-ci setup --project NAME.",
            )
        return RefusedError(error.message, error.hint)

    def _failure(self, run: PipelineRun) -> str:
        """Return which task failed; a narrow key may only ask for the run's own message."""
        told = _readable_causes(run.message) or "it gives no reason"
        try:
            tasks = self._fetch(_Tasks, f"/pipelines/{run.id}/tasks").tasks
        except Problem:
            return f"{told}."
        failed = next((each for each in tasks if each.status == "TASK_FAILED"), None)
        if not failed:
            return f"{told}."
        part = line(failed.failed_sub_task or failed.plugin)
        return f"{line(failed.plugin)}, {part}: {_readable_causes(failed.message) or told}."

    def _polls(self) -> Iterator[None]:
        """Yield now and then, until time is up."""
        deadline, pause = self.api.clock.monotonic() + self.api.seconds(), FIRST_POLL
        yield
        while self.api.clock.monotonic() + pause < deadline:
            self.api.clock.sleep(pause)
            pause = min(pause * 2, LONGEST_POLL)
            yield


def _readable_causes(message: str) -> str:
    return cut(line(causes(message)), 300)
