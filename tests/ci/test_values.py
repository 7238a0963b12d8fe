"""Numbers, times, commits and exit codes as CIs write them."""

from datetime import UTC, datetime

import pytest

from devlake_ci.ci.facts import exit_code, host, number, unix_time, whole_sha
from devlake_ci.model import Result


@pytest.mark.parametrize(
    ("text", "expected"),
    [("42", 42), (" 42 ", 42), ("0", None), ("-1", None), ("4.2", None), ("", None), (None, None),
     ("9" * 5000, None), ("٤٢", None)],
)  # fmt: skip
def test_a_number_is_positive_and_whole_or_none(text, expected):
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1772449200", datetime(2026, 3, 2, 11, tzinfo=UTC)),
        ("0", None),
        ("9" * 18, None),
        ("2026-03-02", None),
    ],
)
def test_seconds_since_1970_are_a_time_but_zero_is_never(text, expected):
    assert unix_time(text) == expected


def test_milliseconds_are_a_time_in_whole_seconds():
    assert unix_time("1772449200999", per_second=1000) == datetime(2026, 3, 2, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", Result.SUCCESS),
        ("00", Result.SUCCESS),
        ("1", Result.FAILURE),
        ("137", Result.FAILURE),
        ("-1", Result.FAILURE),
        ("", None),
        ("-", None),
        ("true", None),
        ("1.0", None),
    ],
)
def test_only_the_exit_code_zero_is_a_success(text, expected):
    assert exit_code(text) is expected


@pytest.mark.parametrize("text", ["HEAD", "main", "6dcb09b", "0" * 40, "6DCB09B5" * 5, "a" * 41])
def test_a_name_or_a_part_of_a_sha_is_no_whole_sha(text):
    assert whole_sha(text) is None


@pytest.mark.parametrize("text", ["a" * 40, "b" * 64])
def test_a_whole_sha_is_taken_as_it_is(text):
    assert whole_sha(text) == text


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ci.example.com/acme/shop/42", "ci.example.com"),
        ("http://me:s3cr3t@ci.example.com:8080/", "ci.example.com:8080"),
        ("ci.example.com", "ci.example.com"),
        ("/", None),
        ("", None),
        (None, None),
    ],
)
def test_a_host_is_whose_address_it_is_without_credentials(url, expected):
    assert host(url) == expected
