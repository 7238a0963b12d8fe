"""What the tests of the CircleCI orb run: a job on an image, and the orb's steps."""

import pytest

from tests.wrappers.circleci import (
    BASH,
    COMMAND,
    JOB,
    PROGRAM,
    RUN,
    START,
    SYSTEM,
    Job,
    Project,
    image,
    script,
    steps,
)  # fmt: skip


@pytest.fixture
def job(tmp_path, server):
    """Start a job on an image with the program in it; the steps are those of the orb."""
    bin_ = image(tmp_path / "bin", *SYSTEM)
    # That it runs at all is asked before each report; the answer takes as long as a report.
    script(bin_ / "devlake-ci-circleci", f'[ "$1" = --version ] || exec {PROGRAM} "$@"')

    def started(project=None, shell=BASH, **env):
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        own = {"PATH": str(bin_), "HOME": str(work), "BASH_ENV": str(work / ".bash_env"),
               "DEVLAKE_TOKEN": "key", "DEVLAKE_URL": f"{server.url}/api/plugins/webhook/"
               "connections/1/deployments"}  # fmt: skip
        return Job(RUN | own | env, work, project or Project(), shell)

    return started


@pytest.fixture
def report(tmp_path):
    """Return the steps of the command `report`, with what no test is about filled in."""

    def given(part=COMMAND, booleans=("0", "1"), **parameters):
        usual = {"environment": "production", "state_folder": str(tmp_path / "state")}
        usual |= {"result": "success"} if part is JOB else {"executable_url": "", "package": ""}
        return steps(part, usual | parameters, booleans)

    return given


@pytest.fixture
def start(tmp_path):
    """Return the steps of the command `start`."""

    def given(**parameters):
        return steps(START, {"state_folder": str(tmp_path / "state")} | parameters)

    return given


@pytest.fixture
def bare(job, tmp_path):
    """Return a job on an image without the program, and the folder to put other tools into."""
    one = job()
    (tmp_path / "bin" / "devlake-ci-circleci").unlink()
    return one, tmp_path / "bin"
