"""What a CI is told to hide, in every form in which it could turn up."""

import pytest

from devlake_ci.ci.provider import Mask
from devlake_ci.cli.secrets import all_secrets, masks, option_secrets
from devlake_ci.options import Options
from tests.support import PIPELINE

GITHUB = {"GITHUB_ACTIONS": "true"}


@pytest.mark.parametrize(
    ("options", "hidden"),
    [
        (Options(token="k3y-of-devlake"), {"k3y-of-devlake"}),
        (Options(github_token="gh-token", gitlab_token="gl-token"), {"gh-token", "gl-token"}),
        (Options(token="Bearer k3y-of-devlake"), {"Bearer k3y-of-devlake", "k3y-of-devlake"}),
        (Options(header=("X-Access: a-secret",)), {"a-secret"}),
        (Options(header=("Authorization: Bearer a-key",)), {"Bearer a-key", "a-key"}),
        (
            Options(url="https://me:p%40ssword@d.example"),
            {"p%40ssword", "p@ssword", "bWU6cEBzc3dvcmQ="},
        ),
        (Options(url="https://a-key@d.example"), {"a-key", "YS1rZXk6"}),
        (Options(url="https://d.example", header=("X-Stage: 1",)), set()),
        (Options(url="https://[nonsense"), set()),
    ],
)
def test_each_secret_is_hidden_in_each_of_its_forms(options, hidden):
    assert set(option_secrets(options)) == hidden


def test_the_longest_is_hidden_first():
    assert (
        option_secrets(Options(token="secret", github_token="secret-and-more"))[0]
        == "secret-and-more"
    )


def test_only_github_takes_what_to_hide_from_a_log():
    assert masks(["a%b\r\nc"], GITHUB) == (Mask("::add-mask::a%25b%0D%0Ac"),)
    assert masks(["a"], {"GITLAB_CI": "true"}) == ()


@pytest.mark.parametrize("command", [["report"], ["doctor"], ["replay", "/no/such/folder"]])
def test_it_is_told_before_anything_else(devlake_ci, server, command):
    env = PIPELINE | GITHUB | {
        "CIRCLECI": "", "DEVLAKE_URL": server.url, "DEVLAKE_HEADER": "X-Access: s3cr3t-too",
        "DEVLAKE_GITHUB_TOKEN": "gh-s3cr3t",
    }  # fmt: skip

    ran = devlake_ci(*command, "--deadline=1", "--verbose", env=env)

    first = ran.err.splitlines()
    hidden = {f"::add-mask::{each}" for each in ("s3cr3t", "s3cr3t-too")}
    assert hidden <= set(first[:3])
    assert "s3cr3t" not in ran.out + "\n".join(first[3:])


def test_a_variable_that_is_called_a_token_and_holds_a_word_is_no_secret():
    env = {"DEPLOY_TOKEN": "production", "CI_JOB_TOKEN": "glcbt-64_abc"}

    assert all_secrets([], env, {}) == ("glcbt-64_abc",)


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "All_Proxy"])
def test_the_password_of_a_proxy_is_a_secret_however_its_variable_is_written(name):
    assert "pr0xy-pass" in all_secrets([], {name: "http://me:pr0xy-pass@proxy:3128"}, {})
