"""A stand-in for GitHub's API that is told which runs and jobs there are.

What it answers has the fields of the examples "workflow-run-paginated", "job" and "git-refs" in
https://github.com/github/rest-api-description, with other values.
"""

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

from tests.incidents.api import mocked
from tests.support import NOON, SHA

REPOSITORY = {"id": 300029405, "name": "octo-repo", "full_name": "octo-org/octo-repo"}
FORK = {"id": 217723378, "name": "octo-repo", "full_name": "mona/octo-repo"}
DENIED = (403, {"message": "Resource not accessible by integration",
                "documentation_url": "https://docs.github.com/rest"})  # fmt: skip


@dataclass
class Job:
    """One job of one attempt, which began and ended at these minutes after NOON."""

    name: str
    began: float
    ended: float | None
    conclusion: str | None
    attempt: int = 1
    runner: str = "GitHub Actions 1000012345"
    id: int = 0


@dataclass
class Run:
    """One run of a workflow, with the jobs of all its attempts."""

    id: int
    jobs: list[Job]
    branch: str = "main"
    event: str = "push"
    file: str = "deploy.yml"
    name: str = "Deploy"
    head_repository: dict = field(default_factory=lambda: REPOSITORY)
    created: float | None = None
    updated: float | None = None
    status: str | None = None


class GitHub:
    """Answers of `runs`, `tags` and `files`; `refusals` answer in their stead by a path's end."""

    url = "https://api.github.com"

    def __init__(self):
        self.runs: list[Run] = []
        self.tags: set[str] = set()
        self.refusals: dict[str, tuple[int, dict]] = {}
        self.asked: list[str] = []

    @contextmanager
    def serving(self):
        with mocked(self.url, self.answer):
            yield self

    def answer(self, target, _headers):
        """Return status and body for what is asked."""
        split = urlsplit(target)
        path = re.sub(r"^/repos/[^/]+/[^/]+", "", split.path)
        query = {name: values[-1] for name, values in parse_qs(split.query).items()}
        self.asked.append(path)
        for pattern, refusal in self.refusals.items():
            if re.search(pattern, path):
                return refusal
        for pattern, reply in ROUTES.items():
            if match := re.fullmatch(pattern, path):
                return reply(self, query, *map(unquote, match.groups()))
        return 404, {"message": "Not Found", "status": "404"}

    def of_workflow(self, query, file):
        found = [run for run in self.runs if run.file == file]
        if not found:
            return 404, {"message": "Not Found", "status": "404"}
        if branch := query.get("branch"):
            found = [run for run in found if run.branch == branch]
        found.sort(key=lambda run: (created(run), run.id), reverse=True)
        return paged("workflow_runs", [run_object(run) for run in found], query)

    def of_run(self, query, run_id):
        latest = query.get("filter", "latest") == "latest"
        run = self.run(run_id)
        last = max(job.attempt for job in run.jobs)
        found = [job for job in run.jobs if not latest or job.attempt == last]
        return paged("jobs", [job_object(run, job) for job in found], query)

    def of_attempt(self, query, run_id, attempt):
        run = self.run(run_id)
        found = [job for job in run.jobs if job.attempt == int(attempt)]
        return paged("jobs", [job_object(run, job) for job in found], query)

    def job(self, _query, job_id):
        for run in self.runs:
            for job in run.jobs:
                if job.id == int(job_id):
                    return 200, job_object(run, job)
        return 404, {"message": "Not Found", "status": "404"}

    def refs(self, _query, kind, prefix):
        names = self.tags if kind == "tags" else {run.branch for run in self.runs} - self.tags
        return 200, [
            {"ref": f"refs/{kind}/{name}", "object": {"type": "commit", "sha": SHA}}
            for name in sorted(names)
            if name.startswith(prefix)
        ]

    def run(self, run_id):
        return next(run for run in self.runs if run.id == int(run_id))


ROUTES = {
    r"/actions/workflows/([^/]+)/runs": GitHub.of_workflow,
    r"/actions/runs/(\d+)/jobs": GitHub.of_run,
    r"/actions/runs/(\d+)/attempts/(\d+)/jobs": GitHub.of_attempt,
    r"/actions/jobs/(\d+)": GitHub.job,
    r"/git/matching-refs/(heads|tags)/(.*)": GitHub.refs,
}


def paged(key, objects, query):
    """Return one page; GitHub's is 30 unless asked, and 100 at most."""
    size = min(int(query.get("per_page", 30)), 100)
    start = (int(query.get("page", 1)) - 1) * size
    return 200, {"total_count": len(objects), key: objects[start : start + size]}


def created(run):
    return min(job.began for job in run.jobs) if run.created is None else run.created


def run_object(run):
    is_over = all(job.conclusion for job in run.jobs)
    last = max(job.attempt for job in run.jobs)
    ends = [job.ended for job in run.jobs if job.ended is not None]
    updated = max([created(run), *ends]) if run.updated is None else run.updated
    conclusion = "failure" if any(job.conclusion == "failure" for job in run.jobs) else "success"
    return {
        "id": run.id,
        "name": run.name,
        "node_id": "MDEyOldvcmtmbG93IFJ1bjI2OTI4OQ==",
        "head_branch": run.branch,
        "head_sha": SHA,
        "path": f".github/workflows/{run.file}",
        "run_number": run.id,
        "event": run.event,
        "display_title": "Update README.md",
        "status": run.status or ("completed" if is_over else "in_progress"),
        "conclusion": conclusion if is_over else None,
        "workflow_id": 159038,
        "html_url": f"https://github.com/octo-org/octo-repo/actions/runs/{run.id}",
        "pull_requests": [],
        "created_at": at(created(run)),
        "updated_at": at(updated),
        "actor": {"login": "octocat", "id": 1, "type": "User"},
        "run_attempt": last,
        "run_started_at": at(min(job.began for job in run.jobs if job.attempt == last)),
        "triggering_actor": {"login": "octocat", "id": 1, "type": "User"},
        "head_commit": {"id": SHA, "message": "Sell more", "timestamp": at(created(run))},
        "repository": REPOSITORY,
        "head_repository": run.head_repository,
    }


def job_object(run, job):
    return {
        "id": job.id,
        "run_id": run.id,
        "run_url": f"https://api.github.com/repos/octo-org/octo-repo/actions/runs/{run.id}",
        "run_attempt": job.attempt,
        "node_id": "MDEyOldvcmtmbG93IEpvYjM5OTQ0NDQ5Ng==",
        "head_sha": SHA,
        "html_url": f"https://github.com/octo-org/octo-repo/actions/runs/{run.id}/job/{job.id}",
        "status": "completed" if job.conclusion else "in_progress",
        "conclusion": job.conclusion,
        "created_at": at(job.began),
        "started_at": at(job.began),
        "completed_at": None if job.ended is None else at(job.ended),
        "name": job.name,
        "steps": [],
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": job.runner,
        "runner_group_id": 2,
        "runner_group_name": "GitHub Actions",
        "workflow_name": run.name,
        "head_branch": run.branch,
    }


def at(minute):
    return (NOON + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
