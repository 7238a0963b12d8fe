"""The sizes of the program's parts, for docs/architecture.md (`make wrappers` writes them)."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent


def table() -> Iterator[str]:
    """Yield the lines of a table, and a sentence on the tests; blank lines are not counted."""
    modules = [nonblank(path) for path in sources("src")]
    functions = [length for path in sources("src") for length in functions_of(path)]
    tests = sum(nonblank(path) for path in sources("tests"))
    yield from ("", "| lines of a | median | nine in ten have at most | longest |")
    yield "|---|---|---|---|"
    # In tens: else every change to the program would be one to this table.
    yield f"| module | {' | '.join(f'{round(each, -1):.0f}' for each in spread(modules))} |"
    yield f"| function | {' | '.join(f'{each:.0f}' for each in spread(functions))} |"
    yield from ("", f"Tests have {tests / sum(modules):.1f} times the lines of the program.", "")


def spread(lengths: list[int]) -> tuple[float, float, int]:
    """Return median, ninth decile and maximum."""
    return median(lengths), quantiles(lengths, n=10)[-1], max(lengths)


def sources(folder: str) -> list[Path]:
    """Return the Python files below a folder."""
    return sorted((ROOT / folder).rglob("*.py"))


def nonblank(path: Path) -> int:
    """Count the lines of a file that aren't blank."""
    return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def functions_of(path: Path) -> Iterator[int]:
    """Yield how many lines each function and method has, from `def` to its end."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1
