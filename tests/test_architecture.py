"""The structure that docs/architecture.md describes, held to."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "devlake_ci"
MODULES = sorted(ROOT.rglob("*.py"))
LAYERS = [
    {"errors", "effects", "text"},
    {"model", "options", "moments", "identity", "placeholders", "columns"},
    {"words", "commits"},
    {"ci", "devlake"},
    {"incidents"},
    {"report", "checks"},
    {"runtime"},
    {"cli"},
    {"__main__"},
]
EDGE = {"runtime", "sandbox"}
EFFECTS = {
    "os", "pathlib", "random", "requests", "secrets", "shutil", "signal", "socket", "subprocess",
    "tempfile", "threading", "time", "urllib3",
}  # fmt: skip
EFFECTFUL = {"open", "print", "input", "exec", "eval", "__import__"}


def part(path):
    """The package or module directly below devlake_ci that a file belongs to."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            whole = module == "devlake_ci"
            yield from (f"{module}.{alias.name}" for alias in node.names) if whole else [module]


def parts_imported(path):
    names = {name.split(".")[1] for name in imported(path) if name.startswith("devlake_ci.")}
    return names - {part(path), "__version__"}


def layer(name):
    return next(index for index, names in enumerate(LAYERS) if name in names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path):
    here = part(path)
    if here in {"__init__", "sandbox"}:
        assert parts_imported(path) == set()
        return

    below = {name for names in LAYERS[: layer(here)] for name in names}

    assert parts_imported(path) <= below | ({"sandbox"} if here == "cli" else set())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_edge_touches_the_world(path):
    if part(path) in EDGE:
        return
    calls = [
        node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    ]

    assert not {name.split(".")[0] for name in imported(path)} & EFFECTS
    assert not {call.id for call in calls if isinstance(call, ast.Name)} & EFFECTFUL
    assert not {call.attr for call in calls if isinstance(call, ast.Attribute)} & {
        "now",
        "utcnow",
    } - ({"now"} if clock_is_handed_in(path) else set())


def clock_is_handed_in(path):
    """`clock.now()` is fine; `datetime.now()` is not."""
    return "datetime.now" not in path.read_text()


def test_the_page_names_every_part_in_the_order_of_imports():
    page = (ROOT.parent.parent / "docs" / "architecture.md").read_text()
    named = re.findall(r"^[├└]── (\w+)", page, re.MULTILINE)

    assert sorted(named) == sorted({part(path) for path in MODULES} - {"__init__", "__main__"})
    assert [layer(name) for name in named[:-1]] == sorted(map(layer, named[:-1]))
    assert named[-1] == "sandbox"


def test_nothing_is_longer_than_one_can_read():
    for path in MODULES:
        text = path.read_text()
        functions = [
            node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

        assert sum(1 for line in text.splitlines() if line.strip()) <= 250, path
        for each in functions:
            assert each.end_lineno - each.lineno < 40, f"{path}: {each.name}"
