"""A stand-in for GitLab's API that is told which jobs there are.

What it answers has the fields of the examples in https://docs.gitlab.com/api/jobs/ and
https://docs.gitlab.com/api/deployments/, with other values.
"""

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from tests.incidents.api import mocked
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


class GitLab:
    """Answers of `jobs`; `refusals` answer in their stead for "jobs" or "deployments"."""

    url = "https://gitlab.com"

    def __init__(self):
        self.jobs: list[Job] = []
        self.refusals: dict[str, tuple[int, dict]] = {}
        self.asked: list[tuple[str, dict]] = []
        self.tokens: list[dict] = []

    @contextmanager
    def serving(self):
        with mocked(self.url, self.answer):
            yield self

    def answer(self, target, headers):
        """Return status and body for what is asked."""
        split = urlsplit(target)
        what = split.path.removeprefix(f"/api/v4/projects/{PROJECT}/")
        query = parse_qs(split.query)
        self.asked.append((what, query))
        self.tokens.append({k: v for k, v in headers.items() if re.search("token$", k)})
        if what in self.refusals:
            return self.refusals[what]
        if what == "pipelines" and "job-token" in headers:
            return 403, {"message": "403 Forbidden"}
        lists = {"jobs": self.of_project, "deployments": self.deployments,
                 "pipelines": self.pipelines, "repository/branches": self.branches,
                 "repository/tags": self.branches}  # fmt: skip
        if match := re.fullmatch(r"pipelines/(\d+)/jobs", what):
            return 200, self.of_pipeline(int(match[1]), query)
        return (200, lists[what](query)) if what in lists else (404, {"message": "404 Not Found"})

    def newest(self):
        return sorted(self.jobs, key=lambda job: job.id, reverse=True)

    def of_project(self, query):
        found = [job for job in self.newest() if job.status in query.get("scope[]", job.status)]
        return [job_object(job) for job in paged(found, query)]

    def of_pipeline(self, number, query):
        found = [job for job in self.newest() if job.pipeline == number]
        if query.get("include_retried") != ["true"]:
            found = list({job.name: job for job in reversed(found)}.values())
        return [job_object(job) for job in paged(found, query)]

    def deployments(self, query):
        wanted = query.get("environment")
        found = [job for job in self.newest() if job.environment]
        found = [job for job in found if not wanted or job.environment in wanted]
        if query.get("sort") != ["desc"]:
            found.reverse()
        return [deployment_object(job) for job in paged(found, query)]

    def branches(self, query):
        prefix = query["search"][0].removeprefix("^")
        names = {job.ref for job in self.jobs if job.ref.startswith(prefix)}
        return [{"name": name} for name in paged(sorted(names), query)]

    def pipelines(self, query):
        """List pipelines, the last updated first; of tags the last pipeline of each."""
        assert (query["order_by"], query["sort"]) == (["updated_at"], ["desc"])
        found = {}
        for job in self.jobs:
            found.setdefault(job.pipeline, []).append(job)
        rows = [pipeline_object(number, jobs) for number, jobs in found.items()
                if all(each.ref in query.get("ref", each.ref) for each in jobs)]  # fmt: skip
        if query.get("scope") == ["tags"]:
            tags = {job.ref for job in self.jobs if job.tag}
            rows = list({row["ref"]: row for row in rows if row["ref"] in tags}.values())
        return paged(sorted(rows, key=lambda row: row["updated_at"], reverse=True), query)


def paged(objects, query):
    """Return one page; GitLab's is 20 unless asked, and 100 at most."""
    size = min(int(query.get("per_page", ["20"])[0]), 100)
    start = (int(query.get("page", ["1"])[0]) - 1) * size
    return objects[start : start + size]


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


def pipeline_object(number, jobs):
    ended = [job.ended for job in jobs if job.ended is not None]
    return {
        "id": number,
        "iid": number,
        "project_id": int(PROJECT),
        "status": "success",
        "source": "push",
        "ref": jobs[0].ref,
        "sha": SHA,
        "created_at": at(0),
        "updated_at": at(max(ended, default=0)),
        "web_url": f"https://gitlab.com/acme/shop/-/pipelines/{number}",
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
