"""Find out what a deployment shipped, and send its pull requests after it."""

from collections.abc import Callable, Iterator
from dataclasses import field, replace
from functools import cached_property

from devlake_ci.changes import base as bases
from devlake_ci.changes import git
from devlake_ci.changes.base import BaseLookup
from devlake_ci.changes.model import Shipped, add_shipped, pull_request
from devlake_ci.changes.paths import matcher
from devlake_ci.ci import repositories
from devlake_ci.ci.provider import Env
from devlake_ci.cli.session import Session
from devlake_ci.commits.sha import Find
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import (
    BadUsageError,
    InvalidReportError,
    MissingError,
    RefusedError,
    StoppedError,
    UnreachedError,
)
from devlake_ci.incidents.state_file import Live, StateFile, path_in
from devlake_ci.model import Commit, Deployment, Environment, Outcome, PullRequest, Result
from devlake_ci.options import Options
from devlake_ci.text import quoted

NOT_REPORTED = "Warning: what this deployment shipped is not reported."
SHOWN = 10


def check(options: Options) -> None:
    """Raise BadUsageError for options that contradict each other."""
    if options.service and not options.changes_path:
        raise BadUsageError(
            f"{options.source('changes')} would count all pull requests of the repository for the "
            f"service {options.service}.",
            "Name the paths of the service with --changes-path, or set --changes-path . if all "
            "pull requests are the service's.",
        )
    if options.exclude_own_commit:
        raise BadUsageError(
            f"{options.source('changes')} finds what leads to the job's own commit, and "
            f"{options.source('exclude_own_commit')} leaves that out.",
            "Leave one of them out.",
        )
    if options.changes not in ("git", "commits"):
        matcher(options.changes_path, options.source("changes_path"))
    path_in(options)


@dataclass
class Changes:
    """What one deployment shipped."""

    session: Session
    finders: Callable[[str], tuple[Find, ...]]
    notes: list[str] = field(default_factory=list)
    requests: list[PullRequest] = field(default_factory=list)
    found: dict[str, Shipped] = field(default_factory=dict)
    is_shipping: bool = False
    """Whether it is one that lead time ends with."""
    is_of_host: bool = False
    """Whether it is GitLab that says what was live before."""
    unknown: set[str] = field(default_factory=set)
    """The repositories of which it could not be told."""

    def add_to(self, made: Deployment) -> Deployment:
        """Return the deployment with the commits of what it shipped; what isn't known is a note."""
        check(self.session.options)
        if made.result is not Result.SUCCESS or made.environment is not Environment.PRODUCTION:
            return made
        self.is_shipping = True
        own = made.commits[0]  # the job's own goes first
        for each in made.commits:
            try:
                if found := self._find_shipped(made, each, is_own=each is own):
                    self.found[each.repo_url] = found
                    self._collect(each.repo_url, found)
            except StoppedError as problem:
                self.session.stopped = problem
                return made
            except (MissingError, BadUsageError) as problem:
                self.unknown.add(each.repo_url)
                self.notes.append(f"{NOT_REPORTED} {problem.text}")
        return add_shipped(made, self.found)

    def _find_shipped(self, made: Deployment, commit: Commit, *, is_own: bool) -> Shipped | None:
        """Return what was shipped of a repository; None for one of which nothing was known."""
        url = commit.repo_url
        if is_own:
            options = self.session.options
            if options.changes_since:
                base = bases.from_option(options, self.finders(url))
            else:
                base = bases.find_base(self._base_lookups(made, url))
            return self._between(url, base, commit.sha)
        is_alone = sum(each.repo_url == url for each in made.commits) == 1
        live = self._from_state_file(made, url) if is_alone else None
        return self._between(url, live, commit.sha) if live and self._host(url) else None

    def _base_lookups(self, made: Deployment, url: str) -> Iterator[BaseLookup]:
        """Yield the ways to find out what was live before, the surest first."""
        options, context = self.session.options, self.session.context
        if self.file:
            yield BaseLookup("The state file", lambda: self._from_state_file(made, url))
        host = repositories.host(url, context, self.session.env)
        if not host or url != context.repo_url or host[0] != context.provider:
            return
        (kind, env), ask = host, self.session.ask
        place, began = made.original_environment, made.started_at
        is_shared = bases.is_shared(options, place)
        if kind == "gitlab" and not is_shared:
            from devlake_ci.changes import gitlab  # noqa: PLC0415 (it imports pydantic)

            lab, there = gitlab.Api(env, ask), context.environment or place

            def asked() -> str | None:
                sha = gitlab.last_deployed(lab, context, there, began)
                self.is_of_host = sha is not None
                return sha

            yield BaseLookup(f"GitLab's deployments to {quoted(there)}", asked)
        if kind == "github":
            from devlake_ci.changes import github, github_base  # noqa: PLC0415 (it imports pydantic)

            hub, read = github.Api(env, ask, self.session.query), self.session.runtime.read_file
            if not is_shared:
                yield BaseLookup(
                    f"GitHub's deployments to {quoted(place)}",
                    lambda: github_base.last_deployed(hub, options, context, place, began),
                )
            if not (options.sha or options.ref):
                yield BaseLookup(
                    "This job's runs",
                    lambda: github_base.last_successful_run(hub, options, context, read),
                )

    @cached_property
    def file(self) -> StateFile | None:
        """The file that keeps what is live."""
        path = path_in(self.session.options)
        return StateFile(self.session.runtime, path) if path else None

    def _from_state_file(self, made: Deployment, url: str) -> str | None:
        live = self.file.load_live(self._live_key(made, url)) if self.file else None
        return bases.from_record(live, made)

    def _live_key(self, made: Deployment, url: str) -> str:
        return bases.live_key(url, self.session.options.service, made.original_environment)

    def _host(self, url: str) -> tuple[str, Env] | None:
        """Return which API to ask about a repository; None for the local history."""
        session, chosen = self.session, self.session.options.changes
        host = repositories.host(url, session.context, session.env)
        if chosen == "auto":
            return host if host and host[0] == session.context.provider else None
        if chosen in ("git", "commits"):
            return None
        if host and host[0] == chosen:
            return host
        raise MissingError(
            f"{session.options.source('changes')} is {chosen}, and there is no way to ask it about "
            f"{url}.",
            "Set --github-token or --gitlab-token, or take --changes git.",
        )

    def _between(self, url: str, base: str, head: str) -> Shipped:
        session, options = self.session, self.session.options
        paths, host = options.changes_path, self._host(url)
        if not host:
            commits = options.changes == "commits"
            return git.find_shipped(session.git, url, base, head, paths=paths, commits=commits)
        is_included = matcher(paths, options.source("changes_path"))
        if host[0] == "github":
            from devlake_ci.changes import github  # noqa: PLC0415 (it imports pydantic)

            hub = github.Api(host[1], session.ask, session.query)
            return github.find_shipped(hub, base, head, is_included)
        from devlake_ci.changes import gitlab  # noqa: PLC0415 (it imports pydantic)

        lab, context = gitlab.Api(host[1], session.ask), session.context
        own = (context.environment or "", context.job_id) if self.is_of_host else None
        return gitlab.find_shipped(lab, base, head, is_included, own)

    def _collect(self, url: str, found: Shipped) -> None:
        authors = self.session.options.changes_authors
        made = [pull_request(url, each, authors=authors) for each in found.changes]
        self.requests += filter(None, made)
        self.notes += found.notes
        if found.changes:
            self.notes.append(_summary(found))

    def send(self, outcome: Outcome) -> Outcome:
        """Send a deployment's pull requests after it, or keep them; return what became of both."""
        if outcome.requests:
            shown = tuple(each for one in self.requests for each in self.session.preview(one))
            notes = (*self.notes, *outcome.notes)
            return replace(outcome, requests=outcome.requests + shown, notes=notes)
        is_unreached = isinstance(outcome.problem, UnreachedError)
        if not outcome.reported and not is_unreached:
            return outcome
        unreached = self._send()
        if outcome.reported and (not unreached or self.session.options.spool):
            self._remember(outcome)  # else the next run ships the same again, and tells it
        notes = (*self.notes, *outcome.notes)
        if not unreached:
            return replace(outcome, notes=notes)
        count = f"{len(unreached)} of its {len(self.requests)} pull requests were not sent"
        if is_unreached:
            return replace(outcome, notes=(*outcome.notes, f"{count}, either."))
        return replace(
            outcome,
            reported=False,
            problem=unreached[0],
            notes=(*notes, f"The deployment is stored. {count}."),
        )

    def _send(self) -> list[UnreachedError]:
        """Send them one after the other, and return what kept some of them from being stored."""
        unreached: list[UnreachedError] = []
        for each in self.requests:
            try:
                self.session.deliver(each)
            except UnreachedError as problem:
                unreached.append(problem)
            except InvalidReportError as problem:
                self.notes.append(f"Warning: a pull request was refused. {problem.text}")
            except RefusedError as problem:
                count = len(self.requests)
                self.notes.append(
                    f"Warning: the deployment is stored, but DevLake takes none of its {count} "
                    f"pull requests, so they have no lead time. {problem.text}"
                )
                break
        return unreached

    def _remember(self, outcome: Outcome) -> None:
        """Keep what is live now in the state file, if what was shipped is known."""
        file, made, lanes = self.file, outcome.deployment, {}
        if not (file and made and self.is_shipping):
            return
        try:
            for each in made.commits:
                lane = self._live_key(made, each.repo_url)
                # What could not be told this time is told next time, from the same base on.
                is_open = each.repo_url in self.unknown and file.load_live(lane)
                if each.finished_at is None and not is_open:
                    before = self.found.get(each.repo_url, Shipped()).base
                    lanes[lane] = Live(sha=each.sha, deployment=made.id, before=before)
            file.save_live(lanes, max(self.session.time_left, 1.0))
        except (MissingError, BadUsageError) as problem:
            self.notes.append(f"Warning: {problem.text}")


def _summary(found: Shipped) -> str:
    numbers = [f"#{each.number}" for each in found.changes if each.number]
    count = len(found.changes)
    what = "pull request" if numbers else "commit"
    named = ", ".join(numbers[:SHOWN]) + (" …" if len(numbers) > SHOWN else "")
    since = f" since {found.base[:12]}" if found.base else ""
    return f"Shipped{since}: {count} {what}{'s' * (count > 1)}{f' ({named})' if named else ''}."
