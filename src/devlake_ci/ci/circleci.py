"""CircleCI, cloud and server.

- Variables: https://circleci.com/docs/reference/variables/#built-in-environment-variables
- CIRCLE_PULL_REQUEST: a pull request whose head is the branch, as far as CircleCI knows one;
  CIRCLE_PR_NUMBER: there for those from forks only
- CIRCLE_WORKFLOW_JOB_ID: the job's own; all nodes of `parallelism` share it, being one job, so
  CIRCLE_NODE_INDEX tells their reports apart: else one node's success would replace the failure
  of another. The orb reports on node 0 only.
- CIRCLE_OIDC_TOKEN_V2, CIRCLE_OIDC_TOKEN: a token whose claims say what no variable does, the
  repository and when the job began. It is unverified here: it is in the same environment as the
  variables, and worth as much.
  https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/
"""

import json
import shlex
from base64 import urlsafe_b64decode
from datetime import datetime

from devlake_ci.ci.facts import Fact, Facts, convert, number, unix_time, value, variable
from devlake_ci.ci.outputs import STARTED_AT, variables
from devlake_ci.ci.provider import Append, Effect, Env, Provider
from devlake_ci.commits.repo_url import canonical
from devlake_ci.model import Outcome
from devlake_ci.timestamps import rfc3339

_TOKENS = ("CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN")
_ORIGIN = "oidc.circleci.com/vcs-origin"


def read(env: Env) -> Facts:
    """Read the built-in variables, and the OIDC token where they don't say it."""
    # Projects of the GitHub App, of GitLab and of Bitbucket Data Center have no repository URL.
    repo_url = convert(variable(env, "CIRCLE_REPOSITORY_URL"), canonical)
    workflow = variable(env, "CIRCLE_WORKFLOW_ID")
    return Facts(
        sha=variable(env, "CIRCLE_SHA1"),
        ref=variable(env, "CIRCLE_TAG", "CIRCLE_BRANCH"),
        # The claim is like github.com/org/repo.
        repo_url=repo_url or convert(_claim(env, _ORIGIN), lambda url: canonical(f"https://{url}")),
        run_id=workflow,
        job=variable(env, "CIRCLE_JOB"),
        job_id=_job_id(env),
        run_url=variable(env, "CIRCLE_BUILD_URL")
        or convert(workflow, lambda id_: f"https://app.circleci.com/pipelines/workflows/{id_}"),
        actor=variable(env, "CIRCLE_USERNAME"),
        # The token is made "shortly before the job starts".
        started_at=convert(_claim(env, "iat"), lambda seconds: unix_time(str(seconds))),
        run_number=value(env, "CIRCLE_BUILD_NUM"),
        pull_request=value(env, "CIRCLE_PULL_REQUEST", "CIRCLE_PR_NUMBER"),
        is_tag=value(env, "CIRCLE_TAG") is not None,
    )


def emit(outcome: Outcome, env: Env) -> tuple[Effect, ...]:
    """Export the outputs to the later steps of the job."""
    return _export(variables(outcome), env)


def remember(started: datetime, env: Env) -> tuple[Effect, ...]:
    """Export the start time to the later steps of the job."""
    return _export({STARTED_AT: rfc3339(started)}, env)


def _job_id(env: Env) -> str | None:
    job, nodes = value(env, "CIRCLE_WORKFLOW_JOB_ID"), number(value(env, "CIRCLE_NODE_TOTAL"))
    return f"{job}-{value(env, 'CIRCLE_NODE_INDEX')}" if job and nodes and nodes > 1 else job


def _claim(env: Env, name: str) -> Fact[object] | None:
    token = variable(env, *_TOKENS)
    claim = _claims(token.value).get(name) if token else None
    short = name.rpartition("/")[2]
    return Fact(claim, f"{token.source} ({short})") if token and claim is not None else None


def _claims(token: str) -> dict[str, object]:
    try:
        middle = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _export(values: dict[str, str], env: Env) -> tuple[Effect, ...]:
    path = value(env, "BASH_ENV")
    text = "".join(f"export {name}={shlex.quote(text)}\n" for name, text in values.items())
    return (Append(path, text),) if path else ()


PROVIDER = Provider(read=read, emit=emit, remember=remember)
