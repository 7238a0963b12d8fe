"""What `--commits` may be given as, and what may be read of the disk."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci.commits import manifest
from devlake_ci.errors import BadUsageError


@pytest.fixture
def read(workspace):
    return lambda given: list(manifest.read_texts(str(given), "--commits", workspace))


def refused(read, given):
    with pytest.raises(BadUsageError) as raised:
        read(given)
    return f"{raised.value.message} {raised.value.hint}"


@pytest.mark.parametrize(
    "text",
    [
        "acme/pay@v1",
        "acme/group/pay@v1/x",
        "https://h.example/acme/pay@v1",
        "https://me:s3cr3t@h.example/acme/pay@v1",
        "- acme/pay@v1",
        "[]",
        "{}",
        "one\ntwo",
    ],
)
def test_text_is_known_by_what_it_looks_like_not_by_the_disk(read, job, text):
    if "\n" not in text:
        (job / text).parent.mkdir(parents=True, exist_ok=True)
        (job / text).write_text("a file of the same name")

    assert read(text) == [("--commits", text)]


@pytest.mark.parametrize(
    "path", ["commits.yml", "./acme/pay@v1", "with spaces/日本.json", "job@2/commits.yml", "./-x"]
)
def test_anything_else_is_a_file(read, job, path):
    (job / path).parent.mkdir(parents=True, exist_ok=True)
    (job / path).write_text("- acme/pay@v1")

    for each in (path, job / path):
        assert [text for _, text in read(each)] == ["- acme/pay@v1"]


def test_neither_is_an_error_that_says_how_they_are_told_apart(read):
    said = refused(read, "commits.yml")

    assert '--commits: "commits.yml" can\'t be read: there is no such file' in said
    assert "starts with [, { or -, or is owner/name@SHA, or has several lines, is taken" in said


@pytest.mark.parametrize(
    "pattern", ["out/*.yml", "out/**/*.yml", "{job}/out/[ab].yml", "./o*/?.yml"]
)
def test_a_pattern_reads_all_that_match_in_order(read, job, pattern):
    (job / "out").mkdir()
    (job / "out" / "dir.yml").mkdir()
    for name in "ba":
        (job / "out" / f"{name}.yml").write_text(name)

    assert [text for _, text in read(pattern.format(job=job))] == ["a", "b"]


def test_errors_in_one_of_many_files_name_it(read, job):
    (job / "a.yml").write_text("")

    assert '"a.yml" is empty. Write [] if there are no more commits.' in refused(read, "*.yml")


@pytest.mark.parametrize("pattern", ["*.yml", "nowhere/*", "[", "**x", "*\0"])
def test_a_pattern_that_nothing_matches_is_an_error(read, pattern):
    said = refused(read, f"./{pattern}")

    assert "no file matches" in said or "is not a pattern" in said or "can't be read" in said


def test_a_pattern_does_not_follow_links_in_circles(read, job):
    (job / "a").mkdir()
    (job / "a/x.yml").write_text("x")
    for name in "bcdefgh":
        (job / "a" / name).symlink_to(job / "a")

    assert len(read("**/*.yml")) == 1


def test_a_pattern_that_matches_far_too_much_is_an_error(read, job):
    for number in range(1001):
        (job / f"{number}.yml").touch()

    assert "matches more than 1000 files" in refused(read, "*.yml")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("\ufeff- ü".encode(), "- ü"),
        ("- ü".encode("utf-16"), "- ü"),
        (b"- a\r\n- b\r\n", "- a\r\n- b\r\n"),
    ],
)
def test_files_of_windows_are_read(read, job, content, text):
    (job / "m").write_bytes(content)

    assert [text for _, text in read("m")] == [text]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"- \xff", '"m" is not UTF-8 text (byte 3)'),
        (b"\xff\xfe-", "is not UTF-8 text"),
        (b" \n", "is empty"),
        (b"x" * 10_000_000, "is too large: at most 2048 KiB are read"),
    ],
)
def test_what_is_no_text_is_an_error(read, job, content, says):
    (job / "m").write_bytes(content)

    assert says in refused(read, "m")


def test_all_files_together_are_bounded(read, job):
    for number in range(3):
        (job / f"{number}.yml").write_text("#" * 1_000_000)

    assert "2.yml" in refused(read, "*.yml")


def test_text_is_bounded_too(read):
    assert "is larger than 2048 KiB" in refused(read, "[\n" * 2_000_000)


def test_a_folder_that_is_gone_from_under_us_is_an_error(read, job):
    job.rmdir()

    assert "can't be read" in refused(read, "commits.yml")


def test_a_folder_or_a_pipe_is_no_file(read, job):
    os.mkfifo(job / "pipe")

    assert "is a folder" in refused(read, ".")
    assert "is not a regular file" in refused(read, "pipe")
    assert "is not a regular file" in refused(read, "/dev/zero")


class TestAStrangersLink:
    @pytest.fixture
    def secret(self, job):
        (job.parent / "secret").mkdir()
        path = job.parent / "secret/secret.yml"
        path.write_text("s3cr3t")
        return path

    def test_out_of_the_jobs_folder_is_refused(self, read, job, secret):
        (job / "link.yml").symlink_to(secret)
        (job / "in").symlink_to(secret.parent)

        for each in (
            "link.yml", "in/secret.yml", "../secret/secret.yml", "*.yml", "in/*.yml", "*/*.yml",
            job / "link.yml", job / "*.yml", job / "in/*.yml", "../secret/*.yml",
        ):  # fmt: skip
            assert "leads out of the job's folder" in refused(read, each)

    def test_in_a_folder_that_was_meant_is_refused_too(self, read, job, secret):
        (job.parent / "artifacts").mkdir()
        (job.parent / "artifacts/x.yml").symlink_to(secret)

        assert "leads out" in refused(read, job.parent / "artifacts/*.yml")

    def test_within_the_jobs_folder_is_fine(self, read, job):
        (job / "a.yml").write_text("- a")
        (job / "b.yml").symlink_to("a.yml")

        assert [text for _, text in read("b.yml")] == ["- a"]

    def test_is_not_asked_about_where_the_path_was_typed_whole(self, read, secret):
        assert [text for _, text in read(secret)] == ["s3cr3t"]
        assert [text for _, text in read(secret.parent / "*.yml")] == ["s3cr3t"]


@given(st.text(st.characters(exclude_characters="/")))
def test_dot_slash_makes_anything_of_one_line_a_path(name):
    assert manifest.is_text(f"./{name}") == ("\n" in name)
