"""A stand-in for GitLab's API that is told which jobs there are.

What it answers has the fields of the examples in https://docs.gitlab.com/api/jobs/ and
https://docs.gitlab.com/api/deployments/, with other values.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from tests.incidents.api import Api
from tests.support import NOON, SHA

PROJECT = "74394513"
USER = {"id": 1, "name": "Ada Lovelace", "username": "ada", "state": "active",
        "web_url": "https://gitlab.com/ada"}  # fmt: skip


@dataclass
class Job:
    """One job, which began and ended at these minutes after NOON; a retry is another one."""

    id: int
    pipeline: int
    name: str
    status: str
    began: float | None
    ended: float | None = None
    ref: str = "main"
    tag: bool = False
    environment: str | None = None


class GitLab(Api):
    """Answers of `jobs`; `refusals` answer in their stead for "jobs" or "deployments"."""

    def __init__(self):
        super().__init__()
        self.jobs: list[Job] = []
        self.refusals: dict[str, tuple[int, dict]] = {}
        self.asked: list[tuple[str, dict]] = []
        self.tokens: list[dict] = []

    def answer(self, target, headers):
        """Give status and body for what is asked."""
        split = urlsplit(target)
        what = split.path.removeprefix(f"/api/v4/projects/{PROJECT}/")
        query = parse_qs(split.query)
        self.asked.append((what, query))
        self.tokens.append({k: v for k, v in headers.items() if re.search("token$", k)})
        if what in self.refusals:
            return self.refusals[what]
        newest_first = sorted(self.jobs, key=lambda job: job.id, reverse=True)
        if what == "jobs":
            found = [job for job in newest_first if job.status in query.get("scope[]", job.status)]
            return paged([job_object(job) for job in found], query)
        if what == "deployments":
            (environment,) = query["environment"]
            found = [job for job in newest_first if job.environment == environment]
            if query.get("sort") != ["desc"]:
                found.reverse()
            return paged([deployment_object(job) for job in found], query)
        return 404, {"message": "404 Not Found"}


def paged(objects, query):
    """Give one page; GitLab's is 20 unless asked, and 100 at most."""
    size = min(int(query.get("per_page", ["20"])[0]), 100)
    start = (int(query.get("page", ["1"])[0]) - 1) * size
    return 200, objects[start : start + size]


def job_object(job):
    return {
        "commit": {"id": SHA, "short_id": SHA[:8], "title": "Sell more"},
        "coverage": None,
        "allow_failure": False,
        "created_at": at(0),
        "started_at": at(job.began),
        "finished_at": at(job.ended),
        "duration": 0.173,
        "queued_duration": 0.010,
        "id": job.id,
        "name": job.name,
        "pipeline": {
            "id": job.pipeline,
            "project_id": int(PROJECT),
            "ref": job.ref,
            "sha": SHA,
            "status": "pending",
            "web_url": f"https://gitlab.com/acme/shop/-/pipelines/{job.pipeline}",
        },
        "ref": job.ref,
        "runner": None,
        "stage": "deploy",
        "status": job.status,
        "tag": job.tag,
        "web_url": f"https://gitlab.com/acme/shop/-/jobs/{job.id}",
        "user": USER,
    }


def deployment_object(job):
    return {
        "id": 40000 + job.id,
        "iid": job.id,
        "ref": job.ref,
        "sha": SHA,
        "created_at": at(0),
        "updated_at": at(job.ended),
        "status": "blocked" if job.status == "manual" else job.status,
        "user": USER,
        "environment": {"id": 9, "name": job.environment, "external_url": None},
        "deployable": job_object(job),
    }


def at(minute):
    if minute is None:
        return None
    when = NOON + timedelta(minutes=minute, milliseconds=722)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
