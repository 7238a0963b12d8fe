"""How each CI is told what became of a report, and when a job started."""

import html
import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devlake_ci import ci
from devlake_ci.ci import PLAIN, circleci, github, gitlab
from devlake_ci.ci.github import output_line
from devlake_ci.ci.provider import Append, Print, Replace
from devlake_ci.errors import NothingToReport, RefusedError
from devlake_ci.model import Commit, Deployment, Environment, Outcome, Result

SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GITHUB = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "page", "GITHUB_ENV": "variables"}
REFUSED = RefusedError("DevLake refused it (HTTP 403)", "check the token")
HOSTILE = [
    "::error::x",
    "a\n::add-mask::x",
    "##[add-mask]x",
    "<img src=x onerror=y>",
    "[x](https://evil.example)",
    "| a | b |",
    "@octocat #1",
    "`a` **b** _c_ ~~d~~",
]


def deployment(text="Add a cart", commits=1):
    commit = Commit(repo_url="https://github.com/acme/shop", sha=SHA, ref=text, message=text)
    return Deployment(
        id="github:acme/shop:42:1",
        name=text,
        title=text,
        result=Result.SUCCESS,
        environment=Environment.PRODUCTION,
        original_environment=text,
        created_at=NOON,
        started_at=NOON,
        finished_at=NOON,
        commits=(commit,) * commits,
    )


def reported(**changes):
    return Outcome(reported=True, deployment=deployment(), **changes)


def summary(outcome):
    [page] = [effect.text for effect in github.emit(outcome, {"GITHUB_STEP_SUMMARY": "page"})[:-1]]
    return page


def annotation(outcome):
    [said] = github.emit(outcome, {})
    assert isinstance(said, Print)
    return said.line


def runner_reads(text):
    """Read a file of outputs as actions/runner does (FileCommandManager.cs)."""
    values, lines = {}, iter(text.split("\n"))
    for start in lines:
        if not start:
            continue
        name, delimiter = start.split("<<", 1)
        value = []
        while (line := next(lines)) != delimiter:
            value.append(line)
        values[name] = "\n".join(value)
    return values


def test_github_gets_outputs_a_summary_and_a_notice():
    outputs, page, said = github.emit(reported(), GITHUB)

    assert (outputs.path, page.path) == ("output", "page")
    assert runner_reads(outputs.text) == {
        "reported": "true",
        "deployment-id": "github:acme/shop:42:1",
        "result": "SUCCESS",
    }
    assert list(runner_reads(outputs.text)) == ["reported", "deployment-id", "result"]
    assert said == Print("::notice title=DevLake::Reported to DevLake: SUCCESS in PRODUCTION")


def test_outputs_without_a_deployment_are_only_whether_it_was_reported():
    [outputs, _] = github.emit(Outcome(reported=False), {"GITHUB_OUTPUT": "output"})

    assert runner_reads(outputs.text) == {"reported": "false"}


@given(st.text(), st.text())
@example("\udc80", "\r\n")
def test_any_value_comes_out_of_the_output_file_as_it_went_in(first, second):
    text = output_line("first", first) + output_line("second", second)

    assert runner_reads(text) == {"first": first, "second": second}


def test_a_value_that_imitates_the_delimiter_ends_nothing():
    delimiter = output_line("id", "x").split("\n")[0].split("<<")[1]
    value = f"x\n{delimiter}\nevil<<EOF\ny\nEOF"

    assert runner_reads(output_line("id", value)) == {"id": value}


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        (reported(), "notice"),
        (reported(problem=REFUSED), "warning"),
        (Outcome(reported=False, problem=REFUSED), "error"),
        (Outcome(reported=False, problem=REFUSED, soft=True), "warning"),
        (Outcome(reported=False, problem=NothingToReport("the job was skipped")), "notice"),
        (Outcome(reported=False, deployment=deployment()), "notice"),
    ],
)
def test_the_annotation_is_an_error_only_if_the_report_failed_hard(outcome, level):
    assert annotation(outcome).startswith(f"::{level} title=DevLake::")


def test_the_annotation_says_what_went_wrong_and_what_to_do():
    outcome = Outcome(reported=False, problem=REFUSED, notes=("It was tried once.",))

    assert annotation(outcome).endswith(
        "::DevLake refused it (HTTP 403)%0Acheck the token%0AIt was tried once."
    )


def test_the_summary_says_what_was_deployed_where():
    page = html.unescape(summary(reported(notes=("Run the blueprint.",)))).replace("\u200b", "")

    assert page.startswith("### Reported to DevLake: SUCCESS in PRODUCTION\n\n")
    assert "| Environment | PRODUCTION (Add a cart) |" in page
    assert "| Result | SUCCESS |" in page
    assert "| Created | 2026-03-02 12:00:00 UTC |" in page
    assert "| Started | 2026-03-02 12:00:00 UTC |" in page
    assert "| Finished | 2026-03-02 12:00:00 UTC |" in page
    assert f"- [6dcb09b](<https://github.com/acme/shop/commit/{SHA}>) Add a cart" in page
    assert "Run the blueprint." in page


@pytest.mark.parametrize(
    ("outcome", "head"),
    [
        (Outcome(reported=False, problem=REFUSED), "### Not reported to DevLake"),
        (Outcome(reported=False, problem=NothingToReport("x")), "### Nothing to report to DevLake"),
        (Outcome(reported=True), "### Reported to DevLake"),
    ],
)
def test_the_summary_opens_with_what_happened(outcome, head):
    assert summary(outcome).startswith(f"{head}\n\n")


def test_the_summary_of_a_refusal_says_why_and_what_to_do():
    page = html.unescape(summary(Outcome(reported=False, problem=REFUSED)))

    assert page == (
        "### Not reported to DevLake\n\nDevLake refused it (HTTP 403)\n\ncheck the token\n\n"
    )


def test_a_deployment_without_title_and_messages_is_summed_up_by_its_name():
    bare = replace(
        deployment(), title=None, commits=(Commit(repo_url="https://github.com/a/b", sha=SHA),)
    )

    page = summary(Outcome(reported=True, deployment=bare))

    assert "| Deployment | Add a cart |" in page
    assert page.endswith(f"- [6dcb09b](<https://github.com/a/b/commit/{SHA}>)\n\n")


def test_only_the_first_line_of_a_message_is_shown():
    page = summary(Outcome(reported=True, deployment=deployment("\nFirst\n\nSecond")))

    assert page.count("First Second") == 3
    assert page.endswith(">) First Second First\n\n")


def test_the_summary_shows_some_of_many_commits():
    page = summary(Outcome(reported=True, deployment=deployment(commits=10_000)))

    assert page.count("- [") == 20
    assert "- and 9980 more" in page


def test_the_summary_shows_all_of_few_commits():
    page = summary(Outcome(reported=True, deployment=deployment(commits=20)))

    assert page.count("- [") == 20
    assert "more" not in page


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_has_no_meaning_in_the_summary(text):
    page = summary(Outcome(reported=True, deployment=deployment(text), notes=(text,)))

    ours = re.sub(r"\[6dcb09b\]\(<https://github.com/acme/shop/commit/\w+>\)", "", page)
    assert not re.search(r"[<>\[\]`*~@!]|^::|##\[", ours, re.MULTILINE)
    assert {line.count("|") for line in page.splitlines() if line.startswith("|")} == {3}


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_is_no_command_in_an_annotation(text):
    said = annotation(Outcome(reported=False, problem=RefusedError(text, text)))

    assert said.startswith("::error title=DevLake::")
    assert "\n" not in said
    assert "##[" not in said


def test_gitlab_gets_a_dotenv_file():
    assert gitlab.emit(reported(), {"CI_PROJECT_DIR": "/builds/acme/shop/"}) == (
        Replace(
            "/builds/acme/shop/devlake.env",
            "DEVLAKE_OUT_REPORTED=true\n"
            "DEVLAKE_OUT_DEPLOYMENT_ID=github:acme/shop:42:1\n"
            "DEVLAKE_OUT_RESULT=SUCCESS\n",
        ),
    )


def test_a_dotenv_value_stays_one_short_line():
    long = replace(deployment(), id="a\nEVIL=1 " * 10_000)
    [effect] = gitlab.emit(Outcome(reported=True, deployment=long), {"CI_PROJECT_DIR": "/b"})

    assert [line.split("=")[0] for line in effect.text.splitlines()] == [
        "DEVLAKE_OUT_REPORTED",
        "DEVLAKE_OUT_DEPLOYMENT_ID",
        "DEVLAKE_OUT_RESULT",
    ]
    assert len(effect.text.encode()) < 5_000


@given(st.text())
def test_circleci_gets_variables_that_a_shell_reads_back_as_they_were(text):
    odd = replace(deployment(), id=text)
    [effect] = circleci.emit(Outcome(reported=True, deployment=odd), {"BASH_ENV": "/bash/env"})

    assert effect.path == "/bash/env"
    assert shlex.split(effect.text) == [
        *("export", "DEVLAKE_OUT_REPORTED=true"),
        *("export", f"DEVLAKE_OUT_DEPLOYMENT_ID={text}"),
        *("export", "DEVLAKE_OUT_RESULT=SUCCESS"),
    ]


@pytest.mark.parametrize("provider", [gitlab.PROVIDER, circleci.PROVIDER, PLAIN])
def test_a_ci_that_names_no_file_is_told_nothing(provider):
    assert provider.emit(reported(), {}) == ()


def test_a_start_time_is_remembered_to_the_second_in_utc():
    started = datetime(2026, 3, 2, 14, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))

    in_github = github.remember(started, GITHUB)
    in_circleci = circleci.remember(started, {"BASH_ENV": "/bash/env"})

    assert in_github == (Append("variables", "DEVLAKE_STARTED_AT=2026-03-02T12:00:00Z\n"),)
    assert in_circleci == (Append("/bash/env", "export DEVLAKE_STARTED_AT=2026-03-02T12:00:00Z\n"),)


@pytest.mark.parametrize("provider", [*map(ci.load, ci.KNOWN), PLAIN])
def test_a_start_time_is_not_remembered_where_there_is_no_file_for_it(provider):
    assert provider.remember(NOON, {}) == ()
