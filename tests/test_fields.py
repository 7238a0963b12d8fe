"""docs/fields.md: every field of DevLake's two tables, what feeds it, and what is really sent."""

import re
from datetime import UTC, datetime

import pytest

from devlake_ci.devlake.address import Target
from devlake_ci.devlake.dialects import encode
from devlake_ci.model import PullRequest
from tests.markdown import ROOT
from tests.support import GITHUB

PAGE = (ROOT / "docs" / "fields.md").read_text()

# WebhookDeploymentReq, WebhookDeploymentCommitReq and WebhookIssueRequest of
# backend/plugins/webhook/api in https://github.com/apache/incubator-devlake, v1.0.3, and the
# tables of docs/Plugins/webhook.md in apache/incubator-devlake-website for the names before.
NOW = {
    "A deployment": """id displayTitle result environment originalEnvironment name createdDate
        startedDate finishedDate deploymentCommits""",
    "A commit of a deployment": """displayTitle repoId repoUrl name refName commitSha commitMsg
        result status createdDate startedDate finishedDate""",
    "An incident": """url issueKey title description epicKey type status originalStatus storyPoint
        resolutionDate createdDate updatedDate leadTimeMinutes parentIssueKey priority
        originalEstimateMinutes timeSpentMinutes timeRemainingMinutes creatorId creatorName
        assigneeId assigneeName severity component""",
}
BEFORE = {
    "A deployment": "pipeline_id environment name create_time start_time end_time result",
    "A commit of a deployment": "repo_url repo_id ref_name commit_sha commit_msg",
    "An incident": """url issue_key title description epic_key type status original_status
        story_point resolution_date created_date updated_date lead_time_minutes parent_issue_key
        priority original_estimate_minutes time_spent_minutes time_remaining_minutes creator_id
        creator_name assignee_id assignee_name severity component""",
}
WHERE = ["--dry-run", "--format=json", "--url=http://127.0.0.1:9", "--connection=1"]
REPORT = [
    *("--environment=prod-eu", "--result=MANUAL", "--id=x-1", "--name=Deploy", "--title=Release"),
    *("--created-at=2026-03-01T10:00:00Z", "--started-at=2026-03-01T10:01:00Z"),
    *("--finished-at=2026-03-01T10:09:00Z", "--message=Sell", "--commit-name=shop"),
    *("--repo-id=github:GithubRepo:1:7", "--ref=main"),
]
INCIDENT = [
    *("--title=Down", "--description=All of it", "--link=https://me:s3cr3t@wiki.example.com/7"),
    *("--created-at=2026-03-01T10:00:00Z", "--type=INCIDENT", "--creator=u1=Ann"),
    *("--assignee=u2=Bob", "--severity=high", "--priority=P1", "--component=cart"),
    *("--field=epicKey=SHOP-1", "--field=storyPoint=2.5", "--field=parentIssueKey=SHOP-2"),
    *("--field=originalEstimateMinutes=30", "--field=timeSpentMinutes=20"),
    "--field=timeRemainingMinutes=10",
]


def rows(section):
    """The rows of a section's table, as lists of cells."""
    text = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0]
    cells = [re.split(r" *\| *", line.strip("| ")) for line in text.splitlines() if "|" in line]
    return cells[2:]


def now(section):
    """Return the names of a section's fields since DevLake 1.0.0."""
    return {name for row in rows(section) for name in re.findall(r"`(\w+)`", row[0])}


def before(section):
    """Return their names before: a column of the table, or the same in snake_case."""
    if section == "An incident":
        return {re.sub("(?=[A-Z])", "_", name).lower() for name in now(section)}
    return {row[1].strip("`") for row in rows(section)} - {"\u2013"}


def body(devlake_ci, *arguments, dialect="v1"):
    ran = devlake_ci(*arguments, *WHERE, f"--dialect={dialect}", env=GITHUB)
    (request,) = ran.json["requests"]
    return request["body"]


@pytest.mark.parametrize("section", NOW)
def test_the_page_has_every_field_of_devlakes_tables_in_both_spellings(section):
    assert now(section) == set(NOW[section].split())
    assert before(section) == set(BEFORE[section].split())


@pytest.mark.parametrize("section", NOW)
def test_each_option_that_the_page_names_is_one_of_its_command(section, devlake_ci):
    fed = "\n".join(row[-1] for row in rows(section))
    help_of = {
        "report": devlake_ci("report", "--help-all").out,
        "incident": devlake_ci("incident", "close", "--help-all").out,
    }

    for command, option in re.findall(r"`(incident )?(--[a-z-]+)[^`]*`", fed):
        assert f"{option} " in help_of[command.strip() or "report"], option


def test_a_report_can_send_every_field_of_a_deployment(devlake_ci):
    v1 = body(devlake_ci, "report", *REPORT)
    legacy = body(devlake_ci, "report", *REPORT, dialect="legacy")

    (commit,) = v1["deploymentCommits"]
    assert set(v1) == now("A deployment")
    assert set(commit) == now("A commit of a deployment")
    assert set(legacy) == before("A deployment") | before("A commit of a deployment")
    assert (v1["result"], commit["name"], commit["repoId"]) == (
        "MANUAL", "shop", "github:GithubRepo:1:7",
    )  # fmt: skip


def test_a_change_that_shipped_is_sent_with_the_fields_of_a_pull_request():
    when = datetime(2026, 3, 1, 10, tzinfo=UTC)
    whole = PullRequest(
        key=7, title="Sell", url="https://github.com/acme/shop/pull/7", created_at=when,
        merged_at=when, merge_sha="a" * 40, author="Ann",
    )  # fmt: skip

    _, (sent,) = encode(whole, Target("http://lake", "connections/1", rest=True), "v1")

    assert set(sent) == now("A pull request")


def test_an_incident_by_hand_can_send_every_field_of_an_issue(devlake_ci):
    closing = ["incident", "close", "SHOP-9", "--resolved-at=2026-03-01T11:00:00Z", *INCIDENT]

    v1, legacy = (body(devlake_ci, *closing, dialect=each) for each in ("v1", "legacy"))

    assert set(v1) == now("An incident")
    assert set(legacy) == before("An incident")
    assert (v1["creatorId"], v1["creatorName"]) == ("u1", "Ann")
    assert (v1["storyPoint"], v1["timeSpentMinutes"]) == (2.5, 20)
    assert (v1["status"], v1["url"]) == ("DONE", "https://wiki.example.com/7")


def test_without_these_options_nobody_is_named_and_nothing_more_is_sent(devlake_ci):
    sent = body(devlake_ci, "incident", "open", "SHOP-9", "--title=Down")

    always = "createdDate issueKey originalStatus status title type updatedDate url"
    assert sorted(sent) == always.split()
    assert (sent["status"], sent["type"]) == ("TODO", "INCIDENT")


def test_an_incident_in_progress_keeps_its_fields_when_it_is_closed(devlake_ci, tmp_path, server):
    state = f"--incident-state=file:{tmp_path}/state"
    where = [f"--url={server.url}", "--connection=1", state]
    more = ["--status=in_progress", "--assignee=Bob", "--field=storyPoint=3", "--type=INCIDENT"]

    devlake_ci("incident", "open", "SHOP-9", "--title=Down", *more, *where, env=GITHUB)
    devlake_ci("incident", "close", "SHOP-9", "--creator=Ann", *where, env=GITHUB)

    opened, closed = (each.body for each in server.received)
    assert (opened["status"], closed["status"]) == ("IN_PROGRESS", "DONE")
    assert (closed["assigneeName"], closed["creatorName"], closed["storyPoint"]) == (
        "Bob",
        "Ann",
        3,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["open", "--field=epic=1"], '"epic" is not a field of DevLake\'s issues'),
        (["open", "--field=title=x"], "originalEstimateMinutes, timeSpentMinutes"),
        (["open", "--field=timeSpentMinutes=1.5"], 'timeSpentMinutes can\'t be "1.5"'),
        (["open", "--field=storyPoint=many"], 'storyPoint can\'t be "many"'),
        (["open", "--field=storyPoint=nan"], 'storyPoint can\'t be "nan"'),
        (["open", "--field=epicKey="], 'epicKey can\'t be ""'),
        (["open", "--field=epicKey=" + "x" * 300], "is too long"),
        (["open", "--creator==Ann"], '"=Ann" is not a person'),
        (["open", "--creator="], "it is empty"),
        (["open", "--status=DONE"], "can't be opened as DONE"),
        (["open", "--status=OPEN"], "'OPEN' is not one of"),
        (["close", "--status=TODO"], "is DONE when it is closed"),
    ],
)
def test_what_a_field_cannot_hold_is_wrong_usage(devlake_ci, arguments, says):
    command, *more = arguments

    ran = devlake_ci("incident", command, "SHOP-9", "--title=Down", *more, *WHERE, env=GITHUB)

    assert ran.code == 2
    assert says in ran.err
