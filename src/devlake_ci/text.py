"""Make text that others wrote (commit messages, branch names) safe to print in a CI's log.

A log line is also a channel for commands. GitHub takes `##[name]` anywhere in a line and `::name::`
at its start (https://github.com/actions/runner, src/Runner.Common/ActionCommand.cs), Azure takes
`##vso[` and TeamCity `##teamcity[`.
"""

import json
import re
import unicodedata
from binascii import b2a_base64
from collections.abc import Iterable, Iterator
from types import NoneType
from urllib.parse import quote

ANNOTATION_LIMIT = 4096  # actions/runner cuts an annotation here (ExecutionContext.cs)

SHORTEST_SECRET = 4
"""Characters: to hide every `1` would make a log unreadable, and hide nothing."""

_BIDI = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control, lone surrogate, line and paragraph separator
_COMMAND = re.compile(r"##(?=(?:vso|teamcity)?\[)", re.IGNORECASE)
_ESCAPE = re.compile("%[0-9A-F]{2}")
_JSON_KINDS = {bool: "true or false", NoneType: "empty", dict: "a mapping", list: "a list"}
_INVISIBLE = "&#8203;"
# @name, #1, GH-1, https://, www. as entities
_REFERENCE = r"(?i)&#64;|&#35;(?=\d)|GH&#45;(?=\d)|&#58;(?=&#47;&#47;)|www(?=&#46;)"


def line(text: str) -> str:
    """Make `text` one line that no CI takes for a command and no terminal obeys."""
    printable = "".join(" " if _unprintable(character) else character for character in text)
    joined = _COMMAND.sub("# #", " ".join(printable.split()))
    return f": {joined[1:]}" if joined.startswith("::") else joined


def cut(text: str, limit: int) -> str:
    """Keep at most `limit` characters of `text`, with an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"[:limit]


def quoted(text: str, limit: int = 100) -> str:
    """Put `text` into one of our sentences, without the user info of a URL."""
    return f'"{cut(without_login(line(text)), limit)}"'


def without_login(text: str) -> str:
    """Hide a user and password that stand in a URL, in time that is linear in the text's length."""
    return re.sub(r"\S+", lambda word: _without_login(word[0]), text)


def without_user_info(url: str) -> str | None:
    """Return a URL without the user and password in it; None if it isn't clear where they end."""
    bare = re.sub(r"(?<=://)[^/?#\s]*@", "", url)
    # A password may have a slash in it that nobody escaped.
    return None if re.search(r"://[^/?#\s]*:(?!\d*(?:[/?#]|$))", bare) and "@" in bare else bare


class Redactor:
    """Writes *** for secrets, in each encoding in which a server or a program may quote them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take secrets as they are; one that is too short to be a secret stays visible."""
        found = {each.strip() for each in secrets}
        whole = {each for each in found if len(each) >= SHORTEST_SECRET}
        forms = {form for each in whole for form in _encodings(each)}
        self._forms = sorted(forms, key=len, reverse=True)

    def redact(self, text: str) -> str:
        """Return a text without them, and without their beginnings where the text was cut."""
        for form in self._forms:
            text = text.replace(form, "***")
        return self._redact_cuts(text) if "…" in text else text

    def _redact_cuts(self, text: str) -> str:
        for form in self._forms:
            for length in range(len(form) - 1, SHORTEST_SECRET - 1, -1):
                text = text.replace(f"{form[:length]}…", "***…")
        return text


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return a text without these secrets; see `Redactor`."""
    return Redactor(secrets).redact(text)


def _encodings(secret: str) -> Iterator[str]:
    """Yield a secret as it is, and as log lines, JSON, HTML, a URL and base64 spell it."""
    yield from (secret, " ".join(secret.split()))
    yield from (each for each in secret.splitlines() if len(each) >= 2 * SHORTEST_SECRET)
    escaped = json.dumps(secret)[1:-1]
    yield from (escaped, escaped.replace("/", "\\/"), json.dumps(secret, ensure_ascii=False)[1:-1])
    yield secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for safe in ("", "/", "/:@"):
        escaped = quote(secret, safe=safe, errors="replace")
        lower = _ESCAPE.sub(lambda found: found[0].lower(), escaped)
        yield from (escaped, escaped.replace("%20", "+"), lower)
    yield from _in_base64(secret.encode(errors="replace"))


def _in_base64(secret: bytes) -> Iterator[str]:
    """Yield what base64 shows of a secret wherever in a longer text it begins (RFC 4648, 4)."""
    yield base64(secret)
    for before in range(3):
        start, end = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        if end - start >= SHORTEST_SECRET:
            inner = base64(bytes(before) + secret)[start:end]
            yield from (inner, inner.replace("+", "-").replace("/", "_"))


def base64(data: bytes) -> str:
    """Return base64 in one line (RFC 4648, 4), without importing all that Python's module does."""
    return b2a_base64(data, newline=False).decode()


def json_kind(value: object) -> str | None:
    """Return what a parsed value is that is no text and no number, for a message about it."""
    return _JSON_KINDS.get(type(value))


def markdown(text: str) -> str:
    """Make `text` one line that GitHub's Markdown shows as it is.

    Mentions, issue references and links are found in what Markdown has rendered, where an entity
    is a plain character again; an invisible space takes those apart.
    """
    return re.sub(_REFERENCE, rf"\g<0>{_INVISIBLE}", line(text).translate(_ENTITIES))


def readable(text: str) -> str:
    """Write U+FFFD for each byte that is not UTF-8 and stands in `text` as a lone surrogate."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def json_text(value: object) -> str:
    """Write `value` as JSON of which no line is a command and no character moves the cursor."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _COMMAND.sub(r"#\\u0023", "".join(map(_json_character, text)))


def workflow_command(name: str, message: str, **properties: str) -> str:
    """Format GitHub's `::name key=value::message`; properties that are empty are left out.

    https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    given = {key: data(value) for key, value in properties.items() if value}
    escaped = {key: text.replace(":", "%3A").replace(",", "%2C") for key, text in given.items()}
    pairs = ",".join(f"{key}={text}" for key, text in escaped.items())
    said = data(cut(message, ANNOTATION_LIMIT))
    return f"::{name} {pairs}::{said}" if pairs else f"::{name}::{said}"


def _without_login(word: str) -> str:
    scheme, separator, rest = word.partition("://")
    return f"{scheme}://***{rest[rest.rindex('@') :]}" if separator and "@" in rest else word


def _unprintable(character: str) -> bool:
    return ord(character) in _BIDI or unicodedata.category(character) in _UNPRINTABLE


def _json_character(character: str) -> str:
    # The line feeds that are left are those of the indentation: in strings JSON escapes its own.
    escape = character != "\n" and _unprintable(character)
    return f"\\u{ord(character):04x}" if escape else character


def data(text: str) -> str:
    """Escape the text of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_ENTITIES = {code: f"&#{code};" for code in map(ord, _PUNCTUATION)}
_ENTITIES[ord("$")] = "<span>$</span>"  # an entity would still open a formula
