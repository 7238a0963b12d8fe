"""The structure that docs/architecture.md describes, held to."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent / "src" / "devlake_ci"
SANDBOX = ROOT.parent / "devlake_sandbox"
MODULES = sorted(ROOT.rglob("*.py"))
LAYERS = [
    {"companion", "dataclass", "errors", "text"},
    {"clock", "model", "options", "timestamps", "identity", "limits", "child"},
    {"vocabulary", "commits", "launch"},
    {"ci", "devlake"},
    {"incidents"},
    {"deployment", "doctor", "setup", "changes"},
    {"runtime"},
    {"cli"},
    {"__main__"},
]
EDGE = {"runtime", "child", "companion", "__main__"}
SANDBOX_COMMANDS = {ROOT / "cli" / "demo.py", ROOT / "cli" / "sandbox.py"}
EFFECTS = {
    "os", "pathlib", "random", "requests", "secrets", "shutil", "signal", "socket", "subprocess",
    "tempfile", "threading", "time", "urllib3",
}  # fmt: skip
EFFECTFUL = {"open", "print", "input", "exec", "eval", "__import__"}


def part(path):
    """The package or module directly below devlake_ci that a file belongs to."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


@cache
def tree(path):
    return ast.parse(path.read_text())


def imported(path):
    for node in ast.walk(tree(path)):
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


def test_imports_point_one_way():
    wrong = {}
    for path in MODULES:
        here = part(path)
        below = (
            {name for names in LAYERS[: layer(here)] for name in names}
            if here != "__init__"
            else set()
        )
        if found := parts_imported(path) - below:
            wrong[str(path)] = found

    assert not wrong


def test_program_and_sandbox_do_not_know_each_other_but_for_two_commands():
    knows_sandbox = {path for path in MODULES if any(map(is_sandbox, imported(path)))}
    knows_program = [
        path
        for path in SANDBOX.rglob("*.py")
        if any(name.partition(".")[0] == "devlake_ci" for name in imported(path))
    ]

    assert knows_sandbox <= SANDBOX_COMMANDS
    assert not knows_program


def is_sandbox(name):
    return name.partition(".")[0] == "devlake_sandbox"


def test_no_package_has_a_name_that_importing_a_module_of_it_would_replace():
    """`package.run` is a function until somebody imports `package/run.py`."""
    ambiguous = {}
    for package in {path.parent for path in [*MODULES, *SANDBOX.rglob("*.py")]}:
        modules = {path.stem for path in package.iterdir()} - {"__init__"}
        if found := modules.intersection(defined(package / "__init__.py")):
            ambiguous[str(package)] = found

    assert not ambiguous


def defined(path):
    """The names that a module binds at its top, but for modules that it imports."""
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.ImportFrom) and not is_package(node.module):
            yield from (alias.asname or alias.name for alias in node.names)
        else:
            yield from (
                each.id
                for each in ast.walk(node)
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
            )


def is_package(name):
    return (ROOT.parent / name.replace(".", "/")).is_dir()


def test_only_the_edge_touches_the_world():
    wrong = {
        str(path): found for path in MODULES if part(path) not in EDGE if (found := effects(path))
    }

    assert not wrong


def effects(path):
    """What a module imports or calls that reaches outside of the program."""
    calls = [node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    modules = {name.split(".")[0] for name in imported(path)} & EFFECTS
    functions = {call.id for call in calls if isinstance(call, ast.Name)} & EFFECTFUL
    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)} & {"now", "utcnow"}
    return modules | functions | (methods - ({"now"} if clock_is_handed_in(path) else set()))


def clock_is_handed_in(path):
    """`clock.now()` is fine; `datetime.now()` is not."""
    return "datetime.now" not in path.read_text()


def test_all_is_printed_in_one_place():
    printing = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if re.search(r"click\.s?echo|sys\.std(out|err)\.write", path.read_text())
    }

    assert printing == {"cli/printing.py"}


def test_each_promise_of_security_names_tests_that_there_are():
    page = (ROOT.parent.parent / "SECURITY.md").read_text()
    promises = re.findall(r"^\| (?!promise|---)(.*) \| (.*) \|$", page, re.MULTILINE)

    assert promises
    for promise, shown in promises:
        files = re.findall(r"`(tests/[^`]+\.py|[a-zA-Z]+/[^`]*|Dockerfile)`", shown)
        assert files, promise
        text = "".join(
            path.read_text() for each in files if (path := ROOT.parent.parent / each).is_file()
        )
        assert all((ROOT.parent.parent / each).exists() for each in files), promise
        for name in re.findall(r"`(test_\w+|…\w+)…?`", shown):
            assert name.strip("…") in text, name


def test_the_page_names_every_part_in_the_order_of_imports():
    page = (ROOT.parent.parent / "docs" / "architecture.md").read_text()
    named = re.findall(r"^[├└]── (\w+)", page, re.MULTILINE)

    assert sorted(named) == sorted({part(path) for path in MODULES} - {"__init__", "__main__"})
    assert [layer(name) for name in named] == sorted(map(layer, named))


def test_nothing_is_longer_than_one_can_read():
    for path in [*MODULES, *SANDBOX.rglob("*.py")]:
        text = path.read_text()
        functions = [
            node
            for node in ast.walk(tree(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

        assert sum(1 for line in text.splitlines() if line.strip()) <= 400, path
        for each in functions:
            assert each.end_lineno - each.lineno < 40, f"{path}: {each.name}"


def test_no_test_is_skipped_where_it_can_not_run():
    skips = re.compile(r"importor[s]kip|pytest\.(mark\.)?([s]kip|[x]fail)")

    found = {path for path in Path(__file__).parent.rglob("*.py") if skips.search(path.read_text())}

    assert not found
