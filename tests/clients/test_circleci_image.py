"""The CircleCI orb's job `report` in the image that its executor names, against a sandbox."""

import subprocess
from dataclasses import dataclass

from devlake_sandbox import Sandbox
from tests.wrappers.circleci import JOB, ORB, RUN, START, Job, steps


@dataclass
class ContainerJob(Job):
    """A job each of whose steps has a shell in a container of `image`."""

    image: str = ""

    def __post_init__(self):
        mount = f"{self.folder}:{self.folder}"
        self.container = subprocess.check_output(
            ["docker", "run", "--rm", "--detach", "--network", "host", "--volume", mount,
             self.image, "sleep", "60"], text=True,
        ).strip()  # fmt: skip
        self.shell = ("docker", "exec", self.container, *self.shell)

    def _run(self, step):
        env = self.env | step.pop("environment", {})
        given = [word for name, text in env.items() for word in ("--env", f"{name}={text}")]
        self.shell = ("docker", "exec", *given, self.container, "sh", "-eo", "pipefail")
        self.env, kept = {"PATH": "/usr/bin:/bin:/usr/local/bin"}, self.env
        super()._run(step)
        self.env = kept

    def end(self):
        subprocess.run(["docker", "kill", self.container], check=True, capture_output=True)


def test_the_job_reports_on_the_image_of_its_executor(image, tmp_path):
    with Sandbox() as devlake:
        where = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}
        run = {name: text for name, text in RUN.items() if name not in {"HOME", "PWD"}}
        job = ContainerJob(run | where, tmp_path, image=image)
        folder = str(tmp_path / "state")

        same = {"environment": "staging", "state_folder": folder}
        job.run([*steps(START, {"cache": True, **same}), *steps(JOB, {"result": "failed", **same})])
        job.end()

        (row,) = devlake.rows("cicd_deployments")
        assert (row["result"], row["environment"]) == ("FAILURE", "STAGING")
        assert not job.failed
        assert ORB["executors"]["default"]["docker"][0]["image"].startswith(
            "ghcr.io/devlake-ci/devlake-ci:"
        )
