"""What each answer of a DevLake server means, and what a person should do about it.

The answers were recorded from DevLake v0.20.0, v0.21.0, v1.0.1, v1.0.3 and main (tests/data).
"""

import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from devlake_ci.dataclass import dataclass
from devlake_ci.devlake import hints
from devlake_ci.devlake.address import Target
from devlake_ci.devlake.request import Answer
from devlake_ci.text import cut, line, redact

TRANSIENT = {408, 425, 428, 429}
_NEVER = (  # patterns are compiled when a server refuses something
    r"Data too long|invalid character|cannot unmarshal|commit_sha or repo_url is required"
    r"|too many placeholders"
)
_NAME_TAKEN = "the connection name already exists"
_DUPLICATE = r"Error 1062\b.*Duplicate entry 'webhook:"
FIRST_REPORTS = 5
"""Attempts while others make the same connection or its board: it is there in a moment."""
ABOUT_THE_EVENT = {400, 413, 422, 500}
"""Statuses of refusals that are about what was sent, and not about who sent it or where to."""
_REQUIRED = r"Field validation for '(\w+)' failed on the 'required' tag"


@dataclass(frozen=True)
class Verdict:
    """What to do next.

    `stored`: DevLake has it. `retry`: the same later, after `wait` seconds if the server named a
    time, in at most `attempts` if that is given. `retry once`: the same once more, at once.
    `switch dialect`: the server has the other one. `refused`: never; `about_event` tells whether
    any other event may still pass.
    """

    kind: Literal["stored", "retry", "retry once", "switch dialect", "refused"]
    message: str = ""
    hint: str = ""
    wait: float | None = None
    attempts: int | None = None
    about_event: bool = False


def verdict(answer: Answer, sent: Mapping[str, Any], target: Target, now: datetime) -> Verdict:
    """Judge an answer to the body `sent`; only 2xx, JSON and `success: true` is a success."""
    if 200 <= answer.status < 300:
        return _judge_success(answer, target)
    said = message(answer, target.secrets)
    described = _describe(answer, said)
    if 300 <= answer.status < 400:
        return Verdict("refused", *hints.redirect(answer, target))
    if retry := _retry(answer, said, target, now):
        return retry
    if answer.status == 400 and _has_other_dialect(said, sent):
        return Verdict("switch dialect", described, hints.SPELLING)
    if answer.status == 404 and said.startswith("record not found") and "/projects/" in target.path:
        return Verdict("retry once", described, hints.PROJECT)
    hint = hints.hint(answer.status, said, target)
    about_event = answer.status in ABOUT_THE_EVENT and not _html(answer)
    return Verdict("refused", described, hint, about_event=about_event)


def _describe(answer: Answer, said: str) -> str:
    return f"DevLake answered {answer.status}: {said}" if said else f"It answered {answer.status}."


def _retry(answer: Answer, said: str, target: Target, now: datetime) -> Verdict | None:
    """Judge what passes; of two first reports at the same moment DevLake refuses one."""
    status = answer.status
    if status in TRANSIENT or (status >= 500 and status != 501 and not re.search(_NEVER, said)):
        hint = hints.MIGRATION if status == 428 else hints.PASSING
        return Verdict("retry", _describe(answer, said), hint, retry_after(answer.headers, now))
    if answer.status == 400 and _NAME_TAKEN in said:
        return Verdict(
            "retry", _describe(answer, said), hints.name_taken(target), attempts=FIRST_REPORTS
        )
    if answer.status == 400 and re.search(_DUPLICATE, said):
        return Verdict("retry", _describe(answer, said), hints.PASSING, attempts=FIRST_REPORTS)
    return None


def message(answer: Answer, secrets: Collection[str] = ()) -> str:
    """Return what DevLake meant a person to read, as one short line, without secrets.

    It is `message` of a JSON object, or a bare JSON string (issues), or the text itself. The
    wrapped causes that DevLake repeats behind it say the same again and are left out.
    """
    said = _json(answer.text)
    if isinstance(said, dict):
        said = said.get("message")
    text = said if isinstance(said, str) else answer.text
    if _html(answer):
        return "an HTML page"
    wrapped = text.partition("\nWraps: (2) ")
    text = wrapped[2] if wrapped[0].startswith("input json error") else wrapped[0]
    return cut(line(redact(text, secrets)), 500)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read Retry-After (RFC 9110, 10.2.3) as seconds from now; None if absent or nonsense."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    when = http_date(value)
    return max((when - now).total_seconds(), 0.0) if when else None


def http_date(text: str) -> datetime | None:
    """Read a date of HTTP (RFC 9110, 5.6.7) as UTC; None if it is none."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 (what sends has it already)

    try:
        when = parsedate_to_datetime(" ".join(text.split()))
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _judge_success(answer: Answer, target: Target) -> Verdict:
    said = _json(answer.text)
    if isinstance(said, dict) and said.get("success") is True:
        return Verdict("stored")
    if _html(answer):
        return Verdict("refused", *hints.page(answer, target))
    described = _describe(answer, message(answer, target.secrets)).removesuffix(".")
    return Verdict(
        "refused", f"{described}. DevLake did not confirm that it was stored.", hints.BASE
    )


def _has_other_dialect(said: str, sent: Mapping[str, Any]) -> bool:
    """Return whether the server calls missing what was sent: Go matches names in any case."""
    names = {key.lower() for key, value in sent.items() if value not in ("", None)}
    return any(each.lower() in names for each in re.findall(_REQUIRED, said))


def _html(answer: Answer) -> bool:
    return (
        "html" in answer.headers.get("content-type", "").lower()
        or re.match(r"\s*<(!doctype|html)", answer.text, re.IGNORECASE) is not None
    )


def _json(text: str) -> Any:  # noqa: ANN401 (whatever a server says)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
