"""The sizes of the program's parts, for docs/architecture.md (`make wrappers` writes them)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent
BEFORE = (112, 10467)
NEWER = re.compile(
    r"/(setup|changes)/|cli/(setup|refresh|changes|run)\.py|devlake/(refresh|api|inventory)\.py"
    r"|doctor/project\.py|devlake_ci/(child|launch|companion)\.py"
    r"|devlake_ci/(dataclass|clock)\.py|runtime/child_env\.py|cli/wording\.py"
)
"""What the program could not do then: setup, lead time, run, starting fast, a wrapper's words."""


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
    yield from ("| `devlake_ci` | modules | lines |", "|---|---|---|")
    yield f"| before its parts were put together | {BEFORE[0]} | {BEFORE[1]:,} |"
    old = [path for path in sources("src/devlake_ci") if not NEWER.search(path.as_posix())]
    yield f"| the same parts now, which do more | {counted(old)} |"
    yield f"| with setup, lead time, run, a fast start and a wrapper's words | {counted()} |"
    yield ""


def counted(paths: list[Path] | None = None) -> str:
    """Return two cells: modules but for `__init__`s, and lines in hundreds, blank ones included."""
    paths = paths or sources("src/devlake_ci")
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)
    return f"{sum(path.stem != '__init__' for path in paths)} | {round(lines, -2):,}"


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
