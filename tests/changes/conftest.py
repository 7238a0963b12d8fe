import pytest

from devlake_sandbox import Sandbox


@pytest.fixture
def devlake():
    with Sandbox("v1.0.3") as sandbox:
        yield sandbox
