"""AWS CodeBuild.

- CODEBUILD_BUILD_ARN, CODEBUILD_BUILD_ID: PROJECT:UUID; a retry is a build of its own, and so is
  each leg of a batch [1]
- CODEBUILD_BUILD_NUMBER: grows within a project [1]
- CODEBUILD_RESOLVED_SOURCE_VERSION: the commit's SHA of a git source, with CodePipeline what that
  gives; of S3 something else, or not there [1]
- CODEBUILD_SOURCE_REPO_URL: the clone URL; not there with CodePipeline [1]
- CODEBUILD_WEBHOOK_TRIGGER: branch/NAME, tag/NAME or pr/NUMBER, in builds by a webhook [1]
- CODEBUILD_WEBHOOK_HEAD_REF: then the ref, of a pull request its source [1]
- CODEBUILD_SOURCE_VERSION: pr/NUMBER also where a pull request is built by hand [1]
- CODEBUILD_START_TIME: milliseconds since 1970 [1]
- CODEBUILD_INITIATOR: a user, or codepipeline/NAME [1]
- CODEBUILD_BATCH_BUILD_IDENTIFIER: which build of a batch it is [1]
- CODEBUILD_PUBLIC_BUILD_URL: in public projects only [1]
- CODEBUILD_BUILD_SUCCEEDING: 1 or 0 [1]; whether it is 0 already in the `finally` of the phase that
  fails is [unverified], so it isn't read: give the result in `post_build`

[1] https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

from functools import partial

from devlake_ci.ci.facts import Fact, Facts, convert, unix_time, value, variable, whole_sha
from devlake_ci.ci.provider import Env, Provider


def read(env: Env) -> Facts:
    """Read the build's variables; the result has to be given."""
    trigger = value(env, "CODEBUILD_WEBHOOK_TRIGGER") or ""
    version = value(env, "CODEBUILD_SOURCE_VERSION") or ""
    milliseconds = partial(unix_time, per_second=1000)
    project, _, build = (value(env, "CODEBUILD_BUILD_ID") or "").partition(":")
    return Facts(
        sha=convert(variable(env, "CODEBUILD_RESOLVED_SOURCE_VERSION"), whole_sha),
        ref=_ref(env, trigger),
        repo_url=variable(env, "CODEBUILD_SOURCE_REPO_URL"),
        run_id=variable(env, "CODEBUILD_BUILD_ID"),
        job=variable(env, "CODEBUILD_BATCH_BUILD_IDENTIFIER"),
        job_id=build or None,
        run_url=variable(env, "CODEBUILD_PUBLIC_BUILD_URL"),
        actor=variable(env, "CODEBUILD_INITIATOR"),
        started_at=convert(variable(env, "CODEBUILD_START_TIME"), milliseconds),
        run_number=value(env, "CODEBUILD_BUILD_NUMBER"),
        workflow=project or None,
        pull_request=trigger.startswith("pr/") or version.startswith("pr/"),
        is_tag=trigger.startswith("tag/"),
    )


def _ref(env: Env, trigger: str) -> Fact[str] | None:
    kind, _, name = trigger.partition("/")
    if kind in {"branch", "tag"} and name:
        return Fact(name, "CODEBUILD_WEBHOOK_TRIGGER")
    return variable(env, "CODEBUILD_WEBHOOK_HEAD_REF")


PROVIDER = Provider(marked=None, read=read)
