"""Collect from the source what the program can say when something is wrong, … for each value.

A static reading, so that a message that no test provokes is found, too. Its text stands where it is
made, in a name of the same function, in a constant, or in what a function of its module returns.
"""

import ast
import re
from functools import cache
from itertools import product

from devlake_ci import errors
from tests.markdown import ROOT

SOURCE = ROOT / "src" / "devlake_ci"
VALUE = "…"
MADE_WITH = {
    *(name for name, each in vars(errors).items() if isinstance(each, type)),
    *("BadParameter", "Verdict", "NotSentError"),
}
"""What a message is the first argument of; a Verdict and a NotSentError become a problem later."""
NOTES = {"notes", "warnings"}
_DEEPEST = 5  # names and functions from a message to its text


@cache
def messages(source=SOURCE):
    """Return a mapping of each message to where it is made, such as `cli/report.py:12`."""
    found = {}
    trees = {path: _tree(path) for path in sorted(source.rglob("*.py"))}
    kinds = MADE_WITH | {
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and MADE_WITH & {_name(each) for each in node.bases}
    }
    for path, tree in trees.items():
        for node in ast.walk(tree):
            for made in _made(node, kinds):
                for text in _texts(made):
                    if len(re.findall(r"\w+", text)) > 1:
                        found.setdefault(text, f"{path.relative_to(source)}:{made.lineno}")
    return found


def without_hint(source=SOURCE):
    """Return where the source makes an error that says what happened, and not what to do."""
    kinds = {name for name, each in vars(errors).items() if isinstance(each, type)}
    kinds = {*kinds, "Verdict"} - {"NothingToReport"}
    return [
        f"{path.relative_to(source)}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted(source.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _name(node.func) in kinds and not _has_hint(node)
    ]


def _has_hint(node):
    before = 1 if _name(node.func) == "Verdict" else 0  # what to do with the report
    said = node.args[before:]
    spread = any(isinstance(each, ast.Starred) for each in said)
    return not said or spread or len(said) > 1 or any(each.arg == "hint" for each in node.keywords)


def _made(node, kinds):
    """Return what messages are made of, if this makes any: problems, and an outcome's notes."""
    match node:
        case ast.Call(func=function, args=args) if _name(function) in kinds:
            return args[_name(function) == "Verdict" :][:1]
        case ast.keyword(arg=name, value=ast.Tuple(elts=each)) if name in NOTES:
            return each
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=args) if name in NOTES:
            return args
    return []


def _texts(node, deep=0):
    """Return the texts that an expression can have; none if only a run knows."""
    if deep > _DEEPEST:
        return []
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return _joined(parts, deep)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([left, right], deep)
    return [text for each in _stands_for(node) for text in _texts(each, deep + 1)]


def _stands_for(node):
    match node:
        case ast.IfExp(body=first, orelse=second) | ast.BoolOp(values=[first, second]):
            return [first, second]
        case (
            ast.Starred(value=first) | ast.FormattedValue(value=first) | ast.Tuple(elts=[first, *_])
        ):
            return [first]  # of a tuple: a message and its hint
        case ast.Name(id=name):
            return _assigned(_above(node, ast.FunctionDef), name) or _assigned(_above(node), name)
        case ast.Call(func=function, args=args):
            return _returned(_above(node), _name(function)) or args[:1]
        case _:
            return []


def _assigned(scope, name):
    return [
        each.value
        for each in ast.walk(scope)
        if isinstance(each, ast.Assign) and name in {_name(one) for one in each.targets}
    ]


def _returned(module, name):
    return [
        node.value
        for each in ast.walk(module)
        if isinstance(each, ast.FunctionDef) and each.name == name
        for node in ast.walk(each)
        if isinstance(node, ast.Return) and node.value
    ]


def _joined(parts, deep):
    each = [_words(part, _texts(part, deep + 1)) or [VALUE] for part in parts]
    return ["".join(one).replace(VALUE * 2, VALUE) for one in product(*each)]


def _words(part, texts):
    """Leave out what is a value, such as a name, rather than words of the message."""
    is_value = isinstance(part, ast.FormattedValue)
    return [each for each in texts if not is_value or len(re.findall("[a-z]+ ", each)) > 1]


def _tree(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node
    return tree


def _above(node, kind=ast.Module):
    """Return the function or module that a node stands in."""
    while not isinstance(node, (kind, ast.Module)):
        node = node.parent
    return node


def _name(node):
    return getattr(node, "id", "") or getattr(node, "attr", "")
