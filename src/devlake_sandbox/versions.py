"""The versions of DevLake that the sandbox can be."""

from typing import Self

VERSIONS = ("v0.20.0", "v0.21.0", "v1.0.1", "v1.0.3", "main")
"""Those whose answers were recorded (tests/data/contract), newest last; main is of June 2026."""

RELEASED = "v1.0.3"
"""The newest release, which the sandbox is unless told otherwise."""


class Version(str):
    """One of VERSIONS, which knows what came before it."""

    __slots__ = ()

    def __new__(cls, name: str) -> Self:
        """Take `name` as it is in VERSIONS, or raise ValueError."""
        if name not in VERSIONS:
            raise ValueError(f"{name!r} is not one of: {', '.join(VERSIONS)}.")
        return super().__new__(cls, name)

    def since(self, other: str) -> bool:
        """Return whether this is `other` or newer."""
        return VERSIONS.index(self) >= VERSIONS.index(other)
