"""Jenkins, with Git.

- JENKINS_URL, BUILD_URL: there if Jenkins was told its address [1]
- BUILD_TAG, JOB_NAME: jenkins-JOB-NUMBER; the job with its folders [1]
- BUILD_NUMBER: grows within a job [1]; one that was deleted and made anew counts from 1 again, and
  its deployments take the place of the old ones
- STAGE_NAME: the stage of a pipeline [2], one for all cells of a matrix
- GIT_COMMIT, GIT_BRANCH: the commit; the branch with the remote's name before it, or `detached` if
  a SHA is built [3]. A scripted pipeline has them only if it exports what `checkout` returns. They
  and GIT_URL can be a shared library's [6], so the working directory must not contradict them.
- GIT_URL, GIT_URL_1: the clone URL, the latter with several remotes [3]
- BRANCH_NAME, TAG_NAME, BRANCH_IS_PRIMARY: in multibranch jobs [4]
- CHANGE_ID, CHANGE_BRANCH: there for pull requests, where BRANCH_NAME is PR-7 and the commit may be
  a merge that nobody made [4]; ghprbPullId and gitlabMergeRequestIid are what older plugins say
- BUILD_USER_ID: with the plugin build-user-vars [5]

How the build stands and when it began, Groovy alone knows: give DEVLAKE_RESULT.

[1] https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
[2] https://github.com/jenkinsci/workflow-cps-plugin
[3] https://plugins.jenkins.io/git/#plugin-content-environment-variables
[4] https://github.com/jenkinsci/branch-api-plugin, BranchNameContributor.java
[5] https://plugins.jenkins.io/build-user-vars-plugin/
[6] https://www.jenkins.io/doc/book/pipeline/shared-libraries/: a library is checked out, too
"""

import re

from devlake_ci.ci.facts import Fact, Facts, convert, qualify, value, variable
from devlake_ci.ci.provider import Env, Provider

_REQUEST = ("CHANGE_ID", "ghprbPullId", "gitlabMergeRequestIid")
_CELLS = (
    "Jenkins doesn't say which cell of a matrix a stage runs in, so the reports of all cells are "
    "one deployment, and the last one counts. Give each cell a --service (DEVLAKE_SERVICE) of its "
    "own."
)


def read(env: Env) -> Facts:
    """Read the build's variables; the result has to be given."""
    change = variable(env, *_REQUEST)
    branch, job = value(env, "BRANCH_NAME"), value(env, "JOB_NAME") or ""
    return Facts(
        sha=None if change else variable(env, "GIT_COMMIT"),
        ref=_ref(env, change),
        repo_url=variable(env, "GIT_URL", "GIT_URL_1"),
        run_id=qualify(variable(env, "BUILD_TAG"), value(env, "JENKINS_URL")),
        job=variable(env, "STAGE_NAME"),
        run_url=variable(env, "BUILD_URL"),
        actor=variable(env, "BUILD_USER_ID"),
        # The jobs of a multibranch project belong together, and each of them counts from 1.
        run_number=None if branch else value(env, "BUILD_NUMBER"),
        workflow=(job.rpartition("/")[0] if branch else "") or job or None,
        default_branch=branch if value(env, "BRANCH_IS_PRIMARY") == "true" else None,
        pull_request=change,
        matrix_note=_CELLS,
        is_tag=value(env, "TAG_NAME") is not None,
    )


def _ref(env: Env, change: Fact[str] | None) -> Fact[str] | None:
    source = ("CHANGE_BRANCH", "ghprbSourceBranch", "gitlabSourceBranch") if change else ()
    return variable(env, *source, "TAG_NAME", "BRANCH_NAME") or convert(
        variable(env, "GIT_BRANCH"), _git_branch
    )


def _git_branch(text: str) -> str | None:
    # What else is before a branch's name, as before any CI's, is stripped once for all.
    return None if text == "detached" else re.sub("^(?:refs/remotes/)?upstream/", "", text)


PROVIDER = Provider(marked=None, read=read, from_any_checkout=True)
"""Without its address Jenkins has no addresses of builds either."""
