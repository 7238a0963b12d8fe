"""A release names the same version everywhere, and what was published by its hash."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "tools" / "release.py"
DIGEST = "sha256:" + "ab" * 32
ORB = """\
commands:
  report:
    parameters:
      executable_sha256:
        type: string
        description: 'The sums: any default.'
        default: ''
      url:
        default: https://example.com
executors:
  default:
    parameters:
      tag:
        type: string
        default: 1.2.3
    docker:
    - image: ghcr.io/devlake-ci/devlake-ci:<< parameters.tag >>
"""
SUMS = """\
aa  devlake-ci-linux-x86_64.tar.gz
bb  devlake-ci-darwin-arm64.tar.gz
cc  devlake_ci-1.2.3.tar.gz
"""
CHANGES = (
    "# Changelog\n\n## Unreleased\n\n## 1.2.3\n\n### Added\n- Things.\n\n## 1.2.2\n\n- Less.\n"
)


@pytest.fixture
def repository(tmp_path):
    """A repository that is version 1.2.3 of us."""
    (tmp_path / "src" / "devlake_ci").mkdir(parents=True)
    (tmp_path / "src" / "devlake_ci" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "dist").mkdir()
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    (tmp_path / "native").mkdir()
    shutil.copy(ROOT / "action.yml", tmp_path)
    (tmp_path / "native" / "executables.json").write_text(json.dumps(executables("", "")))
    (tmp_path / "dist" / "SHA256SUMS").write_text(SUMS)
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


def executables(linux, darwin):
    """Return what the native action knows, with these sums."""
    return {
        "url": "https://github.com/devlake-ci/devlake-ci/releases/download/v1.2.3/{file}",
        "executables": {
            "linux-x64": {"file": "devlake-ci-linux-x86_64.tar.gz", "sha256": linux},
            "darwin-arm64": {"file": "devlake-ci-darwin-arm64.tar.gz", "sha256": darwin},
        },
    }


def release(repository, *arguments):
    subprocess.run(["git", "add", "."], cwd=repository, check=True)
    return subprocess.run(
        [sys.executable, TOOL, *arguments],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_this_very_repository_names_one_version_only():
    ran = subprocess.run(
        [sys.executable, TOOL, "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    "line",
    [
        "- uses: devlake-ci/devlake-ci/native@v0",
        "  devlake: devlake-ci/devlake-ci@1.2.4",
        "image: ghcr.io/devlake-ci/devlake-ci:v1.3",
        "pip install devlake-ci==1.2.30.",
        "https://github.com/devlake-ci/devlake-ci/releases/download/v1.2.2/devlake-ci-linux-x86_64.tar.gz",
    ],
)
def test_another_version_is_named_with_its_place(repository, line):
    (repository / "README.md").write_text(f"\n{line}\n")

    ran = release(repository, "check")

    assert ran.returncode == 1
    assert "README.md:2: " in ran.stderr
    assert "not 1.2.3" in ran.stderr


def test_the_major_alone_will_do_and_so_will_a_tag_of_the_version(repository):
    (repository / "README.md").write_text("uses: devlake-ci/devlake-ci@v1\n")

    assert release(repository, "check", "release-1.2.3").returncode == 0
    assert "not release-1.2.3" in release(repository, "check", "release-1.2.4").stderr


def test_notes_are_this_versions_part_of_the_changelog(repository):
    assert release(repository, "notes").stdout == "### Added\n- Things.\n"


def test_a_tag_without_changes_is_none(repository):
    (repository / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- Things.\n")

    assert "nothing under" in release(repository, "check", "release-1.2.3").stderr


def test_the_action_takes_the_image_that_was_published(repository):
    release(repository, "pin", DIGEST)

    before, after = (each / "action.yml" for each in (ROOT, repository))
    image = f"image: docker://ghcr.io/devlake-ci/devlake-ci@{DIGEST}"
    assert after.read_text() == before.read_text().replace("image: Dockerfile", image)
    assert "nothing like" in release(repository, "pin", DIGEST).stderr


def test_the_native_action_takes_the_executables_that_were_published(repository):
    release(repository, "pin", DIGEST)

    pinned = (repository / "native" / "executables.json").read_text()
    assert json.loads(pinned) == executables("aa", "bb")


def test_what_users_copy_or_include_names_what_was_published(repository):
    image = "ghcr.io/devlake-ci/devlake-ci:1.2.3"
    for name in ("examples/x/a.yml", "docs/spool.md", "gitlab-ci/devlake.yml", "tests/a.yml"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(f"{'0' * 64}  devlake-ci\nimage: {image}\n")
    subprocess.run(["git", "add", "."], cwd=repository, check=True)

    release(repository, "pin", DIGEST)

    pinned = f"aa  devlake-ci\nimage: {image}@{DIGEST}\n"
    for name in ("examples/x/a.yml", "docs/spool.md", "gitlab-ci/devlake.yml"):
        assert (repository / name).read_text() == pinned
    assert "0000" in (repository / "tests/a.yml").read_text()


def test_nothing_is_pinned_if_an_executable_was_not_published(repository):
    (repository / "dist" / "SHA256SUMS").write_text("aa  devlake-ci-linux-x86_64.tar.gz\n")

    ran = release(repository, "pin", DIGEST)

    assert "no sum of devlake-ci-darwin-arm64.tar.gz" in ran.stderr
    assert (repository / "action.yml").read_text() == (ROOT / "action.yml").read_text()


def test_the_native_action_of_another_version_is_told(repository):
    (repository / "src" / "devlake_ci" / "__init__.py").write_text('__version__ = "1.2.4"\n')

    assert "native/executables.json:1: 1.2.3" in release(repository, "check").stderr


def test_what_is_not_a_digest_goes_nowhere(repository):
    ran = release(repository, "pin", "sha256:abc\n  evil: true")

    assert "is not an image's digest" in ran.stderr
    assert (repository / "action.yml").read_text() == (ROOT / "action.yml").read_text()


def test_the_orb_takes_the_image_and_the_executables_that_were_published(repository):
    (repository / "dist" / "orb.yml").write_text(ORB)

    release(repository, "pin-orb", DIGEST)

    pinned = ORB.replace("default: ''", "default: 'aa bb'")
    pinned = pinned.replace("default: 1.2.3", f"default: '1.2.3@{DIGEST}'")
    assert (repository / "dist" / "orb.yml").read_text() == pinned
