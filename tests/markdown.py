"""Reads our Markdown as far as tests need it: fenced blocks, headings and links."""

import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

_FENCED = re.compile(r"(?ms)^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$")
_COMMENT = re.compile(r"(?s)<!--.*?-->")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    text: str

    def __str__(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(*languages):
    """Return the fenced blocks of all pages in these languages."""
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found["language"], _dedented(found))
        for page in PAGES
        for text in [page.read_text()]
        for found in _FENCED.finditer(text)
        if found["language"] in languages
    ]


def links(page):
    """Return the targets of a page's links that lead into this repository."""
    prose = re.sub(r"`[^`\n]+`", "", _FENCED.sub("", page.read_text()))
    return [target for target in _LINK.findall(prose) if "://" not in target]


def prose(page):
    """Return what a page says in words, on the same lines: each piece of code is another word."""
    names = map("code{}".format, count(1))
    text = page.read_text()
    for block in (_FENCED, _COMMENT):
        text = block.sub(lambda found: "\n" * found[0].count("\n"), text)
    text = re.sub(r"`[^`\n]+`", lambda _: next(names), text)
    return _LINK.sub("]", text)


def anchors(page):
    """Return the fragments that GitHub makes of a page's headings."""
    prose = _FENCED.sub("", page.read_text())
    headings = re.findall(r"(?m)^#+ (.+)$", prose)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def _dedented(found):
    return "".join(
        line.removeprefix(found["indent"]) for line in found["text"].splitlines(keepends=True)
    )
