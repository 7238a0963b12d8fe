"""TeamCity, whose builds say half of what they know in files of properties.

- TEAMCITY_VERSION, TEAMCITY_BUILDCONF_NAME, BUILD_URL: as they say [1]
- BUILD_VCS_NUMBER: the commit, if there is one VCS root [1]
- TEAMCITY_BUILD_PROPERTIES_FILE: the file with system properties [1]
- teamcity.configuration.properties.file: in that, the file with all the others [1]
- teamcity.build.id: names the build on its server, and grows there; each leg of a matrix is a build
  [1]
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

from devlake_ci.ci.facts import Fact, Facts, bare_ref, qualify, value, variable
from devlake_ci.ci.outputs import problem_line, variables
from devlake_ci.ci.provider import Effect, Env, Print, Provider, ReadFile
from devlake_ci.model import Outcome

_MORE = "teamcity.configuration.properties.file"
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


def with_properties(env: Env, read_file: ReadFile) -> Env:
    """Add the build's properties to its variables."""
    found: dict[str, str] = {}
    for name in ("TEAMCITY_BUILD_PROPERTIES_FILE", _MORE):
        path = value({**found, **env}, name)
        found |= _parse(read_file(path) or "") if path else {}
    return {**found, **env}


def read(env: Env) -> Facts:
    """Read variables and properties; the result has to be given."""
    build = qualify(variable(env, "teamcity.build.id"), value(env, "BUILD_URL"))
    return Facts(
        sha=variable(env, "BUILD_VCS_NUMBER"),
        ref=_ref(env),
        repo_url=variable(env, "vcsroot.url"),
        run_id=build or variable(env, "BUILD_URL"),
        job=variable(env, "TEAMCITY_BUILDCONF_NAME"),
        job_id=value(env, "teamcity.build.id"),
        run_url=variable(env, "BUILD_URL"),
        actor=variable(env, "teamcity.build.triggeredBy.username"),
        run_number=value(env, "teamcity.build.id"),
        workflow=value(env, "teamcity.buildType.id"),
        default_branch=bare_ref(value(env, "vcsroot.branch") or ""),
        pull_request=value(env, "teamcity.pullRequest.number"),
        is_tag=(value(env, "teamcity.build.branch") or "").startswith("refs/tags/"),
    )


def emit(outcome: Outcome, _: Env) -> tuple[Effect, ...]:
    """Set parameters that later steps see as variables, and show a problem in the build's log."""
    messages = [
        _message("setParameter", name=f"env.{name}", value=text)
        for name, text in variables(outcome).items()
    ]
    if said := problem_line(outcome):
        messages.append(_message("message", text=said, status="WARNING"))
    return tuple(Print(each, stdout=True) for each in messages)


def _ref(env: Env) -> Fact[str] | None:
    branch = variable(env, "teamcity.pullRequest.source.branch", "teamcity.build.branch")
    if not branch or branch.value == "<default>":
        return variable(env, "vcsroot.branch")
    return branch


def _parse(text: str) -> dict[str, str]:
    """Parse Java's format of properties, as far as TeamCity uses it: one per line."""
    lines = [line for line in text.splitlines() if line and line[0] not in "#!"]
    pairs = [re.split(r"(?<!\\)[=:]", line, maxsplit=1) for line in lines]
    return {_plain(pair[0]).strip(): _plain(pair[1]).strip() for pair in pairs if len(pair) == 2}


def _plain(text: str) -> str:
    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", _character, text)


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else _ESCAPES.get(escape[2], escape[2])


def _message(kind: str, **attributes: str) -> str:
    said = " ".join(f"{key}='{_escape(text)}'" for key, text in attributes.items())
    return f"##teamcity[{kind} {said}]"


def _escape(text: str) -> str:
    marked = re.sub(r"[|'\[\]]", r"|\g<0>", text).replace("\n", "|n").replace("\r", "|r")
    return re.sub(r"[^\x20-\x7e]", _units, marked)


def _units(character: re.Match[str]) -> str:
    units = character[0].encode("utf-16-be", errors="surrogatepass").hex()
    return "".join(f"|0x{units[at : at + 4]}" for at in range(0, len(units), 4))


PROVIDER = Provider(marked=None, with_files=with_properties, read=read, emit=emit)
