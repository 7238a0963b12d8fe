"""Azure Pipelines, as a service and as a server, classic releases included.

- TF_BUILD: True in every job [1]
- BUILD_SOURCEVERSION: the commit; of a pull request a merge that nobody made [1]
- SYSTEM_PULLREQUEST_SOURCECOMMITID, _SOURCEBRANCH: a pull request's head [1]
- BUILD_SOURCEBRANCH: refs/heads/, refs/tags/ or refs/pull/ and a name [1]
- BUILD_SOURCEBRANCHNAME: the last segment of that only [1], so it is not read
- BUILD_SOURCEVERSIONMESSAGE: the commit's message, cut at its first line or 200 characters [1]
- BUILD_REPOSITORY_URI: the URL of the repository that set it off [1]
- BUILD_BUILDID: grows within the organisation, the same in each attempt [1]
- BUILD_REASON, BUILD_REQUESTEDFOR, BUILD_DEFINITIONNAME: PullRequest or another, a person, the
  pipeline [1]
- SYSTEM_STAGENAME, SYSTEM_JOBNAME, SYSTEM_JOBATTEMPT, SYSTEM_STAGEATTEMPT: as they say [1]
- SYSTEM_JOBID: one of each job, the same in each attempt [unverified]; the stage's attempt is put
  to it
- SYSTEM_PIPELINESTARTTIME: like 2020-02-10 13:29:58-05:00 [1]; when the job began, nothing says
- SYSTEM_COLLECTIONURI, SYSTEM_TEAMPROJECT: what a run's address is made of [1]
- ENVIRONMENT_NAME: in deployment jobs, where they deploy to [1]
- AGENT_JOBSTATUS: Canceled, Failed, Succeeded, or SucceededWithIssues [1], half a success, left
  open
- RELEASE_DEPLOYMENTID, _ATTEMPTNUMBER, _ENVIRONMENTNAME, _DEFINITIONNAME, _RELEASEWEBURL: in
  classic releases, where BUILD_ is the artifact's build [2]

[1] https://learn.microsoft.com/azure/devops/pipelines/build/variables
[2] https://learn.microsoft.com/azure/devops/pipelines/release/variables

What the agent takes as commands, and how it wants them escaped:
https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands and
src/Agent.Sdk/CommandStringConvertor.cs of https://github.com/microsoft/azure-pipelines-agent
"""

from typing import Any
from urllib.parse import quote

from devlake_ci.ci.facts import (
    Fact,
    bare_ref,
    commit_sha,
    context,
    mapped,
    moment,
    renamed,
    value,
    variable,
)
from devlake_ci.ci.outputs import problem, variables
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.ci.values import number
from devlake_ci.commits.repo_url import canonical
from devlake_ci.effects import Effect, Say
from devlake_ci.model import Context, Outcome

NAME = "azure"
_CODES = {"%": "%AZP25", ";": "%3B", "\r": "%0D", "\n": "%0A", "]": "%5D"}


def detect(env: Env) -> bool:
    """Recognise Azure Pipelines by its own variable."""
    return (value(env, "TF_BUILD") or "").lower() == "true"


def read(env: Env, read_file: ReadFile) -> Context:
    """Read the predefined variables; AGENT_JOBSTATUS is the result so far."""
    del read_file
    job = _joined(env, "SYSTEM_JOBID", "SYSTEM_STAGEATTEMPT")
    return context(
        env,
        Fact(NAME, "TF_BUILD"),
        _commit(env) | _run(env),
        job_id=job.value if job else None,
        pull_request="it runs for a pull request" if _for_pull_request(env) else None,
        run_number=number(value(env, "RELEASE_DEPLOYMENTID", "BUILD_BUILDID")),
        workflow=value(env, "RELEASE_DEFINITIONNAME", "BUILD_DEFINITIONNAME"),
        is_tag=(value(env, "BUILD_SOURCEBRANCH") or "").startswith("refs/tags/"),
    )


def emit(outcome: Outcome, env: Env) -> tuple[Effect, ...]:
    """Set output variables of the step, and show a problem on the run's page."""
    del env
    commands = [
        f"##vso[task.setvariable variable={name};isOutput=true]{_escaped(text)}"
        for name, text in variables(outcome).items()
    ]
    if said := problem(outcome):
        kind = "warning" if outcome.soft or outcome.reported else "error"
        commands.append(f"##vso[task.logissue type={kind}]{_escaped(said)}")
    return tuple(map(Say, commands))


def _commit(env: Env) -> dict[str, Fact[Any] | None]:
    if _for_pull_request(env):
        sha = variable(env, "SYSTEM_PULLREQUEST_SOURCECOMMITID")
        ref, message = variable(env, "SYSTEM_PULLREQUEST_SOURCEBRANCH"), None
    else:
        sha, ref = variable(env, "BUILD_SOURCEVERSION"), variable(env, "BUILD_SOURCEBRANCH")
        message = variable(env, "BUILD_SOURCEVERSIONMESSAGE")
    return {
        "sha": mapped(sha, commit_sha),
        "ref": mapped(ref, bare_ref),
        "message": message,
        "repo_url": mapped(variable(env, "BUILD_REPOSITORY_URI"), canonical),
    }


def _run(env: Env) -> dict[str, Fact[Any] | None]:
    # A release has numbers of its own: no build may have the same.
    release = mapped(variable(env, "RELEASE_DEPLOYMENTID"), lambda number: f"release-{number}")
    return {
        "run_id": release or variable(env, "BUILD_BUILDID"),
        "attempt": variable(env, "RELEASE_ATTEMPTNUMBER", "SYSTEM_JOBATTEMPT"),
        "job": _joined(env, "SYSTEM_STAGENAME", "SYSTEM_JOBNAME"),
        "run_url": variable(env, "RELEASE_RELEASEWEBURL") or _run_url(env),
        "actor": variable(env, "BUILD_REQUESTEDFOR"),
        "environment": variable(env, "RELEASE_ENVIRONMENTNAME", "ENVIRONMENT_NAME"),
        "created_at": mapped(variable(env, "SYSTEM_PIPELINESTARTTIME"), moment),
        "result": variable(env, "AGENT_JOBSTATUS"),
    }


def _run_url(env: Env) -> Fact[str] | None:
    server, project = value(env, "SYSTEM_COLLECTIONURI"), value(env, "SYSTEM_TEAMPROJECT")
    if not (server and project):
        return None
    page = f"{server.rstrip('/')}/{quote(project, safe='')}/_build/results?buildId="
    return renamed(mapped(variable(env, "BUILD_BUILDID"), lambda id_: page + id_), "BUILD_BUILDID")


def _for_pull_request(env: Env) -> bool:
    return value(env, "BUILD_REASON") == "PullRequest" or bool(
        value(env, "SYSTEM_PULLREQUEST_PULLREQUESTID")
    )


def _joined(env: Env, *names: str) -> Fact[str] | None:
    said = [fact for name in names if (fact := variable(env, name))]
    text = ".".join(fact.value for fact in said)
    return Fact(text, ".".join(fact.source for fact in said)) if said else None


def _escaped(text: str) -> str:
    for character, code in _CODES.items():
        text = text.replace(character, code)
    return text


PROVIDER = Provider(name=NAME, detect=detect, read=read, emit=emit)
