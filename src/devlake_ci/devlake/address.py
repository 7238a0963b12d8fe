"""Where a report goes, worked out from a base or from a URL copied from DevLake's Config UI."""

import re
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field, replace
from ipaddress import ip_address
from itertools import chain
from typing import Literal, Self
from urllib.parse import quote, unquote, urlsplit

from devlake_ci.dataclass import dataclass
from devlake_ci.errors import BadUsageError
from devlake_ci.options import Options, render
from devlake_ci.text import base64, quoted

_API = re.compile(r"(?s)(.*?)(/rest)?(?:/plugins/webhook(/.*)?)?/*\Z")
"""The base, /rest, and the route below the webhook plugin."""
_ROUTE = re.compile(
    r"/(?:connections/by-name/(?P<name>[^/]+)|projects/(?P<project>[^/]+)"
    r"|(?:connections/)?(?P<number>\d+))(?:/.*)?"
)
"""A number alone is from before v0.19; a connection's key is refused there."""
LONGEST_NAME = 255
"""Characters of a connection's name at most: DevLake's column for it."""
LONGEST_NUMBER = 18
"""Digits of a connection's number at most: it is a 64-bit integer."""
_EXAMPLE = "https://devlake.example.com/api/rest/plugins/webhook/connections/1/deployments"
_HEADER = r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?P<value>[\x20-\x7e\x80-\xff]*)"


NOWHERE = "connections/0"
"""A route to check the address with, before there is anything to send."""
Kind = Literal["deployments", "issues", "pull_requests"]
"""What a route takes."""


@dataclass(frozen=True)
class Target:
    """One connection or project of one DevLake, and what lets us in."""

    base: str
    """`https://devlake.example.com/api`: no user info, no trailing slash."""
    route: str
    """`connections/1`, `connections/by-name/ci` or `projects/shop`, escaped for a URL."""
    rest: bool
    """Whether to use the routes that ask for an API key."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What lets us in: they hold secrets, so they are never shown."""
    kind: Kind = "deployments"

    @property
    def path(self) -> str:
        """The path that an API key's scope is held against."""
        return f"/plugins/webhook/{self.route}/{self.kind}"

    @property
    def url(self) -> str:
        """Where it is posted."""
        return f"{self.base}{'/rest' if self.rest else ''}{self.path}"

    @property
    def secrets(self) -> set[str]:
        """What lets us in, in the forms that an error page of a server could quote."""
        return set(chain.from_iterable(map(_parts, self.headers.values())))

    def for_connection(self, kind: Kind) -> Self:
        """Return the target of what goes to the connection, which DevLake makes for a project.

        A project's own route takes deployments only.
        """
        project = self.route.removeprefix("projects/")
        if project != self.route:
            route = f"connections/by-name/{project}_deployments"
            return replace(self, route=route, kind=kind)
        return replace(self, kind=kind)


def report_target(options: Options, names: Mapping[str, str | None]) -> Target:
    """Work out the target of a report.

    `names` fills the placeholders of `--connection` and `--project`: owner, repo, service.
    Raise BadUsageError for what can't be an address, or for two ways in at once.
    """
    route = _given_route(options, names) or _parse_url(options)[2]
    if route is None:
        raise BadUsageError(
            f"{options.source('url')} names no webhook connection, and neither --connection "
            "nor --project is given.",
            f"Copy the whole URL from DevLake's Config UI ({_EXAMPLE}), "
            "or add --connection NUMBER or --project NAME.",
        )
    return target_at(options, route)


def changes_target(options: Options, names: Mapping[str, str | None]) -> Target:
    """Return the target of pull requests: `--changes-connection`, else that of `report_target`."""
    if given := options.changes_connection:
        return target_at(options, _connection(given, names, "changes_connection", options))
    return report_target(options, names)


def target_at(options: Options, route: str) -> Target:
    """Return the target of a known route; raise BadUsageError like `report_target`."""
    base, rest, _ = _parse_url(options)
    if options.client_key and not options.client_cert:
        raise BadUsageError(
            f"{options.source('client_key')} was given without --client-cert.",
            "Set --client-cert FILE too, or leave the key out.",
        )
    if rest and not options.token and not options.dry_run:
        raise BadUsageError(
            "There is no token, and the URL is one that asks for it (it has /rest in it).",
            "Set DEVLAKE_TOKEN to the API key that DevLake showed when the connection was made. "
            "A fork's pipelines get no secrets, by design, and report nothing.",
        )
    return Target(base, route, bool(options.token) or rest, _headers(options))


def _parse_url(options: Options) -> tuple[str, bool, str | None]:
    """Split the URL into base, whether it asks for a key, and the route it names."""
    source = options.source("url")
    if not options.url:
        raise BadUsageError(
            "DevLake's address is not given.", f"Set --url or DEVLAKE_URL to it, such as {_EXAMPLE}"
        )
    try:
        url = urlsplit(options.url)
        host, port = url.hostname, f":{url.port}" if url.port else ""
        # With a /, ? or # in it, a password reaches into what follows the host.
        if "@" in options.url.partition(url.netloc)[2].partition("/plugins/webhook")[0]:
            host = None
    except ValueError:
        host = None
    if not host or url.scheme not in ("http", "https") or re.search(r"\s", options.url):
        raise BadUsageError(
            f"{source} is not the URL of a DevLake.",
            f"It is a whole curl command: use the URL in it alone, such as {_EXAMPLE}"
            if options.url.lstrip().startswith("curl")
            else f"It looks like {_EXAMPLE}",
        )
    base, rest, route = _API.findall(url.path)[0]  # all its parts are optional
    host = f"[{host}]" if ":" in host else host
    return f"{url.scheme}://{host}{port}{base.rstrip('/')}", bool(rest), _route(route, source)


def _route(path: str, source: str) -> str | None:
    if not (found := _ROUTE.fullmatch(path)):
        return None
    if found["number"]:
        return f"connections/{_number(found['number'], source)}"
    kind = "projects" if found["project"] else "connections/by-name"
    return f"{kind}/{escape(_name(unquote(found['project'] or found['name']), source))}"


def _given_route(options: Options, names: Mapping[str, str | None]) -> str | None:
    if options.connection and options.project:
        raise BadUsageError(
            f"{options.source('connection')} and {options.source('project')} are both given.",
            "A deployment goes to one of them; leave the other out.",
        )
    if options.project:
        name = render(options.project, names, options.source("project"))
        return f"projects/{escape(_name(name, options.source('project')))}"
    if options.connection:
        return _connection(options.connection, names, "connection", options)
    return None


def _connection(given: str, names: Mapping[str, str | None], option: str, options: Options) -> str:
    source = options.source(option)
    name = render(given, names, source)
    # What fills a placeholder is a name: a repository that is called 2048 is no number.
    if re.fullmatch("[0-9]+", given):
        return f"connections/{_number(name, source)}"
    return f"connections/by-name/{escape(_name(name, source))}"


def _name(name: str, source: str) -> str:
    if why := why_invalid_name(name):
        raise BadUsageError(
            f"{source}: {quoted(name)} is not a name that DevLake can be reached by: {why}.",
            "Copy the name from DevLake, or use the number of a connection.",
        )
    return name


def _number(number: str, source: str) -> str:
    if len(number) > LONGEST_NUMBER:
        raise BadUsageError(
            f"{source}: {quoted(number)} is not the number of a webhook connection.",
            "Copy the number from DevLake's Config UI, under Connections, Webhooks.",
        )
    return number


def escape(name: str) -> str:
    """Escape a name for a route.

    DevLake matches the path behind /rest unescaped: of these signs an escaped one is "404 page not
    found" there, a plain one is found everywhere (seen live, v1.0.3).
    """
    return quote(name, safe="$&+,:;=@")


def why_invalid_name(name: str) -> str | None:
    """Return why DevLake can't have a connection or project of this name; None if it can."""
    if len(name) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} characters"
    # What stands before DevLake may undo an escaped slash, and go up.
    if {"", ".", ".."} & set(re.split(r"[/\\]", name)):
        return "it has an empty part, . or .. between slashes"
    return None


def _headers(options: Options) -> dict[str, str]:
    """Everything that lets us in, in one place."""
    headers = dict(_header(each, options) for each in options.header)
    url, logins = urlsplit(options.url or ""), {}
    if options.token:
        logins[options.source("token")] = f"Bearer {_token(options)}"
    if url.username or url.password:
        pair = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
        logins["the user info in " + options.source("url")] = f"Basic {base64(pair.encode())}"
    for source, login in logins.items():
        if "authorization" in {name.lower() for name in headers}:
            raise BadUsageError(
                f"{source} conflicts with another credential: a request has one Authorization "
                "header.",
                "Set only one of --token, a user in the URL, and --header 'Authorization: …'.",
            )
        headers["Authorization"] = login
    return headers


def _parts(value: str) -> Iterator[str]:
    """Yield a header's value, what follows its scheme, and the password in that, or a lone user."""
    scheme, _, rest = value.rpartition(" ")
    yield from (value, rest)
    if scheme.lower() == "basic":
        with suppress(ValueError):
            user, _, password = a2b_base64(rest).decode().partition(":")
            yield password or user


def _token(options: Options) -> str:
    """Take the key as it was copied: with or without `Bearer`; anything else odd is a mistake."""
    token = re.sub(r"(?i)^bearer\s+", "", (options.token or "").strip())
    if len(token) > 1 and token[0] == token[-1] and token[0] in "\"'":
        raise BadUsageError(
            f"{options.source('token')} is in quotes, which are not part of the key.",
            "Leave them out: docker --env-file and a CI's settings take a value as it stands.",
        )
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise BadUsageError(
            f"{options.source('token')} holds more than an API key (a space, a line break or a "
            "character that no key has).",
            "Copy the key from DevLake again; it is 128 letters and digits.",
        )
    return token


def _header(text: str, options: Options) -> tuple[str, str]:
    if not (found := re.fullmatch(_HEADER, text.strip())):
        raise BadUsageError(
            f"{options.source('header')} holds a line that is not 'Name: value'.",
            "Write one header a line; its value is not shown here because it may be a secret.",
        )
    return found["name"], found["value"]


_INSIDE = (
    ".localhost", ".local", ".internal", ".intranet", ".lan", ".corp", ".home.arpa", ".svc",
    ".test",
)  # fmt: skip
"""Ends of names that no public name has (RFC 6761, 6762, 8375), or that clusters use."""


def plaintext_warning(target: Target) -> str | None:
    """Return a warning if a secret goes to a public host in plain http; else None."""
    url = urlsplit(target.base)
    if url.scheme != "http" or not target.headers or _is_inside(url.hostname or ""):
        return None
    return (
        f"{target.base} is plain http, and its host is not a private one: anyone on the way "
        "can read the credentials. Use https."
    )


def _is_inside(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host.rstrip(".") or host.rstrip(".").endswith(_INSIDE)
    return address.is_private or address.is_loopback or address.is_link_local
