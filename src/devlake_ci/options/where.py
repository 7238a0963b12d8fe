"""Where a report goes, and what lets it in."""

from dataclasses import dataclass

from devlake_ci.options.declaration import option

GROUP = "Where to"


@dataclass(frozen=True, kw_only=True)
class Where:
    """The options that say where."""

    url: str | None = option(
        GROUP,
        "DevLake's address: its base (https://devlake.example.com/api), or the URL of a webhook "
        "connection as copied from the Config UI, which names the connection too.",
        metavar="URL",
    )
    connection: str | None = option(
        GROUP,
        "The webhook connection, by number or (DevLake 1.0.2 and later) by name. "
        "{owner}, {repo} and {service} in it are filled in.",
        metavar="NUMBER|NAME",
    )
    project: str | None = option(
        GROUP,
        "The DevLake project to report to instead of a connection (DevLake 1.0.3 and later). "
        "{owner}, {repo} and {service} in it are filled in.",
        metavar="NAME",
    )
    token: str | None = option(
        GROUP,
        "The API key that DevLake showed when the connection was made. Rather set it as "
        "DEVLAKE_TOKEN: a command line can be seen by others on the machine.",
        metavar="KEY",
        secret=True,
    )
    header: tuple[str, ...] = option(
        GROUP,
        "A header for a proxy in front of DevLake, such as 'CF-Access-Client-Id: abc'.",
        default=(),
        metavar="'NAME: VALUE'",
        secret=True,
    )
    ca_bundle: str | None = option(
        GROUP, "A file with the certificates to trust, for a private CA.", metavar="FILE"
    )
    client_cert: str | None = option(
        GROUP, "A client certificate (PEM), for a server that asks for one.", metavar="FILE"
    )
    client_key: str | None = option(
        GROUP, "The key of the client certificate, if it is in a file of its own.", metavar="FILE"
    )
    dialect: str = option(
        GROUP,
        "How DevLake spells the fields: v1 since 1.0.0, legacy before. "
        "auto tries v1 and goes on in legacy if the server asks for it.",
        default="auto",
        choices=("auto", "v1", "legacy"),
    )
