from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devlake_ci.commits.repo_url import canonical

SPELLINGS = {
    "https://github.com/acme/shop": """
        https://github.com/acme/shop
        https://github.com/acme/shop.git
        https://github.com/acme/shop/
        https://github.com/acme/shop.git/
        https://github.com//acme//shop
        HTTPS://GitHub.com/acme/shop
        http://github.com/acme/shop
        http://github.com:80/acme/shop
        http://github.com:443/acme/shop
        https://github.com:443/acme/shop
        https://github.com:/acme/shop
        https://github.com/acme/shop.git?ref=main#readme
        https://ada@github.com/acme/shop
        https://x-access-token:t0ken@github.com/acme/shop.git
        https://ada:t0@ken@github.com/acme/shop.git
        https://ada:t0%2Fken@github.com/acme/shop.git
        git@github.com:acme/shop.git
        git@github.com:/acme/shop.git
        git@GitHub.com:acme/shop.git
        github.com:acme/shop
        ada:t0ken@github.com:acme/shop
        ssh://git@github.com/acme/shop.git
        ssh://git@github.com:22/acme/shop.git
        ssh://ada:t0ken@github.com/acme/shop.git
        ssh://git@ssh.github.com:443/acme/shop.git
        git+ssh://git@github.com/acme/shop.git
        ssh+git://git@github.com/acme/shop.git
        git+https://t0ken@github.com/acme/shop.git
        git://github.com/acme/shop.git
        git://github.com:9418/acme/shop.git""",
    "https://gitlab.com/group/sub/shop": """
        git@gitlab.com:group/sub/shop.git
        ssh://git@altssh.gitlab.com:443/group/sub/shop.git
        https://gitlab-ci-token:t0ken@gitlab.com/group/sub/shop.git""",
    "https://git.example.com:80/acme/shop": "https://git.example.com:80/acme/shop",
    "https://bitbucket.org/acme/shop": """
        https://ada@bitbucket.org/acme/shop.git
        git@bitbucket.org:acme/shop.git
        ssh://git@altssh.bitbucket.org:443/acme/shop.git""",
    "https://git.example.com:8443/gitlab/acme/shop": """
        https://git.example.com:8443/gitlab/acme/shop.git
        http://git.example.com:8443/gitlab/acme/shop.git
        https://ada:t0ken@git.example.com:08443/gitlab/acme/shop""",
    "https://git.example.com/acme/shop": """
        ssh://git@git.example.com:2222/acme/shop.git
        git://git.example.com:7999/acme/shop.git
        ssh://git.example.com/acme/shop""",
    "https://bitbucket.example.com/scm/proj/shop": """
        ssh://git@bitbucket.example.com:7999/proj/shop.git
        https://bitbucket.example.com/scm/proj/shop.git
        https://ada@bitbucket.example.com/scm/proj/shop.git""",
    "https://bitbucket.example.com/scm/~ada/shop": """
        ssh://git@bitbucket.example.com:7999/~ada/shop.git""",
    "https://dev.azure.com/acme/web/_git/shop": """
        https://dev.azure.com/acme/web/_git/shop
        https://acme@dev.azure.com/acme/web/_git/shop
        https://acme:t0ken@dev.azure.com/acme/web/_git/shop?version=GBmain
        git@ssh.dev.azure.com:v3/acme/web/shop
        ssh://git@ssh.dev.azure.com:22/v3/acme/web/shop
        acme@vs-ssh.visualstudio.com:v3/acme/web/shop
        https://acme.visualstudio.com/web/_git/shop
        https://acme.visualstudio.com/DefaultCollection/web/_git/shop""",
    "https://dev.azure.com/acme/shop/_git/shop": """
        https://dev.azure.com/acme/_git/shop
        https://acme.visualstudio.com/_git/shop""",
    "https://dev.azure.com/acme/My%20Web/_git/shop": """
        git@ssh.dev.azure.com:v3/acme/My%20Web/shop
        https://dev.azure.com/acme/My%20Web/_git/shop""",
    "https://[::1]/acme/shop": "git@[::1]:acme/shop.git ssh://git@[::1]:22/acme/shop",
}
NONE = [
    "",
    "shop",
    "/srv/git/shop.git",
    "./shop",
    "../shop:x",
    "~/shop",
    "C:\\git\\shop",
    "C:/git/shop",
    "file:///srv/git/shop.git",
    "codecommit::us-east-1://ada@shop",
    "ext::sh -c evil",
    "ftp://github.com/acme/shop",
    "https:/github.com/acme/shop",
    "http:/github.com/acme/shop",
    "ssh:/github.com/acme/shop",
    "file:/srv/git/shop",
    "ftp:/github.com/acme/shop",
    "ftps:/github.com/acme/shop",
    "https://github.com",
    "https://github.com/.git",
    "https:///acme/shop",
    "https://github.com:port/acme/shop",
    "https://github.com/acme/../shop",
    "https://github.com/acme/%2E%2E/shop",
    "https://github.com/acme/./shop",
    "https://github.com/acme/%1Bshop",
    "https://github.com/acme/\x1bshop",
    "https://git hub.com/acme/shop",
    "ssh://git@bitbucket.example.com:7999/",
    "git@ssh.dev.azure.com:v3/acme/web",
    "https://dev.azure.com/acme/web",
    "hello: world",
    "hello:wide world",
]
# None of these can be told apart from a path with an @ in it.
IN_DOUBT = [
    "https://ada:t0/ken@github.com/acme/shop",
    "https://ada:1/t0ken@github.com/acme/shop",
    "https://ada:1/t0?ken@github.com/acme/shop",
    "https://ada:1/t0#ken@github.com/acme/shop",
    "ada:t0/ken@github.com:acme/shop",
    "ada:t0@ken@github.com:acme/shop",
]


@pytest.mark.parametrize(
    ("spelling", "url"),
    [(spelling, url) for url, text in SPELLINGS.items() for spelling in text.split()],
)
def test_every_spelling_of_a_repository_becomes_one(spelling, url):
    assert canonical(spelling) == url


def test_a_space_in_a_path_is_written_as_in_a_url():
    assert (
        canonical(" https://dev.azure.com/acme/My Web/_git/shop\n")
        == "https://dev.azure.com/acme/My%20Web/_git/shop"
    )


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_remote_repository_is_none(text):
    assert canonical(text) is None


@pytest.mark.parametrize("url", IN_DOUBT)
def test_a_url_with_what_may_be_a_password_behind_its_host_is_none(url):
    assert canonical(url) is None


PASSWORDS = st.text(alphabet="s3cr:@/?#%[]\\ .git~", min_size=3).map(lambda text: f"S3CRET{text}")
FORMS = st.sampled_from(
    [
        "https://ada:{}@git.example.com/acme/shop.git",
        "https://{}@git.example.com:8443/acme/shop",
        "https://{}:x-oauth-basic@git.example.com/acme/shop",
        "ssh://ada:{}@git.example.com:7999/acme/shop",
        "ada:{}@git.example.com:acme/shop",
        "{}@git.example.com:acme/shop",
        "https://ada:1/{}@git.example.com/acme/shop",
        "https://ada:1?{}@git.example.com/acme/shop",
        "https://git.example.com/acme/shop?private_token={}",
        "https://git.example.com/acme/shop#{}",
    ]
)


@given(FORMS, PASSWORDS)
def test_credentials_never_survive(form, password):
    assert "s3cret" not in (canonical(form.format(password)) or "").lower()


@given(
    st.text()
    | st.text(alphabet="aZ0:/@.?#%[]~ -_+git").map(lambda text: f"https://git.example.com/{text}")
    | st.text(alphabet="aZ0:/@.?#%[]~ -_+git").map(lambda text: f"ssh://{text}")
    | st.text(alphabet="aZ0:/@.?#%[]~ -_+git").map(lambda text: f"git@git.example.com:{text}")
)
@example("https://github.com/acme/shop.git.git/.git")
@example("https://github.com/a%252Fb/%C3%A9/é")
@example("https://acme.visualstudio.com/_git/_git/_git")
def test_one_spelling_stays_as_it_is(text):
    url = canonical(text)

    assert url is None or canonical(url) == url
    assert url is None or (urlsplit(url).scheme, urlsplit(url).username) == ("https", None)
