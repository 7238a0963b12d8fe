"""A setup that is stopped anywhere, or runs beside another, ends in the same state."""

import re

import pytest
import requests

from devlake_ci.runtime.network import Connections
from tests.setup_file import FILE

LONGEST = 40
"""Requests that a setup of FILE takes at most."""


class Stopped(BaseException):
    """The process ends here."""


class StoppedAt:
    """A network whose nth request is never sent, or sent and never answered."""

    def __init__(self, number, *, sent):
        self.left, self.sent = number, sent

    def __call__(self, connections: Connections):
        self.connections = connections
        return self

    def call(self, request, seconds):
        self.left -= 1
        if self.left:
            return self.connections.call(request, seconds)
        if self.sent:
            self.connections.call(request, seconds)
        raise Stopped


class Beside:
    """A network that lets something else happen before its nth request."""

    def __init__(self, number, other):
        self.left, self.other = number, other

    def __call__(self, connections: Connections):
        self.connections = connections
        return self

    def call(self, request, seconds):
        self.left -= 1
        if not self.left:
            self.other()
        return self.connections.call(request, seconds)


@pytest.mark.parametrize("version", ["v0.21.0", "v1.0.3"])
@pytest.mark.parametrize("sent", [True, False], ids=["answer lost", "request lost"])
def test_stopped_at_any_request_and_run_again_it_ends_in_the_same_state(
    devlake, written, version, sent
):
    file = written(FILE)
    undisturbed = devlake(version)
    undisturbed.setup("--file", file)
    for number in range(1, LONGEST):
        here = devlake(version)
        network = StoppedAt(number, sent=sent)
        try:
            here.ran("setup", "--file", file, env={"DEVLAKE_URL": here.url}, network=network)
        except Stopped:
            pass
        else:
            break

        again = here.setup("--file", file)

        assert again.code == 0, again.err
        assert here.everything() == undisturbed.everything(), number
    assert 12 < number < LONGEST - 1


def test_a_lost_key_may_have_been_created_nevertheless(devlake):
    here = devlake()

    class Cut(StoppedAt):
        def call(self, request, seconds):
            if request.url.endswith("/api-keys") and request.method == "POST":
                from devlake_ci.devlake.request import NotSentError  # noqa: PLC0415

                self.connections.call(request, seconds)
                raise NotSentError("no answer in time")
            return self.connections.call(request, seconds)

    lost = here.ran(
        "setup", "--project", "shop", env={"DEVLAKE_URL": here.url}, network=Cut(0, sent=True)
    )
    again = here.setup("--project", "shop")

    assert (lost.code, again.code) == (5, 0)
    assert (
        'its secret is lost then, and --renew-key "devlake-ci-shop" gives it a new one' in lost.err
    )
    assert "3 of 4 changes were made." in lost.err
    assert "its secret was shown once; --renew-key makes a new one" in again.err


WRITE = 7
"""The request that replaces a list just read: what is added in that moment can't be seen."""


@pytest.mark.parametrize("number", sorted(set(range(1, 10)) - {WRITE}))
def test_of_two_at_once_neither_loses_its_connection(devlake, number):
    here = devlake()
    here.send("POST", "/projects", {"name": "shop"})

    def other():
        assert here.setup("--project", "shop", "--connection", "api").code == 0

    one = here.ran(
        "setup", "--project", "shop", "--connection", "web",
        env={"DEVLAKE_URL": here.url}, network=Beside(number, other),
    )  # fmt: skip

    names = dict(map(reversed, here.everything()["connections"]))
    found = {names[each] for _, each in here.everything()["blueprints"]["shop"][1]}
    assert found == {"web", "api"}, one.err
    assert one.code == 0 or re.search("The name of the key .* is taken", one.err)


@pytest.mark.parametrize("number", range(1, 10))
def test_of_two_that_do_the_same_at_once_neither_adds_the_connection_again(devlake, number):
    here = devlake()
    here.send("POST", "/projects", {"name": "shop"})

    def other():
        assert here.setup("--project", "shop").code == 0

    here.ran("setup", "--project", "shop", env={"DEVLAKE_URL": here.url},
             network=Beside(number, other))  # fmt: skip

    lists = [each["body"].get("connections") for each in here.sandbox.requests
             if each["method"] == "PATCH" and each["path"].startswith("/blueprints/")]  # fmt: skip
    assert lists
    assert {len(each) for each in lists} == {1}


@pytest.mark.parametrize("number", range(1, 10))
def test_a_project_that_somebody_makes_meanwhile_gets_the_metric_all_the_same(devlake, number):
    here = devlake()

    def other():
        requests.post(f"{here.url}/projects", json={"name": "shop"}, timeout=30)

    made = here.ran("setup", "--project", "shop", env={"DEVLAKE_URL": here.url},
                    network=Beside(number, other))  # fmt: skip

    assert made.code == 0, made.err
    assert here.everything()["projects"] == {"shop": ["dora"]}


def test_a_connection_that_another_write_removed_is_added_once_more(devlake):
    here = devlake()

    def other():
        here.send("PATCH", "/blueprints/1", {"connections": []})

    made = here.ran(
        "setup", "--project", "shop", env={"DEVLAKE_URL": here.url},
        network=Beside(7, other),
    )  # fmt: skip

    assert made.code == 0, made.err
    assert here.everything()["blueprints"]["shop"][1] == [("webhook", 1)]
