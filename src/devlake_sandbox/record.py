"""Record what arrived and what became of it."""

import json
from typing import TypedDict

from devlake_sandbox.answers import BAD_REQUEST, Answer
from devlake_sandbox.request import Request
from devlake_sandbox.store import Store

KIND = "request"


class Received(TypedDict):
    """One request, without its headers."""

    method: str
    path: str
    """As it came, with its query."""
    body: object
    """Parsed if it is JSON, else the text."""
    status: int
    """Of the answer."""
    ignored: list[str]
    """JSON paths of the keys that DevLake dropped in silence, like "deploymentCommits[0].foo"."""
    answer: object
    """The body of the answer if it was refused, else None."""


def record(store: Store, request: Request, answer: Answer, secret: str | None) -> None:
    """Record a request, without `secret` wherever it is in it."""
    received: Received = {
        "method": request.method,
        "path": _redact(secret, request.target),
        "body": _parse(_redact(secret, request.body)),
        "status": answer.status,
        "ignored": list(answer.ignored),
        # A success may hold a new key, which is nobody's business.
        "answer": answer.body if answer.status >= BAD_REQUEST else None,
    }
    store.append(KIND, received)


def _redact(secret: str | None, text: str) -> str:
    return text.replace(secret, "<token>") if secret else text


def all_received(store: Store) -> list[Received]:
    """Return all requests, in order."""
    return [
        {
            "method": one["method"],
            "path": one["path"],
            "body": one["body"],
            "status": one["status"],
            "ignored": one["ignored"],
            "answer": one["answer"],
        }
        for one in store.all(KIND)
    ]


def _parse(text: str) -> object:
    try:
        value = json.loads(text)
        json.dumps(value)
    except (ValueError, RecursionError):
        return text
    return value
