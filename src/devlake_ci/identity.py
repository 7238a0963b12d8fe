"""The id of a deployment and the key of an incident: the same each time, and nobody else's."""

import re
from collections.abc import Sequence

LONGEST_ID = 185
"""Characters: DevLake keys each commit by connection, id, a hash and the SHA in 255 of them."""

_PLAIN = re.compile(r"[a-z0-9._/-]*")


def join_id(parts: Sequence[str]) -> str:
    """Join the parts to an id of at most LONGEST_ID characters.

    DevLake's database compares ids without regard to case and accents, so a part with anything
    but lower-case letters, digits and `._/-` is simplified, and a hash of all parts keeps it apart.
    """
    simple = [re.sub(r"[^a-z0-9._/-]+", "-", part.lower()).strip("-") for part in parts]
    joined = ":".join(simple)
    if len(joined) <= LONGEST_ID and all(map(_PLAIN.fullmatch, parts)):
        return joined
    hashed = digest(parts)
    return f"{joined[: LONGEST_ID - len(hashed) - 1]}~{hashed}"


LONGEST_KEY = 240
"""Characters: DevLake keys an issue by connection and key in 255 of them."""

_KEY = rf"[A-Za-z0-9._-]{{1,{LONGEST_KEY}}}"


def is_key(text: str) -> bool:
    """Return whether DevLake takes `text` for an incident's key on every route.

    Its close route answers 404 to `/` and `:`, however they are escaped (contract: "incident key").
    """
    return re.fullmatch(_KEY, text) is not None


def incident_key(parts: Sequence[str]) -> str:
    """Join the parts to an incident's key; a hash keeps apart what is alike without its signs."""
    joined = "-".join(
        filter(None, (re.sub(r"[^a-z0-9._]+", "-", part.lower()).strip("-") for part in parts))
    )
    hashed = digest(parts)
    return f"{joined[: LONGEST_KEY - len(hashed) - 1]}-{hashed}".lstrip("-")


def digest(parts: Sequence[str]) -> str:
    """Return 16 hex digits that are others for other parts."""
    from hashlib import sha256  # noqa: PLC0415 (it loads OpenSSL, which few ids need)

    return sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]
