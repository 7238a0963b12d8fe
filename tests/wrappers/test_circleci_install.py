"""Where the CircleCI orb finds the program: on the PATH, by uv or pipx, or our executable."""

import hashlib
import re
import shutil
import subprocess

import pytest

from devlake_ci import __version__
from tests.support import Reply, archive
from tests.wrappers.circleci import BASH, COMMAND, ORB, PROGRAM, SH, script, steps

INSTALL = """for bin in "$UV_TOOL_BIN_DIR" "$PIPX_BIN_DIR"; do
  if [ -n "$bin" ]; then /bin/mkdir -p "$bin"; /bin/ln -s {program} "$bin/devlake-ci-circleci"; fi
done
echo "$0 $* in $PWD, PYTHONPATH=$PYTHONPATH" > {noted}
"""


@pytest.mark.parametrize("tool", ["uv", "pipx"])
def test_uv_or_pipx_installs_the_orbs_own_version_from_a_folder_of_ours(bare, report, server, tool):
    one, bin_ = bare
    one.env["PYTHONPATH"] = str(one.folder)
    (one.folder / "__pypackages__").mkdir()
    script(bin_ / tool, INSTALL.format(program=PROGRAM, noted=one.folder / "noted"))

    one.run(report(package=COMMAND["parameters"]["package"]["default"]))

    noted = (one.folder / "noted").read_text()
    assert len(server.received) == 1
    assert f"git+https://github.com/devlake-ci/devlake-ci@v{__version__} in /" in noted
    assert f"in {one.folder}" not in noted
    assert noted.endswith("PYTHONPATH=\n")


def test_a_package_is_no_command(bare, report, server):
    one, bin_ = bare
    script(bin_ / "uv", INSTALL.format(program=PROGRAM, noted=one.folder / "noted"))

    one.run(report(package="devlake-ci @ file:///it's $(touch run)"))

    assert len(server.received) == 1
    assert not list(one.folder.rglob("run"))


def test_a_program_that_does_not_start_is_passed_over(bare, report, server):
    one, bin_ = bare
    script(bin_ / "devlake-ci-circleci", "echo broken >&2; exit 1")
    script(bin_ / "uv", "echo no network >&2; exit 2")
    script(bin_ / "pipx", INSTALL.format(program=PROGRAM, noted=one.folder / "noted"))

    one.run(report(package="devlake-ci"))

    assert len(server.received) == 1
    assert "devlake-ci by PATH doesn't run (exit code 1):\nbroken" in one.said
    assert "devlake-ci by uv doesn't run (exit code 2):\nno network" in one.said


@pytest.mark.parametrize("make", ["link", "open"])
def test_a_folder_that_a_stranger_made_is_not_written(bare, report, start, tmp_path, make):
    one, _ = bare
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    elsewhere.mkdir()
    if make == "link":
        state.symlink_to(elsewhere)
    else:
        state.mkdir()
        state.chmod(0o777)

    one.run([*start(), *report()])

    assert not [*elsewhere.iterdir(), *state.iterdir()]
    assert "so its notes can't be trusted" in one.said
    assert not one.failed


def executable(server, program=PROGRAM):
    """Serve a program that hands over to the real one; return its archive's SHA-256."""
    published = archive(f'#!/bin/sh\nexec {program} "$@"\n')
    server.script = [Reply(200, published), Reply()]
    return hashlib.sha256(published).hexdigest()


@pytest.mark.parametrize("tool", ["curl", "wget"])
def test_the_executable_is_run_if_its_sum_is_right(bare, report, server, tool):
    one, bin_ = bare
    (bin_ / "curl").unlink()
    (bin_ / tool).symlink_to(shutil.which(tool))
    sums = f"{'0' * 64}\n{executable(server).upper()}"

    one.run(report(executable_url=f"{server.url}/{{os}}-{{arch}}", executable_sha256=sums))

    system, machine = (subprocess.check_output(["uname", each], text=True).strip().lower()
                       for each in ("-s", "-m"))  # fmt: skip
    assert server.received[0].path == f"/{system}-{machine}"
    assert server.received[1].body["result"] == "SUCCESS"


@pytest.mark.parametrize("sums", ["0" * 64, "*", "x $(touch run)"])
def test_an_executable_whose_sum_is_wrong_is_not_run(bare, report, server, sums):
    one, _ = bare
    executable(server)

    one.run(report(executable_url=server.url, executable_sha256=sums))

    assert [each.method for each in server.received] == ["GET"]
    assert "which is not in executable_sha256" in one.said
    assert "warning: not reported" in one.said
    assert not one.failed
    assert not list(one.folder.glob("run"))


def test_an_executable_without_a_known_checksum_is_not_fetched(bare, report, server):
    one, _ = bare

    one.run(report(executable_url=server.url))

    assert server.received == []
    assert "Set executable_sha256 to it" in one.said
    assert not one.failed


@pytest.mark.parametrize("url", ["file:///etc/passwd", "-o/etc/x", "http://127.0.0.1:1/x"])
def test_an_executable_that_can_not_be_fetched_is_a_warning(bare, report, url):
    one, _ = bare

    one.run(report(executable_url=url, executable_sha256="0" * 64))

    assert "can't be downloaded" in one.said
    assert not one.failed


@pytest.mark.parametrize("shell", [BASH, SH], ids=["bash", "sh"])
@pytest.mark.parametrize("hard", [False, True])
def test_where_there_is_no_way_it_is_a_warning_or_an_error(bare, report, shell, hard):
    one, _ = bare
    one.shell = shell

    one.run(report(fail_on_error=hard))

    assert "devlake-ci is not in this image, and can't be installed" in one.said
    assert ("error: " in one.said) == one.failed == hard


def test_no_executable_is_known_before_a_release_has_named_its_sum():
    default = COMMAND["parameters"]["executable_sha256"]["default"]

    assert default == "" or re.fullmatch(r"([0-9a-f]{64}\s*)+", default)


def test_parameters_that_came_out_empty_are_none(bare, report):
    one, bin_ = bare
    script(bin_ / "uv", "echo uv was asked")

    one.run(report(package="<nil>", executable_url="<nil>", executable_sha256="<nil>"))

    assert "uv was asked" not in one.said
    assert "can't be downloaded" not in one.said
    assert "warning: not reported" in one.said


def test_a_password_in_the_address_of_the_executable_is_not_shown(bare, report):
    one, _ = bare

    for sums in ("", "0" * 64):
        one.run(report(executable_url="http://me:s3cret@127.0.0.1:1/x", executable_sha256=sums))

    assert "s3cret" not in one.said
    assert "http://127.0.0.1:1/x" in one.said


DEPLOY = {
    "run": {
        "command": "devlake-ci run --environment production -- sh -c 'echo $DEVLAKE_TOKEN.; exit 3'"
    }
}


def install(**parameters):
    return steps(ORB["commands"]["install"], {"package": "", "executable_url": ""} | parameters)


def test_a_command_of_a_later_step_is_reported_where_the_program_is_installed(bare, server):
    one, _ = bare
    sums = executable(server, PROGRAM.with_name("devlake-ci"))

    one.run([*install(executable_url=server.url, executable_sha256=sums), DEPLOY])

    assert [each.body["result"] for each in server.received[1:]] == ["FAILURE"]
    assert "\n.\n" in f"\n{one.said}"
    assert one.failed


def test_a_command_of_a_later_step_runs_where_the_program_can_not_be_installed(bare, server):
    one, _ = bare

    one.run([*install(), DEPLOY])

    assert server.received == []
    assert "\n.\n" in one.said
    assert one.said.count("warning") == 2
