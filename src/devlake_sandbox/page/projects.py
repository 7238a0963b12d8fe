"""The projects: what is mapped to each, and how its last run ended."""

from collections.abc import Sequence

from devlake_sandbox.page.markup import Markup, table, tag
from devlake_sandbox.runs import Project

HEADINGS = ("Project", "Connections in it", "Last run", "Deployments counted")


def section(projects: Sequence[Project]) -> Markup:
    """Return a table with a row for each project, nothing if there are none."""
    if not projects:
        return Markup()
    return tag("section", tag("h2", "Projects"), table(HEADINGS, list(map(_row, projects))))


def _row(project: Project) -> list[str]:
    status = (project.status or "none yet").removeprefix("TASK_").lower()
    ended = f", {project.ended[:19]}".replace("T", " ") if project.ended else ""
    connections = ", ".join(project.connections) or "none: its blueprint has not run with one"
    return [project.name, connections, status + ended, str(len(project.deployments))]
