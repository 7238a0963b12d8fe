"""Fill the placeholders of an option, such as `{service}`, with what is known of the job."""

import re
from collections.abc import Mapping

from devlake_ci.errors import BadUsageError, MissingError


def render(template: str, values: Mapping[str, str | None], source: str) -> str:
    """Put the values into `template`, an option that `source` gave.

    Raise BadUsageError for a name that is none of them, MissingError for one whose value is None.
    """

    def value(placeholder: re.Match[str]) -> str:
        name = placeholder[1]
        if name not in values:
            raise BadUsageError(
                f"{source}: {placeholder[0]} is not a known placeholder.",
                f"Known are {', '.join(f'{{{each}}}' for each in values)}.",
            )
        if (found := values[name]) is None:
            raise MissingError(
                f"{source} has {placeholder[0]} in it, and this job has none.",
                "Give --service." if name == "service" else "Give --repo-url.",
            )
        return found

    return re.sub(r"\{([^{}]*)\}", value, template)
