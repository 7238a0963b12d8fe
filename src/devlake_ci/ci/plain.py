"""A machine without a CI that we know: options, variables of our own and git say everything."""

from devlake_ci.ci.facts import Facts
from devlake_ci.ci.provider import Provider

PROVIDER = Provider(name="plain", markers=(), read=lambda _: Facts())
"""What is left when no other CI is recognized."""
