"""Travis CI.

- TRAVIS: true [1]
- TRAVIS_COMMIT, TRAVIS_COMMIT_MESSAGE: the commit; of a pull request a merge that nobody made [1]
- TRAVIS_PULL_REQUEST: a number or false [1]
- TRAVIS_PULL_REQUEST_SHA, _BRANCH: a pull request's head [1]
- TRAVIS_BRANCH: the branch; for a tag the tag, for a pull request the target [1]
- TRAVIS_TAG: the tag [1]
- TRAVIS_BUILD_ID, TRAVIS_JOB_ID: unique; a restart keeps them [unverified], so that what it deploys
  takes the place of what the first try did
- TRAVIS_BUILD_NUMBER: grows within a repository [1]
- TRAVIS_JOB_NAME, TRAVIS_BUILD_WEB_URL: as they say [1]
- TRAVIS_REPO_SLUG: owner/name on a server that it doesn't say [1]; the checkout's remote does
- TRAVIS_TEST_RESULT: 0 or 1, of `script` only [1]: still 0 when the deployment after it fails

So the result has to be given. There are no times.

[1] https://docs.travis-ci.com/user/environment-variables/#default-environment-variables
"""

from typing import Any

from devlake_ci.ci.facts import Fact, bare_ref, commit_sha, context, mapped, value, variable
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.ci.values import number
from devlake_ci.model import Context

NAME = "travis"


def detect(env: Env) -> bool:
    """Recognise Travis CI by its own variable."""
    return value(env, "TRAVIS") == "true"


def read(env: Env, read_file: ReadFile) -> Context:
    """Read the default variables; Git says the repository, and the result has to be given."""
    del read_file
    return context(
        env,
        Fact(NAME, "TRAVIS"),
        _commit(env) | _build(env),
        job_id=value(env, "TRAVIS_JOB_ID"),
        pull_request="it runs for a pull request" if _for_pull_request(env) else None,
        run_number=number(value(env, "TRAVIS_BUILD_NUMBER")),
        is_tag=value(env, "TRAVIS_TAG") is not None,
    )


def _commit(env: Env) -> dict[str, Fact[Any] | None]:
    if _for_pull_request(env):
        sha = variable(env, "TRAVIS_PULL_REQUEST_SHA")
        ref, message = variable(env, "TRAVIS_PULL_REQUEST_BRANCH"), None
    else:
        sha, ref = variable(env, "TRAVIS_COMMIT"), variable(env, "TRAVIS_TAG", "TRAVIS_BRANCH")
        message = variable(env, "TRAVIS_COMMIT_MESSAGE")
    return {"sha": mapped(sha, commit_sha), "ref": mapped(ref, bare_ref), "message": message}


def _build(env: Env) -> dict[str, Fact[Any] | None]:
    return {
        "run_id": variable(env, "TRAVIS_BUILD_ID"),
        "job": variable(env, "TRAVIS_JOB_NAME"),
        "run_url": variable(env, "TRAVIS_BUILD_WEB_URL"),
    }


def _for_pull_request(env: Env) -> bool:
    return (value(env, "TRAVIS_PULL_REQUEST") or "false") != "false"


PROVIDER = Provider(name=NAME, detect=detect, read=read)
