"""What other checkouts of a job are at, in real repositories."""

import os
import shutil
from dataclasses import replace

import pytest

from devlake_ci import runtime
from devlake_ci.commits import checkouts
from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.runtime import files

PAY = "https://github.com/acme/pay"


@pytest.fixture
def read(workspace):
    return lambda path: checkouts.commit(str(path), "--checkout", workspace)


def refused(read, path, kind=MissingError):
    with pytest.raises(kind) as raised:
        read(path)
    assert f'--checkout "{path}"' in raised.value.message.replace(": ", " ")
    assert "s3cr3t" not in raised.value.message + raised.value.hint
    return f"{raised.value.message} {raised.value.hint}"


@pytest.mark.parametrize("name", ["pay", "with spaces", "-q", "日本 ü", "a:b", "$(id)"])
def test_a_checkout_is_read_wherever_it_lies(read, repository, git, job, name):
    path = repository(job / name, "https://x-access-token:s3cr3t@GitHub.com/acme/pay.git")

    commit = read(name)

    assert commit.sha == git(path, "rev-parse", "HEAD")
    assert (commit.repo_url, commit.ref, commit.message) == (PAY, "main", "One\n\nbody")


def test_a_shallow_clone_has_the_commit_and_its_tag(read, repository, git, job):
    origin = repository(job / "origin")
    git(origin, "commit", "--quiet", "--allow-empty", "--message", "Two")
    git(origin, "tag", "v2")
    git(job, "clone", "--quiet", "--depth=1", "--branch=v2", f"file://{origin}", "pay")
    git(job / "pay", "remote", "set-url", "origin", "git@github.com:acme/pay.git")

    commit = read("pay")

    assert (commit.repo_url, commit.ref, commit.message) == (PAY, "v2", "Two")
    assert commit.sha == git(origin, "rev-parse", "v2")


def test_a_detached_head_without_a_tag_has_no_ref(read, repository, git, job):
    path = repository(job / "pay", PAY)
    git(path, "checkout", "--quiet", "--detach")

    assert read("pay").ref is None


def test_a_branch_is_called_by_its_own_name_where_a_tag_has_the_same(read, repository, git, job):
    path = repository(job / "pay", PAY)
    git(path, "tag", "main")

    assert read("pay").ref == "main"


def test_a_worktree_is_at_its_own_commit(read, repository, git, job):
    path = repository(job / "pay", PAY)
    git(path, "worktree", "add", "--quiet", "-b", "hotfix", str(job / "tree"))
    git(job / "tree", "commit", "--quiet", "--allow-empty", "--message", "Fix")

    commit = read("tree")

    assert (commit.ref, commit.message, commit.repo_url) == ("hotfix", "Fix", PAY)


def test_a_bare_clone_is_read_too(read, repository, git, job):
    origin = repository(job / "origin")
    git(job, "clone", "--quiet", "--bare", f"file://{origin}", "pay.git")
    git(job / "pay.git", "remote", "set-url", "origin", PAY)

    assert read("pay.git").sha == git(origin, "rev-parse", "HEAD")


def test_another_owners_checkout_is_read(repository, job, monkeypatch):
    repository(job / "pay", PAY)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    commit = checkouts.commit("pay", "--checkout", runtime.workspace({}))

    assert commit.repo_url == PAY


def test_variables_that_name_another_repository_do_not_lead_astray(repository, job, monkeypatch):
    other = repository(job / "other", "https://github.com/acme/other")
    repository(job / "pay", PAY)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))

    commit = checkouts.commit("pay", "--checkout", runtime.workspace({}))

    assert commit.repo_url == PAY


def test_the_only_remote_may_have_any_name(read, repository, git, job):
    path = repository(job / "pay", PAY)
    git(path, "remote", "rename", "origin", "upstream")

    assert read("pay").repo_url == PAY


def test_of_several_remotes_none_is_guessed(read, repository, git, job):
    path = repository(job / "pay")
    for name in ("one", "two"):
        git(path, "remote", "add", name, f"https://h.example/{name}")

    assert "several remotes, and none is called origin" in refused(read, "pay")


REWRITES = {
    "deploy key": (
        "https://github.com/acme/pay",
        ("git@key-0123456789abcdef.github.com:acme/pay", "https://github.com/acme/pay"),
    ),
    "proxy": (
        "https://github.com/acme/pay.git",
        ("https://proxy.example/github/", "https://github.com/"),
    ),
    "mirror on the disk": ("https://github.com/acme/pay", ("/srv/mirror/", "https://github.com/")),
    "shorthand": ("gh:acme/pay", ("git@github.com:", "gh:")),
    "shorthand with a scheme": ("gh://acme/pay", ("https://github.com/", "gh://")),
    "host of the network": ("git@github:acme/pay", ("ssh://git@github.com/", "git@github:")),
}


@pytest.mark.parametrize(("remote", "rewrite"), REWRITES.values(), ids=REWRITES)
def test_the_configured_url_counts_unless_it_is_a_shorthand(
    read, repository, git, job, *, remote, rewrite
):
    path = repository(job / "pay", remote)
    to, begins = rewrite
    git(path, "config", f"url.{to}.insteadOf", begins)

    assert read("pay").repo_url == PAY


def test_of_a_remote_with_several_urls_the_first_counts(read, repository, git, job):
    path = repository(job / "pay", PAY)
    git(path, "remote", "set-url", "--add", "origin", "https://mirror.example/acme/pay")

    assert read("pay").repo_url == PAY


@pytest.mark.parametrize(
    "remote", ["/srv/pay.git", "file:///srv/me:s3cr3t@pay.git", "https://me:s3cr3t@h.example"]
)
def test_a_remote_that_is_no_server_is_an_error_that_does_not_show_it(
    read, repository, job, remote
):
    repository(job / "pay", remote)

    assert "not that of a repository on a server" in refused(read, "pay")


def test_without_a_remote_it_is_said_what_to_give(read, repository, job):
    repository(job / "pay")

    assert "has no remote, so its URL is not known. Name what was deployed" in refused(read, "pay")


def test_without_a_commit_there_is_nothing_to_read(read, git, job):
    git(job, "init", "--quiet", "pay")
    git(job / "pay", "remote", "add", "origin", PAY)

    assert "no commit at its HEAD" in refused(read, "pay")


def test_a_folder_that_is_no_repository_is_not_taken_for_the_one_around_it(read, repository, job):
    outer = repository(job / "outer", PAY)
    (outer / "lib").mkdir()

    assert "a folder inside a repository, not the repository itself" in refused(read, "outer/lib")
    assert "a folder inside a repository" in refused(read, "outer/.git/refs")


def test_a_damaged_checkout_is_an_error(read, repository, job):
    path = repository(job / "pay", PAY)
    shutil.rmtree(path / ".git" / "objects")
    (path / ".git" / "objects").mkdir()

    assert "no commit at its HEAD, or is damaged" in refused(read, "pay")

    (path / ".git" / "HEAD").write_bytes(b"\xff\xfe")

    assert "not a git repository, or is damaged (git says: " in refused(read, "pay")


def test_a_repository_with_longer_names_cannot_be_kept(read, git, job):
    git(job, "init", "--quiet", "--object-format=sha256", "pay")
    git(job / "pay", "commit", "--quiet", "--allow-empty", "--message", "One")

    assert "SHA-256" in refused(read, "pay")


def test_without_git_it_is_said_how_to_do_without(repository, job, monkeypatch):
    repository(job / "pay", PAY)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(MissingError) as raised:
        checkouts.commit("pay", "--checkout", runtime.workspace({}))

    assert raised.value.message == f'There is no git here to look into "{job}/pay" with.'


def test_a_message_that_is_no_utf_8_can_still_be_sent(read, repository, git, job):
    path = repository(job / "pay", PAY)
    (path / "message").write_bytes(b"caf\xe9")
    git(
        path,
        "-c",
        "i18n.commitEncoding=x-none",
        "commit",
        "--allow-empty",
        "--quiet",
        "-F",
        "message",
    )

    assert read("pay").message == "caf�"


def test_nothing_that_a_checkout_names_is_run(read, repository, git, job):
    path = repository(job / "pay", PAY)
    for name in ("core.fsmonitor", "core.pager", "core.sshCommand", "gpg.program", "core.editor"):
        git(path, "config", name, f"touch {job}/ran")
    git(path, "config", "log.showSignature", "true")
    git(path, "config", "i18n.logOutputEncoding", "UTF-16")

    assert read("pay").message == "One\n\nbody"
    assert not (job / "ran").exists()


@pytest.mark.parametrize("unknown", ["", "GIT_NO_LAZY_FETCH"])
def test_a_missing_commit_is_not_fetched_however_old_git_is(
    workspace, repository, git, job, unknown
):
    env = {name: value for name, value in workspace.env.items() if name != unknown}
    origin = repository(job / "origin")
    git(job, "clone", "--quiet", f"file://{origin}", "pay")
    pay = job / "pay"
    git(pay, "config", "core.repositoryFormatVersion", "1")
    git(pay, "config", "extensions.partialClone", "origin")
    git(pay, "config", "remote.origin.promisor", "true")
    git(pay, "config", "remote.origin.url", f"ext::touch {job}/ran")
    git(pay, "config", "protocol.ext.allow", "always")
    shutil.rmtree(pay / ".git" / "objects")
    (pay / ".git" / "objects").mkdir()

    with pytest.raises(MissingError):
        checkouts.commit("pay", "--checkout", replace(workspace, env=env))

    assert not (job / "ran").exists()


class TestAPath:
    def test_has_to_be_there(self, read, job):
        (job / "file").touch()

        assert "no such file or folder" in refused(read, "nowhere", BadUsageError)
        assert "is not a folder" in refused(read, "file", BadUsageError)

    def test_must_not_lead_out_of_the_jobs_folder(self, read, repository, job):
        outside = repository(job.parent / "outside", PAY)
        (job / "link").symlink_to(outside)

        for path in ("link", "../outside", str(job / "link")):
            assert "leads out of the job's folder" in refused(read, path, BadUsageError)

    def test_may_be_outside_if_it_is_absolute(self, read, repository, job):
        outside = repository(job.parent / "outside", PAY)

        assert read(outside).repo_url == PAY

    def test_may_be_anywhere_in_what_the_ci_calls_the_workspace(self, repository, job, monkeypatch):
        repository(job / "pay", PAY)
        (job / "in").mkdir()
        monkeypatch.chdir(job / "in")
        workspace = runtime.workspace({"GITHUB_WORKSPACE": str(job)})

        assert checkouts.commit("../pay", "--checkout", workspace).repo_url == PAY

    @pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
    def test_that_is_none_is_an_error(self, read, path):
        with pytest.raises(BadUsageError, match="can't be read"):
            read(path)


def test_a_git_that_says_too_much_or_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(files, "SECONDS", 0.1)
    endless = files.Disk((), ("yes",), os.environ)
    silent = files.Disk((), ("sh", "-c", "exec sleep 60"), os.environ)

    assert endless.git("x").out is None
    assert silent.git("x").out is None
