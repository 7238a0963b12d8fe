"""Networks as they are: proxies, private certificate authorities, client certificates, names."""

import select
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support import PIPELINE, Reply

PATIENCE = 20


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        self.server.asked.append((self.path, self.headers.get("Proxy-Authorization")))
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as there:
            self.send_response(200)
            self.end_headers()
            sides = {self.connection: there, there: self.connection}
            while ready := select.select(list(sides), [], [])[0]:
                for each in ready:
                    if not (data := each.recv(65536)):
                        self.close_connection = True
                        return
                    sides[each].sendall(data)

    def log_message(self, *args):
        """Stay quiet."""


@pytest.fixture
def proxy():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Proxy) as server:
        server.daemon_threads = True
        server.asked, server.status = [], 200
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def report(tmp_path):
    def ran(url, **env):
        env = {"DEVLAKE_URL": url, "DEVLAKE_SPOOL": str(tmp_path / "spool"),
               "DEVLAKE_DEADLINE": "3"} | env  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "devlake_ci", "report", "--verbose"], env=PIPELINE | env,
            capture_output=True, text=True, check=False, timeout=PATIENCE,
        )  # fmt: skip
        kept = len(list((tmp_path / "spool").glob("*"))) if (tmp_path / "spool").exists() else 0
        assert "s3cr3t" not in done.stdout + done.stderr
        return done.returncode, done.stderr, kept

    return ran


@pytest.mark.parametrize(
    "variable", ["DEVLAKE_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"]
)
def test_a_private_certificate_authority_is_trusted_where_it_is_named(
    secure, authority, report, variable
):
    server = secure("localhost")

    code, said, _ = report(server.https, **{variable: authority.path})

    assert code == 0, said
    assert server.received[0].headers["authorization"] == "Bearer s3cr3t"


def test_an_authority_that_nobody_named_is_not_trusted(secure, report):
    server = secure("localhost")

    code, said, kept = report(server.https)

    assert (code, kept) == (5, 1)
    assert "TLS failed" in said
    assert "--ca-bundle" in said
    assert server.received == []


def test_a_certificate_for_another_name_is_not_trusted(secure, authority, report):
    server = secure("elsewhere.example")

    code, said, kept = report(server.https, DEVLAKE_CA_BUNDLE=authority.path)

    assert (code, kept) == (5, 1)
    assert "TLS failed" in said
    assert server.received == []


def test_a_client_certificate_lets_us_in(secure, authority, report):
    server = secure("localhost", asks=True)

    code, said, _ = report(
        server.https, DEVLAKE_CA_BUNDLE=authority.path, DEVLAKE_CLIENT_CERT=authority.client
    )

    assert code == 0, said
    assert len(server.received) == 1


def test_without_the_client_certificate_that_is_asked_for_nothing_is_lost(
    secure, authority, report
):
    server = secure("localhost", asks=True)

    code, said, kept = report(server.https, DEVLAKE_CA_BUNDLE=authority.path)

    assert (code, kept) == (5, 1), said


def test_https_goes_through_the_proxy(secure, authority, proxy, report):
    server = secure("localhost")
    port = proxy.server_address[1]

    code, said, _ = report(
        server.https, DEVLAKE_CA_BUNDLE=authority.path, NO_PROXY="",
        HTTPS_PROXY=f"http://me:pr0xy@127.0.0.1:{port}",
    )  # fmt: skip

    assert code == 0, said
    assert proxy.asked == [(server.https.removeprefix("https://"), "Basic bWU6cHIweHk=")]
    assert len(server.received) == 1
    assert "pr0xy" not in said


def test_no_proxy_is_heeded(secure, authority, proxy, report):
    server = secure("localhost")
    port = proxy.server_address[1]

    code, said, _ = report(
        server.https, DEVLAKE_CA_BUNDLE=authority.path, NO_PROXY="localhost",
        HTTPS_PROXY=f"http://127.0.0.1:{port}",
    )  # fmt: skip

    assert code == 0, said
    assert proxy.asked == []


def test_a_proxy_that_asks_for_a_login_is_not_taken_for_devlake(secure, authority, proxy, report):
    server, proxy.status = secure("localhost"), 407
    port = proxy.server_address[1]

    code, said, kept = report(
        server.https, DEVLAKE_CA_BUNDLE=authority.path,
        HTTPS_PROXY=f"http://me:pr0xy@127.0.0.1:{port}",
    )  # fmt: skip

    assert (code, kept) == (5, 1)
    assert "the proxy failed (it answered 407)" in said
    assert "pr0xy" not in said


def test_plain_http_goes_through_the_proxy_as_well(server, report):
    code, said, _ = report("http://devlake.internal", HTTP_PROXY=server.url)

    assert code == 0, said
    assert server.received[0].path.startswith("http://devlake.internal/rest/plugins/webhook/")


def test_a_token_in_plain_http_to_a_public_host_is_told(server):
    env = {"HTTP_PROXY": server.url, "DEVLAKE_ON_FAILURE": "warn"}

    done = subprocess.run(
        [sys.executable, "-m", "devlake_ci", "report"], capture_output=True, text=True, check=True,
        env=PIPELINE | env | {"DEVLAKE_URL": "http://devlake.example.com"}, timeout=PATIENCE,
    )  # fmt: skip

    assert "http://devlake.example.com is plain http" in done.stdout


def test_a_user_in_the_url_is_basic_authentication(server, report):
    url = server.url.replace("http://", "http://me:s3cr3t%21@")

    code, said, _ = report(url, DEVLAKE_TOKEN="")

    assert code == 0, said
    assert server.received[0].headers["authorization"] == "Basic bWU6czNjcjN0IQ=="


def test_a_user_in_the_url_beside_a_token_is_refused(server, report):
    code, said, _ = report(server.url.replace("http://", "http://me:s3cr3t@"))

    assert code == 2
    assert "conflicts with another credential" in said
    assert server.received == []


def test_headers_of_an_access_proxy_go_along(server, report):
    server.script = [Reply()]

    code, said, _ = report(server.url, DEVLAKE_HEADER="CF-Access-Client-Secret: s3cr3t-too")

    assert code == 0, said
    assert server.received[0].headers["cf-access-client-secret"] == "s3cr3t-too"
