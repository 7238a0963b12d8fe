"""`devlake-ci incident` by hand."""

import pytest

from devlake_ci.identity import incident_key, is_key
from devlake_sandbox import Sandbox


@pytest.mark.parametrize(
    "typed",
    [
        ["open", "db-1", "--title=Down", "--created-at=2026-03-02T12:00:00Z"],
        ["close", "db-1", "--title=Down", "--created-at=2026-03-01T11:00:00Z",
         "--resolved-at=2026-03-02T12:00:00Z"],
    ],
)  # fmt: skip
def test_an_incident_of_tomorrow_is_a_mistake(devlake_ci, typed):
    with Sandbox() as devlake:
        env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}

        ran = devlake_ci("incident", *typed, env=env)

        assert ran.code == 2
        assert '"2026-03-02T12:00:00Z" is in the future' in ran.err
        assert devlake.requests == []


def test_an_incident_is_never_updated_before_it_is_created(devlake_ci):
    """DevLake takes the clocks of a few machines to be one."""
    with Sandbox() as devlake:
        env = {"DEVLAKE_URL": devlake.connection_url, "DEVLAKE_TOKEN": devlake.token}

        devlake_ci("incident", "open", "db-1", "--title=Down",
                   "--created-at=2026-03-01T12:30:00Z", env=env)  # fmt: skip

        (row,) = devlake.rows("issues")
    assert row["created_date"] == row["updated_date"] == "2026-03-01 12:30:00.000"


def test_a_key_has_room_for_all_that_devlake_puts_before_it():
    """DevLake's id is `webhook:CONNECTION:KEY`, in a column of 255."""
    assert (is_key("k" * 240), is_key("k" * 241)) == (True, False)
    assert len(incident_key(["job" * 200, "1"])) == 240
