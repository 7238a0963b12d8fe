"""What CircleCI does with an orb, as far as its documentation says: parameters, steps, caches.

https://circleci.com/docs/reference/reusing-config/
https://circleci.com/docs/reference/configuration-reference/
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from tools.orb import packed, written

from tests.support import DATA

ORB = yaml.safe_load(written(packed()))
COMMAND, JOB, START = ORB["commands"]["report"], ORB["jobs"]["report"], ORB["commands"]["start"]

PROGRAM = Path(sys.executable).parent / "devlake-ci-circleci"
SYSTEM = (
    "bash", "cat", "chmod", "cp", "curl", "cut", "date", "find", "gzip", "mkdir", "mktemp", "rm",
    "sed", "sh", "sha256sum", "tail", "tar", "timeout", "tr", "uname",
)  # fmt: skip
"""All that the orb's scripts may ask of an image."""
RUN = json.loads((DATA / "environments" / "circleci" / "oauth.json").read_text())["env"]

PARAMETER = re.compile(r"(?<!\\)<<\s*parameters\.(\w+)\s*>>")
PIPELINE = re.compile(r"<<\s*(pipeline[\w.]+)\s*>>")
BASH = ("bash", "-eo", "pipefail")
SH = ("sh", "-e")
"""What CircleCI takes where there is no bash; a dash of today knows no pipefail."""


def arguments(part, given):
    """Complete the parameters of a command or job, or say what is wrong with them."""
    declared = part.get("parameters", {})
    assert set(given) <= set(declared), f"unknown: {set(given) - set(declared)}"
    missing = {name for name, each in declared.items() if "default" not in each} - set(given)
    assert not missing, f"missing: {missing}"
    values = {name: each.get("default") for name, each in declared.items()} | given
    for name, value in values.items():
        match declared[name]["type"]:
            case "boolean":
                assert isinstance(value, bool), name
            case "enum":
                assert value in declared[name]["enum"], name
            case "env_var_name":
                assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value), name
            case kind:
                assert (kind, isinstance(value, str)) == ("string", True), name
    return values


def filled(value, values, booleans=("0", "1")):
    """Put the parameters in; `booleans` is how false and true look inside of text."""

    def text(match):
        found = values[match[1]]
        return booleans[found] if isinstance(found, bool) else found

    if isinstance(value, dict):
        return {key: filled(each, values, booleans) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, values, booleans) for each in value]
    return PARAMETER.sub(text, value).replace(r"\<<", "<<") if isinstance(value, str) else value


def holds(condition, values):
    """Evaluate a logic statement."""
    match condition:
        case {"or": parts}:
            return any(holds(each, values) for each in parts)
        case {"equal": parts}:
            return len({str(filled(each, values)) for each in parts}) == 1
        case str():
            return filled(condition, values) not in ("", "0")
    raise NotImplementedError(condition)


def steps(part, given=None, booleans=("0", "1")):
    """Return the steps of a command or job as CircleCI would run them."""
    values = arguments(part, given or {})
    return list(_steps(part["steps"], values, booleans))


def _steps(some, values, booleans):
    for step in some:
        if "when" in step:
            if holds(step["when"]["condition"], values):
                yield from _steps(step["when"]["steps"], values, booleans)
        else:
            yield filled(step, values, booleans)


def of_config(config, job, orb, pipeline, **everywhere):
    """Yield the steps of a job that uses the orb, with the `pipeline` values that it asks for."""
    for step in config["jobs"][job]["steps"]:
        name = step if isinstance(step, str) else next(iter(step))
        if name.startswith("devlake-ci/"):
            given = everywhere | ({} if isinstance(step, str) else step[name])
            known = {key: PIPELINE.sub(lambda found: pipeline[found[1]], value)
                     for key, value in given.items()}  # fmt: skip
            yield from steps(orb["commands"][name.removeprefix("devlake-ci/")], known)
        else:
            yield step


@dataclass
class Project:
    """The caches of a project: a key is written once, and found by its beginning, newest first."""

    caches: dict = field(default_factory=dict)

    def save(self, key, paths):
        if key not in self.caches:
            self.caches[key] = {
                file: file.read_bytes()
                for path in paths
                for file in ([path] if path.is_file() else path.rglob("*"))
                if file.is_file()
            }

    def restore(self, prefix):
        for key in reversed(self.caches):
            if key.startswith(prefix):
                for file, content in self.caches[key].items():
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
                return


@dataclass
class Job:
    """A job that runs steps in a shell, with nothing in its environment but `env`."""

    env: dict
    folder: Path
    project: Project = field(default_factory=Project)
    shell: tuple = BASH
    said: str = ""
    failed: bool = False

    def run(self, some):
        """Run the steps whose `when` holds, as the job stands by then."""
        for step in some:
            if step == "checkout":
                continue
            kind, what = next(iter(step.items()))
            what = {"command": what} if isinstance(what, str) else what
            when = what.get("when", "on_success")
            if when == "always" or (when == "on_fail") == self.failed:
                getattr(self, f"_{kind}")(what)
        return self

    def _run(self, step):
        done = subprocess.run(
            [*self.shell, "-c", step["command"]],
            env=self.env | step.get("environment", {}), cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False,
        )  # fmt: skip
        self.said += done.stdout
        self.failed |= done.returncode != 0

    def _save_cache(self, step):
        self.project.save(self._key(step["key"]), [self.folder / path for path in step["paths"]])

    def _restore_cache(self, step):
        for key in step.get("keys", [step.get("key")]):
            self.project.restore(self._key(key))

    def _key(self, template):
        def evaluated(match):
            match match[1].split(maxsplit=1):
                case ["checksum", path]:
                    return base64.b64encode(
                        hashlib.sha256(Path(path.strip('"')).read_bytes()).digest()
                    ).decode()
                case ["epoch"]:
                    return str(len(self.project.caches) + 1_772_000_000)
                case [variable]:
                    return self.env[variable.removeprefix(".Environment.")]

        return re.sub(r"\{\{\s*(.*?)\s*\}\}", evaluated, template)


def image(folder, *programs):
    """Make a folder of links, for a PATH on which there is nothing but these programs."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in programs:
        (folder / name).symlink_to(shutil.which(name))
    return folder


def script(path, text):
    """Write a stand-in for a program."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
