"""A sandbox, and a client to talk to one."""

import pytest
import requests

from devlake_sandbox import Sandbox


@pytest.fixture
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def client():
    with requests.Session() as session:
        yield session
