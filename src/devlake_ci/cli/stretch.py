"""Tells DevLake of an incident: finds out which one is open, opens or closes it, remembers it."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property, reduce

from devlake_ci import deployment as deployments
from devlake_ci.cli.memory import Memory, path
from devlake_ci.cli.outcome import merged
from devlake_ci.cli.session import Session
from devlake_ci.errors import BadUsageError, MissingError, NothingToReport, UnreachedError
from devlake_ci.identity import LONGEST_KEY
from devlake_ci.incidents import branches, github, gitlab, report, state
from devlake_ci.incidents.history import History
from devlake_ci.incidents.incident import Stretch, stretch
from devlake_ci.incidents.standing import Event, Standing
from devlake_ci.model import Incident, Outcome, Result
from devlake_ci.text import quoted
from devlake_ci.timestamps import happened, rfc3339

SOURCES = {"github": github.SOURCE, "gitlab": gitlab.SOURCE}
AUTO = {("auto", name) for name in SOURCES}


class StretchOfFailures:
    """The stretch of failures that this job may begin, go on with, or end."""

    def __init__(self, session: Session) -> None:
        """Take what the run shares."""
        self.session = session
        self.options = session.options
        self.context = session.context

    def check(self) -> None:
        """Ask where it is known what is open, as `outcome` does, and tell nobody; raises Problem.

        Only the end of a job knows its result, so that isn't missed.
        """
        branches.check(self.options, self.context)
        with suppress(MissingError):
            report.result(self.options, self.context)
        if self.kind in SOURCES:
            self.history  # noqa: B018 (it is asked for)
        else:
            self.memory.text()

    def outcome(self, beside: Outcome | None) -> Outcome:
        """Report the incident of this run, if any; raises Problem.

        `beside` is what became of the deployment that is reported with it.
        """
        ended = report.result(self.options, self.context)
        branches.check(self.options, self.context)
        if self.options.environment or self.context.environment:
            kind, _ = deployments.place(self.options, self.context)
            report.check_place(kind)
        standing = self._standing(ended)
        this = report.event(self.options, self.context, standing, ended)
        incident = report.incident(
            self.options,
            self.context,
            self.whose,
            standing=standing,
            this=this,
            deployment=beside.deployment if beside else None,
            now=self._ended_at(),
        )
        if incident and not standing.open:
            self._check_cause(beside)
        return self._told(standing, this, incident)

    def _ended_at(self) -> datetime:
        """Return when the job ended: with `both`, when its deployment did; raises BadUsageError."""
        now, given = self.session.world.clock.now(), self.options.finished_at
        if self.options.mode == "both" and given:
            return happened(given, self.options.source("finished_at"), now)
        return self.context.finished_at or now

    def _check_cause(self, beside: Outcome | None) -> None:
        """Check that DevLake would not count a new incident against an earlier deployment.

        What DevLake was only not reached for may be there soon. Raises NothingToReport.
        """
        why = self.context.no_incident
        if self.options.mode == "both":
            deployment, problem = (beside.deployment, beside.problem) if beside else (None, None)
            if deployment and deployment.result is not Result.SUCCESS:
                why = f"this run's deployment is {deployment.result}"
            elif not deployment or (problem and not isinstance(problem, UnreachedError)):
                why = "DevLake doesn't have this run's deployment"
        if why:
            raise NothingToReport(
                f"No incident begins: {why}, so DevLake would count it against the deployment "
                "before."
            )

    @cached_property
    def whose(self) -> Stretch:
        """Whose failures these are."""
        workflow = self.context.workflow
        if here := SOURCES.get(self.context.provider):
            workflow = here.workflow(self.context, self.session.env)
        job = self.history.job if self.history else None
        return stretch(self.options, self.context, workflow, job)

    @cached_property
    def history(self) -> History | None:
        """How the job ended before, where the CI tells it; raises Problem."""
        if self.kind not in SOURCES:
            return None
        session = self.session
        return SOURCES[self.kind].history(
            self.options, self.context, session.env, session.ask, session.world.read_file
        )

    @cached_property
    def kind(self) -> str:
        """Where it is known what is open; raises Problem if nowhere, or if it can't be there."""
        chosen, source = self.options.incident_state, self.options.source("incident_state")
        here = self.context.provider
        if self.options.mode == "both" and (chosen in SOURCES or (chosen, here) in AUTO):
            raise MissingError(
                f"Which incident is open is not known: {here} says how this job ended before, and "
                "not how the deployment in it did.",
                "Check production in a job of its own that needs the one that deploys, with --mode "
                "incident; or give --incident-state file:PATH, and keep that file in a cache.",
            )
        if chosen == "auto":
            if here not in SOURCES:
                raise MissingError(
                    f"Which incident is open is not known: {here} can't be asked for it.",
                    "Give --incident-state file:PATH, and keep that file in the CI's cache from "
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
                f"{source} is {chosen}, and this job runs in {here}.", "Give file:PATH."
            )
        path(self.options)
        return chosen

    @property
    def memory(self) -> Memory:
        """The state file."""
        return Memory(self.session.world, path(self.options) or "", self.options.dry_run)

    def _standing(self, ended: Result) -> Standing:
        if self.kind not in SOURCES:
            return self.memory.standing(self.whose)
        self._check_own_result(ended)
        found = self.history or History([])
        return report.from_history(
            self.options, self.context, self.whose, found.past, found.started_at
        )

    def _check_own_result(self, ended: Result) -> None:
        """Refuse a result that later runs could not find in the CI's history."""
        own = self.context.result
        if self.context.sources.get("result", "").startswith("event."):
            raise BadUsageError(
                f"The result is that of a deployment ({own}), and later runs would find this job's "
                "own in GitHub's runs, and take the incident for another one.",
                "Report incidents in the job that deploys or checks; or give --incident-state "
                "file:PATH, kept in a cache.",
            )
        if own and own is not ended:
            raise BadUsageError(
                f"The incident's result is {ended}, and this job's own is {own}: later runs would "
                "find the latter, and take the incident for another one.",
                "Report the incident in the job that checks, with the job's own result; or give "
                "--incident-state file:PATH, kept in the CI's cache.",
            )

    def _told(self, standing: Standing, this: Event, incident: Incident | None) -> Outcome:
        """Deliver what there is to tell, and remember it where the CI doesn't."""
        events = [*standing.unsent, *([incident] if incident else [])]
        outcomes = [self.session.tell(each) for each in events]
        notes = standing.notes
        if self.kind not in SOURCES and not self.options.dry_run:
            told = all(each.reported for each in outcomes)
            now = state.after(standing, this, incident, told=told)
            notes += self.memory.remember(self.whose, now)
        elif incident and incident.resolved_at and outcomes[-1].problem:
            notes += (_by_hand(incident),)
        if not outcomes:
            nothing = NothingToReport(
                "No incident is reported: the job succeeded, and none is open.", " ".join(notes)
            )
            return Outcome(reported=False, problem=nothing)
        outcome = reduce(merged, outcomes)
        return replace(outcome, notes=outcome.notes + notes)


def _by_hand(incident: Incident) -> str:
    """Say what is left to do: the CI's history doesn't tell what DevLake has been told."""
    closed = rfc3339(incident.resolved_at or incident.updated_at)
    return (
        f"Later runs don't tell of this recovery again. Close {quoted(incident.key, LONGEST_KEY)} "
        f"by hand (devlake-ci incident close): --created-at {rfc3339(incident.created_at)}, "
        f"--resolved-at {closed}."
    )
