"""The documentation and the wrappers are held to the program."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import yaml

from devlake_ci import __version__
from devlake_sandbox import Sandbox
from tests.markdown import PAGES, ROOT, anchors, blocks, links
from tests.messages import SOURCE, messages, without_hint

GENERATED = sorted(
    path
    for path in [*ROOT.rglob("*.md"), *ROOT.rglob("*.yml")]
    if not path.relative_to(ROOT).parts[0].startswith(".venv") and "[[[cog" in path.read_text()
)
INPUTS = set(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])
README_WORDS = 1500
INSTALLS = ("make ", "pip install ")
"""Lines of shell blocks that are not run: what they install is what runs the tests."""


def test_what_is_printed_from_the_code_is_up_to_date():
    checked = subprocess.run(
        [sys.executable, "-m", "cogapp", "-I", "tools", "--check", "--diff", *GENERATED],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert checked.returncode == 0, f"{checked.stdout}Run `make wrappers`, and commit it."


def test_every_message_is_found_in_the_troubleshooting_by_its_words():
    keys = _troubleshooting()

    missing = [
        f"src/devlake_ci/{where} says {text!r}: docs/troubleshooting.md has to explain it."
        for text, where in messages().items()
        if not any(key in text for key in keys)
    ]

    if missing:
        pytest.fail("\n".join(missing), pytrace=False)


def test_every_error_says_what_to_do():
    assert not without_hint()


def test_the_troubleshooting_explains_what_the_program_or_devlake_says_and_nothing_else():
    sources = [path.read_text() for path in SOURCE.rglob("*.py")]
    whole = [re.sub(r'["\']\n +(?:f?["\'])', "", each) for each in sources]
    said = "\n".join([*messages(), *whole])

    for key in _troubleshooting():
        assert key in said, f"no message has these words any more: {key!r}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("raise MissingError(f'{name} is {value}, not known.')", ["… is …, not known."]),
        ("raise MissingError('Not ' + ('known here' if a else 'there'))",
         ["Not known here", "Not there"]),
        ("def check():\n    message = f'{a}: it is odd.'\n    raise BadUsageError(message)",
         ["…: it is odd."]),
        ("raise MissingError(*refusal(a))\ndef refusal(a): return f'It is {a} odd.', 'Fix it.'",
         ["It is … odd."]),
        ("class Late(UnreachedError): pass\nraise Late('Not in time.')", ["Not in time."]),
        ("Outcome(notes=(f'Look into {a} yourself.',))", ["Look into … yourself."]),
    ],
)  # fmt: skip
def test_messages_are_read_from_the_source_with_dots_for_values(tmp_path, source, expected):
    (tmp_path / "one.py").write_text(source)

    assert list(messages(tmp_path)) == expected


def test_until_the_first_release_is_out_the_readme_says_so():
    changes = (ROOT / "CHANGELOG.md").read_text()
    is_released = re.search(r"(?m)^## \d", changes) is not None

    said = f"**v{__version__} is not released yet.**" in (ROOT / "README.md").read_text()

    assert said is not is_released


def test_the_readme_can_be_read_in_a_few_minutes():
    assert len((ROOT / "README.md").read_text().split()) <= README_WORDS


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("it says 403", "Use the key shown when the connection was created"),
        ("two services", "Give each service a connection of its own"),
        ("a monorepo matrix", "service: ${{ matrix.service }}"),
        ("prod is called live", "prod, prd, live"),
        ("GitHub Enterprise", "On GitHub Enterprise Server"),
        ("no internet", "## No internet"),
        ("the wrong commit", "Which commit is reported"),
        ("I deploy from Jenkins", "Create a credential `devlake-token`"),
        ("how do I undo", "Undo a report"),
        ("is it safe", "What is promised"),
    ],
)
def test_what_users_ask_is_at_most_two_clicks_from_the_readme(question, answer):
    readme = ROOT / "README.md"
    first = {(ROOT / link.partition("#")[0]).resolve() for link in links(readme)}
    second = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in first
        if page.suffix == ".md"
        for link in links(page)
    }

    pages = [each for each in {readme, *first, *second} if each.suffix == ".md"]

    assert any(answer in each.read_text() for each in pages), question


def test_blocks_are_called_what_the_tests_look_for():
    assert not blocks("bash", "shell", "zsh", "yml")


@pytest.mark.parametrize("block", blocks("yaml", "json"), ids=str)
def test_data_can_be_read_and_gives_our_actions_declared_inputs_only(block):
    if block.language == "json":
        json.loads(block.text)
    whole = list(yaml.load_all(block.text, Loader=_Tags))

    for step in _mappings(whole):
        if str(step.get("uses", "")).startswith("devlake-ci/devlake-ci"):
            assert set(step.get("with", {})) <= INPUTS


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_shell_lines_can_be_run_as_they_are(block, checkout):
    lines = [line for line in block.text.splitlines() if not line.startswith(INSTALLS)]
    with Sandbox() as devlake:
        ran = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", "\n".join(lines)],
            cwd=checkout,
            env={
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(checkout.parent),
                "DEVLAKE_URL": devlake.connection_url,
                "DEVLAKE_TOKEN": devlake.token,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("path", "opens"),
    [
        ("projects/shop/deployments", "0 2 3"),
        ("projects/cart/deployments", "0 2"),
        ("connections/by-name/shop_deployments/issues", "0 3"),
        ("connections/by-name/acme-shop/deployments", "0 1"),
        ("connections/by-name/acme-shop/issues", "0 1"),
        ("connections/1/issues", "0"),
        ("connections/1", ""),
        ("connections/1/issues/7", ""),
        ("connections", ""),
    ],
)
def test_the_keys_that_are_advised_open_what_is_said(path, opens):
    page = (ROOT / "docs" / "organisation.md").read_text().replace("\\|", "|")
    patterns = re.findall(r"(?m)^(?:\| `)?(\^/plugins/webhook/[^`\n]+)", page)

    with Sandbox() as devlake:
        answers = [_asked(devlake, f"/plugins/webhook/{path}", each) for each in patterns]

    assert " ".join(str(n) for n, each in enumerate(answers) if each != 403) == opens


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in links(page):
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page

        assert target.exists(), f"{link}: there is no such file"
        assert not fragment or fragment in anchors(target), f"{link}: there is no such heading"


@pytest.fixture
def checkout(tmp_path):
    """Return a checkout of acme/shop as the pages take it for granted: two commits, a tag."""
    folder = tmp_path / "shop"
    service = folder / "services" / "cart"
    service.mkdir(parents=True)
    (folder / "deploy.sh").write_text("#!/bin/sh\n")
    (folder / "deploy.sh").chmod(0o755)
    git = ["git", "-C", folder, "-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    for command in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "."],
        ["commit", "--quiet", "--message", "Begin"],
        ["commit", "--quiet", "--allow-empty", "--message", "Sell carts"],
        ["tag", "v1.2.3"],
        ["remote", "add", "origin", "git@github.com:acme/shop.git"],
    ):
        subprocess.run([*git, *command], check=True)
    (service / "price").write_text("1\n")
    return folder


def _troubleshooting():
    """Return the words by which docs/troubleshooting.md says that messages are found."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    cells = re.findall(r"(?m)^\| (`[^|]+`) \|", page)
    return [key for cell in cells for key in re.findall(r"`([^`]+)`", cell)]


def _asked(devlake, path, allowed):
    """Return the status of an empty report by a key that is allowed so much."""
    wanted = {"name": allowed, "type": "devlake", "allowedPath": allowed}
    key = requests.post(f"{devlake.url}/api-keys", json=wanted, timeout=30)
    token = key.json()["apiKey"]
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(f"{devlake.url}/rest{path}", "{}", headers=headers, timeout=30).status_code


class _Tags(yaml.SafeLoader):
    """Reads tags that are GitLab's own, such as !reference, as what they are put before."""


_Tags.add_multi_constructor("!", lambda loader, _, node: loader.construct_sequence(node))


def _mappings(value):
    """Yield every mapping within a YAML document."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _mappings(each)
