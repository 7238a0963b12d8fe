"""`devlake-ci demo`: set a sandbox up, and report a week of deployments to it as CIs do."""

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
    after: float
    """Hours since the story began."""
    env: dict[str, str]
    merged: int = 0
    """How many of the pull requests are in what it deploys."""
    arguments: tuple[str, ...] = ("report",)
    times: tuple[str, ...] = ("--started-at={before}", "--finished-at={at}")


OPENED = 26 + 5 / 60
STORY = (
    Event("Monday: GitHub Actions deploys to staging", 0,
          GITHUB | {"GITHUB_RUN_ID": "10000000001", "DEVLAKE_ENVIRONMENT": "staging"}, 1),
    Event("Monday, an hour later: and to production", 1,
          GITHUB | {"GITHUB_RUN_ID": "10000000002", "DEVLAKE_ENVIRONMENT": "production",
                    "DEVLAKE_CHANGES_SINCE": "{before}"}, 1),
    Event("Tuesday: a deployment on GitLab fails; production stays as it was", 24, GITLAB,
          2),
    Event("Tuesday, later: CircleCI deploys to production", 26, CIRCLECI, 2),
    Event("Five minutes later: a check finds that baskets are empty", OPENED, CIRCLECI, 2,
          ("incident", "open", "baskets", "--title=Baskets are empty"), ("--created-at={at}",)),
    Event("Half an hour after the deployment: they are full again", 26.5, CIRCLECI, 2,
          ("incident", "close", "baskets", "--title=Baskets are empty"),
          ("--created-at={opened}", "--resolved-at={at}")),
    Event("Wednesday: GitHub Actions deploys to production, and all is well", 48,
          GITHUB | {"GITHUB_RUN_ID": "10000000003", "DEVLAKE_ENVIRONMENT": "production",
                    "DEVLAKE_REFRESH_WAIT": "true"}, 3),
)  # fmt: skip
TOOK = timedelta(minutes=5)


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
    lead = f"{month.lead_hours:.1f} h" if month.lead_hours else "-"
    say("\nWhat DevLake's dashboard shows:")
    for name, number, says in (
        ("deployments", str(month.deployments), "successful ones, to production"),
        ("lead time for changes", lead, "from a pull request's creation to deployment: the median"),
        ("change failure rate", f"{month.failure_rate or 0:.0%}",
         "one of three had an incident afterwards"),
        ("recovery time", f"{month.recovery_hours:.1f} h",
         "from that deployment's end until the incident was over"),
    ):  # fmt: skip
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
    at = begin + timedelta(hours=event.after)
    times = {"at": at, "before": at - TOOK, "opened": begin + timedelta(hours=OPENED)}
    texts = {name: rfc3339(when) for name, when in times.items()}
    arguments = [each.format(**texts) for each in (*event.arguments, *event.times)]
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
PULL_REQUESTS = (
    (41, "Sell apples", -5, -1),
    (42, "Sell baskets", 5, 23),
    (43, "Sell cherries", 40, 47),
)
"""Number and title, and when each was created and merged, in hours since the story began."""


def make_history(runtime: Runtime, folder: str, repository: str, begin: datetime) -> list[str]:
    """Make it in an empty folder, without a working tree; return what main was after each merge.

    The first SHA is what it was before all of them. Raise MissingError without git.
    """

    def git(*arguments: str) -> str:
        return runtime.git("--git-dir", folder, *arguments) or ""

    def commit(message: str, hours: float, *parents: str) -> str:
        at = f"{int((begin + timedelta(hours=hours)).timestamp())} +0000"
        head = [f"tree {git('mktree')}", *(f"parent {each}" for each in parents)]
        lines = [*head, f"author {WHO} {at}", f"committer {WHO} {at}", "", message, ""]
        runtime.write(Replace(f"{folder}/commit", "\n".join(lines)))
        if sha := git("hash-object", "-t", "commit", "-w", f"{folder}/commit"):
            return sha
        raise MissingError("git can't be run, or made no commit.", "Install git.")

    git("init", "--quiet", "--bare")
    git("config", "remote.origin.url", repository)
    main = [commit("Open the shop", -100)]
    for number, title, created, merged in PULL_REQUESTS:
        work = commit(title, created, main[-1])
        message = f"Merge pull request #{number} from acme/topic\n\n{title}"
        main.append(commit(message, merged, main[-1], work))
    return main
