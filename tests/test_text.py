import html
import json
import re
import string
from base64 import b64encode, urlsafe_b64encode
from functools import partial
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci.text import (
    cut,
    json_text,
    line,
    markdown,
    quoted,
    redact,
    without_login,
    workflow_command,
)

TRICKY = st.text(alphabet="#[]:vsoteamciy \t\r\n\x1b\x85\u2028\u202e%,;@")
TEXTS = TRICKY | st.text()
COMMAND = re.compile(r"##(vso|teamcity)?\[", re.IGNORECASE)
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Add a cart", "Add a cart"),
        ("Müller 👩‍💻 を", "Müller 👩‍💻 を"),
        ("a\nb\r\n\tc", "a b c"),
        ("\x1b[31mred\x07", "[31mred"),
        ("a\u2028b\u202ec\x85d", "a b c d"),
        ("::error::x", ": :error::x"),
        ("\n ::error::x", ": :error::x"),
        ("see a::b", "see a::b"),
        ("x ##[add-mask]y", "x # #[add-mask]y"),
        ("###[group]", "## #[group]"),
        ("##VSO[task.complete]", "# #VSO[task.complete]"),
        ("##teamcity[buildStop]", "# #teamcity[buildStop]"),
        ("\udc80", ""),
    ],
)
def test_a_line_is_safe_to_print(text, safe):
    assert line(text) == safe


@pytest.mark.parametrize(
    "code", [0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
def test_a_character_that_turns_the_direction_of_text_becomes_a_space(code):
    assert line(f"a{chr(code)}b") == "a b"


@pytest.mark.parametrize("code", [0x200D, 0x2060, 0x2065, 0x206A])
def test_its_neighbours_do_not(code):
    assert line(f"a{chr(code)}b") == f"a{chr(code)}b"


@given(TEXTS)
def test_no_line_holds_a_command_or_a_control_character(text):
    safe = line(text)

    assert not COMMAND.search(safe)
    assert not safe.startswith("::")
    assert not UNSAFE.search(safe)
    assert line(safe) == safe


@pytest.mark.parametrize(
    ("limit", "text"), [(9, "something"), (8, "somethi…"), (1, "…"), (0, ""), (99, "something")]
)
def test_a_cut_shows_that_it_is_one(limit, text):
    assert cut("something", limit) == text


def test_a_quoted_value_is_one_short_line():
    assert quoted("a\nb") == '"a b"'
    assert len(quoted("x" * 1000)) == 102


@given(TEXTS)
def test_markdown_shows_a_line_as_it_is(text):
    shown = markdown(text).replace("<span>$</span>", "$")

    assert html.unescape(shown).replace("\u200b", "") == line(text).replace("\u200b", "")


@given(st.text(alphabet=string.punctuation + "a1 ") | TEXTS)
def test_no_punctuation_of_others_gets_into_markdown(text):
    ours = re.sub(r"&#\d+;|<span>\$</span>", "", markdown(text))

    assert not set(ours) & set(string.punctuation)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@octocat", r"@\w"),
        ("see #12", r"#\d"),
        ("GH-12", r"GH-\d"),
        ("HTTPS://evil.example", r"://"),
        ("www.evil.example", r"www\."),
        ("http://evil.example", r"://"),
    ],
)
def test_what_github_looks_for_in_rendered_text_is_broken_up(text, found):
    rendered = html.unescape(markdown(text))

    assert not re.search(found, rendered)


def test_a_dollar_opens_no_formula():
    assert markdown("$a$") == "<span>$</span>a<span>$</span>"


def test_an_identifier_can_be_copied_from_markdown():
    assert html.unescape(markdown("github:acme/shop:42-1")) == "github:acme/shop:42-1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(JSON)
def test_json_is_equal_to_its_value_and_holds_no_command(value):
    text = json_text(value)

    assert json.loads(text) == value
    assert not COMMAND.search(text)
    assert not any(row.lstrip().startswith("::") for row in text.split("\n"))
    assert not UNSAFE.search(text.replace("\n", ""))


def test_json_keeps_letters_readable():
    assert json_text({"name": "Müller ##[x]"}) == '{\n  "name": "Müller #\\u0023[x]"\n}'


def runner_reads(command):
    """Take a command apart as actions/runner does (ActionCommand.cs)."""
    head, data = command[2:].split("::", 1)
    name, _, rest = head.partition(" ")
    pairs = dict(pair.split("=", 1) for pair in rest.split(",") if pair)
    return name, {key: unescaped(value, ":,") for key, value in pairs.items()}, unescaped(data)


def unescaped(text, more=""):
    for character in f"\r\n{more}":
        text = text.replace(f"%{ord(character):02X}", character)
    return text.replace("%25", "%")


@given(TEXTS, TEXTS.filter(bool))
def test_a_workflow_command_is_read_back_as_it_was(message, title):
    command = workflow_command("warning", message, title=title, file="", line="1")

    assert "\n" not in command
    assert "\r" not in command
    assert runner_reads(command) == ("warning", {"title": title, "line": "1"}, message)


def test_a_workflow_command_without_properties_has_none():
    assert workflow_command("notice", "100%", title="") == "::notice::100%25"


def test_the_message_of_a_workflow_command_is_cut_where_the_runner_would():
    _, _, message = runner_reads(workflow_command("notice", "\n" * 5000))

    assert len(message) == 4096
    assert message.endswith("…")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://me:s3cr3t@h.example/a.", "see https://***@h.example/a."),
        ("https://me:s3@cr3t@h.example", "https://***@h.example"),
        ("https://a:s3cr3t@h ssh://b:s3cr3t@h", "https://***@h ssh://***@h"),
        ("git@github.com:acme/shop", "git@github.com:acme/shop"),
        ("me@h.example https://h.example", "me@h.example https://h.example"),
    ],
)
def test_a_login_in_a_url_is_hidden(text, shown):
    assert without_login(text) == shown


def test_a_login_is_looked_for_in_linear_time():
    text = "a://" * 1_000_000

    assert without_login(text) == text


SECRET = 'k3y/+ "of" & dévlake?'
FIRST, SECOND = SECRET[:9], SECRET[9:]


@pytest.mark.parametrize(
    "encode",
    [
        str,
        quote,
        quote_plus,
        partial(quote, safe=""),
        lambda secret: re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
        json.dumps,
        lambda secret: json.dumps(secret).replace("/", r"\/"),
        partial(json.dumps, ensure_ascii=False),
        partial(html.escape, quote=False),
        lambda secret: b64encode(secret.encode()).decode(),
        lambda secret: b64encode(f"me:{secret}".encode()).decode(),
        lambda secret: urlsafe_b64encode(f"user:{secret}, and more".encode()).decode(),
        lambda secret: b64encode(f"u:{secret}\n".encode()).decode(),
    ],
)
def test_a_secret_is_hidden_in_each_encoding_that_a_server_may_quote_it_in(encode):
    shown = redact(encode(SECRET), [SECRET])

    assert "***" in shown
    assert not any(part in shown for part in ("k3y", "lake", "azN5", "s5Ly", "M3kv"))


def test_a_secret_of_several_lines_is_hidden_where_they_have_become_one():
    assert redact(line(f"a {FIRST}\n{SECOND} b"), [f"{FIRST}\n{SECOND}"]) == "a *** b"


def test_a_line_of_a_secret_is_hidden_where_it_stands_alone():
    secret = "X-Key: fedcba9876543210\nY-Key: 0123456789abcdef"

    assert redact("sent Y-Key: 0123456789abcdef", [secret]) == "sent ***"


@given(st.binary(max_size=9), st.text(string.ascii_letters, min_size=8), st.binary(max_size=9))
def test_no_secret_can_be_read_out_of_base64(before, secret, after):
    shown = redact(b64encode(before + secret.encode() + after).decode(), [secret])

    assert "***" in shown


def test_of_a_secret_that_was_cut_nothing_is_left():
    assert redact(cut("it said: my-s3cr3t-key", 18), ["my-s3cr3t-key"]) == "it said: ***…"


def test_what_is_too_short_to_be_a_secret_stays():
    assert redact("1 of 10", ["1", "of"]) == "1 of 10"


LONG = 400_000
"""Characters at which work that grows with their square would take hours."""


@pytest.mark.parametrize("piece", ["a://", "://a@", "@", "##[", "::", "a ", "&#35;", "%2"])
@pytest.mark.parametrize(
    "work", [quoted, markdown, without_login, lambda text: redact(text, ["s3cr3t", "a://@"])]
)
def test_work_grows_with_the_length_of_a_text_and_not_with_its_square(piece, work):
    assert work(piece * (LONG // len(piece))) is not None
