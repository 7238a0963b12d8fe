"""What the image adds to its base: what every job pulls, and what starting costs."""

import gzip
import json
import subprocess
import tarfile

import pytest

LARGEST = 8_000_000
"""Bytes, compressed as a registry keeps them."""


def printed(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def layer(image, tmp_path_factory):
    """Return the one layer that is ours, as a tar file."""
    sizes = printed("docker", "history", "--format", "{{.Size}} {{.CreatedBy}}", image)
    top = next(line for line in sizes.splitlines() if not line.startswith("0B"))
    assert "COPY" in top
    folder = tmp_path_factory.mktemp("image")
    subprocess.run(["docker", "save", "--output", folder / "image.tar", image], check=True)
    with tarfile.open(folder / "image.tar") as saved:
        (manifest,) = json.load(saved.extractfile("manifest.json"))
        saved.extract(manifest["Layers"][-1], folder, filter="data")
    return folder / manifest["Layers"][-1]


def test_our_layer_is_small(layer):
    size = len(gzip.compress(layer.read_bytes(), 6))

    assert size <= LARGEST, f"{size:,} bytes"


def test_every_module_is_compiled_and_up_to_date(image):
    command = ["-v", "-m", "devlake_ci", "report", "--help"]

    ran = subprocess.run(
        ["docker", "run", "--rm", "--env", "PYTHONDONTWRITEBYTECODE=1", image, "python", *command],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    loaded = [line for line in ran.stderr.splitlines() if line.startswith("# code object from")]
    assert any("devlake_ci" in line for line in loaded)
    assert not [line for line in loaded if "/opt/devlake-ci" in line and ".pyc" not in line]


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
