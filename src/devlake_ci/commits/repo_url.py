"""Gives every clone URL of a repository one spelling: `https://host/path`, without credentials.

DevLake joins a deployment to its commits by this text, so two spellings are two repositories. What
counts as a remote URL is Git's own rule (https://git-scm.com/docs/git-clone#_git_urls).
"""

import re
from urllib.parse import quote, unquote, urlsplit

WEB = {"http": 80, "https": 443}
OTHER = {"ssh", "git", "ssh+git"}

# SSH on port 443, for networks that let nothing else out:
# https://docs.github.com/authentication/troubleshooting-ssh/using-ssh-over-the-https-port and alike
ALIASES = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
BITBUCKET_SERVER_SSH = 7999  # its HTTPS clone URLs say /scm/ where those by SSH say the port

_URL = re.compile(r"(?P<scheme>[a-z][a-z+]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE)
_HOST = r"(?P<host>[a-z0-9_][a-z0-9_.-]*|\[[0-9a-f:.]+\])"
_AUTHORITY = re.compile(rf"(?:.*@)?{_HOST}(?::(?P<port>[0-9]{{0,5}}))?", re.IGNORECASE)
_SCP = re.compile(rf"(?:[^@/]*@)?{_HOST}:(?P<rest>[^:\s].*)", re.IGNORECASE)
_NO_HOST = re.compile(r"[a-z]|https?|ssh|file|ftps?", re.IGNORECASE)  # C:/repo, https:/x
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff\ufffd]")


def canonical(url: str) -> str | None:
    """Spell `url` the one way; None for a local path, for junk, and when in doubt.

    In doubt is a URL with an `@` behind its host: a password with a `/` in it looks like that.
    """
    url = url.strip()
    if _UNSAFE.search(url):
        return None
    if match := _URL.fullmatch(url):
        return _from_url(match["scheme"].lower(), match["authority"], match["rest"])
    match = _SCP.fullmatch(url)
    if not match or _NO_HOST.fullmatch(match["host"]) or " " in url:
        return None
    return _spelled(match["host"].lower(), "", match["rest"])


def is_shorthand(url: str) -> bool:
    """Return whether `url` is like `gh:acme/pay`: git may have been told what it stands for."""
    match = _SCP.fullmatch(url.strip())
    return bool(match and "://" not in url and "." not in match["host"])


def path_of(url: str) -> str:
    """Return the path of a canonical URL, such as `acme/shop`."""
    return urlsplit(url).path.strip("/")


def _from_url(scheme: str, authority: str, rest: str) -> str | None:
    scheme = scheme.removeprefix("git+")
    match = _AUTHORITY.fullmatch(authority)
    if not match or scheme not in WEB.keys() | OTHER:
        return None
    host, port = match["host"].lower(), int(match["port"] or 0)
    if scheme in WEB:
        return _spelled(host, "" if port in {0, 443, WEB[scheme]} else f":{port}", rest)
    if port == BITBUCKET_SERVER_SSH and "ssh" in scheme:
        return _spelled(host, "", rest, "scm/")
    return _spelled(host, "", rest)


def _spelled(host: str, port: str, rest: str, prefix: str = "") -> str | None:
    segments = _segments(rest)
    if not segments or "@" in rest:
        return None
    host = ALIASES.get(host, host)
    if host == "dev.azure.com" or host.endswith((".dev.azure.com", ".visualstudio.com")):
        host, segments = "dev.azure.com", _azure(host, segments)
    path = "/".join(quote(segment, safe="~!$&'()*+,;=:") for segment in segments)
    return f"https://{host}{port}/{prefix}{path}" if path else None


def _segments(rest: str) -> list[str]:
    """Split the path in `rest`, without query, fragment, `.git` and needless slashes."""
    path = unquote(re.split(r"[?#]", rest, maxsplit=1)[0])
    segments = [segment for segment in path.split("/") if segment]
    while segments and segments[-1].endswith(".git"):
        segments[-1] = segments[-1].removesuffix(".git")
        segments = list(filter(None, segments))
    odd = {".", ".."} & set(segments) or _UNSAFE.search(path)
    return [] if odd else segments


def _azure(host: str, segments: list[str]) -> list[str]:
    """Find `org/project/_git/repo` in any of Azure's forms, [] if it is none of them.

    https://learn.microsoft.com/azure/devops/repos/git/ and its older visualstudio.com names
    """
    if host in {"ssh.dev.azure.com", "vs-ssh.visualstudio.com"}:
        match segments:
            case ["v3", org, project, repo]:
                return [org, project, "_git", repo]
        return []
    if host != "dev.azure.com":
        segments = [host.removesuffix(".visualstudio.com"), *segments]
    match [segment for segment in segments if segment.lower() != "defaultcollection"]:
        case [org, "_git", repo]:  # the project has the name of its repository
            return [org, repo, "_git", repo]
        case [org, project, "_git", repo]:
            return [org, project, "_git", repo]
    return []
