"""The sandbox's page in a real browser: it stays where its reader is, and fits a telephone.

Chromium is told what to do by its DevTools protocol, over two pipes:
https://chromedevtools.github.io/devtools-protocol/
"""

import json
import os
import shutil
import subprocess
import time

import pytest
import requests

from devlake_sandbox import Sandbox

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE = 30
"""Seconds until a page that doesn't change is taken for one that never will."""


class Browser:
    """One page on a narrow screen."""

    def __init__(self, url):
        theirs, self._to = os.pipe()
        self._from, answers = os.pipe()
        # Its pipes are 3 and 4; what is moved there is inherited.
        command = ["bash", "-c", f'exec "$0" "$@" 3<&{theirs} 4>&{answers}', BROWSER, "--headless",
                   "--no-sandbox", "--remote-debugging-pipe", "about:blank"]  # fmt: skip
        self.process = subprocess.Popen(
            command,
            pass_fds=(theirs, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(answers)
        self._number, self._read, self._session = 0, b"", {}
        target = self.call("Target.createTarget", url=url)["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        self.call("Emulation.setDeviceMetricsOverride", width=400, height=800, mobile=True,
                  deviceScaleFactor=1)  # fmt: skip

    def call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params, **self._session}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._read:
                self._read += os.read(self._from, 65536) or pytest.fail("the browser has ended")
            one, _, self._read = self._read.partition(b"\0")
            if (answer := json.loads(one)).get("id") == self._number:
                return answer["result"]

    def run(self, script):
        """Return what a script of the page returns."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    def wait_for(self, script):
        ends = time.monotonic() + PATIENCE
        while not self.run(script):
            assert time.monotonic() < ends, script
            time.sleep(0.1)

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        os.close(self._to)
        os.close(self._from)


@pytest.fixture
def devlake():
    with Sandbox() as sandbox:
        for number in range(12):
            deploy(sandbox, number)
        yield sandbox


@pytest.fixture
def browser(devlake):
    assert BROWSER, "needs Chromium on the PATH"
    page = Browser(devlake.url)
    page.wait_for("document.querySelectorAll('article').length === 12")
    yield page
    page.close()


def deploy(sandbox, number):
    dates = {"startedDate": f"2026-03-02T10:{number:02}:00Z", "result": "SUCCESS",
             "finishedDate": f"2026-03-02T10:{number:02}:30Z"}  # fmt: skip
    commit = {"repoUrl": "https://github.com/acme/a-service-with-quite-a-long-name",
              "refName": "main", "commitSha": f"{number:040}", "commitMsg": "Sell"}  # fmt: skip
    body = {"id": str(number), "displayTitle": "x" * 120, "deploymentCommits": [commit | dates]}
    url = f"{sandbox.url}/plugins/webhook/connections/1/deployments"
    requests.post(url, json=body | dates, timeout=PATIENCE).raise_for_status()


def test_what_arrives_moves_nothing_that_is_looked_at(browser, devlake):
    top = "document.querySelector('article[data-key=\"6\"]').getBoundingClientRect().top"
    browser.run("document.querySelector('details[data-key=\"6\"]').open = true")
    browser.run("document.querySelector('.newest').scrollLeft = -200")
    browser.run(f"scrollTo(0, {top} + scrollY - 100)")

    deploy(devlake, 12)
    browser.wait_for("document.querySelectorAll('article').length === 13")

    assert browser.run(top) == pytest.approx(100, abs=1)
    assert browser.run("document.querySelector('details[open]').dataset.key") == "6"
    assert browser.run("document.querySelector('.newest').scrollLeft") == -200


def test_on_a_telephone_nothing_is_cut_and_the_newest_end_of_the_picture_is_seen(browser):
    browser.run("document.querySelectorAll('details').forEach(each => each.open = true)")

    assert browser.run("document.documentElement.scrollWidth") == 400
    assert browser.run("document.querySelector('.newest').scrollLeft") == 0
    assert browser.run("getComputedStyle(document.querySelector('.newest')).direction") == "rtl"
