"""TeamCity, whose builds say half of what they know in files of properties.

- TEAMCITY_VERSION, TEAMCITY_BUILDCONF_NAME, BUILD_URL: as they say [1]
- BUILD_VCS_NUMBER: the commit, if there is one VCS root [1]
- TEAMCITY_BUILD_PROPERTIES_FILE: the file with system properties [1]
- teamcity.configuration.properties.file: in that, the file with all the others [1]
- teamcity.build.id: names the build on its server, and grows there [1]
- teamcity.build.branch: the branch; `<default>`, or not there, on the default one [1]
- teamcity.buildType.id, teamcity.build.triggeredBy.username: the build configuration; who set it
  off [1]
- vcsroot.url, vcsroot.branch: clone URL and default branch, if there is one VCS root [1]
- teamcity.pullRequest.number, .source.branch: with the build feature Pull Requests [2]

How the build stands and when it began, nothing says [unverified]: the result has to be given.
Service messages are read from the standard output, and escaped as [3] says.

[1] https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html
[2] https://www.jetbrains.com/help/teamcity/pull-requests.html
[3] https://www.jetbrains.com/help/teamcity/service-messages.html
"""

import re
from collections.abc import Mapping
from typing import Any

from devlake_ci.ci.facts import (
    Fact,
    bare_ref,
    commit_sha,
    context,
    mapped,
    value,
    variable,
)
from devlake_ci.ci.outputs import problem, variables
from devlake_ci.ci.provider import Env, Provider, ReadFile
from devlake_ci.ci.values import host, number
from devlake_ci.commits.repo_url import canonical
from devlake_ci.effects import Effect, Say
from devlake_ci.model import Context, Outcome

NAME = "teamcity"
MORE = "teamcity.configuration.properties.file"
_PULL_REQUEST = re.compile(r"(?:refs/)?(?:pull|pull-requests|merge-requests|pullrequests)/\d+.*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


def detect(env: Env) -> bool:
    """Recognise TeamCity by its own variable."""
    return value(env, "TEAMCITY_VERSION") is not None


def read(env: Env, read_file: ReadFile) -> Context:
    """Read variables and properties; the result has to be given."""
    said = {**_properties(env, read_file), **env}
    branch = value(said, "teamcity.build.branch") or ""
    asked = value(said, "teamcity.pullRequest.number") or _PULL_REQUEST.fullmatch(branch)
    return context(
        env,
        Fact(NAME, "TEAMCITY_VERSION"),
        _facts(said),
        job_id=host(value(said, "BUILD_URL")),
        pull_request="it runs for a pull request" if asked else None,
        run_number=number(value(said, "teamcity.build.id")),
        workflow=value(said, "teamcity.buildType.id"),
        default_branch=bare_ref(value(said, "vcsroot.branch") or ""),
        is_tag=branch.startswith("refs/tags/"),
    )


def emit(outcome: Outcome, env: Env) -> tuple[Effect, ...]:
    """Set parameters that later steps see as variables, and show a problem in the build's log."""
    del env
    messages = [
        _message("setParameter", name=f"env.{name}", value=text)
        for name, text in variables(outcome).items()
    ]
    if said := problem(outcome):
        messages.append(_message("message", text=said, status="WARNING"))
    return tuple(Say(each, stdout=True) for each in messages)


def _facts(said: Mapping[str, str]) -> dict[str, Fact[Any] | None]:
    branch = variable(said, "teamcity.pullRequest.source.branch", "teamcity.build.branch")
    if not branch or branch.value == "<default>":
        branch = variable(said, "vcsroot.branch")
    return {
        "sha": mapped(variable(said, "BUILD_VCS_NUMBER"), commit_sha),
        "ref": mapped(branch, bare_ref),
        "repo_url": mapped(variable(said, "vcsroot.url"), canonical),
        "run_id": variable(said, "teamcity.build.id", "BUILD_URL"),
        "job": variable(said, "TEAMCITY_BUILDCONF_NAME"),
        "run_url": variable(said, "BUILD_URL"),
        "actor": variable(said, "teamcity.build.triggeredBy.username"),
    }


def _properties(env: Env, read_file: ReadFile) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("TEAMCITY_BUILD_PROPERTIES_FILE", MORE):
        path = value({**found, **env}, name)
        found |= _parsed(read_file(path) or "") if path else {}
    return found


def _parsed(text: str) -> dict[str, str]:
    """Parse Java's format of properties, as far as TeamCity uses it: one a line."""
    lines = [line for line in text.splitlines() if line and line[0] not in "#!"]
    pairs = [re.split(r"(?<!\\)[=:]", line, maxsplit=1) for line in lines]
    return {_plain(pair[0]).strip(): _plain(pair[1]).strip() for pair in pairs if len(pair) == 2}


def _plain(text: str) -> str:
    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", _character, text)


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else _ESCAPES.get(escape[2], escape[2])


def _message(kind: str, **attributes: str) -> str:
    said = " ".join(f"{key}='{_escaped(text)}'" for key, text in attributes.items())
    return f"##teamcity[{kind} {said}]"


def _escaped(text: str) -> str:
    marked = re.sub(r"[|'\[\]]", r"|\g<0>", text).replace("\n", "|n").replace("\r", "|r")
    return re.sub(r"[^\x20-\x7e]", _units, marked)


def _units(character: re.Match[str]) -> str:
    units = character[0].encode("utf-16-be", errors="surrogatepass").hex()
    return "".join(f"|0x{units[at : at + 4]}" for at in range(0, len(units), 4))


PROVIDER = Provider(name=NAME, detect=detect, read=read, emit=emit)
