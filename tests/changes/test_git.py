"""What a deployment shipped, from real histories."""

import subprocess
from cProfile import Profile
from datetime import UTC, datetime, timedelta
from pstats import Stats

import pytest

from devlake_ci.changes.git import find_shipped
from devlake_ci.errors import MissingError
from devlake_ci.runtime.git import run_git as ask
from tests.support import git

URL = "https://github.com/acme/shop"
START = datetime(2026, 3, 1, 8, tzinfo=UTC)


class History:
    """A repository whose commits are an hour apart."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.patch, self.hours = folder, monkeypatch, 0
        folder.mkdir()
        self.git("init", "--quiet")
        self.git("remote", "add", "origin", "git@github.com:acme/shop.git")

    def git(self, *arguments):
        return git(self.folder, *arguments)

    def tick(self):
        self.hours += 1
        now = (START + timedelta(hours=self.hours)).isoformat()
        for who in ("AUTHOR", "COMMITTER"):
            self.patch.setenv(f"GIT_{who}_DATE", now)

    def commit(self, message, path=None):
        self.tick()
        if path:
            file = self.folder / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(message)
            self.git("add", path)
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head

    def branch(self, name, at="HEAD"):
        self.git("checkout", "--quiet", "-b", name, at)

    def to(self, name):
        self.git("checkout", "--quiet", name)

    def merge(self, message, *names):
        self.tick()
        self.git("merge", "--quiet", "--no-ff", "--message", message, *names)
        return self.head

    def pull_request(self, number, commits=1, into="main", path=None):
        """Make a branch with commits and merge it as GitHub does."""
        name = f"topic-{number}"
        self.branch(name, into)
        for count in range(commits):
            self.commit(f"work {count} on {number}", path)
        self.to(into)
        return self.merge(f"Merge pull request #{number} from acme/{name}\n\nTitle", name)

    @property
    def head(self):
        return self.git("rev-parse", "HEAD")

    def between(self, base, head=None, **how):
        return find_shipped(ask, URL, base, head or self.head, **how)

    def numbers(self, base, head=None, **how):
        return [each.number for each in self.between(base, head, **how).changes]


@pytest.fixture
def history(tmp_path, monkeypatch):
    made = History(tmp_path / "shop", monkeypatch)
    monkeypatch.chdir(made.folder)
    return made


def test_merge_commits_ship_their_pull_requests_in_ancestry_order(history):
    base = history.commit("Base")
    merges = [history.pull_request(7, commits=2), history.pull_request(3)]

    found = history.between(base).changes

    assert [(each.number, each.merge_sha) for each in found] == [(7, merges[0]), (3, merges[1])]
    assert found[0].created_at == START + timedelta(hours=2)
    assert found[0].merged_at == START + timedelta(hours=4)
    assert found[0].title == "Title"


def test_the_pull_request_of_the_base_was_shipped_before(history):
    history.commit("Root")
    base = history.pull_request(1)
    history.pull_request(2)

    assert history.numbers(base) == [2]


def test_squash_commits_ship_theirs_and_say_whose_dates_are_reported(history):
    base = history.commit("Base (#1)")
    squash = history.commit("Sell more (#12)\n\n* part (#99)")

    found = history.between(base)

    (change,) = found.changes
    assert (change.number, change.merge_sha, change.title) == (12, squash, "Sell more (#12)")
    assert change.created_at == change.merged_at == START + timedelta(hours=2)
    assert any("--changes github" in note for note in found.notes)


def test_rebased_commits_name_no_pull_request_which_is_not_to_say_that_there_is_none(history):
    base = history.commit("Base")
    history.commit("One")
    history.commit("Two")

    found = history.between(base)

    assert not found.changes
    assert found.notes == (
        "No pull request is named in 2 commits, so only the deployed commit is reported.",
    )


def test_an_octopus_ships_the_work_of_all_its_branches(history):
    base = history.commit("Base")
    for name in ("a", "b"):
        history.branch(name, "main")
        history.commit(name, path=name)
        history.to("main")
    history.commit("Meanwhile", path="c")
    history.merge("Merge pull request #5 from acme/many", "a", "b")

    (change,) = history.between(base).changes

    assert (change.number, change.created_at) == (5, START + timedelta(hours=2))


def test_pull_requests_into_a_branch_that_leads_there_count_too(history):
    base = history.commit("Base")
    history.branch("release")
    history.pull_request(1, into="release")
    history.pull_request(2, into="release")
    history.to("main")
    history.merge("Merge pull request #3 from acme/release", "release")

    assert history.numbers(base) == [1, 2, 3]


def test_back_merges_bring_nothing_that_was_live(history):
    base = history.commit("Base")
    history.branch("release/1", base)
    hotfix = history.pull_request(1, into="release/1")
    history.to("main")
    history.pull_request(2)
    history.merge("Merge branch 'release/1'", "release/1")
    history.pull_request(3)

    assert history.numbers(base, hotfix) == [1]
    assert history.numbers(hotfix) == [2, 3]


def test_each_of_two_release_branches_ships_its_own(history):
    base = history.commit("Base")
    history.branch("release/1", base)
    one = history.pull_request(1, into="release/1")
    history.branch("release/2", base)
    two = history.pull_request(2, into="release/2")

    assert history.numbers(base, one) == [1]
    assert history.numbers(one, two) == [2]


def test_a_branch_that_was_updated_from_main_begins_with_its_own_first_commit(history):
    base = history.commit("Base")
    history.branch("topic")
    history.to("main")
    history.commit("On main")
    history.to("topic")
    history.merge("Merge branch 'main' into topic", "main")
    history.commit("Work")
    history.to("main")
    history.commit("Later on main")
    history.merge("Merge pull request #4 from acme/topic", "topic")

    (change,) = history.between(base).changes

    assert change.created_at == START + timedelta(hours=3)


def test_a_revert_and_a_cherry_pick_are_not_the_pull_request_that_they_quote(history):
    base = history.commit("Base")
    history.commit('Revert "Sell more (#12)"')
    history.commit("Sell less (#13)\n\n(cherry picked from commit 0123456789abcdef)")
    history.commit("Merge pull request #14 from acme/picked-with-one-parent")
    history.commit('Revert "Sell more (#12)" (#15)')

    assert history.numbers(base) == [15]


def test_a_number_that_comes_twice_is_the_merge_that_came_first(history):
    base = history.commit("Base")
    first = history.commit("Sell more (#12)")
    history.commit("Sell more (#12)")

    assert [each.merge_sha for each in history.between(base).changes] == [first]


def test_a_redeployment_and_a_roll_back_ship_nothing_and_say_so(history):
    old = history.commit("Old (#1)")
    new = history.commit("New (#2)")

    again, back = history.between(new, new), history.between(new, old)

    assert not again.changes
    assert again.notes == (f"Nothing was shipped: {new[:12]} was live before.",)
    assert not back.changes
    assert back.notes == (
        f"Nothing was shipped: {old[:12]} is older than {new[:12]}, which was live before.",
    )


def test_an_old_run_that_is_run_again_after_a_newer_one_is_a_roll_back(history):
    base = history.commit("Base")
    old = history.pull_request(1)
    new = history.pull_request(2)

    assert history.numbers(base, old) == [1]
    assert history.numbers(new, old) == []
    assert history.numbers(old, new) == [2]


def test_a_tag_is_as_good_as_any_commit(history):
    base = history.commit("Base")
    history.git("tag", "--annotate", "--message", "v1", "v1", base)
    history.pull_request(1)

    assert history.numbers(history.git("rev-parse", "v1^{commit}")) == [1]


def test_history_rewritten_since_ships_what_the_old_one_did_not_have(history):
    history.commit("Root")
    base = history.commit("Gone (#1)")
    history.git("reset", "--quiet", "--hard", "HEAD~")
    history.commit("Instead (#2)")

    assert history.numbers(base) == [2]


def test_only_pull_requests_that_touch_a_path_count(history):
    base = history.commit("Base", path="README")
    history.pull_request(1, path="api/one")
    history.pull_request(2, path="web/one")
    history.commit("Squashed (#3)", path="api/two")

    assert history.numbers(base, paths=("api",)) == [1, 3]
    assert history.numbers(base, paths=(":(exclude)web",)) == [1, 3]
    assert history.numbers(base, paths=("api", ".")) == [1, 2, 3]
    assert history.numbers(base, paths=(".", ":!web")) == [1, 3]
    assert history.between(base, paths=("docs",)).notes == (
        "No pull request is named in 5 commits that touches --changes-path, so only the deployed "
        "commit is reported.",
    )


def test_what_others_changed_beside_a_pull_request_is_not_its_own(history):
    base = history.commit("Base", path="README")
    history.branch("topic")
    history.commit("Paint", path="web/one")
    history.to("main")
    history.commit("Serve (#1)", path="api/one")
    history.to("topic")
    history.merge("Merge branch 'main' into topic", "main")
    history.to("main")
    history.commit("Serve more (#2)", path="api/two")
    history.merge("Merge pull request #3 from acme/topic", "topic")

    assert history.numbers(base, paths=("api",)) == [1, 2]
    assert history.numbers(base, paths=("web",)) == [3]


def test_a_folder_that_is_newer_than_what_was_live_may_be_worked_in(history):
    base = history.commit("Base", path="README")
    history.pull_request(1, path="api/one")
    history.patch.chdir(history.folder / "api")

    assert history.numbers(base, paths=("one",)) == [1]


def test_a_path_that_git_does_not_understand_is_not_one_that_nothing_touches(history):
    base = history.commit("Base")
    history.pull_request(1)

    with pytest.raises(MissingError, match="--changes-path"):
        history.between(base, paths=(":(nonsense)x",))


def test_each_commit_is_a_change_for_those_who_merge_nothing(history):
    base = history.commit("Base")
    one, two = history.commit("One"), history.commit("Two\n\nbody")

    found = history.between(base, commits=True).changes

    assert [(each.number, each.title, each.merge_sha) for each in found] == [
        (None, "One", one),
        (None, "Two", two),
    ]


@pytest.mark.parametrize("depth", [1, 3])
def test_a_shallow_clone_says_what_to_fetch_and_fetches_nothing(history, tmp_path, depth):
    base = history.commit("Base")
    for count in range(4):
        history.commit(f"Sell {count} (#{count + 1})")
    clone = tmp_path / "clone"
    history.git("clone", "--quiet", "--depth", str(depth), history.folder.as_uri(), str(clone))
    git(clone, "remote", "set-url", "origin", URL)
    history.patch.chdir(clone)

    with pytest.raises(MissingError) as error:
        history.between(base)

    assert "fetch-depth: 0" in error.value.hint
    assert git(clone, "rev-list", "--count", "HEAD") == str(depth)


def test_a_clone_that_git_does_not_say_is_whole_is_not_taken_for_whole(history, tmp_path):
    base = history.commit("Base")
    history.pull_request(1, commits=3)
    clone = tmp_path / "clone"
    history.git("clone", "--quiet", "--depth", "2", history.folder.as_uri(), str(clone))
    git(clone, "fetch", "--quiet", "--depth", "1", "origin", base)
    git(clone, "remote", "set-url", "origin", URL)
    history.patch.chdir(clone)

    def in_a_hurry(*arguments):
        return None if "--is-shallow-repository" in arguments else ask(*arguments)

    with pytest.raises(MissingError, match="shallow"):
        find_shipped(
            in_a_hurry, URL, base, history.git("-C", str(history.folder), "rev-parse", "main")
        )


def test_a_base_that_was_fetched_alone_is_not_believed(history, tmp_path):
    base = history.commit("Base")
    for count in range(3):
        history.commit(f"Sell {count} (#{count + 1})")
    history.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = tmp_path / "clone"
    history.git("clone", "--quiet", "--depth", "1", history.folder.as_uri(), str(clone))
    git(clone, "fetch", "--quiet", "--depth", "1", "origin", base)
    git(clone, "remote", "set-url", "origin", URL)
    history.patch.chdir(clone)

    with pytest.raises(MissingError, match="shallow clone"):
        history.between(base)


def test_a_shallow_clone_that_goes_back_beyond_the_base_is_enough(history, tmp_path):
    history.commit("Root")
    base = history.commit("Base")
    history.pull_request(1)
    clone = tmp_path / "clone"
    history.git("clone", "--quiet", "--depth", "3", history.folder.as_uri(), str(clone))
    git(clone, "remote", "set-url", "origin", URL)
    history.patch.chdir(clone)

    assert history.numbers(base, git(clone, "rev-parse", "HEAD")) == [1]


def test_another_repository_than_the_one_deployed_says_nothing(history):
    history.commit("Base")

    with pytest.raises(MissingError, match="no checkout of"):
        find_shipped(ask, "https://github.com/acme/pay", history.head, history.head)


def imported(history, stream):
    """Return the head of main after `git fast-import` of a stream."""
    file = history.folder / "stream"
    file.write_text(stream)
    with file.open() as text:
        subprocess.run(["git", "fast-import", "--quiet", "--force"], stdin=text, check=True)
    return history.git("rev-parse", "main")


def test_twice_as_many_merges_take_no_more_than_twice_the_work(history):
    base = history.commit("Base")

    def merges(count):
        stream = [f"reset refs/heads/main\nfrom {base}\n\n"]
        for number in range(1, count + 1):
            message = f"Merge pull request #{number} from a/b"
            who = f"committer A <a@b> {1772000000 + number} +0000"
            before = f":{number * 2 - 2}" if number > 1 else base
            stream.append(
                f"commit refs/heads/main\nmark :{number * 2 - 1}\n{who}\ndata 4\nWork\n"
                f"from {before}\n\n"
                f"commit refs/heads/main\nmark :{number * 2}\n{who}\n"
                f"data {len(message)}\n{message}\nfrom {before}\nmerge :{number * 2 - 1}\n\n"
            )
        return imported(history, "".join(stream))

    def calls(head):
        profile = Profile()
        found = profile.runcall(history.between, base, head)
        return len(found.changes), Stats(profile).total_calls

    few, many = calls(merges(100)), calls(merges(200))

    assert (few[0], many[0]) == (100, 200)
    assert many[1] < few[1] * 2.2


def test_of_a_long_history_the_newest_commits_are_looked_at_and_it_says_so(history, monkeypatch):
    monkeypatch.setattr("devlake_ci.changes.git.HISTORY", 3)
    base = history.commit("Base")
    for number in range(1, 5):
        history.commit(f"Sell (#{number})")

    found = history.between(base)

    assert [each.number for each in found.changes] == [2, 3, 4]
    assert f"Only the newest 3 commits since {base[:12]} were looked at." in found.notes


def test_no_more_than_250_pull_requests_are_reported_and_it_says_so(history):
    base = history.commit("Base")
    stream = [f"reset refs/heads/main\nfrom {base}\n"]
    for count in range(1, 302):
        message = f"Sell (#{count})"
        stream.append(
            f"commit refs/heads/main\ncommitter A <a@b> {1772000000 + count} +0000\n"
            f"data {len(message)}\n{message}\n"
        )

    found = history.between(base, imported(history, "".join(stream)))

    assert [each.number for each in found.changes] == list(range(52, 302))
    assert "Only the newest 250 of 301 changes are reported." in found.notes
