"""Make a virtual environment with exactly the packages of a lock file and this project, editable.

Usage: python3 tools/bootstrap.py FOLDER LOCKFILE

All that it needs is Python: where `ensurepip` is missing (Debian without python3-venv), pip itself
is fetched from the package index and checked by its hash. Any Python starts it, to be told if it
is too old.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "devlake-ci needs Python 3.11 or newer, and %s is %d.%d. Give another one: "
        "make PYTHON=python3.13 test" % (sys.executable, sys.version_info[0], sys.version_info[1])
    )

import hashlib
import importlib.util
import json
import os
import pathlib
import subprocess
import urllib.request
import venv

PIP = "pip-26.3-py3-none-any.whl"  # https://pypi.org/project/pip/26.3/#files
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def main(folder: str, lock: str) -> None:
    """Make or refresh the environment `folder`; raise CalledProcessError if pip fails."""
    environment = pathlib.Path(folder)
    python = environment / "bin" / "python"
    if not python.exists():
        with_pip = importlib.util.find_spec("ensurepip") is not None
        venv.create(environment, with_pip=with_pip, clear=True, symlinks=True)
    pip = [str(python), "-m", "pip"]
    if not any(environment.glob("lib/python*/site-packages/pip")):
        pip = [str(python), str(fetched_pip(environment) / "pip")]
    pip += ["install", "--quiet", "--no-input", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--requirement", lock], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--editable", "."], check=True)


def fetched_pip(folder: pathlib.Path) -> pathlib.Path:
    """Fetch pip's wheel into `folder`; a wheel can be run as it is."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}  # https://peps.python.org/pep-0691/
    with urllib.request.urlopen(urllib.request.Request(index + "/pip/", headers=accept)) as answer:
        files = json.load(answer)["files"]
    url = next(file["url"] for file in files if file["filename"] == PIP)
    with urllib.request.urlopen(url) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != PIP_SHA256:
        sys.exit(url + " is not what this project knows by that name (its SHA-256 differs)")
    wheel = folder / PIP
    wheel.write_bytes(content)
    return wheel


if __name__ == "__main__":
    main(*sys.argv[1:])
