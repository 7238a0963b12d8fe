"""Which hosts a secret may go to in plain http without a word."""

import pytest

from devlake_ci.devlake.address import plaintext_warning, report_target
from devlake_ci.options import Options


def told(url, **options):
    return plaintext_warning(report_target(Options(url=url, connection="1", **options), {}))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "[::1]", "10.1.2.3", "172.16.0.1", "192.168.1.1", "[fd00::1]", "localhost",
        "lake", "lake:8080", "lake.devlake.svc", "lake.devlake.svc.cluster.local", "lake.internal",
    ],
)  # fmt: skip
def test_a_private_host_is_no_reason_to_worry(host):
    assert told(f"http://{host}", token="key") is None


@pytest.mark.parametrize("host", ["devlake.example.com", "8.8.8.8", "lake.internal.example.com"])
def test_a_secret_for_a_public_host_is_told(host):
    assert host in told(f"http://{host}", token="key")
    assert host in told(f"http://{host}", header=("X-Access: secret",))
    assert "s3cr3t" not in told(f"http://me:s3cr3t@{host}")


def test_without_a_secret_or_with_https_there_is_nothing_to_tell():
    assert told("http://devlake.example.com") is None
    assert told("https://devlake.example.com", token="key") is None
