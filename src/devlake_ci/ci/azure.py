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
- SYSTEM_JOBID: one of each job and of each leg of a matrix, the same in each attempt [unverified];
  the attempts of stage and job are put to it
- SYSTEM_PIPELINESTARTTIME: like 2020-02-10 13:29:58-05:00 [1]; when the job began, nothing says
- SYSTEM_COLLECTIONURI, SYSTEM_TEAMPROJECT: what a run's address is made of [1]
- ENVIRONMENT_NAME: in deployment jobs, where they deploy to [1]
- AGENT_JOBSTATUS: Canceled, Failed, Succeeded, or SucceededWithIssues [1]: a step failed that may
  fail (`continueOnError`), so a success, unless --result-map says otherwise
- RELEASE_DEPLOYMENTID, _ATTEMPTNUMBER, _ENVIRONMENTNAME, _DEFINITIONNAME, _RELEASEWEBURL: in
  classic releases, where BUILD_ is the artifact's build [2]

[1] https://learn.microsoft.com/azure/devops/pipelines/build/variables
[2] https://learn.microsoft.com/azure/devops/pipelines/release/variables

What the agent takes as commands, and how it wants them escaped:
https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands and
src/Agent.Sdk/CommandStringConvertor.cs of https://github.com/microsoft/azure-pipelines-agent
"""

from urllib.parse import quote

from devlake_ci.ci.facts import Fact, Facts, convert, join, timestamp, value, variable
from devlake_ci.ci.outputs import problem_line, variables
from devlake_ci.ci.provider import Effect, Env, Print, Provider
from devlake_ci.model import Outcome

_JOB = ("SYSTEM_JOBID", "SYSTEM_STAGEATTEMPT", "SYSTEM_JOBATTEMPT", "RELEASE_ATTEMPTNUMBER")
_CODES = {"%": "%AZP25", ";": "%3B", "\r": "%0D", "\n": "%0A", "]": "%5D"}


def read(env: Env) -> Facts:
    """Read the predefined variables; AGENT_JOBSTATUS is the result so far."""
    requested = value(env, "BUILD_REASON") == "PullRequest" or bool(
        value(env, "SYSTEM_PULLREQUEST_PULLREQUESTID")
    )
    if requested:
        sha = variable(env, "SYSTEM_PULLREQUEST_SOURCECOMMITID")
        ref, message = variable(env, "SYSTEM_PULLREQUEST_SOURCEBRANCH"), None
    else:
        sha, ref = variable(env, "BUILD_SOURCEVERSION"), variable(env, "BUILD_SOURCEBRANCH")
        message = variable(env, "BUILD_SOURCEVERSIONMESSAGE")
    job = join(env, *_JOB)
    # A release has numbers of its own: no build may have the same.
    release = convert(variable(env, "RELEASE_DEPLOYMENTID"), lambda number: f"release-{number}")
    return Facts(
        sha=sha,
        ref=ref,
        message=message,
        repo_url=variable(env, "BUILD_REPOSITORY_URI"),
        run_id=release or variable(env, "BUILD_BUILDID"),
        attempt=variable(env, "RELEASE_ATTEMPTNUMBER", "SYSTEM_JOBATTEMPT"),
        job=join(env, "SYSTEM_STAGENAME", "SYSTEM_JOBNAME"),
        job_id=job.value if job and value(env, "SYSTEM_JOBID") else None,
        run_url=variable(env, "RELEASE_RELEASEWEBURL") or _run_url(env),
        actor=variable(env, "BUILD_REQUESTEDFOR"),
        environment=variable(env, "RELEASE_ENVIRONMENTNAME", "ENVIRONMENT_NAME"),
        created_at=convert(variable(env, "SYSTEM_PIPELINESTARTTIME"), timestamp),
        result=variable(env, "AGENT_JOBSTATUS"),
        run_number=value(env, "RELEASE_DEPLOYMENTID", "BUILD_BUILDID"),
        workflow=value(env, "RELEASE_DEFINITIONNAME", "BUILD_DEFINITIONNAME"),
        pull_request=requested,
        is_tag=(value(env, "BUILD_SOURCEBRANCH") or "").startswith("refs/tags/"),
    )


def emit(outcome: Outcome, _: Env) -> tuple[Effect, ...]:
    """Set output variables of the step, and show a problem on the run's page."""
    commands = [
        f"##vso[task.setvariable variable={name};isOutput=true]{_escape(text)}"
        for name, text in variables(outcome).items()
    ]
    if said := problem_line(outcome):
        kind = "warning" if outcome.soft or outcome.reported else "error"
        commands.append(f"##vso[task.logissue type={kind}]{_escape(said)}")
    return tuple(map(Print, commands))


def _run_url(env: Env) -> Fact[str] | None:
    server, project = value(env, "SYSTEM_COLLECTIONURI"), value(env, "SYSTEM_TEAMPROJECT")
    if not (server and project):
        return None
    page = f"{server.rstrip('/')}/{quote(project, safe='')}/_build/results?buildId="
    return convert(variable(env, "BUILD_BUILDID"), lambda id_: page + id_)


def _escape(text: str) -> str:
    for character, code in _CODES.items():
        text = text.replace(character, code)
    return text


PROVIDER = Provider(read=read, emit=emit)
