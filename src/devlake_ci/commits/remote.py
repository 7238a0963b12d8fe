"""The repository that a checkout is of: the URL configured for its remote.

`git remote get-url` applies `url.*.insteadOf`, which deploy keys and proxies use to reach the same
repository another way (https://git-scm.com/docs/git-config#Documentation/git-config.txt-urlbaseinsteadOf).
So the configured URL counts, and the rewritten one only where the configured one is a shorthand
such as `gh:acme/pay`.
"""

from collections.abc import Callable

from devlake_ci.commits.repo_url import canonical, is_shorthand

HEAD = "git rev-parse HEAD"
"""Where a SHA comes from that only the checkout names: it is one of the checkout's repository."""
Git = Callable[..., str | None]
"""`git("rev-parse", "HEAD")`: what git prints, stripped; None if it fails or prints nothing."""


def urls(git: Git) -> dict[str, str]:
    """Return the configured URL of each remote by name, logins included; of several the first."""
    listed = git("config", "-z", "--get-regexp", r"^remote\..*\.url$") or ""
    found: dict[str, str] = {}
    for item in listed.split("\0"):
        key, _, url = item.partition("\n")
        if url.strip():
            found.setdefault(key.removeprefix("remote.").removesuffix(".url"), url.strip())
    return found


def url(git: Git) -> str | None:
    """Return the URL of `origin`, or of the only remote, login included; None if there is none."""
    configured = _choose_remote(git)
    return configured and address(configured, git)


def default_url(git: Git) -> str | None:
    """Return the URL that relative URLs of submodules are below, as configured.

    That is the one of the remote that the branch follows, as for `git submodule init`
    (https://git-scm.com/docs/git-submodule#Documentation/git-submodule.txt-add).
    """
    branch = git("symbolic-ref", "--quiet", "--short", "HEAD")
    followed = branch and git("config", f"branch.{branch}.remote")
    return urls(git).get(followed or "") or _choose_remote(git)


def address(url: str, git: Git) -> str:
    """Return `url` itself if it is an address, else what `url.*.insteadOf` makes of it."""
    if ":" not in url or (canonical(url) and not is_shorthand(url)):
        return url  # without a colon it could be the name of a remote
    return git("ls-remote", "--get-url", "--", url) or url


def repository(git: Git) -> str | None:
    """Return the canonical URL of the repository that a checkout is of; None if it isn't known."""
    return canonical(url(git) or "")


def is_checkout_of(repo_url: str, git: Git) -> bool:
    """Return whether a checkout is known to be one of `repo_url`, which is canonical."""
    return repository(git) == repo_url


def _choose_remote(git: Git) -> str | None:
    found = urls(git)
    only = next(iter(found.values())) if len(found) == 1 else None
    return found.get("origin", only)
