"""`devlake-ci demo`: set a sandbox up, and report a week of deployments to it as CIs do."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from devlake_ci.ci.provider import Replace
from devlake_ci.cli.printing import say
from devlake_ci.commits import remote
from devlake_ci.dataclass import dataclass
from devlake_ci.errors import MissingError
from devlake_ci.runtime import Runtime, temporary_folder
from devlake_ci.runtime.programs import own_command, run_self
from devlake_ci.timestamps import rfc3339
from devlake_sandbox import Sandbox

STAND_IN = "https://github.com/acme/shop"
"""The repository of a checkout without a remote."""

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://{host}",
    "GITHUB_REPOSITORY": "{path}",
    "GITHUB_SHA": "{sha}",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_WORKFLOW": "release",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "deploy",
    "DEVLAKE_RESULT": "success",
    "DEVLAKE_CHANGES": "git",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_URL": "https://{host}/{path}",
    "CI_COMMIT_SHA": "{sha}",
    "CI_COMMIT_BRANCH": "main",
    "CI_PIPELINE_ID": "20000000002",
    "CI_JOB_ID": "30000000003",
    "CI_JOB_NAME": "deploy",
    "CI_JOB_STATUS": "failed",
    "CI_ENVIRONMENT_NAME": "production/eu",
    "CI_ENVIRONMENT_TIER": "production",
}
CIRCLECI = {
    "CIRCLECI": "true",
    "CIRCLE_SHA1": "{sha}",
    "CIRCLE_BRANCH": "main",
    "CIRCLE_REPOSITORY_URL": "git@{host}:{path}.git",
    "CIRCLE_WORKFLOW_ID": "7d1c8a6e-0000-4000-8000-000000000004",
    "CIRCLE_WORKFLOW_JOB_ID": "7d1c8a6e-0000-4000-8000-000000000005",
    "CIRCLE_JOB": "deploy",
    "DEVLAKE_RESULT": "success",
    "DEVLAKE_CHANGES": "git",
    "DEVLAKE_ENVIRONMENT": "production",
}
"""The variables that each CI sets in such a job."""


@dataclass(frozen=True)
class Event:
    """One report of the story."""

    title: str
    after: timedelta
    """Since the story began."""
    env: dict[str, str]
    merged: int = 0
    """How many of the pull requests are in what it deploys."""
    arguments: tuple[str, ...] = ("report",)
    times: tuple[str, ...] = ("--started-at={before}", "--finished-at={at}")


def _hours(hours: float) -> timedelta:
    return timedelta(hours=hours)


OPENED = timedelta(hours=26, minutes=5)
STORY = (
    Event("Monday: GitHub Actions deploys to staging", _hours(0),
          GITHUB | {"GITHUB_RUN_ID": "10000000001", "DEVLAKE_ENVIRONMENT": "staging"}, 1),
    Event("Monday, an hour later: and to production", _hours(1),
          GITHUB | {"GITHUB_RUN_ID": "10000000002", "DEVLAKE_ENVIRONMENT": "production",
                    "DEVLAKE_CHANGES_SINCE": "{before}"}, 1),
    Event("Tuesday: a deployment on GitLab fails; production stays as it was", _hours(24), GITLAB,
          2),
    Event("Tuesday, later: CircleCI deploys to production", _hours(26), CIRCLECI, 2),
    Event("Five minutes later: a check finds that baskets are empty", OPENED, CIRCLECI, 2,
          ("incident", "open", "baskets", "--title=Baskets are empty"), ("--created-at={at}",)),
    Event("Half an hour after the deployment: they are full again", _hours(26.5), CIRCLECI, 2,
          ("incident", "close", "baskets", "--title=Baskets are empty"),
          ("--created-at={opened}", "--resolved-at={at}")),
    Event("Wednesday: GitHub Actions deploys to production, and all is well", _hours(48),
          GITHUB | {"GITHUB_RUN_ID": "10000000003", "DEVLAKE_ENVIRONMENT": "production",
                    "DEVLAKE_REFRESH_WAIT": "true"}, 3),
)  # fmt: skip
TOOK = timedelta(minutes=5)
WHAT = {
    "deployments": "successful ones, to production",
    "lead time for changes": "from a pull request's creation to deployment: the median",
    "change failure rate": "one of three had an incident afterwards",
    "recovery time": "from that deployment's end until the incident was over",
}


@click.command()
@click.pass_obj
def demo(runtime: Runtime) -> None:
    """Set a sandbox up on this machine, and report deployments of three pull requests to it.

    They are made up; one of the deployments breaks something. Then show what DevLake's dashboard
    makes of it.
    """
    repository = remote.repository(runtime.git) or STAND_IN
    begin = begin_of_story(runtime.clock.now())
    say(f"Starting a stand-in DevLake on this machine, and reporting {repository} to it.")
    with Sandbox(empty=True) as devlake, temporary_folder() as place:
        main = make_history(runtime, f"{place}/shop.git", repository, begin)
        say("\nFirst of all: devlake-ci setup --project shop")
        key = set_up(devlake.url)
        known = {"GIT_DIR": f"{place}/shop.git", "DEVLAKE_INCIDENT_STATE": f"file:{place}/live"}
        for event in STORY:
            say(f"\n{event.title}")
            commits = {"sha": main[event.merged], "before": main[0]}
            env = render_env(event.env, repository, **commits) | known | key
            for line in report_event(event, env, begin):
                say(f"  {line}")
        (month,) = devlake.months
    numbers = (
        str(month.deployments),
        f"{month.lead_hours:.1f} h" if month.lead_hours else "-",
        f"{month.failure_rate or 0:.0%}",
        f"{month.recovery_hours:.1f} h",
    )
    say("\nWhat DevLake's dashboard shows:")
    for (name, says), number in zip(WHAT.items(), numbers, strict=True):
        say(f"  {name:<22} {number:>6}   {says}")
    say("\nFor a stand-in that stays, with a page, to which you can report yourself:")
    say(f"{own_command()} sandbox")


def set_up(url: str) -> dict[str, str]:
    """Make connection, project and key, and return the variables that a pipeline gets."""
    code, said = run_self(["setup", "--project", "shop"], {"DEVLAKE_URL": url})
    if code:
        say(said, err=True)
        raise click.exceptions.Exit(code)
    for line in said.splitlines():
        if line.startswith(("+ ", "~ ")):
            say(f"  {line.partition(': allowed path')[0]}")
    return dict(line.split("=", 1) for line in said.splitlines() if line.startswith("DEVLAKE_"))


def report_event(event: Event, env: dict[str, str], begin: datetime) -> list[str]:
    """Report an event as its job does; return what the program says of it, without its hints."""
    at = begin + event.after
    times = {"at": at, "before": at - TOOK, "opened": begin + OPENED}
    arguments = [*event.arguments, *event.times]
    arguments = [
        each.format(**{name: rfc3339(when) for name, when in times.items()}) for each in arguments
    ]
    if event is not STORY[-1]:
        del env["DEVLAKE_REFRESH"]
    code, said = run_self(arguments, env)
    if code:
        say(said.replace(env["DEVLAKE_TOKEN"], "…"), err=True)
        raise click.exceptions.Exit(code)
    # The rest is details, hints, and commands to GitHub that mask the token.
    shown = ("Reported", "  commit", "  title", "Shipped", "Counted")
    return [each for each in said.splitlines() if each.startswith(shown)]


def begin_of_story(now: datetime) -> datetime:
    """Return nine o'clock on the second Monday of last month: all of the story is in one month."""
    first = (now.astimezone(UTC).replace(day=1) - timedelta(days=1)).replace(day=1)
    day = first + timedelta(days=(7 - first.weekday()) % 7 + 7)
    return day.replace(hour=9, minute=0, second=0, microsecond=0)


def render_env(template: dict[str, str], repository: str, **values: str) -> dict[str, str]:
    """Return the variables of a job for `repository`."""
    host, _, path = repository.removeprefix("https://").partition("/")
    return {name: text.format(host=host, path=path, **values) for name, text in template.items()}


# --- a made-up history: three pull requests, each merged as GitHub merges -------------------------

WHO = "Ada <ada@example.com>"


@dataclass(frozen=True)
class MergedPullRequest:
    """A pull request of one commit; the times are hours since the story began."""

    number: int
    title: str
    created: float
    merged: float


PULL_REQUESTS = (
    MergedPullRequest(41, "Sell apples", -5, -1),
    MergedPullRequest(42, "Sell baskets", 5, 23),
    MergedPullRequest(43, "Sell cherries", 40, 47),
)


def make_history(runtime: Runtime, folder: str, repository: str, begin: datetime) -> list[str]:
    """Make it in an empty folder, without a working tree; return what main was after each merge.

    The first SHA is what it was before all of them. Raise MissingError without git.
    """
    made = _Repository(runtime, folder, begin)
    made.git("init", "--quiet", "--bare")
    made.git("config", "remote.origin.url", repository)
    main = [made.commit("Open the shop", -100, ())]
    for each in PULL_REQUESTS:
        work = made.commit(each.title, each.created, main[-1:])
        title = f"Merge pull request #{each.number} from acme/topic\n\n{each.title}"
        main.append(made.commit(title, each.merged, (main[-1], work)))
    return main


@dataclass(frozen=True)
class _Repository:
    runtime: Runtime
    folder: str
    begin: datetime

    def git(self, *arguments: str) -> str:
        """Run git in it; return what it prints."""
        return self.runtime.git("--git-dir", self.folder, *arguments) or ""

    def commit(self, message: str, hours: float, parents: Sequence[str]) -> str:
        """Write a commit without files; return its SHA."""
        at = f"{int((self.begin + timedelta(hours=hours)).timestamp())} +0000"
        head = [f"tree {self.git('mktree')}", *(f"parent {each}" for each in parents)]
        lines = [*head, f"author {WHO} {at}", f"committer {WHO} {at}", "", message, ""]
        path = f"{self.folder}/commit"
        self.runtime.write(Replace(path, "\n".join(lines)))
        if sha := self.git("hash-object", "-t", "commit", "-w", path):
            return sha
        raise MissingError("git can't be run, or made no commit.", "Install git.")
