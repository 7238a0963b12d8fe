"""What DevLake's answer to `{}` tells: it stores nothing of it, and says what it would want.

The answers: contract, "probe: {} to deployments" and "rest: …" (tests/data/contract).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from devlake_ci.devlake.address import Target
from devlake_ci.devlake.answers import message, verdict
from devlake_ci.devlake.request import Answer
from devlake_ci.doctor.check import Check, bad, good, odd, unknown
from devlake_ci.errors import RefusedError, UnreachedError

REFUSED, UNREACHED = RefusedError.exit_code, UnreachedError.exit_code
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""For a wait that nobody makes."""
_NAMES = {401: "token", 403: "token", 404: "connection", 428: "migration"}
_VERSIONS = {"v1": "1.0.0 or later", "legacy": "before 1.0.0"}
SKEW = timedelta(minutes=2)
"""How far our clock may be from DevLake's before it is told."""
SPELLINGS = {"WebhookDeploymentReq": "v1", "WebhookDeployTaskRequest": "legacy"}


def probe(target: Target, kind: Literal["deployments", "issues"]) -> Target:
    """Say where to send `{}`: not to a project, for that makes its connection, but to the latter.

    The connection `<project>_deployments` is what DevLake makes for a project, and its incidents
    go there in any case.
    """
    is_project = target.route.startswith("projects/")
    return replace(target.for_incidents() if is_project else target, kind=kind)


def answered(answer: Answer, asked: Target, target: Target) -> Iterator[Check]:
    """Judge the answer to a probe of `asked`, for reports that go to `target`."""
    said = message(answer, target.secrets)
    if answer.status == 400 and (asks := re.search(r"Key: '(\w+)\.", answer.text)):
        key = "the key is good for it" if target.rest else "it asks for no key"
        yield good("access", f"DevLake takes {asked.kind} at {target.route}; {key}.")
        if spelling := SPELLINGS.get(asks[1]):
            yield good("spelling", f"{spelling}: this DevLake is {_VERSIONS[spelling]}.")
    elif target.route.startswith("projects/") and _says_nothing_of_projects(answer, asked, said):
        yield unknown(
            "project",
            f"{target.route} can't be checked without making something in DevLake "
            f"(it answered {answer.status}: {said}).",
            "The first report makes the project's webhook connection, if the project is there and "
            "the key is good for it.",
        )
    else:
        yield _turned_away(answer, asked)


def spelled(answer: Answer, dialect: str) -> Iterator[Check]:
    """Hold a dialect that was given by hand against the one that the answer is in."""
    asks = re.search(r"Key: '(\w+)\.", answer.text)
    spelling = SPELLINGS.get(asks[1]) if asks else None
    if spelling and dialect not in ("auto", spelling):
        yield bad(
            "dialect",
            f"This DevLake spells the fields {spelling}, and --dialect is {dialect}.",
            "Leave --dialect out.",
            REFUSED,
        )


def _says_nothing_of_projects(answer: Answer, asked: Target, said: str) -> bool:
    """Tell if the answer is one about the route by name, which deployments don't take."""
    if answer.status == 403:
        return "scope" in said and asked.kind == "deployments"
    return answer.status == 404 and said.startswith(("record not found", "404 page"))


def _turned_away(answer: Answer, asked: Target) -> Check:
    judged = verdict(answer, {}, asked, NEVER)
    name = _NAMES.get(answer.status, "answer")
    if answer.status == 403 and "scope" in judged.message:
        name = "scope"
    if judged.kind == "stored":  # whatever answered "success" to nothing is no DevLake
        return bad(
            name,
            f"{asked.url} calls it a success that nothing was sent.",
            "Check the address: a DevLake would have said what is missing.",
            REFUSED,
        )
    code = UNREACHED if judged.kind == "retry" else REFUSED
    return bad(name, judged.message, judged.hint, code)


def clock(answer: Answer, now: datetime) -> Iterator[Check]:
    """Compare the server's clock, which stands on every answer, with this machine's."""
    try:
        theirs = parsedate_to_datetime(re.sub(r"\s+", " ", answer.headers.get("date", "")))
        theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
        skew = now - theirs
    except (ValueError, TypeError, OverflowError):
        return
    if abs(skew) <= SKEW:
        yield good("clock", "This machine's clock and the server's agree.")
        return
    which = "ahead of" if skew > timedelta() else "behind"
    yield odd(
        "clock",
        f"This machine's clock is {abs(skew).total_seconds():.0f} s {which} the server's.",
        "Set it right: the times of deployments come from it, and so do the dashboards' numbers.",
    )
