"""Every clone URL of a repository has one spelling, and no other has it."""

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
        https://www.github.com/acme/shop
        org-1234@github.com:acme/shop.git
        git@github.com-shop:acme/shop.git
        git@github.com-shop-2:acme/shop.git
        git@github.com-acme.shop:acme/shop.git
        git@github.com_work:acme/shop.git
        ssh://git@github.com-shop:22/acme/shop.git
        git@shop.github.com:acme/shop.git
        git@key-0123456789abcdef.github.com:acme/shop.git
        git+ssh://git@key-0123456789abcdef.github.com/acme/shop
        git+ssh://git@github.com/acme/shop.git
        ssh+git://git@github.com/acme/shop.git
        git+https://t0ken@github.com/acme/shop.git
        git://github.com/acme/shop.git
        git://github.com:9418/acme/shop.git""",
    "https://gitlab.com/group/sub/shop": """
        git@gitlab.com:group/sub/shop.git
        ssh://git@altssh.gitlab.com:443/group/sub/shop.git
        git@gitlab.com-group:group/sub/shop.git
        https://gitlab-ci-token:t0ken@gitlab.com/group/sub/shop.git""",
    "https://git.example.com:80/acme/shop": "https://git.example.com:80/acme/shop",
    "https://bitbucket.org/acme/shop": """
        https://ada@bitbucket.org/acme/shop.git
        git@bitbucket.org:acme/shop.git
        ssh://git@altssh.bitbucket.org:443/acme/shop.git
        git@team.bitbucket.org:acme/shop.git
        git@bitbucket.org-team:acme/shop.git""",
    "https://gist.github.com/0123abcd": "git@gist.github.com:0123abcd.git",
    "https://github.com-shop/acme/shop": "https://github.com-shop/acme/shop",
    "https://notgithub.com/acme/shop": "git@notgithub.com:acme/shop",
    "https://gitlab/acme/shop": "git@gitlab:acme/shop ssh://git@gitlab:22/acme/shop",
    "https://mirror/v3/shop": "git@mirror:v3/shop",
    "https://git.example.corp-net/acme/shop": "git@git.example.corp-net:acme/shop",
    "https://git.xn--p1ai/acme/shop": "git@git.xn--p1ai:acme/shop",
    "https://git.example.com:8443/gitlab/acme/shop": """
        https://git.example.com:8443/gitlab/acme/shop.git
        http://git.example.com:8443/gitlab/acme/shop.git
        https://ada:t0ken@git.example.com:08443/gitlab/acme/shop""",
    "https://git.example.com/acme/shop": """
        ssh://git@git.example.com:2222/acme/shop.git
        git://git.example.com:7999/acme/shop.git
        git@git.example.com-shop:acme/shop.git
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
        git@ssh.dev.azure.com-acme:v3/acme/web/shop
        acme@vs-ssh.visualstudio.com:v3/acme/web/shop
        https://dev.azure.com/acme/web/_git/_optimized/shop
        https://acme.visualstudio.com/web/_git/_full/shop
        https://acme.visualstudio.com/web/_git/shop
        https://acme.visualstudio.com/DefaultCollection/web/_git/shop""",
    "https://dev.azure.com/acme/shop/_git/shop": """
        https://dev.azure.com/acme/_git/shop
        https://acme.visualstudio.com/_git/shop""",
    "https://dev.azure.com/acme/My%20Web/_git/shop": """
        git@ssh.dev.azure.com:v3/acme/My%20Web/shop
        https://dev.azure.com/acme/My%20Web/_git/shop""",
    "https://[::1]/acme/shop": """
        git@[::1]:acme/shop.git
        ssh://git@[::1]:22/acme/shop
        https://[0:0::01]/acme/shop""",
    "https://gerrit.example.com/pay/app": """
        https://ada@gerrit.example.com/a/pay/app
        https://gerrit.example.com/a/a/pay/app
        https://gerrit.example.com/pay/app
        ssh://ada@gerrit.example.com:29418/pay/app""",
    "https://gerrit.wikimedia.org/r/mediawiki/core": """
        https://gerrit.wikimedia.org/r/a/mediawiki/core""",
    "https://go-review.googlesource.com/go": "https://go-review.googlesource.com/a/go",
    "https://git.example.com/gerrit/shop": "https://ada@git.example.com/gerrit/a/shop",
    "https://gerrit.example.com/a": "https://gerrit.example.com/a",
    "https://github.com/a/b": "https://github.com/a/b",
    "https://gitlab.com/r/a/b": "https://gitlab.com/r/a/b",
    "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop": """
        https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop
        ssh://APKAEXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop
        codecommit::eu-west-1://shop
        codecommit::eu-west-1://ada@shop""",
    "https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/shop": """
        codecommit::cn-north-1://shop""",
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
    "codecommit://ada@shop",  # the region is in AWS's own configuration
    "https://codeconnections.us-east-1.amazonaws.com/git-http/123456789012/us-east-1/0a1b/acme/shop",
    "https://codestar-connections.eu-west-1.amazonaws.com/git-http/1234/eu-west-1/0a1b/acme/shop.git",
    # known to ssh's configuration alone
    "git@github:acme/shop",
    "git@github-work:acme/shop",
    "git@my_gitlab:acme/shop",
    "git@acme-bitbucket-2:acme/shop",
    "ssh://git@github-work/acme/shop",
    "git@git.example.de-shop:acme/shop",
    "git@devops_fabrikam:v3/acme/web/shop",
    "https://[bad]/acme/shop",
    "https://\N{KELVIN SIGN}ernel.example/acme/shop",
    "ssh://git@[1::2::3]/acme/shop",
    f"https://github.com/acme/{'x' * 9000}",
    f"git@{'x' * 254}:acme/shop",
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
