"""What `--changes github` finds in GitHub's answers."""

from hashlib import sha1

import pytest

from tests.changes.github_api import FORBIDDEN, RATE_LIMITED, GitHub
from tests.changes.test_report import deployed, entries
from tests.incidents.github_api import Job, Run
from tests.support import SHA


def sha(name):
    return sha1(str(name).encode(), usedforsecurity=False).hexdigest()


BASE = sha("base")
UNTOLD = {"data": {"repository": {"c0": {"associatedPullRequests": None}}}}


@pytest.fixture
def github():
    with GitHub().serving() as api:
        api.commits = [BASE]
        yield api


@pytest.fixture
def report(devlake_ci, devlake, github):
    """Report the head of the history, or `head`."""

    def ran(*options, head=None, **env):
        where = {
            "DEVLAKE_URL": devlake.connection_url,
            "DEVLAKE_TOKEN": devlake.token,
            "DEVLAKE_ENVIRONMENT": "production",
            "DEVLAKE_RESULT": "success",
            "DEVLAKE_CHANGES": "auto",
            "DEVLAKE_FINISHED_AT": "2026-02-28T12:00:00Z",
            "GITHUB_SHA": head or github.commits[-1],
            "GITHUB_RUN_ID": "42",
            "DEVLAKE_CHECK_RUN_ID": "7",
        }
        return devlake_ci("report", *options, env=github.env | where | env)

    return ran


def merged(github, number, **more):
    """Merge a pull request as one commit, and return its SHA."""
    github.commits.append(sha(number))
    github.pull(number, sha(number), **more)
    return sha(number)


def test_pull_requests_are_those_whose_merge_commit_lies_between(github, devlake, report):
    merges = [merged(github, 1), merged(github, 2)]
    github.pull(3, sha("elsewhere"), commits=merges)
    github.pull(4, merges[0], mergedAt=None)

    ran = report("--changes-since", BASE)

    assert ran.code == 0
    assert entries(devlake) == [BASE, *merges]
    assert sorted(deployed(devlake)) == [1, 2]


def test_of_a_long_history_the_oldest_commits_are_looked_at_and_it_says_so(
    github, devlake, report, monkeypatch
):
    monkeypatch.setattr("devlake_ci.changes.github.HISTORY", 100)
    for number in range(1, 202):
        merged(github, number)

    ran = report("--changes-since", BASE)

    assert sorted(deployed(devlake)) == [*range(1, 101)]
    assert "The newest 101 of 201 commits were not looked at." in ran.out


def test_a_rebased_pull_request_is_its_last_commit(github, devlake, report):
    first, last = sha("first"), sha("last")
    github.commits += [first, last, sha("more")]
    github.pull(1, last, commits=[first])

    report("--changes-since", BASE)

    assert entries(devlake) == [BASE, last, sha("more")]


def test_a_merge_that_github_names_no_commit_of_is_its_last_one(github, devlake, report):
    first, last = sha("first"), sha("last")
    github.commits += [first, last, sha("more")]
    github.pull(1, last, commits=[first], mergeCommit=None)

    report("--changes-since", BASE)

    assert entries(devlake) == [BASE, last, sha("more")]


def test_a_pull_request_from_a_fork_counts_and_one_in_a_fork_does_not(github, devlake, report):
    merged(github, 1, author={"login": "stranger"})
    github.pull(9, sha(1), baseRepository={"nameWithOwner": "stranger/shop"})

    report("--changes-since", BASE)

    assert sorted(deployed(devlake)) == [1]


def test_an_author_who_is_gone_is_no_error(github, devlake, report):
    merged(github, 1, author=None)

    assert report("--changes-since", BASE, "--changes-authors").code == 0
    assert sorted(deployed(devlake)) == [1]


def test_300_commits_take_three_pages_and_three_questions(github, devlake, report):
    for number in range(1, 301):
        merged(github, number)

    ran = report("--changes-since", BASE)

    asked = [each for each in github.asked if "compare" in each or "graphql" in each]
    assert len(asked) == 6
    assert "Only the newest 250 of 300 changes are reported." in ran.out
    assert len(devlake.rows("pull_requests")) == 250


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((200, FORBIDDEN), "pull-requests: read"),
        ((403, {"message": "Resource not accessible by integration"}), "pull-requests: read"),
        ((200, RATE_LIMITED), "1,000 requests an hour"),
        ((403, {"message": "API rate limit exceeded"}), "1,000 requests an hour"),
        (
            (200, {"data": {"repository": {"c0": {"associatedPullRequests": None}}}}),
            "pull-requests",
        ),
        ((200, {"data": {"repository": None}}), "not what its documentation says"),
        ((200, {"data": {"repository": {"c0": {"associatedPullRequests": 1}}}}), "documentation"),
        ((502, {}), "502"),
    ],
)
def test_what_github_does_not_say_is_a_warning_and_the_own_commit_alone(
    github, devlake, report, refusal, said
):
    merged(github, 1)
    github.refusal = refusal

    ran = report("--changes-since", BASE)

    assert ran.code == 0
    assert "what this deployment shipped is not reported" in ran.out
    assert said in ran.out
    assert entries(devlake) == [sha(1)]


def test_without_a_token_it_says_which_permissions_one_needs(github, devlake, report):
    merged(github, 1)

    ran = report("--changes-since", BASE, DEVLAKE_GITHUB_TOKEN="")

    assert (ran.code, entries(devlake)) == (0, [sha(1)])
    assert "--github-token" in ran.out


def test_a_base_that_github_does_not_have_is_a_warning(github, devlake, report):
    merged(github, 1)

    ran = report("--changes-since", sha("gone"))

    assert (ran.code, entries(devlake)) == (0, [sha(1)])
    assert f"can't compare {sha('gone')[:12]}" in ran.out


def test_a_roll_back_ships_nothing(github, devlake, report):
    old, new = merged(github, 1), merged(github, 2)

    ran = report("--changes-since", new, head=old)

    assert entries(devlake) == [old]
    assert "Nothing was shipped" in ran.out


def test_what_diverged_is_compared_like_any_other(github, devlake, report):
    fix = sha("fix")
    merged(github, 1)
    github.pull(7, fix)
    github.diverged[sha(1), fix] = [sha(1), fix]

    report("--changes-since", sha(1), head=fix)

    assert entries(devlake) == [sha(1), fix]


def test_only_pull_requests_that_touch_the_services_paths_are_listed(github, devlake, report):
    merges = [merged(github, number) for number in (1, 2, 3)]
    github.files = {1: ["api/x"], 2: ["web/x"], 3: [*map(str, range(150)), "api/y"]}

    report("--changes-since", BASE, "--service", "api", "--changes-path", "api/")

    assert entries(devlake) == [BASE, merges[0], merges[2]]


def test_the_environments_last_success_before_this_run_was_live(github, devlake, report):
    one, two, three = merged(github, 1), merged(github, 2), merged(github, 3)
    replaced = ("INACTIVE", "2026-02-28T09:00:00Z")
    github.deployment(one, ("SUCCESS", "2026-02-28T08:00:00Z"), replaced, run=40)
    github.deployment(two, ("FAILURE", "2026-02-28T09:00:00Z"), run=41)
    github.deployment(three, ("SUCCESS", "2026-02-28T11:00:00Z"), run=42)
    github.deployment(three, ("SUCCESS", "2026-02-28T13:00:00Z"), run=43)
    github.runs = {"40": {"event": "push"}, "41": {"event": "push"}, "43": {"event": "push"}}

    report()

    assert entries(devlake) == [one, two, three]


def test_what_a_person_chose_to_deploy_is_not_what_the_run_names(github, devlake, report):
    one, two, three = merged(github, 1), merged(github, 2), merged(github, 3)
    github.deployment(one, ("SUCCESS", "2026-02-28T08:00:00Z"), run=40)
    github.deployment(two, ("SUCCESS", "2026-02-28T09:00:00Z"), run=41)
    github.runs = {
        "40": {"event": "push"},
        "41": {"event": "workflow_dispatch", "path": ".github/workflows/roll-back.yml"},
    }

    report()

    assert entries(devlake) == [one, two, three]


@pytest.mark.parametrize(
    ("refusal", "asks"),
    [
        ((403, {"message": "Resource not accessible by integration"}), True),
        ((403, {"message": "API rate limit exceeded"}), False),
        ((502, {"message": "Bad Gateway"}), False),
    ],
)
def test_only_a_job_that_may_not_read_deployments_is_told_what_permission_it_needs(
    github, report, refusal, asks
):
    merged(github, 1)
    github.refusal = refusal

    ran = report("--sha", github.commits[-1])

    assert "GitHub's deployments to" in ran.out
    assert ("deployments: read" in ran.out) is asks


@pytest.fixture
def earlier(github, tmp_path):
    """Let this job have deployed SHA in an earlier run; give the variables that name it."""
    github.actions.runs = [
        Run(40, [Job("deploy", -200, -190, "success")]),
        Run(42, [Job("deploy", -10, None, None, id=7)]),
    ]
    github.runs = {"40": {"event": "push"}}
    github.commits.append(SHA)
    event = tmp_path / "event.json"
    event.write_text('{"repository": {"default_branch": "main"}}')
    return {
        "GITHUB_WORKFLOW_REF": "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
        "GITHUB_EVENT_PATH": str(event),
    }


def test_without_an_environment_there_this_jobs_last_success_was_live(
    github, devlake, report, earlier
):
    new = merged(github, 1)

    report(**earlier)

    assert entries(devlake) == [SHA, new]


def test_a_run_is_not_what_a_job_deployed_that_is_told_what_to_deploy(
    github, devlake, report, earlier
):
    new = merged(github, 1)

    ran = report("--sha", new, **earlier)

    assert entries(devlake) == [new]
    assert "What was live before is not known" in ran.out


def test_a_merge_queues_group_has_each_of_its_pull_requests(github, devlake, report):
    works = [sha("a"), sha("b")]
    merges = [sha("queue a"), sha("queue b")]
    github.commits += [works[0], merges[0], works[1], merges[1]]
    github.pull(1, merges[0], commits=[works[0]])
    github.pull(2, merges[1], commits=[works[1]])

    report("--changes-since", BASE)

    assert entries(devlake) == [BASE, *merges]


def test_an_enterprise_server_has_graphql_beside_its_rest(github, devlake, report):
    merged(github, 1)

    report("--changes-since", BASE, GITHUB_API_URL=f"{github.url}/api/v3")

    assert entries(devlake) == [BASE, sha(1)]
    assert "/api/graphql" in github.asked


def test_a_service_is_not_told_by_an_environment_that_it_shares(github, devlake, report):
    one = merged(github, 1)
    merged(github, 2)
    github.deployment(one, ("SUCCESS", "2026-02-28T08:00:00Z"), run=40)
    github.runs = {"40": {"event": "push"}}

    ran = report("--service", "api", "--changes-path", ".")

    assert entries(devlake) == [sha(2)]
    assert "--changes-since" in ran.out


def test_250_pull_requests_take_few_questions(github, devlake, report):
    for number in range(1, 251):
        merged(github, number)

    report("--changes-since", BASE)

    assert len(github.asked) <= 12
    assert len(deployed(devlake)) == 250
