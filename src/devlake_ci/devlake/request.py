"""One request to DevLake, and the answer to it."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from devlake_ci.dataclass import dataclass


@dataclass(frozen=True)
class Request:
    """A request, with a JSON body or without. The headers hold secrets: they are never shown."""

    url: str
    body: Mapping[str, Any] | None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"


@dataclass(frozen=True)
class Answer:
    """What a server answered; `text` is cut to what a person can use."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header names in lower case."""


class NotSentError(Exception):
    """No answer was had: the name doesn't resolve, nobody listens, time ran out, TLS failed.

    `passing` tells if the same may work in a moment; the text never holds a secret.
    """

    def __init__(self, reason: str, hint: str = "", *, passing: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.passing = passing
