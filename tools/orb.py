"""Pack the CircleCI orb into the one file that is published.

Usage: python tools/orb.py [FILE]

Does what `circleci orb pack circleci-orb/src` does, for which the CLI need not be there: a folder
is a key, a file below it another, and <<include(scripts/x.sh)>> becomes the text of that file.
https://circleci.com/docs/orbs/author/orb-author/#file-include-syntax
"""

import re
import sys
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).parent.parent / "circleci-orb" / "src"
WITH_INCLUDES = ("commands", "jobs", "executors")
KINDS = (*WITH_INCLUDES, "examples")

_INCLUDE = re.compile(r"<<\s*include\(([-\w/.]+)\)?\s*>>")


class _Dumper(yaml.SafeDumper):
    """Writes what spans lines as a block, as one would by hand."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def packed(source: Path = SOURCE) -> dict[str, Any]:
    """Return the orb as one mapping; raise ValueError for an include that stands in other text."""
    orb = yaml.safe_load((source / "@orb.yml").read_text())
    for kind in KINDS:
        parts = {
            path.stem: yaml.safe_load(path.read_text())
            for path in sorted((source / kind).glob("*.yml"))
        }
        if parts:
            orb[kind] = _included(parts, source) if kind in WITH_INCLUDES else parts
    return orb


def _included(value: Any, source: Path) -> Any:  # noqa: ANN401 (any YAML)
    match value:
        case dict():
            return {key: _included(each, source) for key, each in value.items()}
        case list():
            return [_included(each, source) for each in value]
        case str() if found := _INCLUDE.search(value):
            if found[0] != value:
                raise ValueError(f"an include has to be the whole value: {value}")
            return (source / found[1]).read_text().replace("<<", r"\<<")
    return value


def written(orb: dict[str, Any]) -> str:
    """Return the orb as YAML."""
    return yaml.dump(orb, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


if __name__ == "__main__":
    text = written(packed())
    if len(sys.argv) > 1:
        Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
        Path(sys.argv[1]).write_text(text)
    else:
        sys.stdout.write(text)
