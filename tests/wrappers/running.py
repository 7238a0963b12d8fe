"""Other CIs in miniature: the script of an example whose command runs in `devlake-ci run`.

Unlike in `pipelines`, the program is the real one, for it starts the command. What it prints is
`said`; nothing is sent.
"""

import re
import shlex
import sys
from collections import defaultdict

from tests.wrappers import pipelines
from tests.wrappers.pipelines import EXAMPLES, failing, read

PROGRAM = """#!/bin/sh
[ "$1" = run ] || exit 0
. "$NOTES/../shown"
exec {python} -m devlake_ci "$@" 2>>"$NOTES/../said"
"""


class Machine(pipelines.Machine):
    """Runs a job's scripts with the real program, which is told to print what it would send."""

    def __post_init__(self):
        super().__post_init__()
        text = PROGRAM.format(python=sys.executable)
        (self.folder / "archive").write_bytes(pipelines.archive(text))
        (self.folder / "bin/devlake-ci").write_text(text)
        (self.folder / "said").touch()

    def show(self, variables):
        """Let the program have these variables, whatever the script says."""
        lines = [f"export {name}={shlex.quote(text)}\n" for name, text in variables.items()]
        (self.folder / "shown").write_text("".join(lines))

    @property
    def said(self):
        return (self.folder / "said").read_text()

    def job(self, script, env=()):
        """Run the script of a step that may be skipped, or fail before it deploys."""
        if self.deploy == "skipped":
            return 0
        lines = script if isinstance(script, list) else [script]
        return self.sh("\n".join([*failing(self), *lines]), given(dict(env)))[0]


def given(env):
    """Return the variables of a step, without what the CI would put in for expressions."""
    return {name: text for name, text in env.items()
            if isinstance(text, str) and not re.search(r"\$[({]", text)}  # fmt: skip


def azure(machine):
    (job,) = read("azure/run.yml")["jobs"]
    (step,) = [each for each in job["strategy"]["runOnce"]["deploy"]["steps"] if "bash" in each]
    return machine.job(step["bash"], step["env"])


def bitbucket(machine):
    (part,) = read("bitbucket/run.yml")["pipelines"]["branches"]["main"]
    step = part["step"]
    return machine.job(step["script"], {"BITBUCKET_DEPLOYMENT_ENVIRONMENT": step["deployment"]})


def buildkite(machine):
    (step,) = read("buildkite/run.yml")["steps"]
    return machine.job(step["command"], step["env"])


def circleci(machine):
    *_, step = read("circleci/run.yml")["jobs"]["deploy"]["steps"]
    return machine.job(step["run"])


def codebuild(machine):
    spec = read("codebuild/run.yml")
    return machine.job(spec["phases"]["build"]["commands"], spec["env"]["variables"])


def drone(machine):
    (step,) = read("drone/run.yml")["steps"]
    return machine.job(step["commands"], step["environment"])


def forgejo(machine):
    *_, step = read("forgejo/run.yml")["jobs"]["deploy"]["steps"]
    return machine.job(step["run"], step["env"])


def gitea(machine):
    *_, step = read("gitea/run.yml")["jobs"]["deploy"]["steps"]
    return machine.job(step["run"], step["env"])


def gitlab(machine):
    job = read("gitlab/run.yml")["deploy"]
    about = {"CI_ENVIRONMENT_NAME": job["environment"], "CI_ENVIRONMENT_TIER": "production"}
    return machine.job(job["script"], about)


def jenkins(machine):
    text = (EXAMPLES / "jenkins/run.groovy").read_text()
    (script,) = re.findall(r"sh '''(.*?)'''", text, re.DOTALL)
    return machine.job(script, re.findall(r"(DEVLAKE_\w+) = '([^']*)'", text))


def teamcity(machine):
    text = (EXAMPLES / "teamcity/run.kts").read_text().replace("${'$'}", "$")
    (script,) = re.findall(r'scriptContent = """(.*?)"""', text, re.DOTALL)
    return machine.job(script, re.findall(r'param\("env\.(\w+)", "(.*?)"\)', text))


def travis(machine):
    build = read("travis/run.yml")
    return machine.job(build["script"], [each.split("=", 1) for each in build["env"]["global"]])


def woodpecker(machine):
    (step,) = read("woodpecker/run.yaml")["steps"]
    return machine.job(step["commands"], step["environment"])


def argo(machine):
    (template,) = read("argo-workflows/run.yaml")["spec"]["templates"]
    return _container(machine, template["container"], {"{{workflow.uid}}": "9a3f1f0e"})


def tekton(machine):
    (task,) = read("tekton/run.yaml")["spec"]["tasks"]
    (step,) = task["taskSpec"]["steps"]
    params = {f"$(params.{each['name']})": each["value"] for each in task["params"]}
    known = {"$(context.pipelineRun.uid)": "f3b1c2d4", "$(context.pipeline.name)": "shop"}
    return _container(machine, step, {name: known.get(text, text) for name, text in params.items()})


def _container(machine, container, known):
    """Run the command of a container, which has the variables that it is handed, and no others."""
    values = defaultdict(str, known)
    machine.env = {}
    env = {each["name"]: values.get(each["value"], each["value"])
           for each in container["env"] if "value" in each}  # fmt: skip
    return machine.job(
        shlex.join(container["command"]),
        {name: text for name, text in env.items() if "{{" not in text},
    )


ALL = {each.__name__: each for each in (
    argo, azure, bitbucket, buildkite, circleci, codebuild, drone, forgejo, gitea, gitlab, jenkins,
    teamcity, tekton, travis, woodpecker,
)}  # fmt: skip
