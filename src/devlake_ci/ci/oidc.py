"""Reads from CircleCI's OIDC token what no variable says: the repository, and when the job began.

The token is unverified here: it is in the same environment as the variables, and worth as much.
https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/
"""

import json
from base64 import urlsafe_b64decode
from datetime import datetime

from devlake_ci.ci.facts import Fact, mapped, variable
from devlake_ci.ci.provider import Env
from devlake_ci.ci.values import unix_time
from devlake_ci.commits.repo_url import canonical

TOKENS = ("CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN")
ORIGIN = "oidc.circleci.com/vcs-origin"


def repository(env: Env) -> Fact[str] | None:
    """Find the URL of the repository in the claim `vcs-origin`: `github.com/org/repo`."""
    origin = _claim(env, ORIGIN)
    return mapped(origin, lambda text: canonical(f"https://{text}"))


def started(env: Env) -> Fact[datetime] | None:
    """Find when the job started: the token is made "shortly before the job starts"."""
    return mapped(_claim(env, "iat"), lambda seconds: unix_time(str(seconds)))


def _claim(env: Env, name: str) -> Fact[object] | None:
    token = variable(env, *TOKENS)
    claim = _payload(token.value).get(name) if token else None
    short = name.rpartition("/")[2]
    return Fact(claim, f"{token.source} ({short})") if token and claim is not None else None


def _payload(token: str) -> dict[str, object]:
    try:
        middle = token.split(".")[1]
        claims = json.loads(urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
