"""JSON of which a few members are read, wherever they are: events, and answers of GitHub's API.

What is missing or has an odd type is unknown, and stops nothing. Every run on GitHub has an event
(`GITHUB_EVENT_PATH`; Gitea and Forgejo write it, too), and most reports ask for a time: both are
read without pydantic, which takes as long to import as all else of a report.

https://docs.github.com/webhooks/webhook-events-and-payloads
"""

import json
from datetime import datetime

from devlake_ci.ci.facts import UNSET, Fact, convert, timestamp
from devlake_ci.dataclass import dataclass


@dataclass(frozen=True)
class JsonObject:
    """A JSON object, whose members are named by a path such as `pull_request.head.sha`.

    Any other JSON value is an object without members.
    """

    found: object
    source: str = "event"

    def at(self, path: str) -> "JsonObject":
        """Return a member, which knows its own path; one that isn't there has no members."""
        found = self.found
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return JsonObject(found, f"{self.source}.{path}")

    def fact(self, path: str) -> Fact[str] | None:
        """Return a text with the path that it is from."""
        member = self.at(path)
        return convert(Fact(member.found, member.source), text)

    def text(self, path: str) -> str | None:
        """Return a text without the space around it."""
        return text(self.at(path).found)

    def time(self, path: str) -> Fact[datetime] | None:
        """Return a time that has a zone, in UTC, with the path that it is from."""
        member = self.at(path)
        return convert(Fact(member.found, member.source), timestamp)

    def flag(self, path: str) -> bool:
        """Return whether a member is true, and nothing like it."""
        return self.at(path).found is True

    def has(self, path: str) -> bool:
        """Return whether a member is there and not empty, whatever it is."""
        return bool(self.at(path).found)

    def each(self, path: str) -> "list[JsonObject]":
        """Return the objects in a list."""
        member = self.at(path)
        found = member.found if isinstance(member.found, list) else []
        return [JsonObject(each, member.source) for each in found if isinstance(each, dict)]


def parse(document: str | None) -> JsonObject:
    """Parse an event's text; `found` is None if it is not an object in JSON."""
    try:
        found = json.loads(document or "null")
    except (ValueError, RecursionError):
        found = None
    return JsonObject(found if isinstance(found, dict) else None)


def text(found: object) -> str | None:
    """Return a string without the space around it; None for an empty one and anything else."""
    stripped = found.strip() if isinstance(found, str) else ""
    # JSON can escape one half of a surrogate pair, which is no text.
    stripped = stripped.encode(errors="surrogatepass").decode(errors="replace")
    return None if stripped in UNSET else stripped
