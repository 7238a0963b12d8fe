"""What a report hands to the CI: outputs for later steps of the job, and a summary for people."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import quote

from devlake_ci.errors import NothingToReport
from devlake_ci.model import Commit, Deployment, Incident, Outcome
from devlake_ci.text import cut, line, markdown

STARTED_AT = "DEVLAKE_STARTED_AT"


def outputs(outcome: Outcome) -> dict[str, str]:
    """Return `reported` and, as far as known, the ids and results of deployment and incident."""
    values = {"reported": str(outcome.reported).lower()}
    if outcome.deployment:
        values["deployment-id"] = outcome.deployment.id
        values["result"] = str(outcome.deployment.result)
    if outcome.incident:
        values["incident-key"] = outcome.incident.key
        values["incident-status"] = outcome.incident.status
    return values


def variables(outcome: Outcome) -> dict[str, str]:
    """Return the same as variables: `DEVLAKE_OUT_RESULT`, a name that no option is read from."""
    return {
        f"DEVLAKE_OUT_{name.upper().replace('-', '_')}": value
        for name, value in outputs(outcome).items()
    }


def problem_line(outcome: Outcome) -> str | None:
    """Return in one line what went wrong and what to do; None if nothing did."""
    if not outcome.problem or isinstance(outcome.problem, NothingToReport):
        return None
    return line(outcome.problem.text)


COMMITS_SHOWN = 20
CELL = 200  # characters; a summary over 1 MiB is not shown at all


def headline(outcome: Outcome) -> str:
    """Return in one line what happened."""
    if isinstance(outcome.problem, NothingToReport):
        return "Nothing to report to DevLake"
    if not outcome.reported:
        return "Not reported to DevLake"
    done, incident = outcome.deployment, outcome.incident
    said = [f"{done.result} in {done.environment}"] if done else []
    said += [f"incident {incident.status}"] if incident else []
    return ": ".join(filter(None, ["Reported to DevLake", ", ".join(said)]))


def summary(outcome: Outcome) -> str:
    """Return what was deployed where and how it ended, or what went wrong and what to do."""
    problem = outcome.problem
    said = [problem.message, problem.hint] if problem else []
    parts = [f"### {markdown(headline(outcome))}", *map(_paragraph, filter(None, said))]
    if outcome.deployment:
        parts += [_table(outcome.deployment), *_commits(outcome.deployment.deployed)]
    if outcome.incident:
        parts.append(_incident(outcome.incident))
    parts += [_paragraph(note) for note in outcome.notes]
    return "\n\n".join(parts) + "\n\n"


def _table(deployment: Deployment) -> str:
    rows = {
        "Environment": f"{deployment.environment} ({_cell(deployment.original_environment)})",
        "Result": str(deployment.result),
        "Created": _time(deployment.created_at),
        "Started": _time(deployment.started_at),
        "Finished": _time(deployment.finished_at),
        "Id": _cell(deployment.id),
    }
    return _rows("Deployment", deployment.title or deployment.name, rows)


def _incident(incident: Incident) -> str:
    rows = {"Status": incident.status, "Opened": _time(incident.created_at)}
    if incident.resolved_at:
        rows["Closed"] = _time(incident.resolved_at)
    return _rows("Incident", incident.title, rows | {"Key": _cell(incident.key)})


def _rows(kind: str, title: str, rows: Mapping[str, str]) -> str:
    head = f"| {kind} | {_cell(title)} |\n| --- | --- |"
    return "\n".join([head, *(f"| {name} | {text} |" for name, text in rows.items())])


def _commits(commits: tuple[Commit, ...]) -> Iterable[str]:
    shown = [_commit(commit) for commit in commits[:COMMITS_SHOWN]]
    if len(commits) > COMMITS_SHOWN:
        shown.append(f"- and {len(commits) - COMMITS_SHOWN} more")
    return ["\n".join(shown)] if shown else []


def _commit(commit: Commit) -> str:
    url = quote(f"{commit.repo_url}/commit/{commit.sha}", safe=":/%~")
    first_line = (commit.message or "").strip().partition("\n")[0]
    words = [_cell(text) for text in (commit.ref, first_line) if text]
    return " ".join([f"- [{_cell(commit.sha[:7])}](<{url}>)", *words])


def _cell(text: str) -> str:
    return markdown(cut(line(text), CELL))


def _paragraph(text: str) -> str:
    return markdown(cut(line(text), CELL * 20))


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S %Z}"
