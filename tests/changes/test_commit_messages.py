"""Which pull request a commit's message names, host by host."""

import pytest

from devlake_ci.changes.commit_messages import pull_request_number, pull_request_title

MERGES = {
    "Merge pull request #12 from acme/topic\n\nSell more": 12,
    "Merge pull request 'Sell (more)' (#34) from topic into main": 34,
    "Merge pull request 'Sell' (!34) from topic into main\n\nReviewed-on: https://x/34": 34,
    "Merge branch 'topic' into 'main'\n\nSell more\n\nSee merge request acme/shop!56": 56,
    "Merged in topic (pull request #7)\n\nSell more": 7,
    "Merge pull request #8 in SHOP/web from topic to main": 8,
    "Pull request #9: Sell more\n\nMerge in SHOP/web from topic to main": 9,
    "Merged PR 10: Sell more": 10,
    "Merge 'topic'\n\nSee merge request a/b!7\n\nSee merge request acme/shop!56": 56,
    "Merge branch 'main' into topic": None,
    "Merge tag 'v1' (of #1)": None,
}
ALONE = {
    "Sell more (#12)": 12,
    "Sell more (!12)": 12,
    "Merged in topic (pull request #7)": 7,
    "Merged PR 10: Sell more": 10,
    "Sell more\n\nSee merge request acme/shop!56": 56,
    'Revert "Sell more (#12)" (#15)': 15,
    'Revert "Sell more (#12)"': None,
    'Revert "Merge pull request #12 from acme/topic"': None,
    "Merge pull request #12 from acme/topic": None,
    "Sell more (#12)\n\n(cherry picked from commit 0123456789)": None,
    "Sell more, see (#12) and others": None,
    "Fix #12": None,
    "(#12)": None,
    "Sell more (#\N{ARABIC-INDIC DIGIT THREE})": None,
    "Sell more (#99999999999999999999)": None,
    "": None,
}


@pytest.mark.parametrize(("message", "expected"), MERGES.items())
def test_a_merge_commit_names_the_pull_request_that_it_merges(message, expected):
    assert pull_request_number(message, parents=2) == expected


@pytest.mark.parametrize(("message", "expected"), ALONE.items())
def test_a_commit_with_one_parent_names_the_one_that_it_is_the_squash_of(message, expected):
    assert pull_request_number(message, parents=1) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    {
        "Merge pull request #12 from ada/secret-topic\n\nSell more\n\nAnd more": "Sell more",
        "Merge pull request #12 from ada/secret-topic": "Pull request #12",
        "Merge pull request 'Sell (more)' (#12) from topic into main": "Sell (more)",
        "Merge branch 'topic' into 'main'\n\nSell more\n\nSee merge request a/b!12": "Sell more",
        "Merge branch 'topic' into 'main'\n\nSee merge request acme/shop!12": "Pull request #12",
        "Merged in topic (pull request #12)\n\nSell more": "Sell more",
        "Pull request #12: Sell more\n\nMerge in SHOP/web from topic to main": "Sell more",
        "Merged PR 12: Sell more": "Sell more",
        "Sell more (#12)\n\n* first\n* second": "Sell more (#12)",
    }.items(),
)
def test_the_title_is_the_pull_requests_and_names_no_branch(message, expected):
    assert pull_request_title(message, 12) == expected
