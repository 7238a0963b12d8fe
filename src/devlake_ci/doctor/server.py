"""What DevLake answers to requests that store nothing, and what a report would come to.

`{}` is refused with what is missing (contract, "probe: {} to deployments" and "rest: …"), and a
list in place of an object before DevLake looks at it (contract, "body is a list").
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from devlake_ci.devlake.address import Target
from devlake_ci.devlake.answers import http_date, verdict
from devlake_ci.devlake.request import Answer, Request
from devlake_ci.doctor.checks import Check, fail, good, unknown, warn
from devlake_ci.errors import RefusedError, UnreachedError

REFUSED, UNREACHED = RefusedError.exit_code, UnreachedError.exit_code
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""For a wait that nobody makes."""
_LIST: Any = []
_NAMES = {401: "token", 403: "token", 404: "connection", 428: "migration"}
_VERSIONS = {"v1": "1.0.0 or later", "legacy": "before 1.0.0"}
SKEW = timedelta(minutes=2)
"""How far our clock may be from DevLake's without a warning."""
SPELLINGS = {"WebhookDeploymentReq": "v1", "WebhookDeployTaskRequest": "legacy"}
_ASKS = re.compile(r"Key: '(\w+)\.")

Send = Callable[[Request], Answer]
Get = Callable[[str], Answer | None]


def check_connection(send: Send, asked: Target, dialect: str) -> Iterator[Check]:
    """Check a report to a connection."""
    answer = send(_request(asked, {}))
    if _is_accepted(answer):
        yield _access(asked)
        yield from _spelling(answer, dialect)
    else:
        yield refusal(answer, asked)


def check_changes(send: Send, target: Target) -> Check:
    """Check that pull requests are taken; a report that sends them in vain is still one."""
    asked = target.for_connection("pull_requests")
    answer = send(_request(asked, {}))
    if _is_accepted(answer):
        return _access(asked)
    refused = refusal(answer, asked)
    return warn("lead time", refused.says, refused.todo)


def check_project(
    send: Send, get: Get, target: Target, dialect: str, *, incidents: bool
) -> Iterator[Check]:
    """Check a deployment to a project, without making its connection if there is none yet.

    `incidents` tells if incidents follow the deployment; they go to that connection.
    """
    access = send(_request(target, _LIST))
    if not (access.status == 500 and "cannot unmarshal array" in access.text):
        yield refusal(access, target)
        return
    yield _access(target)
    found = get(f"/{target.route}")
    if found and found.status == 404 and "could not find project" in found.text:
        yield refusal(found, target, name="project")
        return
    own = target.for_connection("deployments")
    if _is_accepted(send(_request(own, {}))):
        yield from _own_connection(send, target, dialect, incidents=incidents)
    elif found and found.status == 200:
        yield good("project", "It is there. Its first deployment creates its connection.")
    else:
        yield unknown(
            "project",
            f"This key can't show whether {target.route} is there, and a test would make its "
            "webhook connection.",
            "If it is there, the first report creates the connection; if not, it is refused.",
        )


def _own_connection(
    send: Send, target: Target, dialect: str, *, incidents: bool
) -> Iterator[Check]:
    """Check that the connection `<project>_deployments`, which is there, is in the project."""
    answer = send(_request(target, {}))
    if not _is_accepted(answer):
        yield refusal(answer, target, name="project")
        return
    yield good("project", "It is there, with its connection.")
    yield from _spelling(answer, dialect)
    if incidents:
        yield from check_connection(send, target.for_connection("issues"), dialect)


def _request(target: Target, body: Any) -> Request:  # noqa: ANN401 (a list is no body of ours)
    return Request(target.url, body, target.headers)


def _is_accepted(answer: Answer) -> bool:
    return answer.status == 400 and _ASKS.search(answer.text) is not None


def _access(asked: Target) -> Check:
    key = "the key is good for it" if asked.rest else "it asks for no key"
    return good("access", f"DevLake takes {asked.kind} at {asked.route}; {key}.")


def _spelling(answer: Answer, dialect: str) -> Iterator[Check]:
    """Check a dialect that was given by hand against the one of the answer."""
    asks = _ASKS.search(answer.text)
    spelling = SPELLINGS.get(asks[1]) if asks else None
    if spelling is None:
        return
    yield good("spelling", f"{spelling}: this DevLake is {_VERSIONS[spelling]}.")
    if dialect not in ("auto", spelling):
        yield fail(
            "dialect",
            f"This DevLake spells the fields {spelling}, and --dialect is {dialect}.",
            "Leave --dialect out.",
            REFUSED,
        )


def refusal(answer: Answer, asked: Target, name: str = "") -> Check:
    """Return what a report would be refused for."""
    judged = verdict(answer, {}, asked, NEVER)
    name = name or _NAMES.get(answer.status, "answer")
    if answer.status == 403 and "scope" in judged.message:
        name = "scope"
    if judged.kind == "stored":  # whatever answers "success" to nothing is no DevLake
        return fail(
            name,
            f'{asked.url} answered "success" to an empty request.',
            "Check the address: DevLake would say what is missing.",
            REFUSED,
        )
    # What a report would retry a few times only is a refusal that stays.
    is_transient = judged.kind == "retry" and judged.attempts is None
    code = UNREACHED if is_transient else REFUSED
    return fail(name, judged.message, judged.hint, code)


def check_clock(answer: Answer, now: datetime) -> Iterator[Check]:
    """Compare the server's clock, which is in every answer, with this machine's."""
    if not (theirs := http_date(answer.headers.get("date", ""))):
        return
    skew = now - theirs
    if abs(skew) <= SKEW:
        yield good("clock", "This machine's clock and the server's agree.")
        return
    which = "ahead of" if skew > timedelta() else "behind"
    yield warn(
        "clock",
        f"This machine's clock is {abs(skew).total_seconds():.0f} s {which} the server's.",
        "Set it: the times of deployments come from it, and so do the dashboards' numbers.",
    )
