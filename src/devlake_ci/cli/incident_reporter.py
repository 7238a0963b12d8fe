"""Report an incident: find out which one is open, open or close it, and save the state."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property, reduce
from typing import TYPE_CHECKING

from devlake_ci.cli.outcome import merge
from devlake_ci.cli.session import Session
from devlake_ci.deployment import environment_of
from devlake_ci.errors import BadUsageError, MissingError, NothingToReport
from devlake_ci.identity import LONGEST_KEY
from devlake_ci.incidents import branches, decision
from devlake_ci.incidents.decision import streak_of
from devlake_ci.incidents.streak import History, IncidentState, JobResult, Source, Streak
from devlake_ci.model import Incident, Outcome, Result
from devlake_ci.text import quoted
from devlake_ci.timestamps import parse_past_timestamp, rfc3339

if TYPE_CHECKING:
    from devlake_ci.incidents.state_file import StateFile

SOURCES = {"github", "gitlab"}
"""The CIs that can be asked how their jobs ended before; `incidents` has a module for each."""


class IncidentReporter:
    """Reports the incident that this job may open, keep open, or close."""

    def __init__(self, session: Session) -> None:
        """Take the session of this run."""
        self.session = session
        self.options = session.options
        self.context = session.context

    def check(self) -> None:
        """Ask which incident is open, as `outcome` does, and send nothing; raise Problem.

        Only the end of a job knows its result, so it may be missing.
        """
        branches.check(self.options, self.context)
        with suppress(MissingError):
            decision.result(self.options, self.context)
        if self.state_source in SOURCES:
            self.history  # noqa: B018 (it is asked for)
        else:
            self.file.read()

    def outcome(self, beside: Outcome | None) -> Outcome:
        """Report this run's incident, if any, beside a deployment's outcome; raise Problem."""
        ended = decision.result(self.options, self.context)
        branches.check(self.options, self.context)
        if self.options.environment or self.context.environment:
            kind, _ = environment_of(self.options, self.context)
            decision.check_environment(kind)
        state = self._state(ended)
        this = decision.job_result(self.options, self.context, state, ended)
        incident = decision.next_incident(
            self.options,
            self.context,
            self.streak,
            state=state,
            this=this,
            deployment=beside.deployment if beside else None,
            now=self._ended_at(),
        )
        if incident and not state.open:
            self._check_cause(beside)
        return self._send(state, this, incident)

    def _ended_at(self) -> datetime:
        """Return when the job ended: with `both`, when its deployment did; raise BadUsageError."""
        now, given = self.session.runtime.clock.now(), self.options.finished_at
        if self.options.mode == "both" and given:
            return parse_past_timestamp(given, self.options.source("finished_at"), now)
        return self.context.finished_at or now

    def _check_cause(self, beside: Outcome | None) -> None:
        """Check that DevLake would not count a new incident against an earlier deployment.

        What a spool keeps may be there soon. Raise NothingToReport.
        """
        why = self.context.no_incident
        if self.options.mode == "both":
            deployment, problem = (beside.deployment, beside.problem) if beside else (None, None)
            if deployment and deployment.result is not Result.SUCCESS:
                why = f"this run's deployment is {deployment.result}"
            elif not deployment or (problem and not problem.is_kept):
                why = "DevLake doesn't have this run's deployment"
        if why:
            raise NothingToReport(
                f"No incident begins: {why}, so DevLake would count it against the deployment "
                "before."
            )

    @cached_property
    def streak(self) -> Streak:
        """The streak that this job's failures belong to."""
        workflow, here = self.context.workflow, self.context.provider
        if here in SOURCES:
            workflow = _source(here).workflow(self.context, self.session.env)
        job = self.history.job if self.history else None
        return streak_of(self.options, self.context, workflow, job)

    @cached_property
    def history(self) -> History | None:
        """How the job ended before, where the CI says so; raise Problem."""
        if self.state_source not in SOURCES:
            return None
        session = self.session
        return _source(self.state_source).history(
            self.options, self.context, session.env, session.ask, session.runtime.read_file
        )

    @cached_property
    def state_source(self) -> str:
        """Where it is known which incident is open; raise Problem if nowhere, or not here."""
        chosen, source = self.options.incident_state, self.options.source("incident_state")
        here = self.context.provider
        if self.options.mode == "both" and (here if chosen == "auto" else chosen) in SOURCES:
            raise MissingError(
                f"Which incident is open is not known: {here} says how this job ended before, and "
                "not how the deployment in it ended.",
                "Check production in a job of its own that needs the one that deploys, with --mode "
                "incident; or set --incident-state file:PATH, and keep that file in a cache.",
            )
        if chosen == "auto":
            if here not in SOURCES:
                raise MissingError(
                    f"Which incident is open is not known: {here} can't be asked.",
                    "Set --incident-state file:PATH, and keep that file in the CI's cache from "
                    "one run to the next.",
                )
            return here
        if chosen == "none":
            raise NothingToReport(
                f"No incident is reported: {source} is none.",
                "Open and close incidents with devlake-ci incident.",
            )
        if chosen in SOURCES and chosen != here:
            raise BadUsageError(
                f"{source} is {chosen}, and this job runs in {here}.", "Use file:PATH."
            )
        self.file  # noqa: B018 (it checks the path)
        return chosen

    @cached_property
    def file(self) -> "StateFile":
        """The state file; raise BadUsageError."""
        from devlake_ci.incidents.state_file import StateFile, path_in  # noqa: PLC0415 (pydantic)

        return StateFile(self.session.runtime, path_in(self.options) or "", self.options.dry_run)

    def _state(self, ended: Result) -> IncidentState:
        if self.state_source not in SOURCES:
            return self.file.load(self.streak)
        self._check_own_result(ended)
        found = self.history or History([])
        return decision.state_from(
            self.options, self.context, self.streak, found.past, found.started_at
        )

    def _check_own_result(self, ended: Result) -> None:
        """Refuse a result that later runs could not find in the CI's history."""
        own = self.context.result
        if self.context.sources.get("result", "").startswith("event."):
            raise BadUsageError(
                f"The result is that of a deployment ({own}). Later runs would find this job's own "
                "result in GitHub's runs, and mistake the incident for another one.",
                "Report incidents in the job that deploys or checks; or set --incident-state "
                "file:PATH, and keep that file in a cache.",
            )
        if own and own is not ended:
            raise BadUsageError(
                f"The incident's result is {ended}, but this job's own is {own}: later runs would "
                "find the latter, and mistake the incident for another one.",
                "Report the incident in the job that checks, with the job's own result; or set "
                "--incident-state file:PATH, and keep that file in a cache.",
            )

    def _send(self, state: IncidentState, this: JobResult, incident: Incident | None) -> Outcome:
        """Send what there is to report, and remember it where the CI doesn't."""
        events = [*state.unsent, *([incident] if incident else [])]
        outcomes = [self.session.send(each) for each in events]
        notes = state.notes
        if self.state_source not in SOURCES and not self.options.dry_run:
            from devlake_ci.incidents.state_file import state_after  # noqa: PLC0415 (pydantic)

            sent = all(each.reported for each in outcomes)
            after = state_after(state, this, incident, sent=sent)
            outcomes.append(save_state(self.session, self.file, self.streak, after))
        elif incident and incident.resolved_at and outcomes[-1].problem:
            notes += (_closing_hint(incident),)
        if not events:
            nothing = NothingToReport(
                "No incident is reported: the job succeeded, and none is open.", " ".join(notes)
            )
            outcomes.insert(0, Outcome(reported=False, problem=nothing))
            notes = ()
        outcome = reduce(merge, outcomes)
        return replace(outcome, notes=outcome.notes + notes)


def save_state(
    session: Session, file: "StateFile", streak: Streak, state: IncidentState
) -> Outcome:
    """Write the state of a streak; that it can't be done in time is in the outcome."""

    def save() -> Outcome:
        file.save(streak, state, max(session.time_left, 1.0))
        return Outcome(reported=False)

    return session.attempt(save)


def _source(ci: str) -> Source:
    """Return what can ask a CI; only what asks imports pydantic."""
    if ci == "github":
        from devlake_ci.incidents import github  # noqa: PLC0415 (it imports pydantic)

        return github
    from devlake_ci.incidents import gitlab  # noqa: PLC0415 (it imports pydantic)

    return gitlab


def _closing_hint(incident: Incident) -> str:
    """Return what is left to do by hand: the CI's history doesn't say what DevLake has."""
    closed = rfc3339(incident.resolved_at or incident.updated_at)
    return (
        f"Later runs don't report this recovery again. Close {quoted(incident.key, LONGEST_KEY)} "
        "by hand: `devlake-ci incident close KEY --created-at "
        f"{rfc3339(incident.created_at)} --resolved-at {closed}`."
    )
