"""The image, run as the runner of GitHub Actions runs a container action.

What the runner does: ContainerActionHandler.cs and Handler.cs in actions/runner, v2.336.0. Each
stage is a container of its own; inputs are `INPUT_*` with their hyphens kept, empty where they are
not given; `HOME` is forced; main's GITHUB_STATE comes back as `STATE_*`; the workspace is another
user's.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from devlake_sandbox import Sandbox
from tests.support import DATA, SHA, Ran

ROOT = Path(__file__).parent.parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
CONTEXTS = {"job.status": "success", "github.token": "", "job.check_run_id": "53800012345",
            "strategy.job-index": "0"}  # fmt: skip
RUN = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_API_URL": "http://127.0.0.1:9",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_JOB": "deploy",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_REF_NAME": "main",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_RUN_ID": "42",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_SHA": SHA,
    "GITHUB_WORKSPACE": "/github/workspace",
    "GITHUB_EVENT_PATH": "/github/workflow/event.json",
    "HOME": "/github/home",
    "RUNNER_TEMP": "/github/runner_temp",
}


class Runner:
    """A runner with one job, whose steps are main and post of our action."""

    def __init__(self, image, folder):
        self.image = image
        self.folder = folder
        self.state = {}
        for each in ("workspace", "home", "workflow", "file_commands", "runner_temp"):
            (folder / each).mkdir()
        (folder / "workflow" / "event.json").write_text(
            json.dumps({"head_commit": {"id": SHA, "message": "Sell ::error::more\n##[error]x"}})
        )
        for path in (folder, *folder.rglob("*")):
            os.chown(path, 1001, 1001)

    def stage(self, entrypoint, contexts, more=(), **inputs):
        """Run one stage in a new container, with its inputs evaluated anew."""
        files = {
            name: f"{entrypoint}_{name}" for name in ("OUTPUT", "STATE", "STEP_SUMMARY", "ENV")
        }
        for name in files.values():
            (self.folder / "file_commands" / name).touch()
        env = {
            **RUN,
            **{f"INPUT_{name.upper()}": text for name, text in evaluated(contexts, inputs).items()},
            **{f"STATE_{name}": text for name, text in self.state.items()},
            **{f"GITHUB_{name}": f"/github/file_commands/{file}" for name, file in files.items()},
        }
        volumes = [
            f"--volume={self.folder / each}:/github/{each}"
            for each in ("workspace", "home", "workflow", "file_commands", "runner_temp")
        ]
        ran = subprocess.run(
            [
                *("docker", "run", "--rm", "--network=host", "--workdir=/github/workspace"),
                *volumes, *more, *(word for name in env for word in ("--env", name)),
                *("--entrypoint", ACTION["runs"][entrypoint], self.image),
            ],
            env={**os.environ, **env}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        written = {name: (self.folder / "file_commands" / file).read_text()
                   for name, file in files.items()}  # fmt: skip
        self.state |= entries(written["STATE"])
        return ran, entries(written["OUTPUT"]), written["STEP_SUMMARY"]

    def job(self, status, first=None, **inputs):
        """Run main, then post at the end of a job that ended like this."""
        main = self.stage("entrypoint", CONTEXTS, **(inputs if first is None else first))
        return main, self.stage("post-entrypoint", {**CONTEXTS, "job.status": status}, **inputs)


def evaluated(contexts, inputs):
    """Merge what the user gave with the declared defaults, evaluated now."""
    defaults = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
    return {
        name: re.sub(r"\$\{\{ (.*?) \}\}", lambda found: contexts[found[1]], str(text))
        for name, text in (defaults | inputs).items()
    }


def entries(text):
    """Read an output file as FileCommandManager.cs does: name<<DELIMITER, lines, DELIMITER."""
    found, rest = {}, text
    while rest:
        head, _, rest = rest.partition("\n")
        name, mark, delimiter = head.partition("<<")
        assert mark, f"a line that is no entry: {head!r}"
        value, mark, rest = rest.partition(f"\n{delimiter}\n")
        assert mark, f"an entry without an end: {name}"
        found[name] = value
    return found


@pytest.fixture
def runner(image, tmp_path):
    return Runner(image, tmp_path)


@pytest.fixture
def devlake():
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def inputs(devlake):
    return {"url": devlake.connection_url, "token": devlake.token, "environment": "production"}


@pytest.mark.parametrize(
    ("status", "result"), [("success", "SUCCESS"), ("failure", "FAILURE"), ("cancelled", "ABORT")]
)
def test_at_the_end_of_a_job_its_final_status_is_reported(runner, devlake, inputs, status, result):
    (main, out, _), (post, _, summary) = runner.job(status, **inputs)

    (deployment,) = devlake.rows("cicd_deployments")
    (commit,) = devlake.rows("cicd_deployment_commits")
    assert (main.returncode, post.returncode) == (0, 0)
    assert (deployment["result"], deployment["environment"]) == (result, "PRODUCTION")
    assert deployment["id"] == out["deployment-id"]
    assert deployment["id"] == "github:github.com/acme/shop:42:53800012345::production"
    assert deployment["started_date"][:19].replace(" ", "T") + "Z" == runner.state["started"]
    assert (commit["repo_url"], commit["commit_sha"]) == ("https://github.com/acme/shop", SHA)
    assert commit["commit_msg"] == "Sell ::error::more\n##[error]x"
    assert "Reported to DevLake" in summary
    assert not [line for line in (post.stdout + post.stderr).splitlines() if "##[" in line]
    assert devlake.token not in Ran(0, post.stdout, post.stderr).shown + summary


def test_main_sends_nothing_and_fails_for_nothing(runner, devlake):
    main, out, _ = runner.stage("entrypoint", CONTEXTS, url="nonsense", environment="")

    assert main.returncode == 0
    assert out == {}
    assert devlake.rows("cicd_deployments") == []


def test_inputs_that_only_later_steps_fill_are_taken_at_the_end(runner, devlake, inputs):
    other = "1234567890abcdef1234567890abcdef12345678"

    runner.job("success", first={"sha": "", "environment": ""}, **inputs, sha=other)

    (commit,) = devlake.rows("cicd_deployment_commits")
    assert commit["commit_sha"] == other


def test_now_is_reported_at_once_with_outputs_and_not_again(runner, devlake, inputs):
    (main, out, _), (post, _, _) = runner.job("failure", **inputs, at="now", result="success")

    assert (main.returncode, post.returncode) == (0, 0)
    assert out == {
        "reported": "true",
        "deployment-id": "github:github.com/acme/shop:42:53800012345::production",
        "result": "SUCCESS",
    }
    assert len(devlake.requests) == 1


@pytest.mark.parametrize(("fail_on_error", "code"), [("false", 0), ("true", 4)])
def test_a_wrong_token_is_loud_and_fails_the_job_only_if_asked_to(
    runner, devlake, inputs, fail_on_error, code
):
    wrong = {**inputs, "token": "wr0ng", "fail-on-error": fail_on_error}

    (main, _, _), (post, _, summary) = runner.job("success", **wrong)

    assert (main.returncode, post.returncode) == (0, code)
    assert f"::{'error' if code else 'warning'} title=DevLake::" in post.stderr
    assert "api key is invalid" in summary.replace("&#46;", ".")
    assert devlake.rows("cicd_deployments") == []


def test_without_secrets_as_in_a_fork_it_is_green_and_says_why(runner, inputs):
    (_, _, _), (post, _, _) = runner.job("success", **{**inputs, "token": ""})

    assert post.returncode == 0
    assert "A fork's pipelines get no secrets" in post.stderr


def test_a_checkout_of_another_owner_tells_the_commit_of_a_tag(runner, devlake, inputs):
    git = ["git", "-C", runner.folder / "workspace", "-c", "safe.directory=*"]
    git += ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (
        ["init", "--quiet"],
        ["remote", "add", "origin", "https://github.com/acme/shop.git"],
        ["commit", "--quiet", "--allow-empty", "--message", "A release"],
        ["tag", "v1.2.3"],
    ):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    for path in (runner.folder / "workspace").rglob("*"):
        os.chown(path, 1001, 1001)

    runner.job("success", **inputs, sha="v1.2.3")

    (commit,) = devlake.rows("cicd_deployment_commits")
    assert (commit["commit_sha"], commit["ref_name"]) == (head.stdout.strip(), "v1.2.3")
    assert commit["commit_msg"] == "A release"


def test_a_read_only_root_file_system_is_enough(runner, devlake, inputs):
    main, _, _ = runner.stage(
        "entrypoint",
        CONTEXTS,
        more=("--read-only",),
        **inputs,
        at="now",
        result="success",
    )

    assert main.returncode == 0
    assert len(devlake.rows("cicd_deployments")) == 1


def test_as_a_plugins_step_the_image_reports_with_its_settings(image, devlake):
    drone = json.loads((DATA / "environments/drone/re-run.json").read_text())["env"]
    settings = {"url": devlake.connection_url, "token": devlake.token, "environment": "production"}
    env = drone | {f"PLUGIN_{name.upper()}": text for name, text in settings.items()}

    subprocess.run(
        ["docker", "run", "--rm", "--network=host",
         *(word for name in env for word in ("--env", name)), image],
        env={**os.environ, **env}, check=True,
    )  # fmt: skip

    (deployment,) = devlake.rows("cicd_deployments")
    assert deployment["result"] == "FAILURE"


def test_what_runners_and_executors_ask_of_an_image_is_there(image):
    script = """
        printf 'a b\\n' | sed s/a/c/ | grep -q '^c b$'
        mkdir /tmp/one && tail -n 1 /etc/os-release > /tmp/one/file
        cd /tmp && tar -czf one.tar.gz one && gzip -t one.tar.gz && tar -xzf one.tar.gz
        find . -type f -exec stat -c '%b %n' {} \\; | sort | cut -d ' ' -f 2 | xargs cat > /dev/null
        timeout 5 env sleep 0
        sha256sum /bin/sh && id && uname -s && date && mktemp -d
    """

    subprocess.run(
        ["docker", "run", "--rm", image, "sh", "-e", "-o", "pipefail", "-c", script],
        check=True, capture_output=True,
    )  # fmt: skip


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_the_stand_in_server_is_left_out_and_it_says_where_it_is(image, command):
    ran = subprocess.run(
        ["docker", "run", "--rm", image, "devlake-ci", command],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 2
    assert f"pip install devlake-ci, then devlake-ci {command}" in ran.stderr


def test_nothing_is_left_of_the_build(image):
    names = "-name *.whl -o -name pip -o -name devlake_sandbox -o -path /root/.cache/*"
    listing = f"find / -xdev ( {names} ) -print"

    left = subprocess.run(
        ["docker", "run", "--rm", image, *listing.split()], capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    assert left.stdout == ""
