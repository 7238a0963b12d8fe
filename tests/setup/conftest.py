"""Run `setup` against a sandbox, and look at what it did."""

import re
from dataclasses import dataclass, replace

import pytest
import requests

from devlake_ci import runtime
from devlake_ci.cli import invoke
from devlake_sandbox import Sandbox
from tests.support import PIPELINE, Ran

POLL = re.compile(r"(/rest)?/blueprints/\d+/pipelines")


@dataclass
class DevLake:
    """An empty sandbox that is set up and reported to."""

    sandbox: Sandbox
    ran: object

    @property
    def url(self):
        return self.sandbox.url

    def setup(self, *arguments, **env):
        return self.ran("setup", *arguments, env={"DEVLAKE_URL": self.url, **env})

    def report(self, *arguments, **env):
        return self.ran("report", *arguments, env={**PIPELINE, "DEVLAKE_CONNECTION": "", **env})

    def get(self, path):
        return requests.get(f"{self.url}{path}", timeout=30).json()

    def send(self, method, path, body):
        sent = requests.request(method, f"{self.url}{path}", json=body, timeout=30)
        assert sent.ok, sent.text
        return sent.json()

    def requests_of(self, work):
        """Do it, and return the requests that came meanwhile, without polls."""
        before = len(self.sandbox.requests)
        done = work()
        asked = [each for each in self.sandbox.requests[before:] if not POLL.match(each["path"])]
        return done, [f"{each['method']} {each['path'].partition('?')[0]}" for each in asked]

    def everything(self):
        """Return what there is, but for the texts of keys and for times."""
        blueprints = self.get("/blueprints")["blueprints"]
        return {
            "connections": [
                (each["name"], each["id"]) for each in self.get("/plugins/webhook/connections")
            ],
            "projects": {
                each["name"]: [metric["pluginName"] for metric in each["metrics"] or ()]
                for each in self.get("/projects")["projects"]
            },
            "blueprints": {
                each["projectName"]: (
                    each["cronConfig"],
                    sorted((one["pluginName"], one["connectionId"]) for one in each["connections"]),
                )
                for each in blueprints
            },
            "keys": {
                each["name"]: (each["allowedPath"], each["expiredAt"])
                for each in self.get("/api-keys")["apikeys"]
            },
        }


@pytest.fixture
def real_time(capsys, make_runtime):
    """Run the program with a real clock: what a sandbox computes takes a moment."""

    def ran(*arguments, env=None, network=lambda connections: connections):
        capsys.readouterr()
        here = make_runtime(env or {})
        here = replace(
            here,
            clock=runtime.real_runtime().clock,
            connect=lambda options: network(runtime.connections(options)),
        )
        return Ran(invoke(list(arguments), here), *capsys.readouterr())

    return ran


@pytest.fixture
def devlake(real_time):
    """Make a DevLake of a version, empty: `devlake("v1.0.3")`."""
    running = []

    def made(version="v1.0.3"):
        sandbox = Sandbox(version, empty=True, run_seconds=0.1)
        sandbox.__enter__()
        running.append(sandbox)
        return DevLake(sandbox, real_time)

    yield made
    for sandbox in running:
        sandbox.__exit__(None, None, None)


@pytest.fixture
def written(tmp_path):
    """Write a setup file, and return its path."""

    def file(text, name="devlake.yml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return file
