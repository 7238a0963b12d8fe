"""A release names the same version everywhere, and what was published by its hash."""

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
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


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
        "https://github.com/devlake-ci/devlake-ci/releases/download/v1.2.2/devlake-ci-linux-x86_64",
    ],
)
def test_another_version_is_told_with_its_place(repository, line):
    (repository / "README.md").write_text(f"\n{line}\n")

    ran = release(repository, "check")

    assert ran.returncode == 1
    assert "README.md:2: " in ran.stderr
    assert "not 1.2.3" in ran.stderr


def test_the_major_alone_will_do_and_so_will_a_tag_of_the_version(repository):
    (repository / "README.md").write_text("uses: devlake-ci/devlake-ci@v1\n")

    assert release(repository, "check", "v1.2.3").returncode == 0
    assert "not v1.2.3" in release(repository, "check", "v1.2.4").stderr


def test_notes_are_this_versions_part_of_the_changelog(repository):
    assert release(repository, "notes").stdout == "### Added\n- Things.\n"


def test_a_tag_without_changes_is_none(repository):
    (repository / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- Things.\n")

    assert "nothing under" in release(repository, "check", "v1.2.3").stderr


def test_the_action_takes_the_image_that_was_published(repository):
    shutil.copy(ROOT / "action.yml", repository)

    release(repository, "pin", DIGEST)

    before, after = (each / "action.yml" for each in (ROOT, repository))
    image = f"image: docker://ghcr.io/devlake-ci/devlake-ci@{DIGEST}"
    assert after.read_text() == before.read_text().replace("image: Dockerfile", image)
    assert "nothing like" in release(repository, "pin", DIGEST).stderr


def test_what_is_no_digest_goes_nowhere(repository):
    shutil.copy(ROOT / "action.yml", repository)

    ran = release(repository, "pin", "sha256:abc\n  evil: true")

    assert "is no digest" in ran.stderr
    assert (repository / "action.yml").read_text() == (ROOT / "action.yml").read_text()


def test_the_orb_takes_the_image_and_the_executables_that_were_published(repository):
    sums = "aa  devlake-ci-linux-x86_64\nbb  devlake-ci-darwin-arm64\ncc  devlake_ci-1.2.3.tar.gz\n"
    (repository / "dist" / "SHA256SUMS").write_text(sums)
    (repository / "dist" / "orb.yml").write_text(ORB)

    release(repository, "pin-orb", DIGEST)

    pinned = ORB.replace("default: ''", "default: 'aa bb'")
    pinned = pinned.replace("default: 1.2.3", f"default: '1.2.3@{DIGEST}'")
    assert (repository / "dist" / "orb.yml").read_text() == pinned
