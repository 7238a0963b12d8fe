"""The list of modules that image and executable are made of, found by reading a program."""

import re

import pytest
from tools import contents


@pytest.fixture
def needed(tmp_path):
    """Write the files of a program in site/ and of a Python in python/; return what is needed."""

    def found(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return set(contents.modules([tmp_path / "site"], [str(tmp_path / "python")]))

    return found


def test_what_a_function_imports_is_needed_with_what_that_imports(needed):
    found = needed({"site/ours.py": "def f():\n import alpha", "python/alpha.py": "import beta",
                    "python/beta.py": "", "python/gamma.py": ""})  # fmt: skip

    assert found == {"ours", "alpha", "beta"}


def test_a_module_that_nobody_has_is_an_error_that_names_who_imports_it(needed):
    sentence = "Not to be found: alpha, which ours imports."

    with pytest.raises(contents.Missing, match=re.escape(sentence)):
        needed({"site/ours.py": "def f():\n from alpha import beta"})


def test_a_module_of_python_that_imports_a_missing_one_is_an_error_too(needed):
    with pytest.raises(contents.Missing, match="beta, which alpha imports"):
        needed({"site/ours.py": "import alpha", "python/alpha.py": "import beta"})


def test_what_is_left_out_is_not_there_nor_anything_that_only_it_needs(needed):
    found = needed({"site/ours.py": "import unittest.mock",
                    "python/unittest/__init__.py": "import alpha",
                    "python/unittest/mock.py": "", "python/alpha.py": ""})  # fmt: skip

    assert found == {"ours"}


def test_what_only_some_machines_have_may_be_missing(needed):
    assert needed({"site/ours.py": "try:\n import winreg\nexcept ImportError: pass"}) == {"ours"}


def test_what_the_interpreter_imports_itself_is_needed(needed):
    found = needed({"site/ours.py": "", "python/encodings/__init__.py": "",
                    "python/encodings/cp1252.py": "", "python/_sysconfigdata_x-y.py": "",
                    "python/runpy.py": ""})  # fmt: skip

    assert found == {"ours", "encodings", "encodings.cp1252", "_sysconfigdata_x-y", "runpy"}


def test_names_from_a_package_that_are_no_modules_are_not_missed(needed):
    imports = "from ours.one import Two\nfrom .one import Two as Three"

    found = needed({"site/ours/__init__.py": imports,
                    "site/ours/one.py": "class Two: pass"})  # fmt: skip

    assert found == {"ours", "ours.one"}
