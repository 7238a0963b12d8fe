"""Jenkins, with Git.

- JENKINS_URL, BUILD_URL: there if Jenkins was told its address [1]
- BUILD_TAG, JOB_NAME: jenkins-JOB-NUMBER; the job with its folders [1]
- BUILD_NUMBER: grows within a job [1]; one that was deleted and made anew counts from 1 again, and
  its deployments take the place of the old ones
- STAGE_NAME: the stage of a pipeline [2]
- GIT_COMMIT, GIT_BRANCH: the commit; the branch with the remote's name before it [3]. A scripted
  pipeline has them only if it exports what `checkout` gives back.
- GIT_URL, GIT_URL_1: the clone URL, the latter with several remotes [3]
- BRANCH_NAME, TAG_NAME, BRANCH_IS_PRIMARY: in multibranch jobs [4]
- CHANGE_ID, CHANGE_BRANCH: there for pull requests, where BRANCH_NAME is PR-7 and the commit may be
  a merge that nobody made [4]
- BUILD_USER_ID: with the plugin build-user-vars [5]

How the build stands and when it began, Groovy alone knows: give DEVLAKE_RESULT.

[1] https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
[2] https://github.com/jenkinsci/workflow-cps-plugin
[3] https://plugins.jenkins.io/git/#plugin-content-environment-variables
[4] https://github.com/jenkinsci/branch-api-plugin, BranchNameContributor.java
[5] https://plugins.jenkins.io/build-user-vars-plugin/
"""

from typing import Any

from devlake_ci.ci.facts import Fact, bare_ref, commit_sha, context, mapped, value, variable
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.ci.values import host, number
from devlake_ci.commits.repo_url import canonical
from devlake_ci.model import Context

NAME = "jenkins"


def detect(env: Env) -> bool:
    """Recognise Jenkins by its address; without one it has no addresses of builds either."""
    return value(env, "JENKINS_URL") is not None


def read(env: Env, read_file: ReadFile) -> Context:
    """Read the build's variables; the result has to be given."""
    del read_file
    primary = value(env, "BRANCH_IS_PRIMARY") == "true"
    branch, job = value(env, "BRANCH_NAME"), value(env, "JOB_NAME") or ""
    return context(
        env,
        Fact(NAME, "JENKINS_URL"),
        _facts(env),
        job_id=host(value(env, "JENKINS_URL")),
        pull_request="it runs for a pull request" if value(env, "CHANGE_ID") else None,
        # The jobs of a multibranch project belong together, and each of them counts from 1.
        run_number=None if branch else number(value(env, "BUILD_NUMBER")),
        workflow=(job.rpartition("/")[0] if branch else "") or job or None,
        default_branch=branch if primary else None,
        is_tag=value(env, "TAG_NAME") is not None,
    )


def _facts(env: Env) -> dict[str, Fact[Any] | None]:
    change = variable(env, "CHANGE_ID")
    ref = variable(env, "CHANGE_BRANCH") if change else None
    return {
        "sha": None if change else mapped(variable(env, "GIT_COMMIT"), commit_sha),
        "ref": mapped(ref or variable(env, "TAG_NAME", "BRANCH_NAME", "GIT_BRANCH"), bare_ref),
        "repo_url": mapped(variable(env, "GIT_URL", "GIT_URL_1"), canonical),
        "run_id": variable(env, "BUILD_TAG"),
        "job": variable(env, "STAGE_NAME"),
        "run_url": variable(env, "BUILD_URL"),
        "actor": variable(env, "BUILD_USER_ID"),
    }


PROVIDER = Provider(name=NAME, detect=detect, read=read)
