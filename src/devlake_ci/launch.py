"""What `devlake-ci run` decides before the command starts, without importing the program.

The command must not wait for us: unless git has to be asked first, or the command line needs click
to say what is wrong with it, the rest of the program is imported while the command runs.
"""

from collections.abc import Mapping, Sequence

from devlake_ci.child import Child, original_env

URL, KEEP_SECRETS = "DEVLAKE_URL", "DEVLAKE_KEEP_SECRETS"

# fmt: off
# Printed, for what declares these is slow to import; TRUE has the words for true of a variable.
# [[[cog import cog, docs; cog.out(docs.flags()) ]]]
TAKING = frozenset({
    "--ca-bundle", "--changes", "--changes-connection", "--changes-path", "--changes-since",
    "--checkout", "--client-cert", "--client-key", "--commit-name", "--commits", "--component",
    "--connection", "--created-at", "--deadline", "--dialect", "--environment",
    "--environment-map", "--format", "--github-token", "--gitlab-token", "--header", "--id",
    "--incident-branches", "--incident-key", "--incident-state", "--incident-title",
    "--message", "--mode", "--name", "--on-failure", "--priority", "--project", "--ref",
    "--refresh", "--repo-id", "--repo-url", "--result-map", "--service", "--severity", "--sha",
    "--spool", "--submodules", "--success-codes", "--title", "--token", "--url",
})
SWITCHES = frozenset({
    "--allow-pull-request", "--changes-authors", "--dry-run", "--exclude-own-commit",
    "--keep-secrets", "--refresh-wait", "--submodules-recursive", "--verbose",
})
SECRET_VARIABLES = frozenset({
    "DEVLAKE_GITHUB_TOKEN", "DEVLAKE_GITLAB_TOKEN", "DEVLAKE_HEADER", "DEVLAKE_TOKEN",
})
TRUE = frozenset({
    "1", "on", "true", "yes",
})
# [[[end]]]  # noqa: ERA001
# fmt: on

CHOOSING = ("sha", "ref", "repo_url", "checkout", "submodules", "changes_since")
"""The options by which git is asked what was deployed, or what was before."""

SAID = {
    "GITHUB_ACTIONS": ("GITHUB_SHA", "GITHUB_REPOSITORY", "GITHUB_REF_NAME"),
    "GITLAB_CI": ("CI_COMMIT_SHA", "CI_PROJECT_URL", "CI_COMMIT_REF_NAME"),
    "CIRCLECI": ("CIRCLE_SHA1", "CIRCLE_REPOSITORY_URL", "CIRCLE_BRANCH"),
    "TF_BUILD": ("BUILD_SOURCEVERSION", "BUILD_REPOSITORY_URI", "BUILD_SOURCEBRANCH"),
    "BITBUCKET_BUILD_NUMBER": (
        "BITBUCKET_COMMIT", "BITBUCKET_GIT_HTTP_ORIGIN", "BITBUCKET_BRANCH"),
    "BUILDKITE": ("BUILDKITE_COMMIT", "BUILDKITE_REPO", "BUILDKITE_BRANCH"),
    "DRONE": ("DRONE_COMMIT_SHA", "DRONE_GIT_HTTP_URL", "DRONE_BRANCH"),
}  # fmt: skip
"""By the variable that marks a CI, those of the commit, the repository and the branch: where all
are set, `devlake_ci.ci` needs no git to know them (tests/cli/test_run.py holds it to that)."""
OTHERS = ("DEVLAKE_CI", "GITEA_ACTIONS", "FORGEJO_ACTIONS", "JENKINS_URL", "TEAMCITY_VERSION")
"""Variables of which one makes it another CI's job, or one whose variables need a look at git."""
EVENTS = {
    "push", "schedule", "workflow_dispatch", "repository_dispatch", "release", "merge_group",
}  # fmt: skip
"""The events of GitHub in whose runs GITHUB_SHA is what the run is about."""


def split_at_dashes(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split what is typed after `run` at the first `--`: our options, and the command."""
    if "--" not in words:
        return list(words), []
    place = words.index("--")
    return list(words[:place]), list(words[place + 1 :])


def is_known(options: Sequence[str]) -> bool:
    """Return whether each of our words is an option, or the value of one that takes a value."""
    words = iter(options)
    for word in words:
        name, equals, _ = word.partition("=")
        if name in TAKING:
            if not equals and next(words, None) is None:
                return False
        elif word not in SWITCHES:
            return False
    return True


def command_variables(env: Mapping[str, str], options: Sequence[str] = ()) -> dict[str, str]:
    """Return the command's environment: all of `env` but our secrets, if they aren't to be kept."""
    if keeps_secrets(env, options):
        return dict(env)
    left = {name: text for name, text in env.items() if name not in SECRET_VARIABLES}
    if URL in left:
        left[URL] = without_user(left[URL])
    return left


def keeps_secrets(env: Mapping[str, str], options: Sequence[str]) -> bool:
    """Return whether the command is to have our secrets."""
    return "--keep-secrets" in options or env.get(KEEP_SECRETS, "").strip().lower() in TRUE


def without_user(url: str) -> str:
    """Return a URL of DevLake without user and password, otherwise as it is.

    A password with a / in it reaches into what follows the host (`devlake.address` refuses that).
    """
    scheme, separator, rest = url.partition("://")
    if scheme.strip().lower() not in ("http", "https"):
        scheme, separator, rest = "", "", url
    base, route, after = rest.partition("/plugins/webhook")
    return scheme + separator + base.rpartition("@")[2] + route + after


def asks_git(env: Mapping[str, str], options: Sequence[str]) -> bool:
    """Return whether git may have to say which commit this is, before the command moves HEAD."""
    flags = {"--" + each.replace("_", "-") for each in CHOOSING}
    if any(word.partition("=")[0] in flags for word in options):
        return True
    if any(env.get(name) for name in [*OTHERS, *("DEVLAKE_" + each.upper() for each in CHOOSING)]):
        return True
    found = [names for marker, names in SAID.items() if env.get(marker)]
    if len(found) != 1 or not all(env.get(name) for name in found[0]):
        return True
    sha, event = env[found[0][0]], env.get("GITHUB_EVENT_NAME")
    is_whole = len(sha) in (40, 64) and not sha.strip("0123456789abcdef")
    return not is_whole or ("GITHUB_ACTIONS" in env and event not in EVENTS)


def start(command: Sequence[str], options: Sequence[str]) -> Child:
    """Start the command; `options` are what is typed before it."""
    return Child(command, command_variables(original_env(), options))


def start_early(words: Sequence[str]) -> Child | None:
    """Start the command of `run`; None if more has to be known first, or `words` are wrong."""
    options, command = split_at_dashes(words)
    env = original_env()
    if not command or not is_known(options) or asks_git(env, options):
        return None
    return None if keeps_secrets(env, options) else start(command, options)
