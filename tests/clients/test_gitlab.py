"""The GitLab template in pipelines, run by gitlab-ci-local (https://github.com/firecow/gitlab-ci-local).

It plays the runner and reads the template as GitLab does; what GitLab itself would know of the jobs
is told by a stand-in for its API.
"""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from devlake_sandbox import Sandbox
from tests.gitlab import GitLab, declared, included, job

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BIN = Path(sys.executable).parent
MODULES = BIN.parent / "node_modules"
HELPER = "firecow/gitlab-ci-local-util:latest"
# gitlab-ci-local wants rsync on the machine; its own helper image has it.
RSYNC = f"""#!/bin/sh
exec docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:$PWD" --workdir "$PWD" \\
  {HELPER} rsync "$@"
"""
PIPELINE = 1000  # what gitlab-ci-local calls the first one
MESSAGE = "Commit Title\nMore commit text"  # and its commit


class Ran:
    """A pipeline that was run: what was said, which jobs ran, and what DevLake got."""

    def __init__(self, done, devlake):
        self.said = done.stdout + done.stderr
        self.code = done.returncode
        starting = [line.partition(" starting ") for line in done.stdout.splitlines()]
        self.jobs = {name.strip() for name, found, _ in starting if found}
        self.sent = [request["body"] for request in devlake.requests]


@pytest.fixture
def project():
    """Return the project as GitLab sees it, in whose pipeline the job deploy ran in production."""
    gitlab = GitLab(project=1217)  # what gitlab-ci-local calls it
    gitlab.jobs = [job(pipeline=PIPELINE)]
    gitlab.deploys(501, "production", "production")
    return gitlab


@pytest.fixture
def run(project, image, tmp_path):
    """Run a pipeline of the folder pipelines in a repository of its own."""

    def ran(pipeline, *arguments, script="echo deployed"):
        text = (HERE / "pipelines" / f"{pipeline}.yml").read_text()
        text = text.replace("IMAGE", image).replace("RESULT", script)
        repository(tmp_path, {".gitlab-ci.yml": text})
        with Sandbox() as devlake, project.served() as api:
            values = {
                "CI_API_V4_URL": api,
                "CI_JOB_TOKEN": project.token,
                "DEVLAKE_URL": devlake.connection_url,
                "DEVLAKE_TOKEN": devlake.token,
            }
            return Ran(gitlab_ci_local(tmp_path, arguments, values), devlake)

    return ran


def gitlab_ci_local(folder, arguments, variables):
    words = [f"--variable={name}={value}" for name, value in variables.items()]
    path = f"{folder / 'bin'}:{MODULES / '.bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["node", MODULES / "gitlab-ci-local" / "dist" / "index.js", "--network=host",
         "--pull-policy=if-not-present", *words, *arguments],
        cwd=folder / "shop", env=os.environ | {"PATH": path}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def repository(folder, files):
    (folder / "bin").mkdir()
    (folder / "bin" / "rsync").write_text(RSYNC)
    (folder / "bin" / "rsync").chmod(0o755)
    (folder / "shop").mkdir()
    template = (ROOT / "gitlab-ci" / "devlake.yml").read_text()
    for name, text in {**files, "devlake.yml": template}.items():
        (folder / "shop" / name).write_text(text)
    git = ["git", "-C", folder / "shop", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["remote", "add", "origin", "https://gitlab.example.com/acme/shop.git"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "Sell more"],
    ):
        subprocess.run([*git, *words], check=True)


def head(folder):
    words = ["git", "-C", folder / "shop", "rev-parse", "HEAD"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def deployment(folder, result, **changes):
    """Return the whole body that is expected for the job deploy of `project`."""
    body = {
        "id": f"gitlab:gitlab.example.com/acme/shop:{PIPELINE}:501::production",
        "name": "Deploy acme/shop to production",
        "displayTitle": "Commit Title",
        "result": result,
        "environment": "PRODUCTION",
        "originalEnvironment": "production",
        "createdDate": "2026-03-01T11:00:00.123Z",
        "startedDate": "2026-03-01T11:10:00.456Z",
        "finishedDate": "2026-03-01T11:20:00.789Z",
    } | changes
    both = ("name", "displayTitle", "result", "createdDate", "startedDate", "finishedDate")
    commit = {name: body[name] for name in both} | {
        "repoUrl": "https://gitlab.example.com/acme/shop",
        "commitSha": head(folder),
        "refName": "main",
        "commitMsg": MESSAGE,
        "status": "DONE",
    }
    return body | {"deploymentCommits": [commit]}


def test_a_deployment_that_succeeded(run, tmp_path):
    ran = run("deploy")

    assert ran.sent == [deployment(tmp_path, "SUCCESS")], ran.said
    assert ran.jobs == {"deploy", "devlake-ci:deploy:success"}
    assert ran.code == 0


def test_a_deployment_that_failed(run, project, tmp_path):
    project.jobs[0]["status"] = "failed"

    ran = run("deploy", script="exit 1")

    assert ran.sent == [deployment(tmp_path, "FAILURE")], ran.said
    assert ran.jobs == {"deploy", "devlake-ci:deploy:failure"}


def test_a_deployment_that_failed_and_may(run, project, tmp_path):
    project.jobs[0]["status"] = "failed"

    ran = run("allow-failure", script="exit 1")

    assert ran.sent == [deployment(tmp_path, "FAILURE")], ran.said
    assert ran.jobs == {"deploy", "devlake-ci:deploy:success"}
    assert ran.code == 0


def test_a_deployment_that_was_played_by_hand(run, tmp_path):
    ran = run("manual", "--manual", "deploy")

    assert ran.sent == [deployment(tmp_path, "SUCCESS")], ran.said


def test_inputs_arrive_as_they_were_given(run, project, tmp_path):
    project.jobs[0]["name"] = """deploy it's "eu\""""

    ran = run("inputs")

    service = 'it\'s "quoted" $( id ) `id` $HOME ${HOME}; rm -rf ~ 🚀'
    (sent,) = ran.sent or [ran.said]
    assert sent == deployment(
        tmp_path,
        "SUCCESS",
        id=sent["id"],
        name=f"Deploy {service} of acme/shop to prod-eu $CI_COMMIT_SHA",
        originalEnvironment="prod-eu $CI_COMMIT_SHA",
        displayTitle="- [one]: {two}\n\\1 # three",
    )
    assert 'This pipeline has no job "other". Its jobs are' in ran.said


def test_jobs_report_by_themselves_without_asking_anybody(run, project, tmp_path):
    ran = run("after-script", script="exit 1")

    names = ("id", "createdDate", "startedDate", "finishedDate")  # of gitlab-ci-local's making
    assert len(ran.sent) == 2, ran.said
    one, other = sorted(ran.sent, key=lambda body: body["environment"])
    assert one == deployment(
        tmp_path,
        "FAILURE",
        **{name: one[name] for name in names},
        name='Deploy it\'s "$( id )" of acme/shop to shop/live',
        originalEnvironment="shop/live",
    )
    assert (other["result"], other["environment"]) == ("SUCCESS", "STAGING")
    assert project.asked == []


@pytest.mark.parametrize(
    ("check", "sent"),
    [("failed", [("TODO", "acme/shop: check failed in production")]), ("success", [])],
)
def test_a_check_that_fails_after_a_good_deployment_is_an_incident(run, project, check, sent):
    earlier = {"pipeline": 900, "started_at": "2026-02-01T11:00:00Z",
               "finished_at": "2026-02-01T11:01:00Z"}  # fmt: skip
    later = {"started_at": "2026-03-01T11:30:00Z", "finished_at": "2026-03-01T11:31:00Z"}
    project.jobs = [job(300, "check", **earlier), job(501, "deploy", "success", PIPELINE),
                    job(502, "check", check, PIPELINE, **later)]  # fmt: skip

    ran = run("incidents", script="echo fine" if check == "success" else "exit 1")

    incidents = [each for each in ran.sent if "issueKey" in each]
    assert [(each["status"], each["title"]) for each in incidents] == sent, ran.said
    which = "success" if check == "success" else "failure"
    assert f"devlake-ci:deploy:verify-{which}" in ran.jobs, ran.said


def test_a_command_that_runs_in_ours_is_reported_as_it_ends_and_gets_no_key(run, tmp_path):
    ran = run("run", script="exit 3")

    assert len(ran.sent) == 1, ran.said
    (body,) = ran.sent
    (commit,) = body["deploymentCommits"]
    assert (body["result"], body["environment"]) == ("FAILURE", "PRODUCTION"), ran.said
    assert commit["commitSha"] == head(tmp_path)
    assert "key:." in ran.said
    assert "FAIL 3" in ran.said


def test_a_template_included_twice_without_a_prefix_reports_both_jobs(run, project):
    project.jobs = [job(501, "to-eu", pipeline=PIPELINE), job(502, "to-us", pipeline=PIPELINE)]

    ran = run("twice")

    assert sorted(each["originalEnvironment"] for each in ran.sent) == ["prod-eu", "prod-us"], (
        ran.said
    )


def test_incidents_are_switched_on_by_an_input(run):
    ran = run("inputs", "--list-csv-all")

    table = [line for line in ran.said.splitlines() if line.count(";") > 3]
    when = {row["name"]: row["when"] for row in csv.DictReader(table, delimiter=";")}
    assert {name.partition(":")[0]: when[name] for name in when if "verify-failure" in name} == {
        "eu": "never", "us": "on_failure"
    }  # fmt: skip


@pytest.mark.parametrize("part", ["header", "jobs"])
def test_the_template_is_what_gitlabs_schema_takes(tmp_path, part):
    header = {"spec": {"inputs": declared()}}
    content = {"header": header, "jobs": included(verify_job="check")[1]}[part]
    (tmp_path / "part.yml").write_text(yaml.safe_dump(content))

    checked = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", tmp_path / "part.yml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert checked.returncode == 0, checked.stdout
