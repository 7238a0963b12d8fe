"""What `--changes gitlab` finds in GitLab's answers.

Their shapes: https://docs.gitlab.com/api/repositories/#compare-branches-tags-or-commits,
https://docs.gitlab.com/api/merge_requests/ and https://docs.gitlab.com/api/deployments/.
"""

import re
from hashlib import sha1
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.changes.test_report import deployed, entries
from tests.incidents.api import Api


def sha(name):
    return sha1(str(name).encode(), usedforsecurity=False).hexdigest()


BASE = sha("base")


class GitLab(Api):
    """Knows one history without forks; a job's own token may not compare or list its requests."""

    def __init__(self):
        super().__init__()
        self.commits, self.merged, self.deployments, self.linked = [BASE], [], [], {}
        self.diffs, self.asked = {}, []

    def merge(self, iid, *, merge=None, squash=None, head=None, **more):
        self.merged.append(
            {
                "iid": iid,
                "title": f"MR {iid}",
                "web_url": f"https://gitlab.com/acme/shop/-/merge_requests/{iid}",
                "created_at": "2026-02-27T08:00:00.000Z",
                "merged_at": "2026-02-27T09:00:00.000+00:00",
                "author": {"name": "Ada"},
                "sha": head or sha(f"head of {iid}"),
                "merge_commit_sha": merge,
                "squash_commit_sha": squash,
            }
            | more
        )

    def deployment(self, id_, commit, ended, *, pipeline=1, job=1):
        self.deployments.insert(
            0,
            {
                "id": id_,
                "sha": commit,
                "deployable": {"id": job, "finished_at": ended, "pipeline": {"id": pipeline}},
            },
        )

    def answer(self, path, headers):
        self.asked.append(path)
        url = urlsplit(path)
        what = url.path.partition("/projects/5/")[2]
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        is_job, is_all = headers.get("job-token") == "j0b", headers.get("private-token") == "t0ken"
        if what.startswith("deployments") and (is_job or is_all):
            return 200, self._deployments(what, query)
        if not is_all:
            return (403, {"message": "403 Forbidden"}) if is_job else (401, {"message": "401"})
        if what == "repository/compare":
            return self._compare(query["from"], query["to"])
        return 200, self._merge_requests(what, query)

    def _deployments(self, what, query):
        if found := re.fullmatch(r"deployments/(\d+)/merge_requests", what):
            return self.linked.get(int(found[1]), [])
        wanted = (query["environment"], query["status"], query["order_by"], query["sort"])
        is_known = wanted == ("production", "success", "finished_at", "desc")
        return self.deployments if is_known else []

    def _merge_requests(self, what, query):
        if found := re.fullmatch(r"merge_requests/(\d+)/diffs", what):
            paths = self.diffs.get(int(found[1]), [])
            return [{"old_path": each, "new_path": each} for each in paths]
        start = (int(query["page"]) - 1) * int(query["per_page"])
        return self.merged[start : start + int(query["per_page"])]

    def _compare(self, base, head):
        if base not in self.commits:
            return 404, {"message": "404 Ref Not Found"}
        first, last = self.commits.index(base), self.commits.index(head)
        dated = "2026-02-27T09:00:00.000+00:00"
        between = self.commits[first + 1 : last + 1]
        return 200, {"commits": [{"id": each, "committed_date": dated} for each in between]}


@pytest.fixture
def gitlab():
    with GitLab().serving() as api:
        yield api


@pytest.fixture
def report(devlake_ci, devlake, gitlab):
    def ran(*options, head=None, **env):
        where = {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": gitlab.url,
            "CI_SERVER_URL": "https://gitlab.com",
            "CI_PROJECT_ID": "5",
            "CI_PROJECT_URL": "https://gitlab.com/acme/shop",
            "CI_COMMIT_SHA": head or gitlab.commits[-1],
            "CI_COMMIT_BRANCH": "main",
            "CI_PIPELINE_ID": "20",
            "CI_JOB_ID": "200",
            "CI_JOB_NAME": "deploy",
            "CI_JOB_STATUS": "success",
            "CI_JOB_TOKEN": "j0b",
            "CI_JOB_STARTED_AT": "2026-02-28T11:50:00Z",
            "CI_ENVIRONMENT_NAME": "production",
            "DEVLAKE_GITLAB_TOKEN": "t0ken",
            "DEVLAKE_URL": devlake.connection_url,
            "DEVLAKE_TOKEN": devlake.token,
            "DEVLAKE_CHANGES": "auto",
            "DEVLAKE_FINISHED_AT": "2026-02-28T12:00:00Z",
        }
        return devlake_ci("report", *options, env=where | env)

    return ran


def test_a_merge_is_its_merge_commit_else_its_squash_else_its_head(gitlab, devlake, report):
    gitlab.commits += [sha("merge"), sha("squash"), sha("head"), sha("release")]
    gitlab.merge(1, merge=sha("merge"), squash=sha("inner"))
    gitlab.merge(2, squash=sha("squash"))
    gitlab.merge(3, head=sha("head"))
    gitlab.merge(4, head=sha("rebased at the end, so on no branch"))
    gitlab.merge(5, merge=sha("elsewhere"))

    ran = report("--changes-since", BASE)

    assert ran.code == 0
    assert entries(devlake) == [BASE, *gitlab.commits[1:]]
    assert sorted(deployed(devlake)) == [1, 2, 3]


def test_of_a_long_history_the_newest_commits_are_looked_at_and_it_says_so(
    gitlab, devlake, report, monkeypatch
):
    monkeypatch.setattr("devlake_ci.changes.gitlab.HISTORY", 2)
    for number in (1, 2, 3):
        gitlab.commits.append(sha(number))
        gitlab.merge(number, merge=sha(number))

    ran = report("--changes-since", BASE)

    assert sorted(deployed(devlake)) == [2, 3]
    assert f"Only the newest 2 commits since {BASE[:12]} were looked at." in ran.out


def test_merge_requests_come_a_hundred_a_page(gitlab, devlake, report):
    for number in range(1, 151):
        gitlab.commits.append(sha(number))
        gitlab.merge(number, merge=sha(number))

    report("--changes-since", BASE)

    assert len(deployed(devlake)) == 150
    assert len(gitlab.asked) == 3


def test_the_environments_last_success_before_this_job_was_live(gitlab, devlake, report):
    gitlab.commits += [sha(1), sha(2), sha(3)]
    for number in (1, 2, 3):
        gitlab.merge(number, merge=sha(number))
    gitlab.deployment(1, sha(1), "2026-02-28T10:00:00.000Z", pipeline=10)
    gitlab.deployment(2, sha(2), "2026-02-28T11:00:00.000Z", pipeline=20)
    gitlab.deployment(3, sha(3), "2026-02-28T11:55:00.000Z", pipeline=30)

    report()

    assert entries(devlake) == [sha(1), sha(2), sha(3)]


def test_a_deployment_that_may_be_the_own_one_is_not_taken_for_what_was_live(
    gitlab, devlake, report
):
    gitlab.deployment(1, BASE, "2026-02-28T10:00:00.000Z")
    gitlab.deployments[0]["deployable"]["pipeline"] = "20"
    gitlab.commits += [sha(1)]
    gitlab.merge(1, merge=sha(1))

    ran = report()

    assert "not what its documentation says" in ran.out
    assert devlake.rows("pull_requests") == []


def test_the_jobs_own_token_may_read_what_gitlab_links_to_the_deployment(gitlab, devlake, report):
    gitlab.commits += [sha(1), sha(2)]
    gitlab.merge(2, merge=sha(2))
    gitlab.deployment(1, sha(1), "2026-02-28T10:00:00.000Z", pipeline=10)
    gitlab.deployment(2, sha(2), "2026-02-28T11:55:00.000Z", pipeline=20, job=200)
    gitlab.linked[2] = gitlab.merged

    report(DEVLAKE_GITLAB_TOKEN="")

    assert entries(devlake) == [sha(1), sha(2)]
    assert sorted(deployed(devlake)) == [2]


@pytest.mark.parametrize("odd", ["HEAD", "a" * 64])
def test_what_is_no_sha_is_not_listed_for_it_could_cost_the_deployment(
    gitlab, devlake, report, odd
):
    gitlab.commits.append(sha(1))
    gitlab.merge(1, merge=odd)
    gitlab.deployment(1, BASE, "2026-02-28T10:00:00.000Z", pipeline=10)
    gitlab.deployment(2, sha(1), "2026-02-28T11:55:00.000Z", pipeline=20, job=200)
    gitlab.linked[2] = gitlab.merged

    ran = report(DEVLAKE_GITLAB_TOKEN="")

    assert (ran.code, entries(devlake)) == (0, [sha(1)])
    assert "what this deployment shipped is not reported" in ran.out


def test_without_a_token_a_base_of_ones_own_is_not_compared(gitlab, devlake, report):
    gitlab.commits.append(sha(1))

    ran = report("--changes-since", BASE, DEVLAKE_GITLAB_TOKEN="")

    assert (ran.code, entries(devlake)) == (0, [sha(1)])
    assert "read_api" in ran.out


def test_a_base_that_gitlab_does_not_have_is_a_warning(gitlab, devlake, report):
    gitlab.commits.append(sha(1))

    ran = report("--changes-since", sha("gone"))

    assert (ran.code, entries(devlake)) == (0, [sha(1)])
    assert "404 Ref Not Found" in ran.out


def test_a_roll_back_ships_nothing(gitlab, devlake, report):
    gitlab.commits += [sha(1), sha(2)]

    ran = report("--changes-since", sha(2), head=sha(1))

    assert entries(devlake) == [sha(1)]
    assert "Nothing was shipped" in ran.out


def test_only_merge_requests_that_touch_the_services_paths_are_listed(gitlab, devlake, report):
    gitlab.commits += [sha(1), sha(2)]
    for number in (1, 2):
        gitlab.merge(number, merge=sha(number))
    gitlab.diffs = {1: ["api/x"], 2: ["web/x"]}

    report("--changes-since", BASE, "--service", "api", "--changes-path", "api")

    assert entries(devlake) == [BASE, sha(1), sha(2)]
    assert sorted(deployed(devlake)) == [1]
