"""Where a report goes."""

import pytest

from devlake_ci.devlake.address import report_target
from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.options import Options

NAMES = {"owner": "acme", "repo": "shop", "service": None}


def where(url, **options):
    return report_target(Options(url=url, **options), NAMES)


@pytest.mark.parametrize(
    ("given", "posted_to"),
    [
        # as the Config UI shows it
        ("https://d.example/api/rest/plugins/webhook/connections/7/deployments",
         "https://d.example/api/rest/plugins/webhook/connections/7/deployments"),
        ("https://d.example/api/rest/plugins/webhook/connections/7/issues",
         "https://d.example/api/rest/plugins/webhook/connections/7/deployments"),
        ("https://d.example/api/rest/plugins/webhook/connections/7/",
         "https://d.example/api/rest/plugins/webhook/connections/7/deployments"),
        # without /rest, to which a token is added
        ("http://lake:8080/plugins/webhook/connections/7/deployments",
         "http://lake:8080/rest/plugins/webhook/connections/7/deployments"),
        # the path of DevLake's older documentation, which a connection's key is not good for
        ("http://lake:8080/plugins/webhook/7/deployments",
         "http://lake:8080/rest/plugins/webhook/connections/7/deployments"),
        ("http://lake:8080/api/rest/plugins/webhook/connections/by-name/my%20ci/deployments",
         "http://lake:8080/api/rest/plugins/webhook/connections/by-name/my%20ci/deployments"),
        ("http://lake:8080/rest/plugins/webhook/projects/shop/deployments",
         "http://lake:8080/rest/plugins/webhook/projects/shop/deployments"),
        ("https://[::1]:8443//rest/plugins/webhook/connections/7/deployments?x=1#y",
         "https://[::1]:8443/rest/plugins/webhook/connections/7/deployments"),
    ],
)  # fmt: skip
def test_a_url_copied_from_devlake_names_the_connection_too(given, posted_to):
    assert where(given, token="key").url == posted_to


@pytest.mark.parametrize("base", ["https://d.example/api", "https://d.example/api/",
                                  "https://d.example/api/rest",
                                  "https://d.example/api/plugins/webhook/"])  # fmt: skip
@pytest.mark.parametrize(
    ("option", "route"),
    [
        ({"connection": "7"}, "connections/7"),
        ({"connection": "my ci/eu"}, "connections/by-name/my%20ci%2Feu"),
        ({"connection": "{owner}-{repo}"}, "connections/by-name/acme-shop"),
        ({"connection": "a$b&c+d,e:f;g=h@i"}, "connections/by-name/a$b&c+d,e:f;g=h@i"),
        ({"project": "shop"}, "projects/shop"),
        ({"project": "購" * 150}, "projects/" + "%E8%B3%BC" * 150),
        ({"project": "{repo}"}, "projects/shop"),
    ],
)
def test_a_base_is_completed_by_connection_or_project(base, option, route):
    found = where(base, token="key", **option)

    assert found.url == f"https://d.example/api/rest/plugins/webhook/{route}/deployments"


def test_a_repository_that_is_called_like_a_number_is_a_name():
    names = NAMES | {"repo": "2048"}
    options = Options(url="http://lake:8080", connection="{repo}")

    assert report_target(options, names).route == "connections/by-name/2048"


def test_what_is_given_beside_the_url_goes_before_what_is_in_it():
    found = where("https://d.example/plugins/webhook/connections/7/deployments", connection="8")

    assert found.route == "connections/8"


def test_without_a_token_the_routes_without_keys_are_used():
    found = where("http://lake:8080", connection="7")

    assert found.url == "http://lake:8080/plugins/webhook/connections/7/deployments"
    assert "Authorization" not in found.headers


@pytest.mark.parametrize("token", ["key", " key\n", "Bearer key", "bearer  key"])
def test_a_token_is_sent_as_devlake_wants_it_however_it_was_copied(token):
    found = where("http://lake:8080", connection="7", token=token)

    assert found.headers == {"Authorization": "Bearer key"}


def test_a_user_in_the_url_becomes_basic_authentication_and_is_never_shown():
    found = where("https://me:p%40ss@d.example/api", connection="7")

    assert found.headers == {"Authorization": "Basic bWU6cEBzcw=="}
    assert found.url == "https://d.example/api/plugins/webhook/connections/7/deployments"
    assert "p%40ss" not in repr(found)
    assert "bWU6" not in repr(found)


def test_headers_for_a_proxy_are_passed_on():
    found = where("https://d.example", connection="7", header=("X-Access: a: b", "X-Id:c"))

    assert found.headers == {"X-Access": "a: b", "X-Id": "c"}


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"url": None}, BadUsageError, "address is not given"),
        ({"url": "d.example/api"}, BadUsageError, "--url is not the URL"),
        ({"url": "ftp://d.example"}, BadUsageError, "--url is not the URL"),
        ({"url": "http://lake:80x80"}, BadUsageError, "--url is not the URL"),
        ({"url": "http://[::1"}, BadUsageError, "--url is not the URL"),
        ({"url": "http://la ke/"}, BadUsageError, "--url is not the URL"),
        ({"connection": None}, BadUsageError, "names no webhook connection"),
        ({"project": "shop"}, BadUsageError, "are both given"),
        ({"connection": "{team}"}, BadUsageError, "{team} is not a known placeholder"),
        ({"connection": "{service}"}, MissingError, "this job has none"),
        ({"connection": "1" * 19}, BadUsageError, "is not the number of a webhook connection"),
        ({"connection": "a/../b"}, BadUsageError, "has an empty part"),
        ({"connection": None, "project": "team/"}, BadUsageError, "has an empty part"),
        ({"connection": None, "project": "x" * 256}, BadUsageError, "longer than 255"),
        ({"connection": None, "url": "http://l/plugins/webhook/projects/..%2Fx/deployments"},
         BadUsageError, "has an empty part"),
        ({"token": "s3cr3t twice"}, BadUsageError, "more than an API key"),
        ({"token": "s3cr3té"}, BadUsageError, "more than an API key"),
        ({"token": '"s3cr3t"'}, BadUsageError, "is in quotes"),
        ({"token": "Bearer 's3cr3t'"}, BadUsageError, "is in quotes"),
        ({"url": "http://u:s3cr3t@lake", "token": "s3cr3t"}, BadUsageError, "credential"),
        ({"header": ("authorization: s3cr3t",), "token": "s3cr3t"}, BadUsageError, "credential"),
        ({"header": ("s3cr3t without a colon",)}, BadUsageError, "not 'Name: value'"),
        ({"header": ("A: s3cr3t\nC: d",)}, BadUsageError, "not 'Name: value'"),
        ({"url": "http://lake/rest/plugins/webhook/connections/1/deployments"}, BadUsageError,
         "There is no token"),
    ],
)  # fmt: skip
def test_what_cannot_be_an_address_says_why(options, error, says):
    given = {"url": "http://lake:8080", "connection": "7"} | options

    with pytest.raises(error) as raised:
        report_target(Options(**given), NAMES)

    assert says in raised.value.message
    assert raised.value.hint
    assert "s3cr3t" not in raised.value.message + raised.value.hint


@pytest.mark.parametrize("odd", ["/", "?", "#"])
def test_a_password_that_reads_as_a_port_and_a_path_is_not_taken_for_them(odd):
    with pytest.raises(BadUsageError) as raised:
        where(f"https://me:12{odd}s3cr3t@d.example/api", connection="1")

    assert "12" not in raised.value.message + raised.value.hint


def test_a_dry_run_needs_no_token_even_where_the_url_asks_for_one():
    url = "http://lake/rest/plugins/webhook/connections/1/deployments"

    assert where(url, dry_run=True).url == url


def test_the_key_of_no_certificate_is_refused():
    with pytest.raises(BadUsageError, match="client-key was given without --client-cert"):
        where("https://d.example/api", connection="7", client_key="client.key")


@pytest.mark.parametrize(
    ("login", "secret"), [("me:pa%3Ass%2Fword", "pa:ss/word"), ("t0ken%2F1", "t0ken/1")]
)
def test_a_password_is_a_secret_as_a_page_may_quote_it(login, secret):
    assert secret in where(f"https://{login}@d.example/api", connection="7").secrets
