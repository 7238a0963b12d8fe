"""Travis CI.

- TRAVIS: true [1]
- TRAVIS_COMMIT, TRAVIS_COMMIT_MESSAGE: the commit; of a pull request a merge that nobody made [1]
- TRAVIS_PULL_REQUEST: a number or false [1]
- TRAVIS_PULL_REQUEST_SHA, _BRANCH: a pull request's head [1]
- TRAVIS_BRANCH: the branch; for a tag the tag, for a pull request the target [1]
- TRAVIS_TAG: the tag [1]
- TRAVIS_BUILD_ID, TRAVIS_JOB_ID: unique, and one job a leg of a matrix; a restart keeps them
  [unverified], so that what it deploys takes the place of what the first try did
- TRAVIS_BUILD_NUMBER: grows within a repository [1]
- TRAVIS_JOB_NAME, TRAVIS_BUILD_WEB_URL: as they say [1]
- TRAVIS_REPO_SLUG: owner/name on a server that it doesn't say [1]; the checkout's remote does
- TRAVIS_TEST_RESULT: 0 or 1, of `script` only [1]: still 0 when the deployment after it fails

So the result has to be given. There are no times.

[1] https://docs.travis-ci.com/user/environment-variables/#default-environment-variables
"""

from devlake_ci.ci.facts import Facts, value, variable
from devlake_ci.ci.provider import Env, Provider


def read(env: Env) -> Facts:
    """Read the default variables; git says the repository, and the result has to be given."""
    requested = (value(env, "TRAVIS_PULL_REQUEST") or "false") != "false"
    if requested:
        sha = variable(env, "TRAVIS_PULL_REQUEST_SHA")
        ref, message = variable(env, "TRAVIS_PULL_REQUEST_BRANCH"), None
    else:
        sha, ref = variable(env, "TRAVIS_COMMIT"), variable(env, "TRAVIS_TAG", "TRAVIS_BRANCH")
        message = variable(env, "TRAVIS_COMMIT_MESSAGE")
    return Facts(
        sha=sha,
        ref=ref,
        message=message,
        run_id=variable(env, "TRAVIS_BUILD_ID"),
        job=variable(env, "TRAVIS_JOB_NAME"),
        job_id=value(env, "TRAVIS_JOB_ID"),
        run_url=variable(env, "TRAVIS_BUILD_WEB_URL"),
        run_number=value(env, "TRAVIS_BUILD_NUMBER"),
        pull_request=requested,
        is_tag=value(env, "TRAVIS_TAG") is not None,
    )


PROVIDER = Provider(read=read)
