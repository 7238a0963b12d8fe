"""What starts the program where no Python fits: the release's executable, if it is that one."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import CUT, Reply, archive

ROOT = Path(__file__).parent.parent.parent
NODE = shutil.which("node")
PROGRAM = '#!/bin/sh\necho "It ran as ${0##*/}."\n'
PYTHON = '#!/bin/sh\ncase "$*" in *version_info*) exit 0 ;; *) exit 1 ;; esac\n'
NO_PYTHON = "there is no Python 3.11 or newer on this runner: actions/setup-python brings one"
PUBLISHED = archive(PROGRAM)
SUM = hashlib.sha256(PUBLISHED).hexdigest()


@pytest.fixture
def release(secure):
    """Run a server with a certificate that has the executable."""
    server = secure("localhost")
    server.script = [Reply(body=PUBLISHED)]
    return server


@pytest.fixture
def run(tmp_path, authority):
    """Run a stage of the action in a copy of it with this sum and address of the executable."""
    shutil.copytree(ROOT / "native", tmp_path / "action" / "native")
    shutil.copytree(ROOT / "requirements", tmp_path / "action" / "requirements",
                    ignore=shutil.ignore_patterns("node_modules"))  # fmt: skip
    for name in ("bin", "temp"):
        (tmp_path / name).mkdir()
    for name in ("tar", "gzip"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))

    def ran(stage, url, sha256=SUM, **env):
        known = {"file": "devlake-ci-ours.tar.gz", "sha256": sha256}
        machines = ("linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64")
        (tmp_path / "action" / "native" / "executables.json").write_text(
            json.dumps({"url": url + "/{file}", "executables": dict.fromkeys(machines, known)})
        )
        return subprocess.run(
            [NODE, tmp_path / "action" / "native" / f"{stage}.js"], capture_output=True, text=True,
            check=False, env={"PATH": str(tmp_path / "bin"), "NODE_EXTRA_CA_CERTS": authority.path,
                              "RUNNER_TOOL_CACHE": str(tmp_path / "cache"),
                              "RUNNER_TEMP": str(tmp_path / "temp"),
                              "GITHUB_STATE": str(tmp_path / "state")} | env,
        )  # fmt: skip

    return ran


def kept(tmp_path):
    return [each for each in (tmp_path / "cache").rglob("*") if each.is_file()]


def warned(ran):
    """Return the reason of the one warning that was all that happened."""
    assert (ran.returncode, "It ran" in ran.stdout) == (0, False)
    (line,) = [each for each in ran.stdout.splitlines() if each.startswith("::")]
    return line.removeprefix("::warning title=DevLake::devlake-ci can't run: ").removesuffix(".")


@pytest.mark.parametrize(("stage", "script"), [("main", "devlake-ci-action"),
                                               ("post", "devlake-ci-action-post")])  # fmt: skip
def test_without_python_the_executable_runs_as_the_script_of_the_stage(run, release, stage, script):
    ran = run(stage, release.https)

    assert ran.stdout == f"devlake-ci runs as an executable: {NO_PYTHON}.\nIt ran as {script}.\n"
    assert (ran.returncode, ran.stderr) == (0, "")


def test_with_a_python_that_can_install_nothing_it_runs_too(run, release, tmp_path):
    (tmp_path / "bin" / "python3").write_text(PYTHON)
    (tmp_path / "bin" / "python3").chmod(0o755)

    ran = run("main", release.https)

    assert "its dependencies can't be installed" in ran.stdout
    assert ran.stdout.endswith("It ran as devlake-ci-action.\n")


def test_it_is_fetched_once_for_all_stages_and_jobs(run, release):
    ran = [run(stage, release.https).stdout for stage in ("main", "post", "main")]

    assert all("It ran" in each for each in ran)
    assert [each.path for each in release.received] == ["/devlake-ci-ours.tar.gz"]


def test_another_file_than_the_release_s_is_neither_run_nor_kept(run, release, tmp_path):
    ran = run("main", release.https, "ab" * 32)

    assert "devlake-ci-ours.tar.gz does not have the SHA-256 of the release" in warned(ran)
    assert kept(tmp_path) == []


def test_a_kept_file_that_somebody_changed_is_not_run_but_removed(run, release, tmp_path):
    run("main", release.https)
    for each in kept(tmp_path):
        each.write_bytes(archive(PROGRAM + "echo more\n"))

    ran = run("main", release.https)

    assert "devlake-ci-ours.tar.gz does not have the SHA-256 of the release" in warned(ran)
    assert kept(tmp_path) == []


def unpacked(tmp_path):
    """Return what the first stage unpacked, and the state with which the last one is told of it."""
    lines = (tmp_path / "state").read_text().splitlines()
    state = {f"STATE_{name}": text for name, text in (line.split("=", 1) for line in lines)}
    return Path(state["STATE_program"]) / "devlake-ci", state


def test_the_last_stage_runs_what_the_first_unpacked(run, release, tmp_path):
    run("main", release.https)
    folder, state = unpacked(tmp_path)

    ran = run("post", release.https, **state)

    assert ran.stdout.endswith("It ran as devlake-ci-action-post.\n")
    assert list((tmp_path / "temp").iterdir()) == [folder.parent]


def test_what_another_step_changed_there_is_not_run(run, release, tmp_path):
    run("main", release.https)
    folder, state = unpacked(tmp_path)
    (folder / "devlake-ci-action-post").write_text(PROGRAM + "echo more\n")

    ran = run("post", release.https, **state)

    assert ran.stdout.endswith("It ran as devlake-ci-action-post.\n")


def test_where_no_sum_is_known_nothing_is_fetched(run, release):
    ran = run("post", release.https, "")

    assert warned(ran) == NO_PYTHON
    assert release.received == []


@pytest.mark.parametrize(("reply", "says"), [(Reply(status=404), "status 404"), (CUT, "")])
def test_a_release_that_can_t_be_fetched_is_named_by_its_address(
    run, release, tmp_path, reply, says
):
    release.script = [reply]

    ran = run("main", release.https)

    assert f"{release.https}/devlake-ci-ours.tar.gz can't be fetched: {says}" in warned(ran)
    assert kept(tmp_path) == []


def test_a_server_that_can_t_be_trusted_gives_nothing(run, release):
    ran = run("main", release.https, NODE_EXTRA_CA_CERTS="")

    assert "can't be fetched" in warned(ran)
    assert release.received == []


def test_nothing_is_fetched_without_tls(run, server):
    ran = run("main", server.url)

    assert "it is not https" in warned(ran)
    assert server.received == []


def test_only_fail_on_error_makes_it_an_error(run, release):
    ran = run("post", release.https, "ab" * 32, **{"INPUT_FAIL-ON-ERROR": "true"})

    assert ran.returncode == 1
    assert "::error title=DevLake::devlake-ci can't run: " in ran.stdout
