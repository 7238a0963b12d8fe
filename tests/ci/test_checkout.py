"""What the CI doesn't say is taken from the checkout, by the real Git."""

import pytest

from devlake_ci import ci, runtime
from tests import support


@pytest.fixture
def git(tmp_path, monkeypatch):
    support.git(tmp_path, "init")
    support.git(tmp_path, "commit", "--allow-empty", "--message=First line\n\nBody")
    remote = "https://ada:secret@GitHub.com/acme/shop.git"
    support.git(tmp_path, "remote", "add", "origin", remote)
    monkeypatch.chdir(tmp_path)
    return runtime.run_git


def no_file(_):
    return None


def test_git_says_everything_on_a_plain_machine(git):
    context = ci.read_context({}, no_file, git)

    assert context.sha == git("rev-parse", "HEAD")
    assert context.ref == "main"
    assert context.repo_url == "https://github.com/acme/shop"
    assert context.message == "First line\n\nBody"
    assert context.sources == {
        "provider": "no CI variable",
        "sha": "git rev-parse HEAD",
        "ref": "git symbolic-ref --short HEAD",
        "repo_url": "git config remote.origin.url",
        "message": "git show --no-patch --format=%B",
    }


def test_a_detached_head_has_the_ref_of_its_tag(git):
    git("tag", "v1.2.3")
    git("checkout", "--detach")

    context = ci.read_context({}, no_file, git)

    assert context.ref == "v1.2.3"
    assert context.sources["ref"] == "git describe --tags --exact-match HEAD"


def test_the_message_is_that_of_the_commit_which_the_ci_names(git):
    named = git("rev-parse", "HEAD")
    git("commit", "--allow-empty", "--message=Another")

    context = ci.read_context({"CIRCLECI": "true", "CIRCLE_SHA1": named}, no_file, git)

    assert context.message == "First line\n\nBody"


def test_the_branch_that_is_checked_out_says_nothing_of_another_commit(git):
    named = git("rev-parse", "HEAD")
    git("commit", "--allow-empty", "--message=Another")

    context = ci.read_context({"CIRCLECI": "true", "CIRCLE_SHA1": named}, no_file, git)

    assert context.ref is None


def test_git_is_not_asked_for_what_the_ci_says():
    env = {
        "GITLAB_CI": "true",
        "CI_COMMIT_SHA": "a" * 40,
        "CI_COMMIT_BRANCH": "main",
        "CI_COMMIT_MESSAGE": "Add a cart",
        "CI_PROJECT_URL": "https://gitlab.com/acme/shop",
    }
    asked = []

    ci.read_context(env, no_file, lambda *arguments: asked.append(arguments))

    assert asked == []


def test_git_is_not_given_a_sha_that_it_could_take_for_an_option():
    asked = []

    ci.read_context(
        {"CIRCLECI": "true", "CIRCLE_SHA1": "--output=x"},
        no_file,
        lambda *arguments: asked.append(arguments),
    )

    assert not [arguments for arguments in asked if "--output=x" in arguments]


def test_the_configured_url_counts_not_the_one_that_a_deploy_key_is_reached_by(git):
    key = "git@key-0123456789abcdef.github.com:acme/shop"
    git("config", f"url.{key}.insteadOf", "https://ada:secret@GitHub.com/acme/shop")

    assert git("remote", "get-url", "origin") == f"{key}.git"
    assert ci.read_context({}, no_file, git).repo_url == "https://github.com/acme/shop"


def test_a_shorthand_that_git_was_told_of_is_written_out(git):
    git("remote", "set-url", "origin", "gh:acme/shop")
    git("config", "url.git@github.com:.insteadOf", "gh:")

    assert ci.read_context({}, no_file, git).repo_url == "https://github.com/acme/shop"


@pytest.mark.parametrize(
    ("url", "counts"),
    [
        ("git@github.com:acme/shop", True),
        ("https://github.com/acme/other", False),
        ("/srv/git/shop.git", False),
    ],
)
def test_head_counts_only_in_a_checkout_of_the_repository_that_the_ci_names(git, url, counts):
    env = {"BUILDKITE": "true", "BUILDKITE_REPO": "git@github.com:acme/shop.git",
           "BUILDKITE_COMMIT": "HEAD"}  # fmt: skip
    git("remote", "set-url", "origin", url)

    assert (ci.read_context(env, no_file, git).sha is not None) == counts


def test_a_remote_on_this_machine_is_no_repository_url(git):
    git("remote", "set-url", "origin", "/srv/git/shop.git")

    assert ci.read_context({}, no_file, git).repo_url is None


JENKINS = {"JENKINS_URL": "http://ci", "CHANGE_ID": "7", "CHANGE_BRANCH": "topic"}


def test_the_head_of_a_pull_request_is_what_is_checked_out(git):
    context = ci.read_context(JENKINS, no_file, git)

    assert context.sha == git("rev-parse", "HEAD")


def test_a_merge_that_nobody_made_is_not_the_commit_of_a_pull_request(git):
    git("checkout", "-b", "topic")
    git("commit", "--allow-empty", "--message=Topic")
    git("checkout", "main")
    git("merge", "--no-ff", "--message=Merge", "topic")

    context = ci.read_context(JENKINS, no_file, git)

    assert context.sha is None
    assert ci.read_context({}, no_file, git).sha == git("rev-parse", "HEAD")


LIBRARY = {"JENKINS_URL": "http://ci", "GIT_URL": "https://github.com/acme/jenkins-lib.git",
           "GIT_COMMIT": "b" * 40, "BRANCH_NAME": "main"}  # fmt: skip


def test_the_head_of_a_pull_request_that_is_no_merge_is_its_commit(git):
    git("commit", "--allow-empty", "--message=Second")

    context = ci.read_context(JENKINS, no_file, git)

    assert context.sha == git("rev-parse", "HEAD")


def test_variables_of_a_shared_library_contradict_the_checkout_so_neither_counts(git):
    context = ci.read_context(LIBRARY, no_file, git)

    assert (context.sha, context.repo_url, context.ref) == (None, None, "main")
    assert {"sha", "repo_url"}.isdisjoint(context.sources)
    assert "GIT_URL" in context.unknown["sha"]
    assert context.unknown["repo_url"] == context.unknown["sha"]


def test_a_checkout_with_the_cis_commit_or_a_remote_of_its_repository_contradicts_nothing(git):
    head = git("rev-parse", "HEAD")
    git("remote", "add", "upstream", "git@github.com:acme/jenkins-lib.git")

    by_remote = ci.read_context(LIBRARY, no_file, git)
    git("remote", "remove", "upstream")
    by_commit = ci.read_context(LIBRARY | {"GIT_COMMIT": head}, no_file, git)

    assert (by_remote.sha, by_commit.sha) == ("b" * 40, head)
    assert by_remote.repo_url == by_commit.repo_url == "https://github.com/acme/jenkins-lib"


def test_outside_of_any_checkout_the_variables_count(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert ci.read_context(LIBRARY, no_file, runtime.run_git).sha == "b" * 40


def test_the_remote_of_a_checkout_without_the_cis_commit_is_not_its_repository(git):
    travis = {"TRAVIS": "true", "TRAVIS_COMMIT": "b" * 40}

    assert ci.read_context(travis, no_file, git).repo_url is None
    travis["TRAVIS_COMMIT"] = git("rev-parse", "HEAD")
    assert ci.read_context(travis, no_file, git).repo_url == "https://github.com/acme/shop"
