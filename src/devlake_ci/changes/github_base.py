"""What GitHub says was live before: its deployments to an environment, else this job's runs.

- https://docs.github.com/graphql/reference/objects#deployment (`deployments: read`)
- https://docs.github.com/rest/actions/workflow-runs#get-a-workflow-run (`actions: read`)

A deployment that GitHub makes for a job names the head of its run. That isn't what was deployed
where a person chose a version, or where another run set this one off.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from operator import itemgetter

from pydantic import AliasPath, AwareDatetime, Field

from devlake_ci.changes.github import HOST, PERMISSIONS, Api, hint
from devlake_ci.ci import github
from devlake_ci.ci.answers import ApiModel, Sha, validate, validate_reply, within
from devlake_ci.ci.provider import ReadFile
from devlake_ci.errors import MissingError
from devlake_ci.incidents import github as runs
from devlake_ci.incidents.streak import UNKNOWN, relevant_runs
from devlake_ci.model import Context, Result
from devlake_ci.options import Options

MOST_DEPLOYMENTS = 30
MOST_RUNS = 5
"""Runs that are asked for what set them off."""
DEPLOY_OWN_HEAD = {"create", "deployment", "push", "release", "schedule"}
"""Events whose runs deploy the head that they name."""
DEPLOYMENTS = "Set `permissions: deployments: read` and `actions: read` in the job."
_RUN = re.compile(r"/actions/runs/(\d+)(?:/|$)")
_FIELDS = (
    "deployments(environments:[$e],first:30,orderBy:{field:CREATED_AT,direction:DESC}){nodes{"
    "databaseId commitOid statuses(first:20){nodes{state createdAt logUrl}}}}"
)


class _Status(ApiModel):
    state: str
    created_at: AwareDatetime = Field(alias="createdAt")
    log_url: str | None = Field(None, alias="logUrl")


class _Deployment(ApiModel):
    sha: Sha = Field(alias="commitOid")
    statuses: list[_Status] | None = within("statuses", "nodes")

    @property
    def succeeded_at(self) -> datetime | None:
        """When it succeeded. A later status says that a newer deployment replaced it."""
        said = (each for each in self.statuses or () if each.state == "SUCCESS")
        return min((each.created_at for each in said), default=None)

    @property
    def run(self) -> str | None:
        """The id of the run of Actions that made it; None if something else did."""
        found = (_RUN.search(each.log_url or "") for each in self.statuses or ())
        return next((each[1] for each in found if each), None)


class _Deployments(ApiModel):
    nodes: list[_Deployment] = Field(validation_alias=AliasPath("deployments", "nodes"))


class _Run(ApiModel):
    event: str
    path: str | None = None


def last_deployed(
    api: Api, options: Options, context: Context, environment: str, began: datetime
) -> str | None:
    """Return the SHA of the last success before `began` that is known to be what was deployed.

    The own run is left out, in all of its attempts. Raise MissingError if GitHub doesn't say.
    """
    try:
        answer = api.graphql(_FIELDS, ",$e:String!", e=environment)
    except MissingError as problem:
        is_refused = problem.hint == PERMISSIONS
        raise MissingError(problem.message, DEPLOYMENTS if is_refused else problem.hint) from None
    found = validate(_Deployments, answer, HOST).nodes
    others = [each for each in found if each.run is None or each.run != context.run_id]
    dated = [(when, each.run, each.sha) for each in others if (when := each.succeeded_at)]
    past = sorted((each for each in dated if each[0] < began), key=itemgetter(0), reverse=True)
    return next(_certain_deployments(api, options, [each[1:] for each in past]), None)


def _certain_deployments(
    api: Api, options: Options, past: Sequence[tuple[str | None, str]]
) -> Iterator[str]:
    """Yield what was surely deployed, and then what this workflow was told by hand to deploy.

    `past` has the run and the head of each deployment, the last one first. An older one than the
    last is as good: what lies between is listed again, and not counted twice.
    """
    chosen = []
    for number, sha in past[:MOST_RUNS]:
        if number is None:
            yield sha
            continue
        reply = github.get(api.env, api.ask, "actions", "runs", number)
        said = hint(reply.message)
        run = validate_reply(_Run, reply, HOST, DEPLOYMENTS if "permissions" in said else said)
        file = (run.path or "").partition("@")[0].rpartition("/")[2]
        if run.event in DEPLOY_OWN_HEAD:
            yield sha
        elif run.event == "workflow_dispatch" and file and file == runs.workflow_file(api.env):
            chosen.append(sha)
    if not (options.sha or options.ref):
        yield from chosen


def last_successful_run(
    api: Api, options: Options, context: Context, read_file: ReadFile
) -> str | None:
    """Return the head of the last run of this job that succeeded; None if there is none.

    That is what it deployed only if nobody chose a version: incidents are as careful. Raise
    MissingError if GitHub doesn't say.
    """
    careful = replace(options, incident_state="auto")
    try:
        past = runs.history(careful, context, api.env, api.ask, read_file).past
    except MissingError as problem:
        why = problem.message.removeprefix(f"{UNKNOWN}: ")
        raise MissingError(f"How they ended is not known: {why}", problem.hint) from None
    good = [each for each in reversed(relevant_runs(past)) if each.result is Result.SUCCESS]
    return next(
        _certain_deployments(api, options, [(each.run_id, each.sha) for each in good if each.sha]),
        None,
    )
