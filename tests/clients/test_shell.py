"""The shell in the examples' files, as shellcheck sees it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SHELLCHECK = Path(sys.executable).parent / "shellcheck"
KEYS = {
    *("run", "bash", "command", "commands", "script", "after-script", "install"),
    *("after_success", "after_failure"),
}
EMBEDDED = {
    "Jenkinsfile": re.compile(r"\bsh (')([^']*)'"),
    "settings.kts": re.compile(r'scriptContent = ("""|")(.*?)\1', re.DOTALL),
}


class Loader(yaml.SafeLoader):
    """YAML with GitLab's tag, which stands for shell that is elsewhere."""


Loader.add_constructor("!reference", lambda *_: {})


def found(node):
    """Yield what stands below a key that CIs have for shell: one text, or a list of them."""
    if isinstance(node, dict):
        for key, value in node.items():
            commands = [value] if isinstance(value, str) else value
            is_words = key == "command" and isinstance(value, list)  # no shell reads these
            if key in KEYS and not is_words and all(isinstance(each, str) for each in commands):
                yield "\n".join(commands)
            else:
                yield from found(value)
    elif isinstance(node, list):
        for each in node:
            yield from found(each)


def shell(path):
    if pattern := EMBEDDED.get(path.name):
        return [text for _, text in pattern.findall(path.read_text())]
    return list(found(yaml.load(path.read_text(), Loader)))  # noqa: S506 (it is a SafeLoader)


SHELL = {
    f"{path.relative_to(EXAMPLES)}-{index}": text
    for path in sorted(EXAMPLES.rglob("*"))
    if path.suffix in {".yml", ".yaml"} or path.name in EMBEDDED
    for index, text in enumerate(shell(path))
}


@pytest.mark.parametrize("name", SHELL)
def test_shellcheck_finds_nothing(name):
    checked = subprocess.run(
        [SHELLCHECK, "--shell=sh", "-"], input=SHELL[name], capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert checked.returncode == 0, SHELL[name] + checked.stdout


def test_the_shell_of_every_kind_of_file_is_found():
    folders = {name.partition("/")[0] for name in SHELL}

    assert folders >= {"azure", "bitbucket", "buildkite", "codebuild", "drone", "forgejo", "gitea",
                       "jenkins", "teamcity", "travis", "woodpecker"}  # fmt: skip
