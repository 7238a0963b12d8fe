"""Which modules the program can import: what the image and the executable are made of.

Found by reading the program and its dependencies, so that nothing is missing because no test came
by. What no statement imports is named in `UNSEEN`, and what is not to be there in `LEFT_OUT`.
"""

import sysconfig
from collections.abc import Iterator
from modulefinder import ModuleFinder
from pathlib import Path

LEFT_OUT = {
    # Large parts of Python that libraries use for what nobody here asks of them.
    "asyncio": "no part of the program is asynchronous",
    "bz2": "shutil, tarfile and zipfile know this compression; nothing here is compressed so",
    "concurrent.futures.process": "there are threads, and no pools of processes",
    "ctypes": "for Windows' console and other systems' versions",
    "curses": "a CI has no screen to draw on",
    "doctest": "difflib, heapq and pickle test themselves with it",
    "ensurepip": "nothing is installed later",
    "lzma": "as bz2",
    "multiprocessing": "as concurrent.futures.process; it also costs the executable's start most",
    "pdb": "click.testing and doctest debug with it",
    "pydoc": "for the interactive help",
    "pydoc_data": "as pydoc",
    "readline": "nobody types anything",
    "setuptools": "nothing is built later",
    "sqlite3": "the database of the stand-in DevLake",
    "tkinter": "a CI has no windows",
    "unittest": "certifi tests itself with it",
    "_pyrepl": "nobody types anything",
    "rlcompleter": "as _pyrepl",
    "sitecustomize": "nobody's settings for this Python",
    "usercustomize": "as sitecustomize",
    # Codecs of the Far East: a megabyte of tables for encodings that no CI or DevLake answers in.
    "_codecs_cn": "", "_codecs_hk": "", "_codecs_iso2022": "", "_codecs_jp": "", "_codecs_kr": "",
    "_codecs_tw": "", "_multibytecodec": "",
    # Parts of dependencies.
    "certifi.tests": "its own tests",
    "charset_normalizer.cli": "a command of its own",
    "click.testing": "for programs' tests",
    "pydantic.mypy": "a plugin of mypy",
    "pydantic.v1": "for programs that were written for it",
    "urllib3.contrib.emscripten": "for Python in a browser",
    "urllib3.contrib.pyopenssl": "for Pythons without ssl",
    # Ours.
    "devlake_sandbox": "the stand-in DevLake is for people's machines",
}  # fmt: skip
"""Modules that are not to be there, and why nobody misses them: they and all that is below them."""

UNSEEN = {
    "_pylong": "int() of a very long number",
    "_sitebuiltins": "site, at each start",
    "_strptime": "datetime.strptime()",
    "_sysconfigdata_*": "sysconfig, which zoneinfo asks where zones are",
    "encodings.*": "text in any encoding",
    "runpy": "python -m",
    "site": "each start",
    "tracemalloc": "warnings",
}
"""What the interpreter itself imports, and for what."""

OPTIONAL = {
    # Other systems' modules, and stubs for type checkers.
    "_scproxy", "_typeshed", "_winapi", "_winreg", "_wmi", "java", "js", "msvcrt", "nt", "org",
    "pyodide", "vms_lib", "winreg",
    # Later Pythons'.
    "annotationlib", "compression", "_colorize", "_ios_support", "_android_support",
    # What libraries use if somebody installed it.
    "OpenSSL", "backports", "brotli", "brotlicffi", "chardet", "cryptography", "email_validator",
    "h2", "rich", "simplejson", "socks", "zstandard",
    # Names of modules that Python makes at its start.
    "__main__", "_frozen_importlib", "_frozen_importlib_external",
}  # fmt: skip
"""Modules that something asks for, and goes on without."""


class Missing(Exception):  # noqa: N818 (a sentence)
    """A module that the program can import is not there."""


def modules(packages: list[Path], path: list[str] | None = None) -> dict[str, Path]:
    """Return the file of each module that is in `packages` or is needed by one that is.

    `packages` are folders on the import path; `path` is where Python's own modules are, unless they
    are this Python's. Raise Missing if a module is imported that is in none of these folders, and
    neither in OPTIONAL nor in LEFT_OUT.
    """
    finder = ModuleFinder([*map(str, packages), *(path or library())], excludes=list(LEFT_OUT))
    for name in [name for each in packages for name in below(each)] + list(unseen(path)):
        if not left_out(name):
            finder.import_hook(name)
    missing = {
        name: sorted(importers)
        for name, importers in finder.badmodules.items()
        if not left_out(name) and not any(known(name, each, finder) for each in importers)
    }
    if missing:
        lines = [f"{name}, which {', '.join(by)} imports" for name, by in sorted(missing.items())]
        raise Missing("Not to be found: " + "; ".join(lines) + ".")
    return {name: Path(each.__file__) for name, each in finder.modules.items() if each.__file__}


def known(name: str, importer: str, finder: ModuleFinder) -> bool:
    """Return whether what could not be imported is but an attribute, or left out, or optional.

    The finder tells only names; of a relative import, without the package.
    """
    top = name.partition(".")[0]
    around = [importer, importer.rpartition(".")[0]]
    relative = [f"{each}.{top}" for each in around if each in finder.modules]
    nested = [f"{each}.{name}" for each in around if each in finder.modules]
    return (
        top in OPTIONAL
        or any(each in finder.modules for each in [top, *relative])
        or any(map(left_out, nested))
    )


def library() -> list[str]:
    """Return the folders of this Python's own modules."""
    return [sysconfig.get_path("stdlib"), f"{sysconfig.get_path('platstdlib')}/lib-dynload"]


def left_out(name: str) -> bool:
    """Return whether a module is one of those that are left out, or below one."""
    parts = name.split(".")
    return any(".".join(parts[:count]) in LEFT_OUT for count in range(1, len(parts) + 1))


def unseen(path: list[str] | None) -> Iterator[str]:
    """Yield the names of the modules that UNSEEN means; a Python may lack some."""
    for folder in map(Path, path or library()):
        for pattern in UNSEEN:
            for file in folder.glob(pattern.replace(".", "/") + ".py"):
                yield ".".join(file.relative_to(folder).with_suffix("").parts).removesuffix(
                    ".__init__"
                )


def below(folder: Path) -> Iterator[str]:
    """Yield the dotted names of all modules in a folder, without other programs' `__main__`."""
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder).with_suffix("").parts
        is_program = parts[-1] == "__main__" and parts[0] != "devlake_ci"
        if all(each.isidentifier() for each in parts) and not is_program:
            yield ".".join(parts).removesuffix(".__init__")
