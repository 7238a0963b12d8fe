"""Builds HTML in which nothing that was sent can be anything but text."""

from html import escape


class Markup(str):
    """HTML that is ready to be shown; any other text is escaped first."""

    __slots__ = ()


def tag(name: str, *content: str, **attributes: str) -> Markup:
    """Give an element; `class_` is its attribute class, and `aria_label` aria-label."""
    inside = "".join(map(text, content))
    named = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return Markup(f"<{name}{named}>{inside}</{name}>")


def text(value: str) -> Markup:
    """Give a text as HTML."""
    return value if isinstance(value, Markup) else Markup(escape(value))


def link(address: str, label: str) -> Markup:
    """Give a link, or the bare label where `address` is nothing for a browser."""
    if not address.startswith(("https://", "http://")):
        return text(label)
    return tag("a", label, href=address, rel="noreferrer noopener")


def table(headings: tuple[str, ...], rows: list[list[str]]) -> Markup:
    """Give a table that may scroll by itself on a narrow screen."""
    head = tag("tr", *(tag("th", heading, scope="col") for heading in headings))
    body = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="wide")


def kind(word: str) -> str:
    """Give the class of a result or status: good, bad or warn, and plain for any other word."""
    known = {
        "SUCCESS": "good",
        "FAILURE": "bad",
        "DONE": "good",
        "TODO": "bad",
        "IN_PROGRESS": "warn",
    }
    return known.get(word, "plain")


def badge(word: str) -> Markup:
    """Give a word in a pill, coloured if it is one of DevLake's."""
    return tag("span", word, class_=f"badge {kind(word)}") if word else Markup()
