"""The event that set a run off: JSON that GitHub, Gitea and Forgejo write to `GITHUB_EVENT_PATH`.

What is missing or has an odd type is unknown, and stops nothing. Every run on GitHub has an event:
it is read without pydantic, which takes as long to import as all else of a report.

https://docs.github.com/webhooks/webhook-events-and-payloads
"""

import json
from datetime import datetime

from devlake_ci.ci.facts import UNSET, Fact, timestamp
from devlake_ci.dataclass import dataclass


@dataclass(frozen=True)
class Event:
    """An object of the event, whose members are named by a path such as `pull_request.head.sha`.

    Any other JSON value is an object without members.
    """

    found: object
    source: str = "event"

    def at(self, path: str) -> "Event":
        """Return a member, which knows its own path; one that isn't there has no members."""
        found = self.found
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return Event(found, f"{self.source}.{path}")

    def fact(self, path: str) -> Fact[str] | None:
        """Return a text with the path that it is from."""
        member = self.at(path)
        found = text(member.found)
        return Fact(found, member.source) if found else None

    def text(self, path: str) -> str | None:
        """Return a text without the space around it."""
        return text(self.at(path).found)

    def time(self, path: str) -> Fact[datetime] | None:
        """Return a time that has a zone, in UTC, with the path that it is from."""
        member = self.at(path)
        found = timestamp(member.found)
        return Fact(found, member.source) if found else None

    def flag(self, path: str) -> bool:
        """Return whether a member is true, and nothing like it."""
        return self.at(path).found is True

    def has(self, path: str) -> bool:
        """Return whether a member is there and not empty, whatever it is."""
        return bool(self.at(path).found)

    def each(self, path: str) -> "list[Event]":
        """Return the objects in a list."""
        member = self.at(path)
        found = member.found if isinstance(member.found, list) else []
        return [Event(each, member.source) for each in found if isinstance(each, dict)]


def parse(document: str | None) -> Event | None:
    """Parse an event's text; None if it is not an object in JSON."""
    try:
        found = json.loads(document or "null")
    except (ValueError, RecursionError):
        return None
    return Event(found) if isinstance(found, dict) else None


def text(found: object) -> str | None:
    """Return a string without the space around it; None for an empty one and anything else."""
    stripped = found.strip() if isinstance(found, str) else ""
    # JSON can escape one half of a surrogate pair, which is no text.
    stripped = stripped.encode(errors="surrogatepass").decode(errors="replace")
    return None if stripped in UNSET else stripped
