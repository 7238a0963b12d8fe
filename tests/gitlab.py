"""GitLab in miniature: its API as far as the program asks, and its way of reading the template.

The answers' shapes are those of lib/api/entities in gitlabhq/gitlabhq; tests/data/gitlab has one of
each whole.
"""

import json
import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import yaml

from devlake_ci.ci.provider import Reply
from tests.incidents.api import Api
from tests.support import DATA

TEMPLATE = Path(__file__).parent.parent / "gitlab-ci" / "devlake.yml"
JOB, DEPLOYMENT, ENVIRONMENT = (
    json.loads((DATA / "gitlab" / f"{name}.json").read_text())
    for name in ("job", "deployment", "environment")
)
BLOCK = re.compile(r"\$\[\[\s*inputs\.([\w-]+)\s*\]\]")


def job(number=501, name="deploy", status="success", pipeline=42, **changes):
    """Make a job as the API gives it."""
    about = {"id": number, "name": name, "status": status}
    return JOB | about | {"pipeline": JOB["pipeline"] | {"id": pipeline}} | changes


class GitLab:
    """A project's API; each list may be filled, each route be refused by a status of `refused`."""

    def __init__(self, project=5):
        self.project = project
        self.token = "j0b-t0ken"
        self.jobs = []
        self.retried = []
        self.places = {}
        """For a job's id, where it deployed to: (environment's id, name, tier)."""
        self.refused = {}
        """For a route (jobs, deployments, environments), what is answered instead."""
        self.asked = []

    def deploys(self, number, name, tier, place=9):
        """Let a job have an environment."""
        self.places[number] = (place, name, tier)

    def ask(self, url, headers):
        """Answer as the program's Ask does."""
        status, body = self.answer(url, {name.lower(): text for name, text in headers.items()})
        return Reply(status, body if status == 200 else None)

    def answer(self, url, headers):
        """Answer a GET: status and body."""
        parts = urlsplit(url)
        self.asked.append(parts.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        path = parts.path.removeprefix(f"/api/v4/projects/{self.project}/").split("/")
        if self.token not in (headers.get("job-token"), headers.get("private-token")):
            return 401, {"message": "401 Unauthorized"}
        match path:
            case ["pipelines", number, "jobs"]:
                attempts = self.jobs + self.retried * (query.get("include_retried") == "true")
                found = [each for each in attempts if str(each["pipeline"]["id"]) == number]
                return self._page("jobs", newest_first(found), query)
            case ["jobs"]:
                scope = parse_qs(parts.query)["scope[]"]
                found = [each for each in self.jobs + self.retried if each["status"] in scope]
                return self._page("jobs", newest_first(found), query)
            case ["deployments"]:
                return self._page("deployments", self._deployments(query), query)
            case ["environments", number]:
                place = {str(place[0]): place for place in self.places.values()}[number]
                names = dict(zip(("id", "name", "tier"), place, strict=True))
                return self.refused.get("environments", 200), ENVIRONMENT | names
        return 404, {"error": "404 Not Found"}

    def _deployments(self, query):
        since, order = query.get("updated_after"), query.get("order_by")
        assert (since is None) == (order != "updated_at"), "GitLab refuses one without the other"
        found = [self._deployment(each) for each in self.jobs + self.retried
                 if each["id"] in self.places]  # fmt: skip
        found = newest_first(each for each in found if each["updated_at"] > (since or ""))
        return found if query.get("sort") == "desc" else found[::-1]  # the default is asc

    def _deployment(self, deployable):
        number, name, _ = self.places[deployable["id"]]
        place = DEPLOYMENT["environment"] | {"id": number, "name": name}
        return DEPLOYMENT | {"id": deployable["id"], "environment": place,
                             "deployable": deployable}  # fmt: skip

    def _page(self, route, things, query):
        size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
        assert size <= 100
        return self.refused.get(route, 200), things[(page - 1) * size : page * size]

    @contextmanager
    def served(self):
        """Answer over HTTP, at the URL given, until the end of the block."""

        api = Api()
        api.answer = self.answer
        with api.serving():
            yield f"{api.url}/api/v4"


def newest_first(things):
    return sorted(things, key=lambda thing: -thing["id"])


def declared():
    """Return the inputs that the template declares."""
    return next(yaml.safe_load_all(TEMPLATE.read_text()))["spec"]["inputs"]


def included(**inputs):
    """Return the jobs that the template makes of these inputs, with what they extend.

    Blocks are replaced in each string of the parsed YAML: a string that is nothing but a block
    becomes the input's value, of whatever type (lib/gitlab/ci/config/interpolation/template.rb).
    """
    header, content = yaml.safe_load_all(TEMPLATE.read_text())
    values = {name: each["default"] for name, each in header["spec"]["inputs"].items()}
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    assert given.keys() <= values.keys(), given.keys() - values.keys()
    kinds = {"string": str, "boolean": bool, "number": int | float, "array": list}
    for name, value in given.items():
        kind = header["spec"]["inputs"][name].get("type", "string")
        assert isinstance(value, kinds[kind]), f"{name}: provided value is not a {kind}"
    jobs = _interpolated(content, values | given)
    return {name: extended(jobs, name) for name in jobs if not name.startswith(".")}, jobs


def variables(job):
    """Return the variables that a job's script sees of its YAML: none may be expanded."""
    for each in job["variables"].values():
        assert isinstance(each, str) or each.keys() == {"value", "expand"}
        text = each if isinstance(each, str) else each["value"]
        assert isinstance(text, str), "GitLab takes text or a whole number"
        assert "$" not in text or not each["expand"]
    return {name: each if isinstance(each, str) else each["value"]
            for name, each in job["variables"].items()}  # fmt: skip


def _interpolated(node, values):
    match node:
        case dict():
            return {_interpolated(key, values): _interpolated(each, values)
                    for key, each in node.items()}  # fmt: skip
        case list():
            return [_interpolated(each, values) for each in node]
        case str() if whole := BLOCK.fullmatch(node):
            return values[whole[1]]
        case str():
            return BLOCK.sub(lambda block: _text(values[block[1]]), node)
    return node


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def extended(jobs, name):
    """Return a job with what it extends."""
    job = dict(jobs[name])
    base = job.pop("extends", None)
    return _merged(extended(jobs, base), job) if base else job


def _merged(base, job):
    merged = dict(base)
    for key, value in job.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merged(base[key], value) if both else value
    return merged
