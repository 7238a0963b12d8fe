"""Other CIs in miniature: which of an example's scripts each runs, and with which variables.

As far as our examples go. Shell runs in a real shell; what it calls the program with is `heard`.
"""

import json
import os
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.support import DATA, archive

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
NOTE = """#!/bin/sh
number=$(ls "$NOTES" | wc -l)
env -0 >"$NOTES/$number"
printf '%s\\0' "" "$@" >>"$NOTES/$number"
"""
FETCH = """#!/bin/sh
while [ "$1" != --output ]; do shift; done
cp "${0%/*}/../archive" "$2"
"""


def read(path):
    return yaml.safe_load((EXAMPLES / path).read_text())


def variables(ci, record, folder):
    """Return what a CI says of a job, as it was recorded, but for our own variables.

    Files that it names are put into the folder.
    """
    recorded = json.loads((DATA / "environments" / ci / f"{record}.json").read_text())
    env, files = recorded["env"], recorded.get("files", {})
    places = {path: str(folder / Path(path).name) for path in files}
    for path, text in files.items():
        Path(places[path]).write_text(moved(text, places))
    return {name: moved(text, places) for name, text in env.items()
            if not name.startswith("DEVLAKE_")}  # fmt: skip


def moved(text, places):
    for path, place in places.items():
        text = text.replace(path, place)
    return text


@dataclass
class Machine:
    """Runs a job's scripts, in which `deploy` succeeds, fails, or is skipped by its condition.

    `before` is how a step before it in the same job ends.
    """

    folder: Path
    deploy: str = "success"
    before: str = "success"
    env: dict = field(default_factory=dict)
    heard: list = field(default_factory=list)
    """For each time that the program was called, its arguments and variables."""

    def __post_init__(self):
        for name in ("bin", "notes", "work"):
            (self.folder / name).mkdir(exist_ok=True)
        failing = "exit 1" if self.deploy == "failure" else "exit 0"
        programs = {"bin/devlake-ci": NOTE, "bin/curl": FETCH, "bin/sha256sum": "#!/bin/sh\n",
                    "work/deploy.sh": f"#!/bin/sh\n{failing}\n"}  # fmt: skip
        (self.folder / "archive").write_bytes(archive(NOTE))
        for name, text in programs.items():
            (self.folder / name).write_text(text)
            (self.folder / name).chmod(0o755)

    def sh(self, script, env=(), shell=("sh", "-e", "-c")):
        """Run a script; return its exit code and what it printed."""
        notes = self.folder / "notes"
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        done = subprocess.run(
            [*shell, script], cwd=self.folder / "work",
            env=self.env | dict(env) | {"PATH": path, "NOTES": str(notes)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        for note in sorted(notes.iterdir(), key=lambda each: int(each.name)):
            env_part, _, arguments = note.read_text().partition("\0\0")
            pairs = (each.split("=", 1) for each in env_part.split("\0"))
            self.call(arguments.split("\0")[:-1], dict(pairs))
            note.unlink()
        return done.returncode, done.stdout

    def call(self, arguments, env):
        """Note a call of the program."""
        self.heard.append((arguments, env))

    @property
    def is_failing(self):
        return "failure" in (self.before, self.deploy)


def azure(machine):
    """https://learn.microsoft.com/azure/devops/pipelines/process/conditions"""
    (job,) = read("azure/azure-pipelines.yml")["jobs"]
    known, failed = defaultdict(str), machine.before == "failure"
    known["Build.Reason"] = machine.env.get("BUILD_REASON", "")
    for step in job["strategy"]["runOnce"]["deploy"]["steps"]:
        if "bash" in step and not failed and machine.deploy != "skipped":
            code, said = machine.sh(step["bash"])
            failed = code != 0
            known |= re.findall(r"##vso\[task\.setvariable variable=(\w+)\](\w+)", said)
        if "template" in step:
            (ours,) = read(f"azure/{step['template']}")["steps"]
            status = "Failed" if failed else "Succeeded"
            if holds(ours["condition"], known):
                given = {name: re.sub(r"\$\{\{.*?\}\}", "", text)
                         for name, text in ours["env"].items() if "$(" not in text}  # fmt: skip
                machine.sh(ours["bash"], {"AGENT_JOBSTATUS": status, **given})


def holds(condition, known):
    """Evaluate a condition of Azure's: functions, and `variables['name']`."""
    functions = {
        "and_": lambda *each: all(each), "always": lambda: True, "variables": known,
        "eq": lambda one, other: one == other, "ne": lambda one, other: one != other,
    }  # fmt: skip
    return eval(condition.replace("and(", "and_("), {"__builtins__": {}}, functions)  # noqa: S307 (ours)


def bitbucket(machine):
    """https://support.atlassian.com/bitbucket-cloud/docs/step-options/#After-script"""
    (part,) = read("bitbucket/bitbucket-pipelines.yml")["pipelines"]["branches"]["main"]
    step = part["step"]
    if machine.deploy == "skipped":
        return  # a step is skipped whole
    code, _ = machine.sh("\n".join([*failing(machine), *step["script"]]))
    env = {"BITBUCKET_EXIT_CODE": str(code),
           "BITBUCKET_DEPLOYMENT_ENVIRONMENT": step["deployment"]}  # fmt: skip
    machine.sh("\n".join(step["after-script"]), env)


def failing(machine):
    return ["false"] if machine.before == "failure" else []


def buildkite(machine):
    """https://buildkite.com/docs/agent/hooks: without a command there is no status."""
    (step,) = read("buildkite/pipeline.yml")["steps"]
    (plugin,) = step["plugins"]
    env = {f"BUILDKITE_PLUGIN_DEVLAKE_CI_{name.upper()}": text
           for given in plugin.values() for name, text in given.items()}  # fmt: skip
    machine.env.pop("BUILDKITE_COMMAND_EXIT_STATUS", None)
    if machine.deploy == "skipped":
        return
    if machine.before == "success":
        env["BUILDKITE_COMMAND_EXIT_STATUS"] = str(machine.sh(step["command"])[0])
    machine.sh((EXAMPLES / "buildkite/plugin/hooks/post-command").read_text(), env, ("bash", "-c"))


def codebuild(machine):
    """https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html"""
    spec = read("codebuild/buildspec.yml")
    machine.env |= spec["env"]["variables"]
    if machine.deploy == "skipped":
        return  # an earlier phase failed
    code, _ = machine.sh("\n".join([*failing(machine), *spec["phases"]["build"]["commands"]]))
    succeeding = {"CODEBUILD_BUILD_SUCCEEDING": str(int(code == 0))}
    machine.sh("\n".join(spec["phases"]["post_build"]["commands"]), succeeding)


def drone(machine):
    """https://docs.drone.io/pipeline/docker/syntax/conditions/#by-status"""
    _steps(machine, read("drone/drone.yml"), lambda when: when.get("status", ["success"]))


def woodpecker(machine):
    """https://woodpecker-ci.org/docs/usage/workflow-syntax#status"""
    _steps(
        machine, read("woodpecker/woodpecker.yaml"),
        lambda when: when[0].get("status", ["success"]) if when else ["success"],
    )  # fmt: skip


def _steps(machine, pipeline, statuses):
    failed = machine.before == "failure"
    for step in pipeline["steps"]:
        status = "failure" if failed else "success"
        deploys = step["name"] == "deploy"
        if status not in statuses(step.get("when", {})) or (
            deploys and machine.deploy == "skipped"
        ):
            continue
        env = {name: text for name, text in step.get("environment", {}).items()
               if isinstance(text, str)}  # fmt: skip
        code, _ = machine.sh("\n".join(step["commands"]), env | {"DRONE_BUILD_STATUS": status})
        failed = failed or (code != 0 and step.get("failure") != "ignore")


def jenkins(machine):
    """https://www.jenkins.io/doc/book/pipeline/syntax/#post"""
    text = (EXAMPLES / "jenkins/Jenkinsfile").read_text()
    if machine.deploy == "skipped" or machine.before == "failure":
        return
    (deploys,) = re.findall(r"sh '(\./[^']+)'", text)
    condition = "success" if machine.sh(deploys)[0] == 0 else "failure"
    (result,) = re.findall(rf"\b{condition} {{\s*reportToDevLake\('(\w+)'\)", text)
    (script,) = re.findall(r"sh '''(.*?)'''", text, re.DOTALL)
    given = dict(re.findall(r"'(DEVLAKE_\w+)=([^']*)'", text))
    machine.sh(script, given | {"DEVLAKE_RESULT": result})


def teamcity(machine):
    """https://www.jetbrains.com/help/teamcity/build-step-execution-conditions.html"""
    text = (EXAMPLES / "teamcity/settings.kts").read_text().replace("${'$'}", "$")
    machine.env |= dict(re.findall(r'param\("env\.(\w+)", "(.*?)"\)', text))
    (report,) = re.findall(r'fun report.*?"""(.*?)"""', text, re.DOTALL)
    failed, steps = machine.before == "failure", text.split("script {")[1:]
    for step in steps:
        body = re.search(r'scriptContent = ("""|")(.*?)\1', step, re.DOTALL)[2]
        for result in re.findall(r'\+ report\("(\w+)"\)', step):
            body += "\n" + report.replace("$result", result)
        if "./deploy.sh" in body and machine.deploy == "skipped":
            continue
        if not failed or "RUN_ON_FAILURE" in step:
            body = body.replace("%teamcity.build.tempDir%", str(machine.folder))
            failed = machine.sh(body)[0] != 0 or failed


def travis(machine):
    """https://docs.travis-ci.com/user/job-lifecycle/#breaking-the-build"""
    build = read("travis/travis.yml")
    machine.env |= dict(each.split("=", 1) for each in build["env"]["global"])
    if machine.deploy == "skipped" or machine.before == "failure":
        return  # an earlier phase ends the build, with neither of the two
    code, _ = machine.sh(build["script"])
    machine.sh("\n".join(build["after_success" if code == 0 else "after_failure"]))


def argo(machine):
    """https://argo-workflows.readthedocs.io/en/latest/walk-through/exit-handlers/"""
    if machine.deploy == "skipped" or machine.before == "failure":
        return  # the workflow does nothing but deploy
    spec = read("argo-workflows/workflow-template.yaml")["spec"]
    (report,) = [each for each in spec["templates"] if each["name"] == spec["onExit"]]
    phase = "Failed" if machine.deploy == "failure" else "Succeeded"
    _container(machine, report["container"], {"{{workflow.status}}": phase})


def tekton(machine):
    """https://tekton.dev/docs/pipelines/pipelines/#using-execution-status-of-pipelinetask"""
    (report,) = read("tekton/pipeline.yaml")["spec"]["finally"]
    (step,) = report["taskSpec"]["steps"]
    ran = machine.before == "success" and machine.deploy != "skipped"
    status = {"success": "Succeeded", "failure": "Failed"}[machine.deploy] if ran else "None"
    known = {"$(tasks.deploy.status)": status}
    _container(machine, step, {f"$(params.{each['name']})": known.get(each["value"], each["value"])
                               for each in report["params"]})  # fmt: skip


def _container(machine, container, known):
    given = {each["name"]: known.get(each["value"], each["value"])
             for each in container["env"] if "value" in each}  # fmt: skip
    said = {name: text for name, text in given.items() if not re.search(r"\$\(|{{", text)}
    program, *arguments = container["command"]
    assert program == "devlake-ci"
    machine.call(arguments, machine.env | said)


ALL = {each.__name__: each for each in (
    argo, azure, bitbucket, buildkite, codebuild, drone, jenkins, teamcity, tekton, travis,
    woodpecker,
)}  # fmt: skip
