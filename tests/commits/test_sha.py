"""From a name to the commit, in real repositories."""

from functools import partial

import pytest

from devlake_ci import runtime
from devlake_ci.commits.sha import in_checkout, resolve
from devlake_ci.errors import MissingError
from tests import support

REPO_URL = "https://github.com/acme/shop"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A clone with a tag v1 on the first commit, a branch on the second, HEAD on the third."""
    monkeypatch.chdir(tmp_path)
    git = partial(support.git, tmp_path)
    git("init", "--quiet")
    git("remote", "add", "origin", "https://me:s3cr3t@github.com/acme/shop.git")
    shas = []
    for message in ("one", "two", "three"):
        git("commit", "--quiet", "--allow-empty", "--message", message)
        shas.append(git("rev-parse", "HEAD"))
    git("tag", "--annotate", "v1", "--message", "first", shas[0])
    git("branch", "release/2", shas[0])
    git("update-ref", "refs/remotes/origin/release/2", shas[1])
    return shas


def found(name, repo_url=REPO_URL):
    return in_checkout(runtime.run_git, repo_url)(name)


def test_a_tag_is_the_commit_that_it_points_to(checkout):
    assert found("v1") == found("refs/tags/v1") == checkout[0]


def test_a_branch_is_what_the_remote_has_not_a_stale_local_one(checkout):
    assert found("release/2") == found("refs/heads/release/2") == checkout[1]


def test_a_local_branch_will_do_where_the_remote_has_none(checkout):
    assert found("main") == checkout[2]


def test_a_short_sha_is_completed(checkout):
    assert found(checkout[1][:7]) == checkout[1]


@pytest.mark.parametrize("name", ["v9", "--help", "-", "HEAD~1", "@", "v1^{tree}", "a b", "\0", ""])
def test_what_is_no_branch_tag_or_sha_is_not_found(checkout, name):  # noqa: ARG001 (it is where we are)
    assert found(name) is None


def test_a_checkout_of_another_repository_knows_nothing_of_ours(checkout):  # noqa: ARG001
    assert found("v1", repo_url="https://github.com/acme/pay") is None


def test_outside_a_checkout_nothing_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert found("v1") is None


def test_a_whole_sha_needs_no_look_up():
    assert resolve("A" * 40, "--sha", ()) == "a" * 40


@pytest.mark.parametrize("answer", ["", "1234", "g" * 40, "a" * 41, "a" * 64])
def test_only_a_whole_sha_counts_as_found(answer):
    with pytest.raises(MissingError, match=r'could not find the commit that "v1" names'):
        resolve("v1", "--sha", (lambda _: answer,))
