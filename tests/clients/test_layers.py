"""What every job pulls: how large the image is, what it is made of, and that scanners can tell."""

import gzip
import json
import subprocess
import tarfile

import pytest

LARGEST = 20_000_000
"""Bytes of the whole image, compressed as a registry keeps it."""


def printed(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def inside(image, *command):
    return printed("docker", "run", "--rm", image, *command)


@pytest.fixture(scope="module")
def saved(image, tmp_path_factory):
    """Return all of the image as one tar file."""
    file = tmp_path_factory.mktemp("image") / "image.tar"
    subprocess.run(["docker", "save", "--output", file, image], check=True)
    return file


def test_the_whole_image_is_small(saved):
    size = len(gzip.compress(saved.read_bytes(), 6))

    assert size <= LARGEST, f"{size:,} bytes"


def test_it_has_no_base_that_brings_more(saved):
    with tarfile.open(saved) as tar:
        (manifest,) = json.load(tar.extractfile("manifest.json"))

    assert len(manifest["Layers"]) == 1


def test_all_of_python_is_compiled_and_nothing_asks_if_it_is_up_to_date(image):
    listed = inside(image, "find", "/", "-xdev", "-name", "*.py", "-o", "-name", "__pycache__")

    assert listed == ""


def test_scanners_can_tell_python_openssl_and_git(image):
    bill = json.loads(inside(image, "cat", "/usr/share/sbom/devlake-ci.cdx.json"))
    python = inside(image, "python", "-c", "import platform; print(platform.python_version())")

    parts = {each["name"]: each for each in bill["components"]}
    packages = inside(image, "ls", "/var/lib/dpkg/status.d").split()
    assert parts["python"]["version"] == python.strip()
    assert parts["pydantic-core"]["purl"].startswith("pkg:pypi/pydantic-core@")
    assert inside(image, "git", "--version").split()[2] in parts["git"]["version"]
    assert {"git", "libssl3t64"} <= set(packages)
    assert set(packages) <= set(parts)
    assert "Version: " in inside(image, "cat", "/var/lib/dpkg/status.d/libssl3t64")
    assert "ID=debian" in inside(image, "cat", "/etc/os-release").splitlines()


def test_its_labels_say_which_version_of_which_commit_it_is(image):
    build = ["--build-arg", "VERSION=1.2.3", "--build-arg", "REVISION=abc"]
    name = f"{image}-labelled"
    subprocess.run(["docker", "build", "--quiet", *build, "--tag", name, "."], check=True)

    labels = json.loads(
        printed("docker", "image", "inspect", "--format", "{{json .Config.Labels}}", name)
    )

    kept = {key.removeprefix("org.opencontainers.image."): text for key, text in labels.items()}
    assert (kept["version"], kept["revision"]) == ("1.2.3", "abc")
    assert kept["source"] == "https://github.com/devlake-ci/devlake-ci"
