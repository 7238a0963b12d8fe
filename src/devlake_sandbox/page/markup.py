"""Build HTML in which nothing that was sent can be anything but text."""

from html import escape


class Markup(str):
    """HTML that is ready to be shown; any other text is escaped first."""

    __slots__ = ()


def tag(name: str, *content: str, **attributes: str) -> Markup:
    """Return an element; `class_` is its attribute class, and `aria_label` aria-label."""
    inside = "".join(map(text, content))
    named = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return Markup(f"<{name}{named}>{inside}</{name}>")


def text(value: str) -> Markup:
    """Return a text as HTML."""
    return value if isinstance(value, Markup) else Markup(escape(value))


def link(address: str, label: str) -> Markup:
    """Return a link, or the bare label where `address` is not for a browser."""
    if not address.startswith(("https://", "http://")):
        return text(label)
    return tag("a", label, href=address, rel="noreferrer noopener")


def table(headings: tuple[str, ...], rows: list[list[str]]) -> Markup:
    """Return a table, which becomes a list of named values on a narrow screen."""
    head = tag("tr", *(tag("th", heading, scope="col") for heading in headings))
    body = [
        tag("tr", *(tag("td", tag("span", cell), data_name=name)
                    for name, cell in zip(headings, row, strict=True)))
        for row in rows
    ]  # fmt: skip
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="wide")


def kind(word: str) -> str:
    """Return the class of a result or status: good, bad or warn, and plain for any other word."""
    known = {
        "SUCCESS": "good",
        "FAILURE": "bad",
        "DONE": "good",
        "TODO": "bad",
        "IN_PROGRESS": "warn",
    }
    return known.get(word, "plain")


def badge(word: str) -> Markup:
    """Return a word in a pill, coloured if it is one of DevLake's."""
    return tag("span", word, class_=f"badge {kind(word)}") if word else Markup()
