"""Make the pictures of the sandbox's page for the README, of a made-up fortnight.

Usage: .venv/bin/python tools/screenshot.py docs

Needs Chromium (`apt-get install chromium`) on the PATH.
"""

import hashlib
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import requests

from devlake_sandbox import Sandbox

SHOP = "https://github.com/acme/shop"
FORTNIGHT = """
2026-03-02 09:40 staging    SUCCESS Show delivery dates in the basket
2026-03-02 11:15 production SUCCESS Show delivery dates in the basket
2026-03-02 15:30 staging    FAILURE Move the search index
2026-03-03 10:05 staging    SUCCESS Move the search index, with its aliases
2026-03-03 14:20 production SUCCESS Move the search index, with its aliases
2026-03-04 09:50 staging    SUCCESS Take Vipps payments
2026-03-04 13:10 production SUCCESS Take Vipps payments
2026-03-05 10:30 staging    SUCCESS Say why a voucher is refused
2026-03-05 11:45 production FAILURE Say why a voucher is refused
2026-03-05 12:25 production SUCCESS Say why a voucher is refused
2026-03-06 10:10 staging    SUCCESS Round prices once
2026-03-06 13:35 production SUCCESS Round prices once
2026-03-09 09:30 staging    SUCCESS Send invoices by night
2026-03-09 13:55 production SUCCESS Send invoices by night
2026-03-10 10:20 staging    SUCCESS Keep sessions for a week
2026-03-10 10:55 production ABORT   Keep sessions for a week
2026-03-10 14:40 production SUCCESS Keep sessions for a week
2026-03-11 09:45 staging    FAILURE Resize pictures on upload
2026-03-11 11:30 staging    SUCCESS Resize pictures on upload
2026-03-11 15:05 production SUCCESS Resize pictures on upload
2026-03-12 10:15 staging    SUCCESS Let shops close for holidays
2026-03-12 13:20 production SUCCESS Let shops close for holidays
2026-03-13 09:35 staging    SUCCESS Deliver to parcel lockers
2026-03-13 11:50 production SUCCESS Deliver to parcel lockers
"""
INCIDENTS = """
2026-03-03 16:00 2026-03-04 10:30 Search finds nothing in Danish
2026-03-06 14:10 2026-03-06 19:40 Baskets are a cent off
2026-03-09 23:10 2026-03-10 15:00 Invoices are sent twice
2026-03-13 12:30 -                Parcel lockers in Oslo are all full
"""
LOOKS = {"dark": 0, "light": 1}  # Chromium's numbers of preferred colour schemes
SIZE = "1100,900"


def main(folder: str) -> None:
    """Write sandbox-light.png and sandbox-dark.png into `folder`."""
    with Sandbox() as sandbox, requests.Session() as session:
        for path, body in [*deployments(), *pull_requests(), *incidents()]:
            url = f"{sandbox.url}/plugins/webhook/connections/1/{path}"
            session.post(url, json=body).raise_for_status()
        for name, look in LOOKS.items():
            picture(sandbox.url, Path(folder) / f"sandbox-{name}.png", look)


def picture(url: str, file: Path, look: int) -> None:
    """Let Chromium take one, in a light or a dark room."""
    command = [
        *("chromium", "--headless", "--no-sandbox", "--hide-scrollbars"),
        *(f"--blink-settings=preferredColorScheme={look}", f"--window-size={SIZE}"),
        *(f"--screenshot={file}", url),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


def deployments() -> list[tuple[str, dict[str, object]]]:
    """Return the fortnight's deployments as DevLake takes them."""
    rows = map(columns, FORTNIGHT.strip().splitlines())
    return [("deployments", deployment(*row)) for row in rows]


def deployment(day: str, time: str, environment: str, result: str, title: str) -> dict[str, object]:
    """Return one that ended then, after some minutes."""
    ended = datetime.fromisoformat(f"{day}T{time}:00+00:00")
    sha = sha_of(title)
    seconds = 150 + int(sha[:2], 16)
    dates = {
        "startedDate": (ended - timedelta(seconds=seconds)).isoformat(),
        "finishedDate": ended.isoformat(),
        "displayTitle": title,
        "result": result,
    }
    commit = {"repoUrl": SHOP, "commitSha": sha, "refName": "main", "commitMsg": title}
    return {
        "id": f"github:github.com/acme/shop:{ended:%m%d%H%M}:1:deploy:{environment}",
        "name": f"Deploy acme/shop to {environment}",
        "environment": environment.upper(),
        **dates,
        "deploymentCommits": [commit | dates],
    }


def sha_of(title: str) -> str:
    """Return a made-up commit for a change."""
    return hashlib.sha1(title.encode(), usedforsecurity=False).hexdigest()


def pull_requests() -> list[tuple[str, dict[str, object]]]:
    """Return the pull request of each change, merged shortly before it first came to staging."""
    staged: dict[str, str] = {}
    for day, time, _, _, title in map(columns, FORTNIGHT.strip().splitlines()):
        staged.setdefault(title, f"{day}T{time}:00+00:00")
    return [
        ("pull_requests", pull_request(number, title, datetime.fromisoformat(at)))
        for number, (title, at) in enumerate(staged.items(), 371)
    ]


def pull_request(number: int, title: str, staged: datetime) -> dict[str, object]:
    """Return one that was open for some hours."""
    sha = sha_of(title)
    merged = staged - timedelta(minutes=12)
    return {
        "id": str(number),
        "pullRequestKey": number,
        "displayTitle": title,
        "url": f"{SHOP}/pull/{number}",
        "status": "MERGED",
        "originalStatus": "merged",
        "createdDate": (merged - timedelta(minutes=240 + 7 * int(sha[:2], 16))).isoformat(),
        "mergedDate": merged.isoformat(),
        "closedDate": merged.isoformat(),
        "mergeCommitSha": sha,
    }


def columns(line: str) -> list[str]:
    """Return a line's day, time, environment, result and title."""
    return line.split(maxsplit=4)


def incidents() -> list[tuple[str, dict[str, object]]]:
    """Return the fortnight's incidents as DevLake takes them."""
    numbered = enumerate(INCIDENTS.strip().splitlines(), 412)
    return [("issues", incident(number, line)) for number, line in numbered]


def incident(number: int, line: str) -> dict[str, object]:
    """Return one, with its end if it has one."""
    began, ended, title = line[:16], line[17:33].strip(" -"), line[34:]
    end = {
        "status": "DONE",
        "originalStatus": "closed",
        "resolutionDate": f"{ended.replace(' ', 'T')}:00Z",
    }
    return {
        "issueKey": f"shop-{number}",
        "title": title,
        "type": "INCIDENT",
        "url": f"{SHOP}/issues/{number}",
        "createdDate": f"{began.replace(' ', 'T')}:00Z",
        **(end if ended else {"status": "TODO", "originalStatus": "open"}),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
