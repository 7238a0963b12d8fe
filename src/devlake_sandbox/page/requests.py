"""Show what went wrong with requests: what was refused, and what was dropped in silence."""

import json
from http import HTTPStatus

from devlake_sandbox.answers import BAD_REQUEST
from devlake_sandbox.page.markup import Markup, tag
from devlake_sandbox.record import Received

MOST = 50
LONGEST = 10_000


def refused(requests: list[Received]) -> Markup:
    """Show the newest requests that were refused, with the server's answer."""
    numbered = list(enumerate(requests))[::-1]
    shown = [(n, one) for n, one in numbered if one["status"] >= BAD_REQUEST][:MOST]
    return _section("Refused, newest first", [_refusal(one, n) for n, one in shown])


def _refusal(one: Received, number: int) -> Markup:
    return tag(
        "article",
        tag("header", _target(one), tag("span", str(one["status"]), class_="badge bad")),
        tag("pre", _message(one["answer"])),
        *_reassurance(one),
        tag(
            "details",
            tag("summary", "What was sent"),
            tag("pre", _format(one["body"])),
            data_key=f"request {number}",
        ),
        data_key=f"request {number}",
    )


def _reassurance(one: Received) -> list[Markup]:
    """Explain the one refusal that is no mistake: a narrow key that asks for a project's plan."""
    is_refused = (one["method"], one["status"]) == ("GET", HTTPStatus.FORBIDDEN)
    if not is_refused or "/blueprints/" not in one["path"]:
        return []
    said = "No mistake: this key may run the project, but not read its plan, which was asked first."
    return [tag("p", said, class_="faint")]


def _message(answer: object) -> str:
    if isinstance(answer, dict) and "message" in answer:
        return str(answer["message"])
    return _format(answer)


def ignored(requests: list[Received]) -> Markup:
    """Show the keys that DevLake doesn't know: it said success and dropped them."""
    shown = [one for one in reversed(requests) if one["ignored"]][:MOST]
    return _section("Dropped in silence, newest first", [_dropped(one) for one in shown])


def _dropped(one: Received) -> Markup:
    keys = [tag("code", key, class_="badge warn") for key in one["ignored"]]
    said = tag("p", "DevLake stored the rest and said success.", class_="faint")
    return tag("article", tag("header", _target(one), *keys), said)


def _section(heading: str, articles: list[Markup]) -> Markup:
    return tag("section", tag("h2", heading), *articles) if articles else Markup()


def _target(one: Received) -> Markup:
    return tag("h3", tag("code", f"{one['method']} {one['path']}"))


def _format(body: object) -> str:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return text[:LONGEST] + ("…" if len(text) > LONGEST else "")
