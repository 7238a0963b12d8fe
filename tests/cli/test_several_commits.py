"""`devlake-ci report` of several repositories, to a stand-in for each version of DevLake."""

import json
import os
import subprocess
import sys

import pytest
import requests
import yaml

from devlake_ci import limits
from devlake_sandbox import VERSIONS, Sandbox
from tests.support import SHA, Reply, git

PIPELINE = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/release",
    "GITHUB_SHA": SHA,
    "GITHUB_REF_NAME": "main",
    "GITHUB_RUN_ID": "42",
    "DEVLAKE_CONNECTION": "1",
    "DEVLAKE_ENVIRONMENT": "production",
    "DEVLAKE_RESULT": "failure",
    "DEVLAKE_CHECK_RUN_ID": "7",
    "DEVLAKE_TOKEN": "t",
}
FIVE = [f"{number:039d}a" for number in range(5)]
LIST = "\n".join(f"acme/repo-{number}@{sha}" for number, sha in enumerate(FIVE))


@pytest.fixture(autouse=True)
def job(tmp_path, monkeypatch):
    (tmp_path / "job").mkdir()
    monkeypatch.chdir(tmp_path / "job")
    return tmp_path / "job"


@pytest.fixture
def report(devlake_ci, server):
    def ran(*arguments, git=lambda *_: None, **env):
        given = PIPELINE | {"DEVLAKE_URL": server.url} | env
        return devlake_ci("report", *arguments, env=given, git=git)

    return ran


def repository(folder, remote):
    folder.mkdir(exist_ok=True)
    git(folder, "init", "--quiet")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=Sell\n\nmore")
    git(folder, "remote", "add", "origin", remote)
    return git(folder, "rev-parse", "HEAD")


def sent(server):
    (received,) = server.received
    return [(each["repoUrl"], each["commitSha"]) for each in received.body["deploymentCommits"]]


def test_all_three_ways_combine_the_own_commit_first_and_the_same_one_once(report, server, job):
    head = repository(job / "pay", "https://me:s3cr3t@github.com/acme/pay")
    repository(job / "app", "git@github.com:acme/app.git")
    git(job / "app", "config", "--file", ".gitmodules", "submodule.x.path", "lib")
    git(job / "app", "config", "--file", ".gitmodules", "submodule.x.url", "../lib")
    git(job / "app", "update-index", "--add", "--cacheinfo", f"160000,{FIVE[1]},lib")
    git(job / "app", "add", ".gitmodules")
    git(job / "app", "commit", "--quiet", "--message", "Add lib")

    ran = report(
        DEVLAKE_COMMITS=f"- acme/web@{FIVE[0]}\n- acme/release@{SHA}\n- acme/lib@{FIVE[1]}\n",
        DEVLAKE_CHECKOUT="pay\n\n pay ",
        DEVLAKE_SUBMODULES="app",
    )

    assert ran.code == 0
    assert sent(server) == [
        ("https://github.com/acme/release", SHA),
        ("https://github.com/acme/web", FIVE[0]),
        ("https://github.com/acme/lib", FIVE[1]),
        ("https://github.com/acme/pay", head),
    ]
    assert "s3cr3t" not in ran.out + ran.err


def test_every_commit_has_the_result_and_the_dates_of_the_deployment(report, server):
    report("--commits", LIST)

    body = server.received[0].body
    shared = ("result", "createdDate", "startedDate", "finishedDate")
    assert len(body["deploymentCommits"]) == 6
    for each in body["deploymentCommits"]:
        assert {name: each[name] for name in shared} == {name: body[name] for name in shared}


def test_the_deployment_is_called_after_its_first_commit_and_has_the_jobs_own_id(
    report, server, job
):
    repository(job / "pay", "https://github.com/acme/pay")

    where = {"DEVLAKE_CONNECTION": "", "DEVLAKE_PROJECT": "{repo}"}
    report("--exclude-own-commit", "--checkout=pay", f"--commits=acme/web@{FIVE[0]}", **where)
    report(**where)

    others, own = (each.body for each in server.received)
    assert [each["repoUrl"] for each in others["deploymentCommits"]] == [
        "https://github.com/acme/web", "https://github.com/acme/pay",
    ]  # fmt: skip
    assert others["name"] == "Deploy acme/web to production"
    assert others["id"] == own["id"]
    assert "/projects/release/" in server.received[0].path


def test_the_title_is_of_the_first_commit(report, server, job):
    repository(job / "pay", "https://github.com/acme/pay")

    report("--exclude-own-commit", "--checkout=pay")

    assert server.received[0].body["displayTitle"] == "Sell"


@pytest.mark.parametrize("version", VERSIONS)
def test_whatever_the_version_it_is_one_deployment_of_all_commits(devlake_ci, version):
    with Sandbox(version=version) as devlake:
        where = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
        for _ in range(2):
            ran = devlake_ci("report", "--commits", LIST, env=PIPELINE | where)

        assert ran.code == 0
        (deployment,) = devlake.rows("cicd_deployments")
        commits = devlake.rows("cicd_deployment_commits")
        assert {each["cicd_deployment_id"] for each in commits} == {deployment["id"]}
        assert {each["commit_sha"] for each in commits} == {SHA, *FIVE}
        assert {each["result"] for each in (deployment, *commits)} == {"FAILURE"}
        of_one_run = 1 if version not in ("v0.20.0", "v0.21.0") else 6
        assert sum(each["status"] == 200 for each in devlake.requests) == 2 * of_one_run


@pytest.mark.parametrize("version", ["v0.20.0", "v0.21.0"])
def test_a_failure_after_the_third_of_five_is_told_and_retried_safely(report, server, version):
    options = ("--dialect=legacy", "--exclude-own-commit", "--commits", LIST)
    server.script = [Reply(), Reply(), Reply(), Reply(400, {"message": "no"}), Reply()]

    failed, done = report(*options), report(*options)

    assert (failed.code, done.code) == (4, 0)
    assert "3 of its 5 requests were stored before; sending the same report again" in failed.err
    with Sandbox(version=version) as devlake:
        bearer = {"Authorization": f"Bearer {devlake.token}"}
        arrived = [each.body for number, each in enumerate(server.received) if number != 3]
        for body in arrived:
            requests.post(devlake.connection_url, json=body, headers=bearer, timeout=10)
        assert len(devlake.rows("cicd_deployments")) == 1
        assert len(devlake.rows("cicd_deployment_commits")) == 5


def test_a_thousand_commits_are_one_request_and_no_call_of_git(report, server, job):
    entries = [
        {"repo_url": f"https://github.com/acme/repo-{number}", "sha": f"{number:039d}a"}
        for number in range(1000)
    ]
    (job / "commits.yml").write_text(yaml.safe_dump(entries))
    asked = []

    ran = report("--commits", "commits.yml", "--message=x", git=lambda *words: asked.append(words))
    alone = list(asked)
    asked.clear()
    report("--message=x", git=lambda *words: asked.append(words))

    assert ran.code == 0
    assert len(server.received[0].body["deploymentCommits"]) == 1001
    assert alone == asked
    assert "and 981 more" in ran.out


@pytest.mark.parametrize(("most", "code"), [(5, 0), (4, 2)])
def test_all_additional_commits_together_are_bounded(
    report, server, job, monkeypatch, *, most, code
):
    monkeypatch.setattr(limits, "MOST_COMMITS", most)
    for number, sha in enumerate(FIVE):
        (job / f"{number}.yml").write_text(f"- acme/repo-{number}@{sha}")

    ran = report("--commits=*.yml")

    assert (ran.code, bool(server.received)) == (code, code == 0)
    assert ("Altogether more than 4 commits" in ran.err) == (code == 2)


def test_jobs_can_each_leave_a_file(report, server, job):
    (job / "out").mkdir()
    for number, sha in enumerate(FIVE):
        (job / "out" / f"{number}.json").write_text(json.dumps([f"acme/repo-{number}@{sha}"]))

    report("--commits=out/*.json")

    assert [sha for _, sha in sent(server)] == [SHA, *FIVE]


def test_a_tag_of_another_repository_is_asked_of_the_cis_api(report, server):
    server.script = [Reply(200, {"sha": FIVE[0]}), Reply()]

    ran = report("--commits=acme/web@v1", DEVLAKE_GITHUB_TOKEN="gh", GITHUB_API_URL=server.url,
                 DEVLAKE_CREATED_AT="1772359200", DEVLAKE_STARTED_AT="1772359200")  # fmt: skip

    asked, posted = server.received
    assert ran.code == 0
    assert asked.path == "/repos/acme/web/commits/v1"
    assert posted.body["deploymentCommits"][1]["commitSha"] == FIVE[0]
    assert posted.body["deploymentCommits"][1]["refName"] == "v1"


def test_another_servers_repository_is_not_asked_of_the_cis_api(report, server):
    ran = report("--commits=https://gitlab.com/acme/web@v1", GITHUB_API_URL=server.url)

    assert (ran.code, server.received) == (3, [])


@pytest.mark.parametrize(
    ("options", "ends"),
    [
        (["--commits=nowhere.yml"], (2, '--commits: "nowhere.yml" can\'t be read')),
        (["--commits=nowhere/*"], (2, 'no file matches "nowhere/*"')),
        (["--commits=."], (2, '"." is a folder')),
        (["--commits=large"], (2, "is too large")),
        (["--commits=link"], (2, "leads out of the job's folder")),
        (["--commits=- {repo_url: https://h.example/a, sha: 1234567e10}"], (2, "put it in quotes")),
        (["--commits=- !!python/object/apply:os.system [touch ran]"], (2, "tag")),
        (["--commits=acme/web@v1"], (3, 'entry 1 (line 1): could not find the commit that "v1"')),
        (["--commits", "[]\n" + "#" * 3_000_000], (2, "is larger than")),
        (["--commits", "\n".join(f"a/b@{n:040x}" for n in range(10_001))], (2, "more than 10000")),
        (["--checkout=."], (3, "not a git repository")),
        (["--checkout=link"], (2, "leads out of the job's folder")),
        (["--submodules=.."], (2, "leads out of the job's folder")),
        (["--submodules-recursive"], (2, "does nothing without --submodules")),
        (["--exclude-own-commit"], (2, "leaves no commit to report")),
        (["--exclude-own-commit", "--commits=[]"], (3, "there is no commit to report")),
        (["--commits="], (2, "it is empty")),
    ],
)
def test_what_cannot_be_used_is_an_error_and_nothing_is_sent(report, server, job, options, ends):
    (job / "large").write_bytes(b"#" * 10_000_000)
    (job / "link").symlink_to("/etc")

    code, says = ends
    ran = report(*options)

    assert (ran.code, server.received) == (code, [])
    assert says in ran.err
    assert not (job / "ran").exists()


@pytest.mark.parametrize(("options", "expected"), [([], False), (["--commits=[]"], True)])
def test_what_reads_a_list_is_imported_only_for_one(options, expected):
    code = (
        "import sys\nfrom devlake_ci import runtime\nfrom devlake_ci.cli import invoke\n"
        "invoke(sys.argv[1:], runtime.real_runtime())\nprint('pydantic' in sys.modules)"
    )
    dry = ["report", "--dry-run", "--url=http://h", "--repo-url=https://h.example/a/b"]
    command = [sys.executable, "-c", code, *dry, *options]

    ran = subprocess.run(command, env=os.environ | PIPELINE, capture_output=True, check=True)

    assert ran.stdout.decode().splitlines()[-1] == str(expected)


def test_the_list_that_went_to_devlakes_webhook_is_taken(report, server):
    item = {"repoUrl": "https://me:s3cr3t@github.com/acme/x", "commitSha": "b" * 40,
            "refName": "main"}  # fmt: skip

    ran = report("--commits", json.dumps([item]))

    assert ran.code == 0
    assert sent(server)[1:] == [("https://github.com/acme/x", "b" * 40)]
    assert server.received[0].body["deploymentCommits"][1]["refName"] == "main"


def test_a_checkout_behind_a_deploy_key_is_the_repository_that_is_configured(report, server, job):
    repository(job / "pay", "https://github.com/acme/pay")
    to = "git@key-0123456789abcdef.github.com:acme/pay"
    git(job / "pay", "config", f"url.{to}.insteadOf", "https://github.com/acme/pay")

    report("--checkout=pay")

    assert [url for url, _ in sent(server)] == [
        "https://github.com/acme/release",
        "https://github.com/acme/pay",
    ]


def test_an_empty_list_adds_nothing_to_the_jobs_own_commit(report, server):
    report("--commits=[]")

    assert [sha for _, sha in sent(server)] == [SHA]


def test_empty_variables_are_unset(report, server):
    names = ("COMMITS", "CHECKOUT", "SUBMODULES", "SUBMODULES_RECURSIVE", "EXCLUDE_OWN_COMMIT")

    ran = report(**{f"DEVLAKE_{name}": "" for name in names})

    assert ran.code == 0
    assert len(sent(server)) == 1


def test_the_own_commit_is_still_wanted_unless_it_is_left_out(devlake_ci, server):
    env = {name: value for name, value in PIPELINE.items() if name != "GITHUB_SHA"}
    arguments = ("report", "--url", server.url, "--commits", LIST)

    wanted = devlake_ci(*arguments, env=env)
    left_out = devlake_ci(*arguments, "--exclude-own-commit", env=env)

    assert (wanted.code, left_out.code) == (3, 0)
    assert len(sent(server)) == 5
