"""A request as it came over the wire."""

from dataclasses import dataclass, field, replace

CONFIG_UI = "/api"
"""Where the Config UI in front of DevLake serves the same routes."""


@dataclass(frozen=True)
class Request:
    """A request; its other headers don't matter to DevLake, not even the Content-Type."""

    method: str
    target: str
    """Path and query, undecoded."""
    authorization: str = field(repr=False)
    body: str

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What comes after the question mark."""
        return self.target.partition("?")[2]

    def past_config_ui(self) -> "Request":
        """Return the request as it reaches the server behind the Config UI, if it is for that."""
        if not self.path.startswith(f"{CONFIG_UI}/"):
            return self
        return replace(self, target=self.target.removeprefix(CONFIG_UI))
