"""The pull request that a commit says it is the merge of, by the forms of each code host.

The forms and their sources:

- GitHub, `Merge pull request #N from …`, and `title (#N)` of a squash:
  https://docs.github.com/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request
- GitLab, `See merge request group/project!N` in the last line:
  https://docs.gitlab.com/user/project/merge_requests/commit_templates/
- Bitbucket Cloud, `Merged in branch (pull request #N)`; Data Center, `Pull request #N: title` and
  `Merge pull request #N in PROJECT/repo from b to m`
- Azure Repos, `Merged PR N: title`
- Gitea and Forgejo, `Merge pull request 'title' (#N) from b into m`, `!N` with another tracker
"""

import re

_SUBJECTS_OF_MERGES = (
    r"Merge pull request #([0-9]+) from .+",
    r"Merge pull request '.*' \([#!]([0-9]+)\) from .+ into .+",
)
"""What only a commit with two parents says as a merge: with one it is a cherry-pick of it."""
_SUBJECTS = (
    r"Merge pull request #([0-9]+) in \S+ from .+ to .+",
    r"Merged in .+ \(pull request #([0-9]+)\)",
    r"Pull request #([0-9]+): .+",
    r"Merged PR ([0-9]+): .+",
    r".*\S \([#!]([0-9]+)\)",
)
_GITLAB = re.compile(r"^See merge request \S*!([0-9]+)$", re.MULTILINE)
_CHERRY_PICK = re.compile(r"^\(cherry picked from commit [0-9a-f]{7,64}\)$", re.MULTILINE)
_DIGITS = 9


def pull_request_number(message: str, parents: int) -> int | None:
    """Return the number of the pull request that a commit is the merge of; None if it names none.

    A revert, and a cherry-pick that says so, quote the number of another commit's.
    """
    if _CHERRY_PICK.search(message):
        return None
    forms = (*_SUBJECTS_OF_MERGES, *_SUBJECTS) if parents > 1 else _SUBJECTS
    first = subject(message)
    found = next(filter(None, (re.fullmatch(form, first) for form in forms)), None)
    if not found:  # GitLab's own is the last: a description before it may quote another
        *_, found = None, *_GITLAB.finditer(message.strip().partition("\n")[2])
    return int(found[1]) if found and len(found[1]) <= _DIGITS else None


_OF_BRANCHES = re.compile(
    r"Merge pull request #[0-9]+ (?:from|in) .+"
    r"|Merged in .+ \(pull request #[0-9]+\)|Merge branch .+"
)
"""Subjects that name a branch of the author's, and leave the title to the next line."""
_WITH_TITLES = re.compile(
    r"Merge pull request '(?P<gitea>.*)' \([#!][0-9]+\) from .+"
    r"|Pull request #[0-9]+: (?P<server>.+)|Merged PR [0-9]+: (?P<azure>.+)"
)
_TRAILER = re.compile(r"See merge request |Merge in |Reviewed-on: ")


def pull_request_title(message: str, number: int) -> str:
    """Return the title of the pull request that a commit is the merge of, without any branch.

    It is where the code host puts it: behind the number, or in the line below.
    """
    first, *rest = [each.strip() for each in message.strip().splitlines()]
    if found := _WITH_TITLES.fullmatch(first):
        return "".join(found.groups("")) or first
    if not _OF_BRANCHES.fullmatch(first):
        return first
    below = next(filter(None, rest), "")
    return below if below and not _TRAILER.match(below) else f"Pull request #{number}"


def subject(message: str) -> str:
    """Return the first line of a message."""
    return message.strip().partition("\n")[0].strip()
