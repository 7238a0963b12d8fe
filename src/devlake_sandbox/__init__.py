"""A stand-in for a DevLake server that fits in a test.

What its docstrings call the contract are recorded exchanges of real servers, each with a name:
tests/data/contract/devlake-<version>.json and dora-month.json.
"""

from devlake_sandbox.sandbox import Sandbox
from devlake_sandbox.versions import RELEASED, VERSIONS

__all__ = ["RELEASED", "VERSIONS", "Sandbox"]
