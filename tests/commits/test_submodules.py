"""What a release repository's submodules are at, in real repositories."""

import pytest

from devlake_ci.commits.checkouts import resolve_relative, submodule_commits
from devlake_ci.errors import MissingError
from devlake_ci.model import Commit
from tests.support import SHA

APP = "https://x-access-token:s3cr3t@github.com/acme/app.git"
OTHER = "1234567890abcdef1234567890abcdef12345678"


@pytest.fixture
def read(workspace):
    def ran(path, recursive=False):
        found = submodule_commits(str(path), "--submodules", workspace, recursive=recursive)
        return list(found)

    return ran


@pytest.fixture
def superproject(repository, git, job):
    """Make a repository that records submodules, none of which was ever fetched."""

    def made(links, remote=APP, path="app", gitmodules=None):
        root = repository(job / path, remote)
        return record(git, root, links, gitmodules)

    return made


def record(git, root, links, gitmodules=None):
    for number, (where, (sha, url)) in enumerate(links.items()):
        git(root, "update-index", "--add", "--cacheinfo", f"160000,{sha},{where}")
        if url is not None:
            git(root, "config", "--file", ".gitmodules", f"submodule.s {number}.path", where)
            git(root, "config", "--file", ".gitmodules", f"submodule.s {number}.url", url)
    if gitmodules is not None:
        (root / ".gitmodules").write_text(gitmodules)
    if (root / ".gitmodules").exists():
        git(root, "add", ".gitmodules")
    git(root, "commit", "--quiet", "--message", "Record")
    return root


def refused(read, path="app", **more):
    with pytest.raises(MissingError) as raised:
        read(path, **more)
    assert "s3cr3t" not in raised.value.message + raised.value.hint
    return raised.value.message


@pytest.mark.parametrize("where", ["lib", "deep/er/lib", "with spaces", "日本 ü", 'a"b\\c', "-q"])
def test_a_submodule_is_at_the_commit_that_is_recorded_fetched_or_not(read, superproject, where):
    superproject({where: (SHA, "https://github.com/acme/lib.git")})

    assert read("app") == [Commit(repo_url="https://github.com/acme/lib", sha=SHA)]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("../lib.git", "https://github.com/acme/lib"),
        ("./lib", "https://github.com/acme/app.git/lib"),
        ("../../other/./lib", None),
        ("../.././../lib", None),
        (".././/lib/", "https://github.com/acme/lib"),
        ("https://me:s3cr3t@github.com/acme/lib", "https://github.com/acme/lib"),
        ("git@gitlab.com:other/lib.git", "https://gitlab.com/other/lib"),
        ("/srv/s3cr3t", None),
        ("file:///srv/s3cr3t", None),
        ("ext::touch s3cr3t", None),
        ("-u s3cr3t", None),
        ("", None),
    ],
)
def test_a_url_is_resolved_against_the_superprojects_remote_or_refused(
    read, superproject, url, found
):
    superproject({"lib": (SHA, url)})

    if found is None:
        assert 'submodule "lib" of --submodules "app" has a ' in refused(read)
    else:
        assert [each.repo_url for each in read("app")] == [found]


@pytest.mark.parametrize(
    ("remote", "url", "whole"),
    [
        ("git@h.example:acme/app.git", "../lib.git", "git@h.example:acme/lib.git"),
        ("git@h.example:app.git", "../lib.git", "git@h.example:lib.git"),
        ("ssh://git@h.example:22/acme/app/", "../../b/lib", "ssh://git@h.example:22/b/lib"),
        ("git@ssh.dev.azure.com:v3/o/p/app", "../lib", "git@ssh.dev.azure.com:v3/o/p/lib"),
        ("https://h.example/acme/app", "../../../evil.example/x", None),
        ("git@h.example:acme/app", "../../../x", None),
        ("/srv/app.git", "../lib.git", None),
        ("https://h.example", "../lib.git", None),
    ],
)
def test_relative_urls_stay_on_their_server(remote, url, whole):
    assert resolve_relative(remote, url) == whole


@pytest.mark.parametrize(
    ("remote", "url", "rewrite"),
    [
        (APP, "../lib", ("git@key-0123456789abcdef.github.com:acme/", "https://github.com/acme/")),
        ("gh:acme/app", "../lib", ("git@github.com:", "gh:")),
        (APP, "gh:acme/lib", ("git@github.com:", "gh:")),
        (APP, "https://github.com/acme/lib", ("https://proxy.example/", "https://github.com/")),
    ],
)
def test_configured_urls_count_and_shorthands_are_written_out(
    read, superproject, git, *, remote, url, rewrite
):
    root = superproject({"lib": (SHA, url)}, remote=remote)
    to, begins = rewrite
    git(root, "config", f"url.{to}.insteadOf", begins)

    assert [each.repo_url for each in read("app")] == ["https://github.com/acme/lib"]


def test_a_url_that_is_the_name_of_a_remote_is_not_taken_for_its_url(read, superproject):
    superproject({"lib": (SHA, "origin")})

    assert 'submodule "lib" of --submodules "app" has a URL that is not' in refused(read)


@pytest.mark.parametrize("url", ["../lib", "./lib", ".././lib/", "../../other/lib"])
def test_a_relative_url_is_resolved_as_git_itself_does(read, superproject, git, url):
    root = superproject({"lib": (SHA, url)}, remote="https://github.com/acme/app")
    git(root, "remote", "add", "upstream", "https://github.com/other/app")
    git(root, "config", "branch.main.remote", "upstream")
    git(root, "submodule", "--quiet", "init")

    initialized = git(root, "config", "submodule.s 0.url")

    assert [each.repo_url for each in read("app")] == [initialized.removesuffix("/")]
    assert initialized.startswith("https://github.com/other/")


def test_all_submodules_are_given_and_what_lies_on_the_disk_changes_nothing(
    read, superproject, git
):
    root = superproject({"a": (SHA, "../a"), "b": (OTHER, "../b")})
    (root / ".gitmodules").write_text('[submodule "a"]\npath = a\nurl = https://evil.example/a\n')
    git(root, "config", "submodule.s 0.url", "https://evil.example/a")

    assert [(each.repo_url, each.sha) for each in read("app")] == [
        ("https://github.com/acme/a", SHA),
        ("https://github.com/acme/b", OTHER),
    ]


def test_the_checkout_may_be_shallow_or_bare(read, superproject, git, job):
    root = superproject({"lib": (SHA, "../lib")})
    git(job, "clone", "--quiet", "--depth=1", f"file://{root}", "shallow")
    git(job, "clone", "--quiet", "--bare", f"file://{root}", "bare.git")
    for clone in ("shallow", "bare.git"):
        git(job / clone, "remote", "set-url", "origin", APP)

    assert read("shallow") == read("bare.git", recursive=True) == read("app")


@pytest.mark.parametrize(
    ("links", "gitmodules", "says"),
    [
        ({"lib": (SHA, None)}, None, 'submodule "lib" of --submodules "app" has no URL'),
        ({"lib": (SHA, None)}, '[submodule "x"]\npath = lib\n', "has no URL in .gitmodules"),
        ({"lib": (SHA, None)}, '[submodule "x"]\npath = lib\nurl = ../lib', None),
        ({"lib": (SHA, None)}, '[submodule "x"]\npath = lib/\nurl = a:b\nurl = ../lib', None),
        ({"lib": (SHA, None)}, "[[[s3cr3t", "has a .gitmodules that git can't read"),
        ({"lib": (SHA, None)}, "[include]\npath = /etc/passwd", "has no URL in .gitmodules"),
        (
            {"lib": (SHA, None)},
            "#" * 5_000_000,
            "has a .gitmodules that is too large (5000000 bytes)",
        ),
    ],
)
def test_what_gitmodules_says_is_not_trusted(read, superproject, links, gitmodules, says):
    superproject(links, gitmodules=gitmodules)

    if says is None:
        assert [each.repo_url for each in read("app")] == ["https://github.com/acme/lib"]
    else:
        assert says in refused(read)


def test_a_checkout_without_submodules_is_an_error(read, repository, job):
    repository(job / "app", APP)

    assert 'submodules "app" has no submodules at' in refused(read)


def test_a_relative_url_needs_a_remote(read, superproject):
    superproject({"lib": (SHA, "../lib")}, remote=None)

    assert 'submodules "app" has no remote' in refused(read)


class TestNested:
    @pytest.fixture
    def fetched(self, repository, git, job):
        """Make an app with a submodule lib, which is checked out and has one itself."""
        lib = record(git, repository(job.parent / "lib"), {"in ner": (OTHER, "../inner.git")})
        root = repository(job / "app", APP)
        git(root, "submodule", "--quiet", "add", "--name", "l", str(lib), "lib")
        git(root, "config", "--file", ".gitmodules", "submodule.l.url", "../group/lib.git")
        git(root, "commit", "--quiet", "--all", "--message", "Add lib")
        return git(lib, "rev-parse", "HEAD")

    def test_ones_are_given_on_request(self, read, fetched):
        lib = Commit(repo_url="https://github.com/acme/group/lib", sha=fetched)
        inner = Commit(repo_url="https://github.com/acme/group/inner", sha=OTHER)

        assert read("app") == [lib]
        assert read("app", recursive=True) == [lib, inner]

    @pytest.mark.usefixtures("fetched")
    def test_ones_are_those_of_the_recorded_commit(self, read, git, job):
        git(job / "app/lib", "rm", "--quiet", "--cached", "in ner")
        git(job / "app/lib", "commit", "--quiet", "--message", "Drop inner")

        assert len(read("app", recursive=True)) == 2

    @pytest.mark.usefixtures("fetched")
    def test_ones_of_a_commit_that_is_not_there_are_an_error(self, read, git, job):
        git(job / "app", "update-index", "--cacheinfo", f"160000,{SHA},lib")
        git(job / "app", "commit", "--quiet", "--message", "Another")

        assert (
            f'submodule "lib" of --submodules "app" doesn\'t have all of the commit {SHA[:12]}'
            in (refused(read, recursive=True))
        )

    def test_ones_are_not_looked_for_where_nothing_is_checked_out(self, read, superproject):
        root = superproject({"lib": (SHA, "../lib")})
        (root / "lib").mkdir()

        assert len(read("app", recursive=True)) == 1

    def test_ones_are_not_looked_for_through_a_symbolic_link(
        self, read, superproject, repository, job
    ):
        root = superproject({"lib": (SHA, "../lib"), "self": (OTHER, "../self")})
        (root / "lib").symlink_to(repository(job.parent / "outside", APP))
        (root / "self").symlink_to(root)

        assert len(read("app", recursive=True)) == 2
