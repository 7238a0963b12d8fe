"""API keys: who may do what below /rest.

Sources: contract, 'rest: …' and 'create an API key …'; backend/server/api/middlewares.go of
apache/devlake.
"""

import hashlib
import re
import secrets
import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from devlake_sandbox import timestamps
from devlake_sandbox.answers import (
    BAD_REQUEST,
    NOT_FOUND,
    SERVER_ERROR,
    Answer,
    RefusedError,
    refusal,
)
from devlake_sandbox.store import Document, Store

KIND = "api_key"
OWN_TYPE = "devlake"
"""The type of keys that people make; those of connections have another."""
LONGEST_PATH = LONGEST_NAME = 255
UNAUTHORIZED = 401
FORBIDDEN = 403
BEARER = "Bearer "
PUBLIC = {"/ping", "/version", "/ready", "/health"}
ALPHABET = string.ascii_letters + string.digits
NOBODY = dict.fromkeys(("creator", "creatorEmail", "updater", "updaterEmail"), "")


def create(store: Store, asked: Mapping[str, Any]) -> Document:
    """Make a key as `asked` (name, type, allowedPath, expiredAt, extra); only here it is shown."""
    expiry = asked.get("expiredAt")
    if expiry and "T" not in expiry:
        layout = '"2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'
        wrong = f'parsing time "{expiry}" as {layout}'
        raise refusal(BAD_REQUEST, "bad request body format (400)", wrong)
    _check_expiry(expiry)
    token = _token()
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
    return {**without_hash(key), "apiKey": token}


def create_for_person(store: Store, asked: Mapping[str, Any]) -> Document:
    """Make a key for a person, with DevLake's checks of the name and the path."""
    _check_fields(asked)
    name, path = asked["name"], asked["allowedPath"]
    # DevLake's MariaDB compares names without regard to case.
    if any(key["name"].casefold() == name.casefold() for key in store.all(KIND)):
        taken = f"An api key with name [{name}] has already exists (400)"
        raise refusal(BAD_REQUEST, "error creating api key (400)", "random letters (400)", taken)
    _check_pattern(path)
    if len(path) > LONGEST_PATH:
        long = "Error 1406 (22001): Data too long for column 'allowed_path' at row 1"
        raise refusal(SERVER_ERROR, "error creating api key", long)
    return create(store, asked)


def _check_fields(asked: Mapping[str, Any]) -> None:
    fields = {"Name": "name", "AllowedPath": "allowedPath", "Type": "type"}
    failed = {field: "required" for field, key in fields.items() if not asked.get(key)}
    if len(asked.get("name") or "") > LONGEST_NAME:
        failed["Name"] = "max"
    if failed:
        wrong = (
            f"Key: 'ApiInputApiKey.{field}' Error:Field validation for '{field}' failed on the "
            f"'{tag}' tag"
            for field, tag in failed.items()
        )
        invalid = "data verification failed (400)"
        raise refusal(BAD_REQUEST, "error creating api key (400)", invalid, "\n".join(wrong))


def _check_pattern(path: str) -> None:
    try:
        re.compile(path)
    except re.error as error:
        # Go's words for the fault that was recorded.
        why = "missing closing ]: `[`" if "unterminated character set" in error.msg else error.msg
        wrong = (f"compile allowed path: {path}", f"error parsing regexp: {why}")
        raise refusal(SERVER_ERROR, "error creating api key", "random letters", *wrong) from None


def list_keys(store: Store) -> list[Document]:
    """Return the keys that people made, the newest first."""
    return [without_hash(key) for key in reversed(store.all(KIND)) if key["type"] == OWN_TYPE]


def renew(store: Store, number: str) -> Document:
    """Renew a key's secret, and nothing else; the old one stops working at once."""
    key = store.get(KIND, number)
    if key is None:
        missing = (f"could not find api key id[{number}] in DB (404)", "record not found (404)")
        raise refusal(NOT_FOUND, "error regenerate api key (404)", *missing, "record not found")
    token = _token()
    store.put(KIND, [key | {"hash": _hash(token)}])
    return {**without_hash(key), "apiKey": token}


def _token() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(128))


def _check_expiry(expiry: str | None) -> None:
    try:
        timestamps.parse(expiry or "2006-01-02")
    except ValueError as error:
        raise refusal(BAD_REQUEST, "bad request body format (400)", str(error)) from None


def without_hash(key: Mapping[str, Any]) -> Document:
    """Return a key as the API shows it later, without its hash."""
    return {name: value for name, value in key.items() if name != "hash"}


def check_enabled(authorization: str, path: str) -> None:
    """Refuse as DevLake with AUTH_ENABLED=true does: an API key through /rest, too.

    Only a login of a proxy (Basic) gets in, and a few paths are open to everybody. Source:
    RequireAuth in backend/server/api/auth/middleware.go of apache/devlake (June 2026).
    """
    if path not in PUBLIC and not authorization.startswith("Basic "):
        raise _refusal(UNAUTHORIZED, "unauthorized")


def check(store: Store, header: str, path: str) -> None:
    """Refuse unless `header` (Authorization) holds a key for `path`, given without its /rest.

    One space after "Bearer", a capital B: a second space counts as part of the key.
    """
    if not header:
        raise _refusal(UNAUTHORIZED, "token is missing")
    token = header.removeprefix(BEARER)
    if token in ("", header):
        raise _refusal(UNAUTHORIZED, "token is not present or malformed")
    key = next((key for key in store.all(KIND) if key["hash"] == _hash(token)), None)
    if key is None:
        raise _refusal(FORBIDDEN, "api key is invalid")
    if key["expiredAt"] and timestamps.parse(key["expiredAt"]) < datetime.now(UTC):
        raise _refusal(FORBIDDEN, "api key has expired")
    _check_scope(key["allowedPath"], path)


def _check_scope(allowed: str, path: str) -> None:
    try:
        # Go's $ is the very end; Python's would be before a last line break, too.
        in_scope = re.search(re.sub(r"(?<!\\)\$\Z", r"\\Z", allowed), path)
    except re.error as error:
        raise _refusal(SERVER_ERROR, f"error parsing regexp: {error}") from None
    if not in_scope:
        raise _refusal(FORBIDDEN, "path doesn't match api key's scope")


def _refusal(status: int, message: str) -> RefusedError:
    return RefusedError(Answer(status, {"success": False, "message": message}))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
