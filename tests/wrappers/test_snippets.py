"""What the examples for the other CIs hand over is what the program reads."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml

from devlake_ci import ci
from devlake_ci.model import Result
from devlake_ci.options import declared, variable
from devlake_sandbox import Sandbox
from tests.support import SHA, archive

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
FOLDERS = {"argo": "argo-workflows"}
PAGES = {"forgejo": "gitea"}
FILES = [path for path in sorted(EXAMPLES.rglob("*")) if path.is_file()]
VARIABLES = {variable(each.name) for each in declared()}
OUTPUTS = "DEVLAKE_OUT_"
BIN = Path(sys.executable).parent
HOOK = EXAMPLES / "buildkite" / "plugin" / "hooks" / "post-command"
BUILDKITE = json.loads((ROOT / "tests/data/environments/buildkite/branch.json").read_text())["env"]


def read(path):
    return yaml.safe_load((EXAMPLES / path).read_text())


def context(environment):
    return ci.read_context(environment, lambda _: None, lambda *_: None)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_an_example_sets_variables_that_are_options(path):
    named = set(re.findall(r"\bDEVLAKE_[A-Z_]+\b", path.read_text()))

    assert {name for name in named if not name.startswith(OUTPUTS)} <= VARIABLES


@pytest.mark.parametrize("name", ci.KNOWN)
def test_every_ci_has_a_page_that_the_readme_names_and_that_shows_its_examples(name):
    folder = FOLDERS.get(name, name)
    page = f"docs/{PAGES.get(name, folder)}.md"

    assert f"({page})" in (ROOT / "README.md").read_text()
    assert f"(../examples/{folder}/" in (ROOT / page).read_text()


PLACES = {"drone": "drone/drone.yml", "woodpecker": "woodpecker/woodpecker.yaml"}


@pytest.mark.parametrize(("ci", "status", "result"), [
    ("drone", "success", "SUCCESS"), ("drone", "failure", "FAILURE"),
    ("woodpecker", "success", "SUCCESS"), ("woodpecker", "failure", "FAILURE"),
])  # fmt: skip
@pytest.mark.parametrize("began", [True, False])
def test_a_step_reports_how_the_deployment_ended_if_it_began(tmp_path, ci, status, result, began):
    (step,) = [each for each in read(PLACES[ci])["steps"] if "devlake" in each["name"]
               and status in str(each["when"])]  # fmt: skip
    (command,) = step["commands"]
    if began:
        (tmp_path / "deploy-began").touch()
    recorded = json.loads((ROOT / f"tests/data/environments/{ci}/branch.json").read_text())["env"]
    env = recorded | {"PATH": f"{BIN}:{os.environ['PATH']}", "DRONE_BUILD_STATUS": status}
    given = {"DEVLAKE_ENVIRONMENT": "production", "DEVLAKE_URL": "http://lake/api",
             "DEVLAKE_CONNECTION": "1", "DEVLAKE_DRY_RUN": "true"}  # fmt: skip

    ran = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=env | given,
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert (f'"result": "{result}"' in ran.stdout) is began


RUNNING = [path for path in FILES if path.stem == "run" and "releases/download" in path.read_text()]
FETCHING = [path for path in FILES
            if "releases/download" in path.read_text() and path not in RUNNING]  # fmt: skip
FETCH = re.compile(
    r'folder=\$\(mktemp.*?&&\s+"\$folder/devlake-ci/devlake-ci[\w-]*"'
    r"(?: report[^|\n]*)?(?=\n|$| \|\|)",
    re.DOTALL,
)


@pytest.mark.parametrize(
    "path",
    [*FETCHING, *RUNNING, ROOT / "docs/spool.md"],
    ids=lambda path: f"{path.parent.name}-{path.name}",
)
def test_what_has_zeros_for_a_checksum_says_what_to_replace_them_with(path):
    said = "the archive's checksum from the release's SHA256SUMS file"

    assert re.search(f"(?i)replace the zeros (below )?with {said}", path.read_text())


@pytest.fixture
def downloads(tmp_path):
    """Return a PATH whose curl brings a program that says it ran, and that program's sum."""
    program = archive('#!/bin/sh\necho ran "$@"\n')
    (tmp_path / "archive").write_bytes(program)
    copies = f'while [ "$1" != --output ]; do shift; done; cp {tmp_path}/archive "$2"'
    (tmp_path / "curl").write_text(f"#!/bin/sh\n{copies}\n")
    (tmp_path / "curl").chmod(0o755)
    return f"{tmp_path}:/usr/bin:/bin", hashlib.sha256(program).hexdigest()


@pytest.mark.parametrize("path", FETCHING, ids=lambda path: str(path.relative_to(EXAMPLES)))
@pytest.mark.parametrize("is_right", [True, False])
def test_the_fetched_program_runs_only_if_its_sum_is_the_releases(downloads, path, is_right):
    path_variable, digest = downloads
    text = path.read_text().replace("${'$'}", "$")  # as Kotlin has it
    script = text if path == HOOK else FETCH.search(text)[0]
    script = script.replace("0" * 64, digest if is_right else "1" * 64)

    ran = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False,
        env={"PATH": path_variable, "BUILDKITE_COMMAND_EXIT_STATUS": "0"},
    )  # fmt: skip

    assert (re.search("(?m)^ran", ran.stdout) is not None) is is_right, ran
    assert ("FAILED" in ran.stdout) is not is_right


@pytest.mark.parametrize("path", RUNNING, ids=lambda path: str(path.relative_to(EXAMPLES)))
@pytest.mark.parametrize("trouble", [None, "another sum", "no answer", "no such system"])
def test_the_deployment_runs_without_the_key_if_the_program_can_not(
    downloads, tmp_path, path, trouble
):
    path_variable, digest = downloads
    if trouble == "no answer":
        (tmp_path / "curl").write_text("#!/bin/sh\nexit 28\n")
    if trouble == "no such system":  # its libc is too old, say
        program = archive("#!/bin/sh\nexit 1\n")
        (tmp_path / "archive").write_bytes(program)
        digest = hashlib.sha256(program).hexdigest()
    (tmp_path / "deploy.sh").write_text(
        '#!/bin/sh\necho "deployed with key:$DEVLAKE_TOKEN."\nexit 3\n'
    )
    (tmp_path / "deploy.sh").chmod(0o755)
    text = path.read_text().replace("${'$'}", "$")
    script = re.search(r"if folder=.*?^ *fi$", text, re.DOTALL | re.MULTILINE)[0]
    script = script.replace("0" * 64, "1" * 64 if trouble == "another sum" else digest)

    ran = subprocess.run(
        ["sh", "-e", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"PATH": path_variable, "DEVLAKE_TOKEN": "t0ken"},
    )  # fmt: skip

    said = "deployed with key:." if trouble else "ran run -- ./deploy.sh"
    assert ran.stdout.splitlines()[-1] == said
    assert (ran.returncode, "Nothing is reported" in ran.stdout) == (
        (3, True) if trouble else (0, False)
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_an_example_installs_nothing_that_moves_and_runs_nothing_of_the_checkout(path):
    text = path.read_text()

    assert not re.search(r"pipx run|pip install|git\+https", text)
    assert not re.search(r"devlake-ci(?:/devlake-ci|/native)?[@:/]v?0(?!\.1\.0)\b(?!\.1\b)", text)


def handed_over(container, known):
    """Return the variables of a container, with what the cluster would put in for expressions."""
    given = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    return {name: known.get(value, value) for name, value in given.items()}


def test_argo_hands_over_what_is_read():
    templates = read("argo-workflows/workflow-template.yaml")["spec"]["templates"]
    container = next(each["container"] for each in templates if each["name"] == "devlake")

    found = context(
        handed_over(
            container,
            {
                "{{workflow.uid}}": "9a3f1f0e",
                "{{workflow.status}}": "Error",
                "{{workflow.creationTimestamp.RFC3339}}": "2026-03-02T11:00:00Z",
            },
        )
    )

    assert (found.provider, found.run_id, found.result) == ("argo", "9a3f1f0e", Result.FAILURE)
    assert (found.job, found.workflow) == ("shop-deploy", "shop-deploy")
    assert found.created_at is not None


def test_tekton_hands_over_what_is_read():
    (task,) = read("tekton/pipeline.yaml")["spec"]["finally"]
    expressions = {f"$(params.{each['name']})": each["value"] for each in task["params"]}
    known = {
        "$(context.pipelineRun.uid)": "f3b1c2d4",
        "$(context.pipeline.name)": "shop",
        "$(tasks.deploy.status)": "None",
    }
    (container,) = task["taskSpec"]["steps"]

    values = {name: known.get(value, value) for name, value in expressions.items()}
    found = context(handed_over(container, values))

    assert (found.provider, found.run_id, found.workflow) == ("tekton", "f3b1c2d4", "shop")
    assert (found.job, found.result) == ("deploy", Result.SKIPPED)


@pytest.fixture
def hook(tmp_path):
    """Run Buildkite's hook on an agent that has the program, and none of our variables."""
    (tmp_path / "devlake-ci").write_text(f'#!/bin/sh\nexec {sys.executable} -m devlake_ci "$@"\n')
    (tmp_path / "devlake-ci").chmod(0o755)

    def ran(**variables):
        path = f"{tmp_path}:{os.environ['PATH']}"
        quiet = {"BUILDKITE_AGENT_ACCESS_TOKEN": ""}
        return subprocess.run(
            [shutil.which("bash"), HOOK], env={**BUILDKITE, **quiet, "PATH": path, **variables},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return ran


def test_buildkites_hook_reports_nothing_where_the_command_did_not_run(hook):
    ran = hook(BUILDKITE_COMMAND_EXIT_STATUS="")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "the command did not run" in ran.stdout


@pytest.mark.parametrize(("status", "result"), [("0", "SUCCESS"), ("1", "FAILURE")])
def test_buildkites_hook_reports_how_the_command_ended(hook, status, result):
    ran = hook(
        BUILDKITE_COMMAND_EXIT_STATUS=status,
        BUILDKITE_PLUGIN_DEVLAKE_CI_URL="http://lake",
        BUILDKITE_PLUGIN_DEVLAKE_CI_CONNECTION="1",
        BUILDKITE_PLUGIN_DEVLAKE_CI_ENVIRONMENT="$( id ) production",
        BUILDKITE_PLUGIN_DEVLAKE_CI_ON_FAILURE="fail",
        DEVLAKE_DRY_RUN="true",
        DEVLAKE_FORMAT="json",
    )

    body = json.loads(ran.stdout)["requests"][0]["body"]
    assert ran.returncode == 0
    assert (body["result"], body["originalEnvironment"]) == (result, "$( id ) production")


@pytest.mark.parametrize(("given", "code"), [({}, 0), ({"ON_FAILURE": "fail"}, 3)])
def test_buildkites_hook_fails_the_job_only_if_asked_to(hook, given, code):
    ran = hook(**{f"BUILDKITE_PLUGIN_DEVLAKE_CI_{name}": value for name, value in given.items()})

    assert ran.returncode == code
    assert ("warning: not reported" in ran.stderr) is (code == 0)


def test_buildkites_hook_reads_what_the_plugin_declares():
    declared_ones = read("buildkite/plugin/plugin.yml")["configuration"]["properties"]
    (read_ones,) = re.findall(r"for option in (.*);", HOOK.read_text())

    assert [name.upper().replace("-", "_") for name in declared_ones] == read_ones.split()


def test_argo_cds_body_is_stored_by_devlake():
    notifications = read("argo-cd/notifications.yaml")["data"]
    template = yaml.safe_load(notifications["template.devlake-deployed"])["webhook"]["devlake"]
    state = ".app.status.operationState"
    known = {
        f'printf "argocd:%s:%s" .app.metadata.uid {state}.syncResult.revision | toJson': f"a:{SHA}",
        'printf "Deploy %s" .app.metadata.name | toJson': 'Deploy "shop"',
        f"{state}.startedAt | toJson": "2026-03-02T11:00:00Z",
        f"{state}.finishedAt | toJson": "2026-03-02T11:05:00Z",
        f"{state}.syncResult.revision | toJson": SHA,
        'call .repo.RepoURLToHTTPS .app.spec.source.repoURL | trimSuffix ".git" | toJson':
            "https://github.com/acme/shop",
        ".app.spec.source.targetRevision | toJson": "main",
    }  # fmt: skip
    body = re.sub(r"{{ (.*?) }}", lambda found: json.dumps(known[found[1]]), template["body"])

    with Sandbox() as devlake:
        headers = {"Authorization": f"Bearer {devlake.token}"}
        answer = requests.post(
            devlake.connection_url, json=json.loads(body), headers=headers, timeout=60
        )
        rows = devlake.rows("cicd_deployment_commits")

    assert answer.json()["success"]
    assert [(row["commit_sha"], row["result"]) for row in rows] == [(SHA, "SUCCESS")]
