"""A setup file says what there shall be; what it can't mean is said with its place."""

import json
from pathlib import Path

import pytest

from devlake_ci.errors import BadUsageError
from devlake_ci.setup import config

DOCS = Path(__file__).parents[2] / "docs"


def refusal(*texts):
    with pytest.raises(BadUsageError) as raised:
        config.merge([(f"{n}.yml", config.parse(text, f"{n}.yml")) for n, text in enumerate(texts)])
    return raised.value.message


def test_the_schema_is_published():
    shown = json.loads((DOCS / "setup.schema.json").read_text())

    assert config.schema() == shown, "write docs/setup.schema.json again"


def test_a_project_has_a_connection_of_its_name_unless_others_are_given():
    given = config.parse(
        "projects: [{name: shop}, {name: acme, connections: [web, api]}]", "devlake.yml"
    )

    assert [each.all_connections for each in given.projects] == [["shop"], ["web", "api"]]


def test_repositories_make_connections_by_the_rule_that_reports_use():
    rule = 'connection-name: "{owner}-{repo}", repositories: [acme/pay, g/s/r]'
    given = config.parse(f"projects: [{{name: acme, {rule}}}]", "devlake.yml")

    assert given.projects[0].all_connections == ["acme-pay", "g/s-r"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "projects:\n- name: shop\n  conections: [a]",
            ', project 1 (line 3): "conections" is not a known word; known are name, '
            "connections, connection-name, repositories, schedule, allow-double-counting.",
        ),
        (
            "project: []",
            ', entry (line 1): "project" is not a known word; known are projects, keys.',
        ),
        (
            "projects:\n- connections: [a]",
            ", project 1 (line 2): name is missing.",
        ),
        (
            "projects:\n- name: 2048",
            ", project 1 (line 2): name is 2048, which reads as a number (put it in quotes: "
            '"2048").',
        ),
        (
            "projects:\n- name: [a]",
            ", project 1 (line 2): name is a list, not text.",
        ),
        (
            "projects: shop",
            ', entry (line 1): projects is "shop", not a list.',
        ),
        (
            "projects:\n- shop",
            ', project 1 (line 2): projects is "shop", not a mapping.',
        ),
        (
            "projects:\n- name: a\n- name: b\n  schedule: every night",
            ', project 2 (line 4): schedule: "every night" has 2 fields, not the five of a '
            "cron schedule.",
        ),
        (
            "projects:\n- name: b\n  schedule: 61 * * * *",
            ', project 1 (line 3): schedule: "61 * * * *" is not a cron schedule: the minute "61".',
        ),
        (
            "projects:\n- name: b\n  allow-double-counting: perhaps",
            ', project 1 (line 3): allow-double-counting is "perhaps", not true or false.',
        ),
        (
            "projects:\n- name: a\n  repositories: [acme/pay]",
            ", project 1 (line 2): connection-name and repositories go together: one of them "
            "is missing.",
        ),
        (
            "projects:\n- name: a\n  connection-name: '{service}'\n  repositories: [acme/pay]",
            ", project 1 (line 2): connection-name: {service} is not a known placeholder. "
            "Known are {owner}, {repo}.",
        ),
        (
            "projects:\n- name: a\n  connection-name: '{repo}'\n  repositories: [pay]",
            ', project 1 (line 2): "pay" is not a repository such as acme/shop.',
        ),
        (
            "keys:\n- name: ci",
            ", key 1 (line 2): use either projects or connections, which the key is for.",
        ),
        (
            "keys:\n- connections: a*",
            ", key 1 (line 2): name is missing: only a key for one project has a name by itself.",
        ),
        (
            "projects: [{name: a}]\nkeys:\n- projects: [a]\n  expires: soon",
            ', key 1 (line 4): expires: "soon" is not a date such as 2027-06-30.',
        ),
        (
            "projects: [{name: a}]\nkeys:\n- projects: [b]",
            ': the key "devlake-ci-b" is for "b", which is not one of the projects.',
        ),
        (
            "projects: [{name: a}]\nkeys:\n- name: k\n  connections: b*",
            ': the key "k" is for "b*", which matches no connection of the projects.',
        ),
        (
            "projects:\n- name: a\n  name: b",
            ': line 3 can\'t be taken: "name" is given a second time.',
        ),
        (
            "projects: &a []\nkeys: *a",
            ": line 2 can't be taken: it refers to another place (*a): write the value out.",
        ),
        (
            "projects: !!python/object:os.system x",
            ": line 1 can't be taken: it has a tag "
            '("tag:yaml.org,2002:python/object:os.system"): leave the tag out.',
        ),
        (
            "- name: a",
            ": it is not a mapping with projects and keys.",
        ),
        (
            "projects: [",
            ", line 2: it is not YAML: did not find expected node content.",
        ),
        (
            "",
            ": line 1 can't be taken: the file is empty.",
        ),
    ],
)
def test_a_mistake_is_named_with_its_entry_field_value_and_line(text, said):
    assert refusal(text) == f"0.yml{said}"


def test_repositories_that_would_share_a_connection_are_refused():
    rule = 'connection-name: "{owner}-{repo}"'
    one = f"projects: [{{name: a, {rule}, repositories: [acme-web/shop]}}]"
    other = f"projects: [{{name: b, {rule}, repositories: [acme/web-shop]}}]"

    assert refusal(one, other) == (
        'The repositories "acme-web/shop" and "acme/web-shop" both make the connection '
        '"acme-web-shop": they would be counted as one.'
    )


def test_one_project_in_two_files_is_an_error_also_in_another_case():
    assert refusal("projects: [{name: shop}]", "projects: [{name: Shop}]") == (
        'The project "Shop" is in 0.yml and in 1.yml.'
    )


def test_one_key_given_twice_is_an_error():
    key = "{projects: [shop]}"

    assert refusal(f"projects: [{{name: shop}}]\nkeys: [{key}, {key}]") == (
        'The key "devlake-ci-shop" is twice in 0.yml.'
    )


@pytest.mark.parametrize(
    "schedule",
    [
        "*/15 * * * *",
        "0 0 * * *",
        "0 6-18/2 1,15 * MON-FRI",
        "30 4 ? jan-jun 0",
        "@daily",
        "manual",
        "CRON_TZ=Europe/Berlin 0 4 * * *",
    ],
)
def test_a_schedule_that_devlake_takes_is_taken(schedule):
    given = config.parse(f"projects: [{{name: a, schedule: '{schedule}'}}]", "devlake.yml")

    assert given.projects[0].schedule == schedule
