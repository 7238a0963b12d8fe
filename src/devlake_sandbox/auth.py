"""API keys: who may do what below /rest.

Sources: contract, 'rest: …' and 'create an API key …'; backend/server/api/middlewares.go of
apache/incubator-devlake.
"""

import hashlib
import re
import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from devlake_sandbox import gotime
from devlake_sandbox.answers import BAD_REQUEST, SERVER_ERROR, Answer, RefusedError, refused
from devlake_sandbox.store import Document, Store

KIND = "api_key"
UNAUTHORIZED = 401
FORBIDDEN = 403
BEARER = "Bearer "
ALPHABET = string.ascii_letters + string.digits
NOBODY = dict.fromkeys(("creator", "creatorEmail", "updater", "updaterEmail"), "")


def create(store: Store, asked: Mapping[str, Any]) -> Document:
    """Make a key as `asked` (name, type, allowedPath, expiredAt, extra); only here it is shown."""
    expiry = asked.get("expiredAt")
    _check_expiry(expiry)
    token = "".join(secrets.choice(ALPHABET) for _ in range(128))
    key = store.append(
        KIND,
        {
            **NOBODY,
            "name": asked.get("name", ""),
            "expiredAt": expiry,
            "allowedPath": asked.get("allowedPath", ""),
            "type": asked.get("type", ""),
            "extra": asked.get("extra", ""),
            "hash": _hash(token),
        },
    )
    return {**shown(key), "apiKey": token}


def _check_expiry(expiry: str | None) -> None:
    try:
        gotime.parse(expiry or "2006-01-02")
    except ValueError as error:
        raise refused(BAD_REQUEST, "bad request body format (400)", str(error)) from None


def shown(key: Mapping[str, Any]) -> Document:
    """Give what the API tells of a key later on."""
    return {name: value for name, value in key.items() if name != "hash"}


def check(store: Store, header: str, path: str) -> None:
    """Refuse unless `header` (Authorization) holds a key for `path`, given without its /rest.

    One space after "Bearer", a capital B: a second space counts as part of the key.
    """
    if not header:
        raise _refused(UNAUTHORIZED, "token is missing")
    token = header.removeprefix(BEARER)
    if token in ("", header):
        raise _refused(UNAUTHORIZED, "token is not present or malformed")
    key = next((key for key in store.all(KIND) if key["hash"] == _hash(token)), None)
    if key is None:
        raise _refused(FORBIDDEN, "api key is invalid")
    if key["expiredAt"] and gotime.parse(key["expiredAt"]) < datetime.now(UTC):
        raise _refused(FORBIDDEN, "api key has expired")
    _check_scope(key["allowedPath"], path)


def _check_scope(allowed: str, path: str) -> None:
    try:
        in_scope = re.search(allowed, path)
    except re.error as error:
        raise _refused(SERVER_ERROR, f"error parsing regexp: {error}") from None
    if not in_scope:
        raise _refused(FORBIDDEN, "path doesn't match api key's scope")


def _refused(status: int, message: str) -> RefusedError:
    return RefusedError(Answer(status, {"success": False, "message": message}))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
