"""The plan is what is wanted beside what there is, a line each."""

from datetime import date

import pytest

from devlake_ci.devlake.inventory import ApiKey, Blueprint, Connection, Inventory, Project
from devlake_ci.setup import config
from devlake_ci.setup.allowed_path import LONGEST, Scope, allowed_path
from devlake_ci.setup.plan import plan

TODAY = date(2026, 3, 1)


def blueprint(*webhooks, number=3, **more):
    plugins = more.pop("plugins", ())
    members = [{"pluginName": "webhook", "connectionId": each} for each in webhooks]
    members += [{"pluginName": each, "connectionId": 1} for each in plugins]
    shape = {"id": number, "cronConfig": "0 0 * * *", "connections": members, **more}
    return Blueprint.model_validate(shape)


def project(name, there, *, dora=True):
    metrics = [{"pluginName": "dora", "pluginOption": {}, "enable": dora}]
    return Project.model_validate({"name": name, "metrics": metrics, "blueprint": None}).model_copy(
        update={"blueprint": there}
    )


def state(*projects, connections=("shop",), keys=()):
    return Inventory(
        {name: Connection(id=n, name=name) for n, name in enumerate(connections, 1)},
        {each.name: each for each in projects},
        {each.name: each for each in keys},
    )


def lines(text, found, **more):
    wanted = config.merge([("devlake.yml", config.parse(text, "devlake.yml"))])
    return [str(step) for step in plan(wanted, found, today=TODAY, **more)]


SHOP = "projects: [{name: shop}]"


def test_what_is_as_it_should_be_is_said_to_be():
    assert lines(SHOP, state(project("shop", blueprint(1)))) == [
        '= connection "shop"',
        '= project "shop" with dora',
        '= blueprint of "shop": schedule 0 0 * * *',
    ]


def test_what_is_missing_is_made():
    assert lines(SHOP, state(connections=())) == [
        '+ connection "shop"',
        '+ project "shop" with dora',
        '~ blueprint of "shop": with "shop"',
    ]


def test_a_project_without_dora_and_blueprint_gets_both():
    assert lines(SHOP, state(project("shop", None, dora=False))) == [
        '= connection "shop"',
        '~ project "shop": metric dora, off → on',
        '+ blueprint of "shop": with "shop"',
    ]


def test_a_changed_schedule_is_shown_old_and_new():
    text = 'projects: [{name: shop, schedule: "*/15 * * * *"}]'

    assert lines(text, state(project("shop", blueprint(1))))[-1] == (
        '~ blueprint of "shop": schedule 0 0 * * * → */15 * * * *'
    )


@pytest.mark.parametrize(
    ("there", "line"),
    [
        (blueprint(1, plugins=["jira"]), 'blueprint of "shop": also collects from jira'),
        (
            blueprint(1, enable=False),
            'blueprint of "shop": is switched off, so nothing is calculated; '
            "switch it on in DevLake",
        ),
        (
            blueprint(1, cronConfig="5 4 * * *"),
            'blueprint of "shop": schedule 5 4 * * *, which was set in DevLake',
        ),
        (
            blueprint(1, isManual=True),
            'blueprint of "shop": schedule manual, which was set in DevLake',
        ),
    ],
    ids=["another plugin", "switched off", "a schedule of somebody's", "run by hand"],
)
def test_what_somebody_else_did_is_left_alone_and_said(there, line):
    said = lines(SHOP, state(project("shop", there)))

    assert f"! {line}" in said
    assert not [each for each in said if each.startswith(("+", "~"))]


def test_a_project_that_collects_deployments_otherwise_is_left_alone_whole():
    text = SHOP + "\nkeys: [{projects: [shop]}]"
    found = state(project("shop", blueprint(plugins=["github"])), connections=())

    said = lines(text, found)

    assert said == [
        '! project "shop": github in its blueprint may collect the same deployments, which would '
        "count twice. Nothing is done for it; allow-double-counting: true in the file sets it up "
        "all the same.",
        '! key "devlake-ci-shop": it is for "shop", which is left alone',
    ]


def test_double_counting_can_be_allowed_and_then_no_pull_requests_are_opened():
    text = "projects: [{name: shop, allow-double-counting: true}]\nkeys: [{projects: [shop]}]"

    *_, key = lines(text, state(project("shop", blueprint(1, plugins=["github"]))))

    assert key == (
        '+ key "devlake-ci-shop": allowed path ^/(plugins/webhook/connections/(1|by-name/shop)/'
        "(deployments|issues|issue/[^/]+/close)|blueprints/3/(trigger|pipelines))$"
    )


def test_pull_requests_stay_closed_where_any_project_of_the_connection_collects_them():
    text = "projects: [{name: shop, connections: [shop, api]}]\nkeys: [{projects: [shop]}]"
    other = project("other", blueprint(2, number=4, plugins=["gitlab"]))
    found = state(project("shop", blueprint(1, 2)), other, connections=("shop", "api"))

    key = next(each for each in lines(text, found) if "key" in each)

    assert key.partition("path ")[2] == (
        "^/(plugins/webhook/connections/"
        "((1|by-name/shop)/(deployments|issues|issue/[^/]+/close|pull_requests)"
        "|(2|by-name/api)/(deployments|issues|issue/[^/]+/close))"
        "|blueprints/3/(trigger|pipelines))$"
    )


def test_what_is_in_devlake_and_not_in_the_file_is_listed():
    found = state(
        project("shop", blueprint(1, 2)),
        project("old", blueprint(number=9)),
        connections=("shop", "web"),
        keys=[ApiKey(id=1, name="admin")],
    )

    assert [each for each in lines(SHOP, found) if each.startswith("?")] == [
        '? blueprint of "shop": connection "web"',
        '? project "old"',
        '? connection "web"',
        '? key "admin"',
    ]


@pytest.mark.parametrize(
    ("there", "why"),
    [
        ({"allowed_path": ".*"}, r"its allowed path is .*, not ^/(plugins/"),
        ({"expired_at": None}, "it expires never, not 2027-06-30"),
        ({"expired_at": "2026-02-01T23:59:59Z"}, "it expires 2026-02-01, not 2027-06-30"),
    ],
    ids=["a wider path", "no date", "an older date"],
)
def test_a_key_that_no_longer_fits_is_named_for_removal_and_a_new_name_offered(there, why):
    path = allowed_path([Scope(1, "shop", pull_requests=True)], [3])
    fits = {"id": 1, "name": "ci", "allowed_path": path, "expired_at": "2027-06-30T23:59:59Z"}
    keys = [ApiKey(**fits | there), ApiKey(id=2, name="ci-2")]
    text = SHOP + "\nkeys: [{name: ci, projects: [shop], expires: 2027-06-30}]"

    said = lines(text, state(project("shop", blueprint(1)), keys=keys))[3]

    assert said.startswith(f'! key "ci": {why}')
    assert said.endswith('such as ci-3, and remove "ci" in DevLake when no pipeline has it')


def test_a_key_that_expires_and_never_should_is_named_for_removal():
    path = allowed_path([Scope(1, "shop", pull_requests=True)], [3])
    key = ApiKey(id=1, name="ci", allowed_path=path, expired_at="2027-06-30T23:59:59Z")
    text = SHOP + "\nkeys: [{name: ci, projects: [shop]}]"

    said = lines(text, state(project("shop", blueprint(1)), keys=[key]))[3]

    assert said.startswith('! key "ci": it expires 2027-06-30, not never')


@pytest.mark.parametrize(
    ("expires", "says"),
    [
        ("2026-02-28", '! key "ci": it has expired (2026-02-28)'),
        (str(TODAY), '= key "ci": its secret was shown once'),
    ],
)
def test_a_key_is_good_to_the_end_of_its_last_day(expires, says):
    path = allowed_path([Scope(1, "shop", pull_requests=True)], [3])
    key = ApiKey(id=1, name="ci", allowed_path=path, expired_at=f"{expires}T23:59:59Z")
    text = SHOP + f"\nkeys: [{{name: ci, projects: [shop], expires: {expires}}}]"

    said = lines(text, state(project("shop", blueprint(1)), keys=[key]))[3]

    assert said.startswith(says)


def test_a_path_longer_than_devlake_keeps_is_not_cut_but_offered_otherwise():
    names = ", ".join(f"service-{n}" for n in range(20))
    text = f"projects: [{{name: shop, connections: [{names}]}}]\nkeys: [{{projects: [shop]}}]"

    said = lines(text, state(connections=()))[-1]

    assert said.startswith('! key "devlake-ci-shop": not made, for its allowed path would have ')
    assert f"DevLake keeps {LONGEST}" in said
    assert "Give each project a key of its own" in said
    assert 'connections: "*"' in said


def test_a_name_is_matched_as_it_is_and_not_as_a_pattern():
    path = allowed_path([Scope(7, "a.b+c", pull_requests=False)], [3])

    assert r"(7|by-name/a\.b\+c)/" in path


def test_a_name_with_a_slash_is_opened_by_number_only():
    path = allowed_path([Scope(7, "acme/pay", pull_requests=False)], [3])

    assert "connections/7/(deployments" in path
