"""AWS CodeBuild.

- CODEBUILD_BUILD_ARN, CODEBUILD_BUILD_ID: PROJECT:UUID; a retry is a build of its own [1]
- CODEBUILD_BUILD_NUMBER: grows within a project [1]
- CODEBUILD_RESOLVED_SOURCE_VERSION: the commit's SHA of a Git source, with CodePipeline what that
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

from typing import Any

from devlake_ci.ci.facts import Fact, bare_ref, context, mapped, value, variable
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.ci.values import number, unix_time, whole_sha
from devlake_ci.commits.repo_url import canonical
from devlake_ci.model import Context

NAME = "codebuild"


def detect(env: Env) -> bool:
    """Recognise CodeBuild by the name that AWS has for each build."""
    return value(env, "CODEBUILD_BUILD_ARN") is not None


def read(env: Env, read_file: ReadFile) -> Context:
    """Read the build's variables; the result has to be given."""
    del read_file
    return context(
        env,
        Fact(NAME, "CODEBUILD_BUILD_ARN"),
        _facts(env),
        pull_request="it runs for a pull request" if _for_pull_request(env) else None,
        run_number=number(value(env, "CODEBUILD_BUILD_NUMBER")),
        workflow=(value(env, "CODEBUILD_BUILD_ID") or "").partition(":")[0] or None,
        is_tag=_trigger(env).startswith("tag/"),
    )


def _facts(env: Env) -> dict[str, Fact[Any] | None]:
    return {
        "sha": mapped(variable(env, "CODEBUILD_RESOLVED_SOURCE_VERSION"), whole_sha),
        "ref": _ref(env),
        "repo_url": mapped(variable(env, "CODEBUILD_SOURCE_REPO_URL"), canonical),
        "run_id": variable(env, "CODEBUILD_BUILD_ID"),
        "job": variable(env, "CODEBUILD_BATCH_BUILD_IDENTIFIER"),
        "run_url": variable(env, "CODEBUILD_PUBLIC_BUILD_URL"),
        "actor": variable(env, "CODEBUILD_INITIATOR"),
        "started_at": mapped(
            variable(env, "CODEBUILD_START_TIME"), lambda text: unix_time(text, per_second=1000)
        ),
    }


def _ref(env: Env) -> Fact[str] | None:
    kind, _, name = _trigger(env).partition("/")
    if kind in {"branch", "tag"} and name:
        return Fact(name, "CODEBUILD_WEBHOOK_TRIGGER")
    return mapped(variable(env, "CODEBUILD_WEBHOOK_HEAD_REF"), bare_ref)


def _for_pull_request(env: Env) -> bool:
    version = value(env, "CODEBUILD_SOURCE_VERSION") or ""
    return _trigger(env).startswith("pr/") or version.startswith("pr/")


def _trigger(env: Env) -> str:
    return value(env, "CODEBUILD_WEBHOOK_TRIGGER") or ""


PROVIDER = Provider(name=NAME, detect=detect, read=read)
