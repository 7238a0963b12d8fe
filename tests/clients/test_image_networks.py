"""The image on networks as they are, and with names from everywhere."""

import json
import os
import socket
import struct
import subprocess
import threading

import pytest

from devlake_sandbox import Sandbox
from tests.support import PIPELINE, ScriptedServer

NAME = "devlake.test"


@pytest.fixture
def report(image, tmp_path):
    """Run a report in the image on this machine's network, with these variables."""

    def ran(*more, **env):
        env = PIPELINE | env
        words = [word for name in env for word in ("--env", name)]
        return subprocess.run(
            ["docker", "run", "--rm", "--network=host", f"--volume={tmp_path}:{tmp_path}", *more,
             *words, image, "devlake-ci", "report", "--verbose"],
            env=os.environ | env, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return ran


@pytest.fixture
def names(tmp_path):
    """Run a name server that knows NAME alone, and return a resolv.conf that names it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.77.53", 53))
        threading.Thread(target=_answer, args=(server,), daemon=True).start()
        (tmp_path / "resolv.conf").write_text("nameserver 127.0.77.53\noptions timeout:2\n")
        yield f"--volume={tmp_path / 'resolv.conf'}:/etc/resolv.conf"


def _answer(server):
    """Answer each question for an address of IPv4; one of IPv6 there is not."""
    while True:
        try:
            asked, client = server.recvfrom(512)
        except OSError:
            return
        end = asked.index(0, 12) + 1
        kind = struct.unpack("!H", asked[end : end + 2])[0]
        found = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton("127.0.0.1")
        head = asked[:2] + struct.pack("!HHHHH", 0x8580, 1, int(kind == 1), 0, 0)
        server.sendto(head + asked[12 : end + 4] + (found if kind == 1 else b""), client)


def test_a_private_authority_is_trusted_if_it_is_named(report, secure, authority):
    server = secure("localhost")

    without = report(DEVLAKE_URL=server.https, DEVLAKE_DEADLINE="5")
    with_it = report(DEVLAKE_URL=server.https, DEVLAKE_CA_BUNDLE=authority.path)

    assert without.returncode != 0
    assert "certificate" in without.stderr
    assert (with_it.returncode, len(server.received)) == (0, 1)


def test_a_proxy_is_asked(report, server):
    ran = report(DEVLAKE_URL="http://devlake.invalid", HTTP_PROXY=server.url)

    assert ran.returncode == 0, ran.stderr
    assert server.received[0].path.startswith("http://devlake.invalid/")


def test_a_name_is_looked_up_where_resolv_conf_says(report, server, names):
    url = server.url.replace("127.0.0.1", NAME)

    ran = report(names, DEVLAKE_URL=url)

    assert ran.returncode == 0, ran.stderr
    assert server.received[0].headers["host"].startswith(NAME)


def test_a_name_of_etc_hosts_goes_before(report, server):
    url = server.url.replace("127.0.0.1", NAME)

    ran = report(f"--add-host={NAME}:127.0.0.1", DEVLAKE_URL=url)

    assert ran.returncode == 0, ran.stderr


def test_ipv6_reaches_a_server(report):
    class OnIPv6(ScriptedServer):
        address_family = socket.AF_INET6
        address = "::1"

    with OnIPv6() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        ran = report(DEVLAKE_URL=f"http://[::1]:{server.server_address[1]}")
        server.shutdown()

    assert (ran.returncode, len(server.received)) == (0, 1), ran.stderr


@pytest.mark.parametrize("settings", [{}, {"LANG": "de_DE.UTF-8"}, {"LC_ALL": "C", "LANG": ""}])
def test_names_of_all_the_world_arrive_in_any_locale_and_time_zone(report, settings):
    with Sandbox() as devlake:
        where = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}

        ran = report(
            **where, **settings, TZ="Asia/Kathmandu", DEVLAKE_NAME="Zürich-東京",
            DEVLAKE_STARTED_AT="2026-03-01T12:00:00+05:45",
            DEVLAKE_FINISHED_AT="2026-03-01T12:10:00+05:45",
        )  # fmt: skip

        (row,) = devlake.rows("cicd_deployments")
    assert ran.returncode == 0, ran.stderr
    assert row["name"] == "Zürich-東京"
    assert row["started_date"].replace("T", " ").startswith("2026-03-01 06:15:00")


def test_a_checkout_of_another_owner_is_read_whatever_its_path_is_called(image, tmp_path):
    folder = tmp_path / "Zürich 東京"
    for words in (["init", "--quiet", folder], ["-C", folder, "commit", "--quiet", "--allow-empty",
                  "--message", "Größe"]):  # fmt: skip
        subprocess.run(["git", *words], check=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 1001, 1001)

    ran = subprocess.run(
        ["docker", "run", "--rm", f"--volume={tmp_path}:/w", f"--workdir=/w/{folder.name}", image,
         "devlake-ci", "context"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    head = subprocess.check_output(
        ["git", "-C", folder, "-c", "safe.directory=*", "rev-parse", "HEAD"], text=True
    )
    assert json.loads(ran.stdout)["sha"] == head.strip()
