"""One spelling for every clone URL of a repository: `https://host/path`, without credentials.

DevLake joins a deployment to its commits by this text, so two spellings are two repositories. What
counts as a remote URL is Git's own rule (https://git-scm.com/docs/git-clone#_git_urls).
"""

import re
from ipaddress import IPv6Address
from urllib.parse import quote, unquote, urlsplit

WEB = {"http": 80, "https": 443}
SSH = {"ssh", "ssh+git"}

ALIASES = {
    # SSH on port 443, for networks that let nothing else out:
    # https://docs.github.com/authentication/troubleshooting-ssh/using-ssh-over-the-https-port
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "www.github.com": "github.com",  # it redirects
}
BITBUCKET_SERVER_SSH = 7999  # its HTTPS clone URLs say /scm/ where those by SSH say the port

LONGEST = 8192
"""Characters of a URL that is looked at, a token in it included."""

# Patterns that https needs are compiled here, the others when they are used.
_ANY_CASE = re.IGNORECASE | re.ASCII
_URL = re.compile(r"(?P<scheme>[a-z][a-z+]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", _ANY_CASE)
_HOST = r"(?P<host>[a-z0-9_][a-z0-9_.-]{0,252}|\[[0-9a-f:.]+\])"
_AUTHORITY = re.compile(rf"(?:.*@)?{_HOST}(?::(?P<port>[0-9]{{0,5}}))?", _ANY_CASE)
_SCP = rf"(?ai)(?:[^@/]*@)?{_HOST}:(?P<rest>[^:\s].*)"
_NO_HOST = r"(?i)[a-z]|https?|ssh|file|ftps?"  # C:/repo, https:/x
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")

# Names that ssh's configuration gives to a host, so that each repository can have its own key:
# `github.com-shop` (https://buildkite.com/docs/agent/v3/github-ssh-keys), `shop.github.com` and
# `key-0123abcd.github.com` (https://github.com/webfactory/ssh-agent).
_KNOWN_HOST = (
    r"(?:(?!gist\.)[a-z0-9_.-]+\.)?"
    r"(?P<host>gist\.github\.com|github\.com|gitlab\.com|bitbucket\.org|ssh\.dev\.azure\.com"
    r"|vs-ssh\.visualstudio\.com)"
    r"(?:[-_][a-z0-9_.-]+)?"
)
_SUFFIXED_HOST = r"(?P<host>.*\.(?:com|org|net|io|dev))[-_][a-z0-9_-]+"
_UNKNOWN_HOST = (
    r".*\.(?!xn--)[a-z]{2}-[a-z0-9_-]+"  # git.example.de-shop, or a network's own git.my-corp
    r"|github|[a-z0-9_-]+[_-](?:github|gitlab|bitbucket)"
    r"|(?:[a-z0-9_-]+[_-])?(?:github|gitlab|bitbucket)[_-][a-z0-9_-]+"
)

# https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-git-remote-codecommit.html
_CODECOMMIT = r"codecommit::(?P<region>[a-z]+-[a-z-]+-[0-9])://(?:[^@/]*@)?(?P<repo>[\w.-]+)"
_CODECONNECTIONS = re.compile(
    r"(?:codeconnections|codestar-connections)\..*amazonaws\.com(?:\.cn)?"
)
"""Their paths have an account's number, a region and a connection's id: no repository."""

_GERRIT = re.compile(r"(?:.*[.-])?(?:gerrit|review|codereview)\..*|.*\.googlesource\.com")


def canonical(url: str) -> str | None:
    """Return the one spelling of `url`; None for a local path, for junk, and when in doubt.

    In doubt is a URL with an `@` behind its host: a password with a `/` in it looks like that. So
    is a host that is known to ssh's configuration alone.
    """
    url = url.strip()
    if len(url) > LONGEST or _is_unsafe(url):
        return None
    if match := _URL.fullmatch(url):
        return _from_url(match["scheme"].lower(), match["authority"], match["rest"])
    if match := re.fullmatch(_CODECOMMIT, url):
        domain = "amazonaws.com.cn" if match["region"].startswith("cn-") else "amazonaws.com"
        return f"https://git-codecommit.{match['region']}.{domain}/v1/repos/{match['repo']}"
    match = re.fullmatch(_SCP, url)
    if not match or re.fullmatch(_NO_HOST, match["host"]) or " " in url:
        return None
    return _from_ssh(match["host"].lower(), match["rest"])


def _is_unsafe(text: str) -> bool:
    """Return whether control characters or backslashes are in it, or characters that got lost."""
    lost = not text.isascii() and any(
        "\ud800" <= character <= "\udfff" or character == "\ufffd" for character in text
    )
    return lost or _CONTROL.search(text) is not None


def is_shorthand(url: str) -> bool:
    """Return whether `url` is like `gh:acme/pay`: git may have been told what it stands for."""
    match = re.fullmatch(_SCP, url.strip())
    return bool(match and "://" not in url and "." not in match["host"])


def path_of(url: str) -> str:
    """Return the path of a canonical URL, such as `acme/shop`."""
    return urlsplit(url).path.strip("/")


def _from_url(scheme: str, authority: str, rest: str) -> str | None:
    scheme = scheme.removeprefix("git+")
    match = _AUTHORITY.fullmatch(authority)
    if not match or scheme not in WEB.keys() | SSH | {"git"}:
        return None
    host, port = match["host"].lower(), int(match["port"] or 0)
    if scheme in WEB:
        return _normalize(host, "" if port in {0, 443, WEB[scheme]} else f":{port}", rest)
    if scheme == "git":
        return _normalize(host, "", rest)
    return _from_ssh(host, rest, "scm/" if port == BITBUCKET_SERVER_SSH else "")


def _from_ssh(host: str, rest: str, prefix: str = "") -> str | None:
    if match := re.fullmatch(_KNOWN_HOST, host) or re.fullmatch(_SUFFIXED_HOST, host):
        host = match["host"]
    elif re.fullmatch(_UNKNOWN_HOST, host):
        return None
    if "." not in host and re.fullmatch("/?v3/[^/]+/[^/]+/[^/]+", rest):
        return None  # a name that Azure's users give to ssh.dev.azure.com
    return _normalize(host, "", rest, prefix)


def _normalize(host: str, port: str, rest: str, prefix: str = "") -> str | None:
    segments = _segments(rest)
    known = _host(host)
    if not known or not segments or "@" in rest or _CODECONNECTIONS.fullmatch(known):
        return None
    host = known
    if host == "dev.azure.com" or host.endswith((".dev.azure.com", ".visualstudio.com")):
        host, segments = "dev.azure.com", _azure(host, segments)
    path = "/".join(
        quote(segment, safe="~!$&'()*+,;=:") for segment in _without_gerrits_a(host, segments)
    )
    return f"https://{host}{port}/{prefix}{path}" if path else None


def _host(host: str) -> str | None:
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host[1:-1])}]"
        except ValueError:
            return None
    return ALIASES.get(host, host)


def _without_gerrits_a(host: str, segments: list[str]) -> list[str]:
    """Leave out the `a` that makes Gerrit ask for a login.

    https://gerrit-review.googlesource.com/Documentation/user-upload.html#http
    """
    at = 1 if segments[:1] in (["r"], ["gerrit"]) else 0
    if _GERRIT.fullmatch(host) or segments[:1] == ["gerrit"]:
        while segments[at : at + 1] == ["a"] and len(segments) > at + 1:
            segments = segments[:at] + segments[at + 1 :]
    return segments


def _segments(rest: str) -> list[str]:
    """Split the path in `rest`, without query, fragment, `.git` and needless slashes."""
    path = unquote(re.split(r"[?#]", rest, maxsplit=1)[0])
    segments = [segment for segment in path.split("/") if segment]
    while segments and segments[-1].endswith(".git"):
        segments[-1] = segments[-1].removesuffix(".git")
        segments = list(filter(None, segments))
    odd = {".", ".."} & set(segments) or _is_unsafe(path)
    return [] if odd else segments


def _azure(host: str, segments: list[str]) -> list[str]:
    """Return `org/project/_git/repo` in any of Azure's forms, [] if it is none of them.

    https://learn.microsoft.com/azure/devops/repos/git/ and its older visualstudio.com names
    """
    if host in {"ssh.dev.azure.com", "vs-ssh.visualstudio.com"}:
        match segments:
            case ["v3", org, project, repo]:
                return [org, project, "_git", repo]
        return []
    if host != "dev.azure.com":
        segments = [host.removesuffix(".visualstudio.com"), *segments]
    needless = {"defaultcollection", "_full", "_optimized"}
    match [segment for segment in segments if segment.lower() not in needless]:
        case [org, "_git", repo]:  # the project has the name of its repository
            return [org, repo, "_git", repo]
        case [org, project, "_git", repo]:
            return [org, project, "_git", repo]
    return []
