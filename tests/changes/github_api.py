"""A stand-in for the parts of GitHub's API that tell what lies between two commits.

Answers have the shapes of https://docs.github.com/rest/commits/commits#compare-two-commits and
https://docs.github.com/graphql/reference/objects (`Commit`, `PullRequest`, `Deployment`).
"""

import json
import re
from urllib.parse import parse_qs, urlsplit

from tests.incidents import github_api
from tests.incidents.api import Api, _Handler

FORBIDDEN = {
    "data": {"repository": {"c0": {"associatedPullRequests": None}}},
    "errors": [
        {
            "type": "FORBIDDEN",
            "path": ["repository", "c0", "associatedPullRequests"],
            "message": "Resource not accessible by integration",
        }
    ],
}
RATE_LIMITED = {
    "errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for installation."}]
}


class GitHub(Api):
    """Knows one history without forks, in the order of its commits."""

    def __init__(self, repository="acme/shop"):
        super().__init__()
        self.RequestHandlerClass = _Posts
        self.repository = repository
        self.commits = []
        self.diverged = {}
        self.pulls = []
        self.files = {}
        self.deployments = []
        self.runs = {}
        self.actions = github_api.GitHub()
        self.asked = []
        self.refusal = None

    @property
    def env(self):
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_REF_NAME": "main",
            "GITHUB_JOB": "deploy",
            "DEVLAKE_GITHUB_TOKEN": "t0ken",
        }

    def pull(self, number, sha, *, commits=(), created="2026-02-27T08:00:00Z", **more):
        """Add a pull request that became `sha`, of these commits on the target."""
        self.pulls.append(
            {
                "number": number,
                "title": f"PR {number}",
                "url": f"https://github.com/{self.repository}/pull/{number}",
                "createdAt": created,
                "mergedAt": "2026-02-27T09:00:00Z",
                "mergeCommit": {"oid": sha},
                "author": {"login": "ada"},
                "baseRepository": {"nameWithOwner": self.repository},
                "of": {sha, *commits},
            }
            | more
        )

    def deployment(self, sha, *statuses, run=None):
        """Add a deployment with statuses, each a state and a time; the last one is the newest."""
        url = f"https://github.com/{self.repository}/actions/runs/{run}/job/7" if run else None
        nodes = [{"state": state, "createdAt": at, "logUrl": url} for state, at in statuses]
        self.deployments.insert(0, {"commitOid": sha, "statuses": {"nodes": nodes[::-1]}})

    def answer(self, path, headers, body=None):
        self.asked.append(path)
        if headers.get("authorization") != "Bearer t0ken":
            return 401, {"message": "Bad credentials"}
        url = urlsplit(path)
        if url.path in ("/graphql", "/api/graphql"):
            return self.refusal or (200, self._graphql(body))
        if found := re.search(r"/compare/(.+)\.\.\.(.+)", url.path):
            return self._compare(*found.groups(), parse_qs(url.query))
        found = re.search(r"/actions/runs/(\d+)$", url.path)
        if found and found[1] in self.runs:
            return 200, self.runs[found[1]]
        return self.actions.answer(path, headers)

    def _compare(self, base, head, query):
        history = self.diverged.get((base, head), self.commits)
        if base not in history or head not in history:
            return 404, {"message": "Not Found"}
        first, last = history.index(base), history.index(head)
        between = history[first + 1 : last + 1]
        size, page = int(query["per_page"][0]), int(query["page"][0])
        status = "ahead" if last > first else "behind" if last < first else "identical"
        shown = [{"sha": sha} for sha in between[(page - 1) * size : page * size]]
        return 200, {"status": status, "total_commits": len(between), "commits": shown}

    def _graphql(self, body):
        query, names = body["query"], body["variables"]
        asked = f"{names['o']}/{names['n']}"
        found = {}
        for alias, sha in re.findall(r'(c\d+):object\(oid:"([0-9a-f]{40})"\)', query):
            nodes = [
                {key: value for key, value in pull.items() if key != "of"}
                for pull in self.pulls
                if sha in pull["of"] and pull["url"].startswith(f"https://github.com/{asked}/")
            ]
            found[alias] = {"associatedPullRequests": {"nodes": nodes}}
        for alias, number in re.findall(r"(p\d+):pullRequest\(number:(\d+)\)", query):
            paths = self.files.get(int(number), [])
            start = int(names.get("c", 0))
            page = {"hasNextPage": start + 100 < len(paths), "endCursor": str(start + 100)}
            nodes = [{"path": path} for path in paths[start : start + 100]]
            found[alias] = {"files": {"nodes": nodes, "pageInfo": page}}
        if "deployments(" in query:
            found["deployments"] = {"nodes": self.deployments if names["e"] == "production" else []}
        return {"data": {"repository": found}}


class _Posts(_Handler):
    def do_POST(self):  # noqa: N802 (http.server's name)
        text = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._reply(*self.server.answer(self.path, headers, json.loads(text)))

    def _reply(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
