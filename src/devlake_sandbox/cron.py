"""Which schedules DevLake takes: github.com/robfig/cron/v3, ParseStandard, in its own words.

Seen on a server of June 2026 (apache/devlake, commit 50010e093); time zones are not looked up.
"""

import re

FIELDS = {
    "minute": (0, 59, ""),
    "hour": (0, 23, ""),
    "day": (1, 31, ""),
    "month": (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    "weekday": (0, 6, "sun mon tue wed thu fri sat"),
}
DESCRIPTORS = {"yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"}


def fault(spec: str) -> str:
    """Return why a schedule is refused; "" if it is taken."""
    spec = re.sub(r"^(CRON_)?TZ=\S+ +", "", spec)
    if not spec:
        return "empty spec string"
    if spec.startswith("@"):
        known = spec[1:] in DESCRIPTORS or re.fullmatch(r"@every (\d+(\.\d+)?(h|m|s|ms))+", spec)
        return "" if known else f"unrecognized descriptor: {spec}"
    given = spec.split()
    if len(given) != len(FIELDS):
        return f"expected exactly {len(FIELDS)} fields, found {len(given)}: [{' '.join(given)}]"
    parts = (
        _fault(part, lowest, highest, names.split())
        for field, (lowest, highest, names) in zip(given, FIELDS.values(), strict=True)
        for part in field.split(",")
    )
    return next(filter(None, parts), "")


def _fault(part: str, lowest: int, highest: int, names: list[str]) -> str:
    span, *steps = part.split("/")
    ends = span.split("-")
    if len(ends) > 2:
        return f"too many hyphens: {part}"
    if len(steps) > 1:
        return f"too many slashes: {part}"
    values = {name: number for number, name in enumerate(names, start=lowest)}
    words = [*(ends if span not in ("*", "?") else []), *steps]
    for word in words:
        if word.lower() not in values and not word.isdecimal():
            invalid = f'strconv.Atoi: parsing "{word}": invalid syntax'
            return f"failed to parse int from {word}: {invalid}"
    numbers = [int(values.get(word.lower(), word)) for word in words]
    if steps and numbers.pop() == 0:
        return f"step of range should be a positive number: {part}"
    return _out_of_range(part, numbers[0], numbers[-1], lowest, highest) if numbers else ""


def _out_of_range(part: str, begin: int, end: int, lowest: int, highest: int) -> str:
    if begin < lowest:
        return f"beginning of range ({begin}) below minimum ({lowest}): {part}"
    if end > highest:
        return f"end of range ({end}) above maximum ({highest}): {part}"
    if begin > end:
        return f"beginning of range ({begin}) beyond end of range ({end}): {part}"
    return ""
