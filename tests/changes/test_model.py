"""Keys of pull requests, and the commits that a deployment lists."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci.changes.base import from_record, is_shared, live_key
from devlake_ci.changes.model import (
    Change,
    Shipped,
    add_shipped,
    commit_key,
    limit_changes,
    pull_request,
    pull_request_key,
)
from devlake_ci.changes.paths import is_limited, matcher
from devlake_ci.incidents.state_file import Live
from devlake_ci.limits import PULL_REQUEST_URL
from devlake_ci.model import Commit, Deployment, Environment, Result
from devlake_ci.options import Options
from tests.support import NOON

SHOP, PAY = "https://github.com/acme/shop", "https://github.com/acme/pay"
OWN = Commit(repo_url=SHOP, sha="f" * 40, ref="main", message="m")
OTHER = Commit(repo_url=PAY, sha="e" * 40)
MADE = Deployment(
    id="1", name="n", title=None, result=Result.SUCCESS, environment=Environment.PRODUCTION,
    original_environment="production", created_at=NOON, started_at=NOON, finished_at=NOON,
    commits=(OWN, OTHER),
)  # fmt: skip


def change(number=1, sha="a" * 40, **more):
    return Change(number=number, title="t", created_at=NOON, merged_at=NOON, merge_sha=sha, **more)


@given(st.text(), st.integers(1, 9_999_999))
def test_a_key_is_one_that_devlake_keeps_exactly_and_ends_in_the_number(url, number):
    key = pull_request_key(url, number)

    assert 0 < key <= 2**53 - 1
    assert key % 10_000_000 == number
    assert key // 10_000_000 >= 1


def test_two_repositories_have_different_keys_and_one_has_the_same_for_ever():
    assert pull_request_key(SHOP, 1) == 5053635980000001
    assert pull_request_key(PAY, 1) != pull_request_key(SHOP, 1)


def test_a_number_that_no_key_can_be_made_of_is_not_reported():
    assert pull_request(SHOP, change(number=10_000_000), authors=False) is None


@given(st.text("0123456789abcdef", min_size=40, max_size=40))
def test_a_commits_key_is_one_that_devlake_keeps_exactly(sha):
    assert 0 < commit_key(sha) <= 2**53 - 1


def test_the_authors_name_is_sent_only_if_it_is_wanted():
    made = change(author="Ada")

    assert pull_request(SHOP, made, authors=False).author is None
    assert pull_request(SHOP, made, authors=True).author == "Ada"


def test_a_url_that_devlake_has_no_room_for_is_left_out_for_it_refuses_all_of_the_request():
    fits, long = "u" * PULL_REQUEST_URL, "u" * (PULL_REQUEST_URL + 1)

    assert pull_request(SHOP, change(url=fits), authors=False).url == fits
    assert pull_request(SHOP, change(url=long), authors=False).url is None


def test_a_pull_request_is_not_merged_before_it_was_created():
    made = replace(change(), created_at=NOON + timedelta(hours=1))

    assert pull_request(SHOP, made, authors=False).created_at == NOON


def test_a_deployment_lists_the_base_the_merges_and_its_own_commit_last():
    shipped = Shipped("b" * 40, (change(1, "c" * 40), change(2, "d" * 40)))

    made = add_shipped(MADE, {SHOP: shipped})

    ms = timedelta(milliseconds=1)
    assert [(each.sha[0], each.finished_at) for each in made.commits] == [
        ("b", NOON - 3 * ms),
        ("c", NOON - 2 * ms),
        ("d", NOON - ms),
        ("f", None),
        ("e", None),
    ]
    assert {each.repo_url for each in made.commits[:4]} == {SHOP}


def test_the_own_commit_often_is_the_merge_commit_and_stands_there_once():
    made = add_shipped(MADE, {SHOP: Shipped("b" * 40, (change(1, OWN.sha),))})

    assert [each.sha[0] for each in made.commits] == ["b", "f", "e"]


def test_with_nothing_shipped_it_is_the_own_commit_alone():
    assert add_shipped(MADE, {SHOP: Shipped("b" * 40)}) == MADE


def test_what_was_shipped_leads_to_the_first_commit_of_a_repository_and_moves_no_other():
    older = Commit(repo_url=SHOP, sha="a" * 40)
    made = replace(MADE, commits=(OWN, older))
    shipped = Shipped("b" * 40, (change(), change(2, "c" * 40)))

    found = add_shipped(made, {SHOP: shipped}).commits

    assert [each.sha[0] for each in found] == ["b", "c", "f", "a"]
    assert found[2:] == (OWN, older)


def test_of_a_number_that_is_named_twice_the_one_that_was_merged_first_counts():
    again = change(1, "c" * 40)
    first = replace(change(1, "d" * 40), merged_at=NOON - timedelta(hours=1))

    assert limit_changes([again, change(2, "e" * 40), first])[0] == (change(2, "e" * 40), first)


def test_a_deployment_that_is_reported_again_shipped_what_it_shipped_at_first():
    live = Live(sha="f" * 40, deployment=MADE.id, before="b" * 40)

    assert from_record(live, MADE) == "b" * 40
    assert from_record(live, replace(MADE, id="2")) == "f" * 40
    assert from_record(None, MADE) is None


def test_what_is_live_is_kept_for_each_repository_service_and_environment():
    places = [
        (SHOP, None, "live"), (SHOP, "api", "live"), (SHOP, "web", "live"),
        (SHOP, "api", "test"), (PAY, "api", "live"),
    ]  # fmt: skip

    assert len({live_key(*each) for each in places}) == len(places)


@pytest.mark.parametrize(
    ("service", "environment", "shared"),
    [(None, "production", False), ("api", "production", True), ("API", "prod/Api", False)],
)
def test_an_environment_that_does_not_name_the_service_may_be_another_s_too(
    service, environment, shared
):
    assert is_shared(Options(service=service), environment) is shared


@pytest.mark.parametrize("everything", [".", "./", ":/", ":(top)"])
def test_a_path_of_everything_leaves_out_what_is_excluded_and_nothing_else(everything):
    paths = (everything, ":!web")
    touches = matcher(paths, "--changes-path")

    assert is_limited(paths)
    assert touches(["api/x"])
    assert not touches(["web/x"])


@pytest.mark.parametrize(
    ("path", "included", "left_out"),
    [
        ("api", "api/x", "api-docs/x"),
        ("./api/", "api/x", "apix"),
        ("api", "api", "web/api"),
        (":!web", "api/x", "web/x"),
        (":(exclude)web/*.md", "web/x", "web/x.md"),
    ],
)
def test_a_path_means_a_folder_or_file_by_its_whole_name_and_without_any_all_is_meant(
    path, included, left_out
):
    touches = matcher((path,), "--changes-path")

    assert touches([included])
    assert not touches([left_out])
