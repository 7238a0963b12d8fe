"""Bitbucket Pipelines, in Bitbucket Cloud.

- BITBUCKET_COMMIT: the commit; of a pull request its head [1]
- BITBUCKET_BRANCH, BITBUCKET_TAG: the source branch, not there on tags; the tag [1]
- BITBUCKET_GIT_HTTP_ORIGIN, _SSH_ORIGIN: the repository [1]
- BITBUCKET_BUILD_NUMBER: grows within a repository, the same when a step is run again [1]
- BITBUCKET_STEP_RUN_NUMBER: counts that, from 1 [1]
- BITBUCKET_STEP_UUID: the step's own, in braces [1]; whether it is another one when the step is run
  again is [unverified], so the number of the run is put to it
- BITBUCKET_REPO_FULL_NAME: workspace/repository [1]
- BITBUCKET_PR_ID: there in pull requests only [1]
- BITBUCKET_DEPLOYMENT_ENVIRONMENT: there in steps with `deployment:` [1]
- BITBUCKET_EXIT_CODE: there in `after-script` only, 0 or 1 [1]; what it is after a step was stopped
  or ran out of time is [unverified]

Times, the step's name, the commit's message and who set it off (but as a UUID): no variable.

[1] https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
"""

from devlake_ci.ci.facts import Facts, convert, exit_code, join, value, variable
from devlake_ci.ci.provider import Env, Provider


def read(env: Env) -> Facts:
    """Read the default variables; in `after-script` they say the result, too."""
    url = variable(env, "BITBUCKET_GIT_HTTP_ORIGIN", "BITBUCKET_GIT_SSH_ORIGIN")
    run = variable(env, "BITBUCKET_BUILD_NUMBER")
    repository = value(env, "BITBUCKET_REPO_FULL_NAME")
    page = f"https://bitbucket.org/{repository}/pipelines/results/"
    step = join(env, "BITBUCKET_STEP_UUID", "BITBUCKET_STEP_RUN_NUMBER")
    return Facts(
        sha=variable(env, "BITBUCKET_COMMIT"),
        ref=variable(env, "BITBUCKET_TAG", "BITBUCKET_BRANCH"),
        repo_url=url,
        run_id=run,
        attempt=variable(env, "BITBUCKET_STEP_RUN_NUMBER"),
        job_id=step.value if step and value(env, "BITBUCKET_STEP_UUID") else None,
        matrix_index=value(env, "BITBUCKET_PARALLEL_STEP"),
        run_url=convert(run, lambda number: page + number) if repository else None,
        environment=variable(env, "BITBUCKET_DEPLOYMENT_ENVIRONMENT"),
        result=convert(variable(env, "BITBUCKET_EXIT_CODE"), exit_code),
        run_number=value(env, "BITBUCKET_BUILD_NUMBER"),
        pull_request=value(env, "BITBUCKET_PR_ID"),
        is_tag=value(env, "BITBUCKET_TAG") is not None,
    )


PROVIDER = Provider(marked=None, read=read)
