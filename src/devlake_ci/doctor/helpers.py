"""Whether a token for the CI's API may do what it is for."""

from devlake_ci.ci.provider import Reply
from devlake_ci.doctor.check import Check, good, odd, unknown


def github(reply: Reply | None) -> Check:
    """Judge the answer to a question about this run; None if there is no token to ask with."""
    name, todo = "github token", "Give the job `permissions: actions: read, contents: read`."
    if reply is None:
        return unknown(
            name,
            "None is given: times and tags that no variable says are not looked up.",
            "Our action has one; elsewhere set DEVLAKE_GITHUB_TOKEN. " + todo,
        )
    return _judged(name, reply, todo)


def gitlab(reply: Reply | None) -> Check:
    """Judge the answer to a question about this job; None if there is no token to ask with."""
    name = "gitlab token"
    if reply is None:
        return unknown(name, "There is none, so tags are looked up in the checkout only.")
    return _judged(name, reply, "Give --gitlab-token one that may read_api.")


def _judged(name: str, reply: Reply, todo: str) -> Check:
    if reply.status == 200:
        return good(name, "It may read this run.")
    if reply.status is None:
        return odd(name, "The CI's API was not reached.", "Reports work without it.")
    return odd(name, f"The CI's API answers {reply.status} to it.", todo)
