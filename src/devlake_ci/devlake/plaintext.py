"""Notices when what lets us in would go over a network that others can read."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from devlake_ci.devlake.address import Target

_INSIDE = (
    ".localhost", ".local", ".internal", ".intranet", ".lan", ".corp", ".home.arpa", ".svc",
    ".test",
)  # fmt: skip
"""Ends of names that no public name has (RFC 6761, 6762, 8375), or that clusters use."""


def plaintext_warning(target: Target) -> str | None:
    """Return a warning if a secret goes to a public host in plain http; else None."""
    url = urlsplit(target.base)
    if url.scheme != "http" or not target.headers or _is_inside(url.hostname or ""):
        return None
    return (
        f"{target.base} is plain http, and its host is not a private one: whoever is on the way "
        "can read what lets you in. Use https."
    )


def _is_inside(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host.rstrip(".") or host.rstrip(".").endswith(_INSIDE)
    return address.is_private or address.is_loopback or address.is_link_local
