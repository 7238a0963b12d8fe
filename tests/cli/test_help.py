"""What the program says of itself."""

import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from devlake_ci.cli import COMMANDS, EXAMPLES, params
from devlake_ci.cli import devlake_ci as program
from devlake_ci.launch import split_at_dashes
from devlake_ci.options import declared, flag

PROGRAM = Path(sys.executable).with_name("devlake-ci")
GROUPED = ["report", "run", "doctor", "replay", "setup", "incident open", "incident close"]


def command(words):
    found = program
    for word in words.split():
        found = found.get_command(click.Context(found), word)
    return found


def test_bare_it_shows_what_it_can_do_and_reports_no_success(devlake_ci):
    ran = devlake_ci()

    assert ran.code == 2
    assert all(f"  {name} " in ran.out for name in COMMANDS)
    assert "devlake-ci demo" in ran.out


def test_help_lists_the_ten_options_that_most_people_use(devlake_ci):
    shown = devlake_ci("report", "--help").out

    listed = set(re.findall(r"(?m)^  (--[\w-]+)", shown))

    assert listed == {flag(name) for name in params.COMMON} | {"--help-all"}
    assert len(params.COMMON) == 10


@pytest.mark.parametrize("words", GROUPED)
def test_help_lists_the_options_that_its_text_and_its_examples_name(devlake_ci, words):
    about = [command(words).help, *(line for _, line in command(words).examples)]

    listed = re.findall(r"(?m)^  (--[\w-]+)", devlake_ci(*words.split(), "--help").out)

    assert {*re.findall(r"(?<!\w)--\w[\w-]*", "\n".join(about))} <= {*listed}


@pytest.mark.parametrize("words", ["report", "doctor"])
def test_help_all_lists_every_option(devlake_ci, words):
    shown = devlake_ci(words, "--help-all").out

    assert {flag(each.name) for each in declared()} <= set(re.findall(r"(?m)^  (--[\w-]+)", shown))


@pytest.mark.parametrize(
    "example",
    [line for words in GROUPED for _, line in command(words).examples]
    + [line for _, line in EXAMPLES if "demo" not in line],
)
def test_an_example_of_the_help_is_a_line_that_the_program_takes(example):
    name, *words = shlex.split(example)
    found = program

    while isinstance(found, click.Group):
        found = found.get_command(click.Context(found), words.pop(0))

    assert name == "devlake-ci"
    assert params.parse(found, split_at_dashes(words)[0], {})


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        (["reprot"], "Did you mean report?"),
        (["report", "--enviroment", "production"], "--environment"),
        (["setup", "--projetc", "shop"], "--project"),
    ],
)
def test_a_misspelled_name_suggests_the_right_one(devlake_ci, typed, suggested):
    ran = devlake_ci(*typed)

    assert ran.code == 2
    assert suggested in ran.err


def on_a_terminal(*arguments, **env):
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [PROGRAM, *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs,
        env={"PATH": os.environ["PATH"], "TERM": "xterm", **env},
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while chunk := _read(ours):
        said += chunk
    child.wait()
    os.close(ours)
    return said.decode()


def _read(end):
    try:
        return os.read(end, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


@pytest.mark.parametrize("words", [["report", "--help"], ["doctor"]])
def test_a_terminal_has_colours_unless_they_are_not_wanted(words):
    assert "\x1b[3" in on_a_terminal(*words)
    assert "\x1b[" not in on_a_terminal(*words, NO_COLOR="1")
    assert "\x1b[" not in on_a_terminal(*words, TERM="dumb")


def test_a_file_has_no_colours(devlake_ci):
    assert "\x1b[" not in devlake_ci("report", "--help").out
