"""List which packages the files of an image are from, in the forms that scanners of images read."""

import json
import platform
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

LISTS = Path("/var/lib/dpkg/info")
DOCUMENTS = Path("/usr/share/doc")


def files(root: Path, site: Path) -> Iterator[tuple[str, str]]:
    """Yield names and texts of the files to write into an image.

    One for each package of Debian, as in images without dpkg:
    https://github.com/GoogleContainerTools/distroless/blob/main/PACKAGE_METADATA.md; its licence;
    and all of it in CycloneDX, for CPython is no package in Docker's official image.
    """
    version = platform.python_version()
    cpe = f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*"
    parts = [part("python", version, f"pkg:generic/python@{version}") | {"cpe": cpe}]
    release = platform.freedesktop_os_release()
    for name in sorted(packages(root)):
        status = ["dpkg-query", "--status", name]
        told = subprocess.run(status, capture_output=True, text=True, check=True).stdout
        fields = dict(re.findall(r"^([\w-]+): (.*)$", told, re.MULTILINE))
        package, number = fields["Package"], fields["Version"]
        yield f"/var/lib/dpkg/status.d/{package}", told
        licence = DOCUMENTS / package / "copyright"
        if licence.is_file():
            yield str(licence), licence.read_text(encoding="utf-8")
        distro = f"distro={release['ID']}-{release['VERSION_ID']}"
        purl = f"pkg:deb/{release['ID']}/{package}@{number}?arch={fields['Architecture']}&{distro}"
        parts.append(part(package, number, purl))
    for folder in sorted(site.glob("*.dist-info")):
        name, _, number = folder.name.removesuffix(".dist-info").partition("-")
        name = name.replace("_", "-").lower()
        parts.append(part(name, number, f"pkg:pypi/{name}@{number}"))
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": parts}
    yield "/usr/share/sbom/devlake-ci.cdx.json", json.dumps(bill, indent=1) + "\n"


def part(name: str, version: str, purl: str) -> dict[str, str]:
    """Return a component by its name, version and package URL."""
    return {"type": "library", "name": name, "version": version, "purl": purl}


def packages(root: Path) -> set[str]:
    """Return the names of the packages of Debian that files in `root` are from."""
    owner = {
        line: file.stem
        for file in LISTS.glob("*.list")
        for line in file.read_text(encoding="utf-8").splitlines()
    }
    found = set()
    for file in root.rglob("*"):
        if file.is_file() and not file.is_symlink():
            name = f"/{file.relative_to(root)}"
            name = name.removesuffix("c") if file.suffix == ".pyc" else name
            # An older Debian has the libraries of /usr/lib on its lists as of /lib.
            found |= {owner.get(name), owner.get(name.removeprefix("/usr"))}
    return {name for name in found if name}
