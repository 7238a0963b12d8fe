"""Finds in the source all that the program can say when something is wrong, with … for values.

docs/troubleshooting.md is printed from it, so that no error is added without its row there. For
that a message has to be text that stands in the source: where it is raised, in a name that is used
there, or in what a function of ours returns.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, product
from pathlib import Path

from devlake_ci import errors

SOURCE = Path(__file__).parent.parent / "src" / "devlake_ci"
PROBLEMS = {
    name: str(each.exit_code)
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, errors.Problem) and each is not errors.Problem
}
CODES = PROBLEMS | {"BadParameter": "2", "Verdict": "4", "NotSentError": "5"}
"""What a message is made with, and the exit code that it ends in; click's BadParameter becomes one
of ours, a Verdict and a NotSentError do where they are judged."""
NOTE = "note"
HANDED_ON = {"message", "format_message", "reason", "verdict"}
"""Attributes that hold what was said elsewhere: it is found there, or is another's."""

VALUE = "…"
DEEPEST = 8  # names and functions from a message to its text


@dataclass(frozen=True)
class Message:
    """One thing that the program can say, and what it says to do about it."""

    code: str
    """The exit code, or NOTE."""
    text: str
    hints: tuple[str, ...]
    """What to do; several if it depends, … if that isn't text in the source."""
    where: str
    """Such as `report.py:107`, below src/devlake_ci."""


class UnreadableError(Exception):
    """A message that doesn't stand in the source as text."""


class Package:
    """The modules of the program."""

    def __init__(self, source: Path = SOURCE) -> None:
        """Parse them."""
        files = sorted(source.rglob("*.py"))
        self._modules = {each.relative_to(source).as_posix(): _tree(each) for each in files}
        self._codes = dict(CODES)
        self._constants: dict[str, list[ast.expr]] = defaultdict(list)
        self._returns: dict[str, list[ast.Return]] = defaultdict(list)
        for module in self._modules.values():
            for node in ast.walk(module):
                if isinstance(node, ast.Return) and (function := _function(node)):
                    self._returns[function.name].append(node)
                elif isinstance(node, ast.ClassDef):  # a kind of its own of one of them
                    for base in {_name(each) for each in node.bases} & CODES.keys():
                        self._codes.setdefault(node.name, CODES[base])
            for name, value in _assigned(module.body):
                self._constants[name].append(value)

    def messages(self) -> list[Message]:
        """Give all of them; raises UnreadableError."""
        found: dict[str, Message] = {}
        for each in chain.from_iterable(map(self._said_in, self._modules)):
            before = found.setdefault(each.text, each)
            hints = tuple(dict.fromkeys(before.hints + each.hints))
            found[each.text] = replace(before, hints=hints)
        return sorted(found.values(), key=lambda each: each.text.strip(f' {VALUE}":').casefold())

    def answers(self) -> list[Message]:
        """Give what DevLake, or what stands before it, may answer: the table in its hints."""
        (table,) = self._constants["_TABLE"]
        rows = [map(self._texts, _members(row)) for row in _members(table)]
        return [_answer(*map("".join, row)) for row in rows]

    def _said_in(self, module: str) -> Iterator[Message]:
        for node in ast.walk(self._modules[module]):
            where = f"{module}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call) and (code := self._codes.get(_name(node.func))):
                for told, hint in self._pairs(node):
                    hints = tuple(dict.fromkeys(self._texts(hint) or [VALUE])) if hint else ()
                    for text in self._readable(told, where):
                        yield Message(code, text, hints, where)
            for note in _notes(node):
                for text in self._texts(note):
                    if _words(text) > 2:
                        yield Message(NOTE, text.strip(), (), where)

    def _pairs(self, call: ast.Call) -> Iterator[tuple[ast.expr, ast.expr | None]]:
        """Give what a message is made of, and its hint; `*refusal(…)` stands for both."""
        given = call.args[_name(call.func) == "Verdict" :]
        if given and isinstance(given[0], ast.Starred) and isinstance(given[0].value, ast.Call):
            for pair in map(_members, self._returned(given[0].value)):
                yield from [(pair[0], pair[1])] if len(pair) == 2 else []
        elif given:
            yield given[0], given[1] if len(given) > 1 else None

    def _readable(self, told: ast.expr, where: str) -> list[str]:
        texts = [each for each in self._texts(told) if _words(each) > 1]
        origins = [told, *(self._defined(told) if isinstance(told, ast.Name) else [])]
        handed_on = any(_attributes(each) & HANDED_ON for each in origins)
        if texts or handed_on:
            return texts
        raise UnreadableError(
            f"src/devlake_ci/{where}: what is said here can't be read from the source "
            f"({ast.unparse(told)}). Write it as text where it is raised, or in a function of the "
            "package that returns it, so that docs/troubleshooting.md can list it."
        )

    def _texts(self, node: ast.expr, deep: int = 0) -> list[str]:
        """Give the texts that an expression may have; none if they don't stand in the source."""
        if deep > DEEPEST:
            return []
        match node:
            case ast.Constant(value=str() | int() as value) if not isinstance(value, bool):
                return [str(value)]
            case ast.JoinedStr(values=parts):
                return self._joined([self._part(each, deep) for each in parts])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                sides = [self._texts(each, deep + 1) or [VALUE] for each in (left, right)]
                return self._joined(sides)
        texts = [text for each in self._stands_for(node) for text in self._texts(each, deep + 1)]
        if not texts and isinstance(node, ast.Call) and node.args and self._returned(node):
            return self._texts(node.args[0], deep + 1)  # such as line(message)
        return texts

    def _stands_for(self, node: ast.expr) -> list[ast.expr]:
        match node:
            case ast.IfExp(body=first, orelse=second):
                return [first, second]
            case ast.BoolOp(values=values):
                return values
            case ast.Name():
                return self._defined(node)
            case ast.Attribute(attr=name):
                return self._constants.get(name, [])
            case ast.Call():
                return self._returned(node)
        return []

    def _returned(self, call: ast.Call) -> list[ast.expr]:
        """Give what the function called so returns: the one in the same module, if there is one."""
        returns = self._returns.get(_name(call.func), [])
        own = [each for each in returns if _module(each) is _module(call)]
        return [each.value for each in own or returns if each.value]

    def _joined(self, parts: list[list[str]]) -> list[str]:
        return ["".join(each).replace(VALUE * 2, VALUE) for each in product(*parts)]

    def _part(self, part: ast.expr, deep: int) -> list[str]:
        """Give a part of an f-string: text, or … for a value that only a run knows."""
        if not isinstance(part, ast.FormattedValue):
            return self._texts(part)
        value = part.value
        if not isinstance(value, ast.Name | ast.Call) or getattr(value, "id", "") == "__version__":
            return [VALUE]
        if _name(getattr(value, "func", value)) == "quoted":
            return [f'"{VALUE}"']
        each = [self._texts(one, deep + 1) for one in self._stands_for(value)]
        texts = list(chain(*each))
        is_constant = isinstance(value, ast.Name) and len(texts) == 1
        is_told = all(each) and all(map(_words, texts))
        return texts if texts and (is_constant or is_told) else [VALUE]

    def _defined(self, name: ast.Name) -> list[ast.expr]:
        """Give what a name is set to in its function, else as a constant of the package."""
        nodes = ast.walk(owner) if (owner := _function(name)) else []
        own = [value for each, value in _assigned(nodes) if each == name.id]
        return own or self._constants.get(name.id, [])


def _tree(file: Path) -> ast.Module:
    module = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(module):
        for child in ast.iter_child_nodes(node):
            child.parent = node  # type: ignore[attr-defined]
    return module


def _function(node: ast.AST) -> ast.FunctionDef | None:
    """Give the function that a node stands in; None for a module's own nodes."""
    parent = getattr(node, "parent", None)
    return parent if parent is None or isinstance(parent, ast.FunctionDef) else _function(parent)


def _module(node: ast.AST) -> ast.AST:
    while parent := getattr(node, "parent", None):
        node = parent
    return node


def _assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _notes(node: ast.AST) -> list[ast.expr]:
    """Give what is told beside the rest: notes of an outcome, and warnings on stderr."""
    match node:
        case (
            ast.keyword(arg="notes", value=value)
            | ast.Assign(targets=[ast.Name(id="notes")], value=value)
        ):
            return _members(value)
        case ast.Return(value=ast.Tuple(elts=members)):
            returns = getattr(_function(node), "returns", None)
            return members if returns and ast.unparse(returns) == "tuple[str, ...]" else []
        case ast.Call(func=ast.Attribute(value=ast.Name(id="notes"), attr="append"), args=args):
            return args
        case ast.Call(func=ast.Attribute(attr="echo"), args=args, keywords=[ast.keyword("err")]):
            return [each for each in args if isinstance(each, ast.JoinedStr | ast.Constant)]
        case ast.AugAssign(target=ast.Attribute(attr="message"), value=value):
            return [value]
    return []


def _members(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple | ast.List) else []


def _name(function: ast.expr) -> str:
    return str(getattr(function, "id", "") or getattr(function, "attr", ""))


def _attributes(node: ast.expr) -> set[str]:
    return {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def _words(text: str) -> int:
    return len(re.findall(r"[A-Za-z]+", text))


def _answer(status: str, said: str, hint: str) -> Message:
    text = f"DevLake answered {status}: {VALUE} {said.lstrip('^')}".strip()
    return Message(
        "4",
        text,
        (hint.format(path=VALUE, route=VALUE, number=VALUE, project=VALUE),),
        "devlake/hints.py",
    )
