"""How Azure Pipelines, TeamCity and Buildkite are told what became of a report.

The readers below do what the CI's own do: src/Agent.Sdk/CommandStringConvertor.cs of
microsoft/azure-pipelines-agent, and https://www.jetbrains.com/help/teamcity/service-messages.html.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci.ci import azure, buildkite, teamcity
from devlake_ci.ci.outputs import summary
from devlake_ci.ci.provider import RunProgram
from devlake_ci.errors import NothingToReport, RefusedError
from devlake_ci.model import Deployment, Environment, Outcome, Result

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DEPLOYMENT = Deployment(
    id="ci:acme/shop:42",
    name="Deploy",
    title=None,
    result=Result.SUCCESS,
    environment=Environment.PRODUCTION,
    original_environment="prod",
    created_at=NOON,
    started_at=NOON,
    finished_at=NOON,
    commits=(),
)
REPORTED = Outcome(reported=True, deployment=DEPLOYMENT)
REFUSED = Outcome(reported=False, problem=RefusedError("DevLake refused it", "check the token"))
NOTHING = Outcome(reported=False, problem=NothingToReport("Nothing is reported"))
OUTPUTS = {
    "DEVLAKE_OUT_REPORTED": "true",
    "DEVLAKE_OUT_DEPLOYMENT_ID": "ci:acme/shop:42",
    "DEVLAKE_OUT_RESULT": "SUCCESS",
}
AGENT = {"BUILDKITE_JOB_ID": "e44f9784", "BUILDKITE_AGENT_ACCESS_TOKEN": "secret"}


def azure_reads(effects):
    """Return the variables that the agent sets, and the issues that it shows."""
    variables, issues = {}, {}
    for effect in effects:
        found = re.fullmatch(r"##vso\[([a-z.]+) ([^]]*)\](.*)", effect.line)
        properties = dict(each.split("=", 1) for each in found[2].split(";"))
        data = found[3]
        for code, character in (("%0A", "\n"), ("%0D", "\r"), ("%3B", ";"), ("%5D", "]"),
                                ("%AZP25", "%")):  # fmt: skip
            data = data.replace(code, character)
        if found[1] == "task.setvariable":
            assert properties["isOutput"] == "true"
            variables[properties["variable"]] = data
        else:
            issues[properties["type"]] = data
    return variables, issues


def teamcity_reads(effects):
    """Return the parameters that the server sets, and the messages that it shows."""
    parameters, messages = {}, []
    for effect in effects:
        assert effect.stdout
        kind, rest = re.fullmatch(r"##teamcity\[(\w+) (.*)\]", effect.line).groups()
        pairs = re.findall(r"(\w+)='((?:[^'|]|\|.)*)'", rest)
        assert rest == " ".join(f"{name}='{text}'" for name, text in pairs)
        read = {name: unescaped(text) for name, text in pairs}
        if kind == "setParameter":
            parameters[read["name"].removeprefix("env.")] = read["value"]
        else:
            messages.append((read["status"], read["text"]))
    return parameters, messages


def unescaped(text):
    def character(found):
        return (
            chr(int(found[1], 16)) if found[1] else {"n": "\n", "r": "\r"}.get(found[2], found[2])
        )

    units = re.sub(r"\|(?:0x([0-9a-f]{4})|(.))", character, text)
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


def test_azure_gets_output_variables():
    assert azure_reads(azure.emit(REPORTED, {})) == (OUTPUTS, {})


@pytest.mark.parametrize(("soft", "kind"), [(True, "warning"), (False, "error")])
def test_azure_shows_what_went_wrong_and_what_to_do(soft, kind):
    variables, issues = azure_reads(azure.emit(replace(REFUSED, soft=soft), {}))

    assert variables == {"DEVLAKE_OUT_REPORTED": "false"}
    assert issues == {kind: "DevLake refused it check the token"}


def test_teamcity_gets_parameters_on_the_standard_output():
    assert teamcity_reads(teamcity.emit(REPORTED, {})) == (OUTPUTS, [])


def test_teamcity_shows_what_went_wrong_and_what_to_do():
    parameters, messages = teamcity_reads(teamcity.emit(REFUSED, {}))

    assert parameters == {"DEVLAKE_OUT_REPORTED": "false"}
    assert messages == [("WARNING", "DevLake refused it check the token")]


@pytest.mark.parametrize(("ci", "reads"), [(azure, azure_reads), (teamcity, teamcity_reads)])
def test_having_nothing_to_report_is_no_problem(ci, reads):
    assert not reads(ci.emit(NOTHING, {}))[1]


@given(st.text())
@pytest.mark.parametrize(("ci", "reads"), [(azure, azure_reads), (teamcity, teamcity_reads)])
def test_any_text_comes_out_as_it_went_in_and_is_no_command(ci, reads, text):
    effects = ci.emit(Outcome(reported=True, deployment=replace(DEPLOYMENT, id=text)), {})

    assert reads(effects)[0]["DEVLAKE_OUT_DEPLOYMENT_ID"] == text
    assert not any("\n" in effect.line for effect in effects)


def test_buildkite_gets_an_annotation_and_meta_data_from_standard_input():
    annotation, *kept = buildkite.emit(REPORTED, AGENT)

    assert annotation.command == (
        *("buildkite-agent", "annotate", "--style", "success", "--context", "devlake-e44f9784"),
    )
    assert annotation.text == summary(REPORTED)
    assert kept == [
        RunProgram(("buildkite-agent", "meta-data", "set", "devlake-reported"), "true"),
        RunProgram(
            ("buildkite-agent", "meta-data", "set", "devlake-deployment-id"), "ci:acme/shop:42"
        ),
        RunProgram(("buildkite-agent", "meta-data", "set", "devlake-result"), "SUCCESS"),
    ]


@pytest.mark.parametrize(
    ("outcome", "style"),
    [
        (REPORTED, "success"),
        (NOTHING, "info"),
        (REFUSED, "error"),
        (replace(REFUSED, soft=True), "warning"),
    ],
)
def test_the_style_of_an_annotation_says_how_bad_it_is(outcome, style):
    assert buildkite.emit(outcome, AGENT)[0].command[3] == style


@pytest.mark.parametrize("missing", AGENT)
def test_without_an_agent_buildkite_is_told_nothing(missing):
    assert buildkite.emit(REPORTED, AGENT | {missing: ""}) == ()
