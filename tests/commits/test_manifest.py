"""What a manifest may be, and what is said of one that is otherwise."""

import json

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devlake_ci import limits
from devlake_ci.commits import manifest, manifest_parser
from devlake_ci.commits.manifest_parser import ParseError
from devlake_ci.errors import BadUsageError, MissingError, Problem
from devlake_ci.model import Commit
from tests.support import SHA

OTHER = "1234567890abcdef1234567890abcdef12345678"
PAY = Commit(repo_url="https://github.com/acme/pay", sha=SHA)


def read(text, server="https://github.com", found=()):
    finders = (dict(found).get,)
    return manifest.parse_commits(text, "--commits", server, lambda _: finders)


def refused(text, **more):
    with pytest.raises(BadUsageError) as raised:
        read(text, **more)
    return raised.value.message


def attempt(read, errors):
    try:
        return read()
    except errors as error:
        return error


@pytest.mark.parametrize(
    "text",
    [
        f"acme/pay@{SHA}",
        f"\n# the backend\n  acme/pay@{SHA.upper()}  # as built\n\n",
        f"https://github.com/acme/pay.git@{SHA}",
        f"- acme/pay@{SHA}",
        f"[acme/pay@{SHA}]",
        f"- ! acme/pay@{SHA}",
        f"- repo_url: git@github.com:acme/pay.git\n  sha: {SHA}",
        f"https://x-access-token:s3cr3t@github.com/acme/pay@{SHA}",
        f"ssh://git@github.com/acme/pay.git@{SHA}",
        f"git@github.com:acme/pay.git@{SHA}",
        f"- ssh://git@github.com:22/acme/pay@{SHA}\n",
        f"- {{repo_url: https://me:pw@GitHub.com/acme/pay, sha: !!str {SHA}}}",
        f'- repo_url: "https://github.com/acme/pay"\n  sha: " {SHA} "\n  ref:\n  message: ""\n',
        f"---\n- &a acme/pay@{SHA}\n...\n",
        json.dumps([f"acme/pay@{SHA}"]),
        json.dumps([{"repo_url": "https://github.com/acme/pay", "sha": SHA, "ref": None}]),
        f'[\n\t{{"repo_url": "https:\\/\\/github.com\\/acme\\/pay",\n\t"sha": "{SHA}"}}\n]\n',
    ],
)
def test_a_commit_can_be_written_in_many_ways(text):
    assert read(text) == [PAY]


def test_an_entry_can_say_more():
    text = f"""
    - repo_url: ssh://git@git.example:2222/acme/pay.git
      sha: {SHA}
      ref: refs/heads/release/2
      message: "Sell 🚀\\n\\nmore"
      name: payments
      repo_id: github:GithubRepo:1:7
    - acme/pay@{SHA}
    """

    assert read(text) == [
        Commit(
            repo_url="https://git.example/acme/pay",
            sha=SHA,
            ref="release/2",
            message="Sell 🚀\n\nmore",
            name="payments",
            repo_id="github:GithubRepo:1:7",
        ),
        PAY,
    ]


def test_an_entry_can_be_in_devlakes_own_words():
    entry = {
        "displayTitle": "Sell", "repoId": "github:GithubRepo:1:7",
        "repoUrl": "https://me:s3cr3t@github.com/acme/pay.git", "name": "payments",
        "refName": "main", "commitSha": SHA, "commitMsg": "Sell", "result": "FAILURE",
        "status": "DONE", "createdDate": "2026-03-01T12:00:00Z", "environment": 7,
        "startedDate": None, "finishedDate": "",
    }  # fmt: skip

    assert (
        read(json.dumps([entry]))
        == read(yaml.safe_dump([entry]))
        == [
            Commit(
                repo_url="https://github.com/acme/pay",
                sha=SHA,
                ref="main",
                message="Sell",
                name="payments",
                repo_id="github:GithubRepo:1:7",
            )
        ]
    )


def test_what_is_longer_than_a_column_is_cut():
    entry = {"repo_url": "https://h.example/a/b", "sha": SHA, "ref": "r" * 300, "name": "n" * 300}

    (commit,) = read(json.dumps([entry]))

    assert (len(commit.ref), len(commit.name)) == (255, 255)


def test_a_tag_a_branch_or_a_short_sha_is_looked_up():
    text = "- acme/pay@v1\n- acme/pay@@scope/pkg@2\n- acme/pay@0123456"
    found = {"v1": SHA, "@scope/pkg@2": OTHER, "0123456": "0123456" + "0" * 33}

    read_back = [(each.sha, each.ref) for each in read(text, found=found)]

    assert read_back == [(SHA, "v1"), (OTHER, "@scope/pkg@2"), ("0123456" + "0" * 33, None)]


def test_an_unknown_name_is_shown_with_its_place():
    with pytest.raises(MissingError) as raised:
        read(f"- acme/pay@{SHA}\n\n- acme/pay@v1")

    assert raised.value.message.startswith(
        "--commits, entry 2 (line 3): could not find the commit that"
    )
    assert '"v1"' in raised.value.message


def test_whole_shas_are_not_looked_up():
    def unasked(_):
        raise AssertionError

    text = f"acme/pay@{SHA}\n" * 3

    assert len(manifest.parse_commits(text, "", "https://github.com", lambda _: (unasked,))) == 3


def test_the_short_form_is_of_the_cis_own_server():
    (commit,) = read(f"acme/group/pay@{SHA}", server="https://git.example:8443/gitlab")

    assert commit.repo_url == "https://git.example:8443/gitlab/acme/group/pay"


def test_without_a_server_the_short_form_is_an_error_that_says_what_to_write():
    with pytest.raises(MissingError) as raised:
        read(f"acme/pay@{SHA}", server=None)

    assert "entry 1 (line 1): on which server" in raised.value.message
    assert f"https://github.com/acme/pay@{SHA}" in raised.value.hint


WRONG = {
    # what it says: text
    "--commits, line 1: it is text, not a list of commits": "just words",
    "there is nothing but comments": "# one\n# two",
    "line 2: it is a mapping, not a list": "# no dash\nrepo_url: x\nsha: y",
    "line 2: it is not YAML: mapping values are not allowed": "- a: b\n  c: d: e",
    "it is not YAML": "- 'never ends",
    "it is not YAML: ": "- \x01",
    "line 3: tags are not taken": f"- acme/pay@{SHA}\n-\n  !!python/object/apply:os.system ['id']",
    'tags are not taken ("tag:yaml.org,2002:python/name:os.system")': "- !!python/name:os.system x",
    'line 1: tags are not taken ("!secret").': "- repo_url: !secret x",
    'line 2: aliases are not taken ("*a").': "- &a {repo_url: x, sha: y}\n- *a",
    'line 1: "sha" is given a second time': "- {sha: a, sha: b}",
    'line 4: "repo_url" is given a second time': "- repo_url: a\n  sha: b\n\n  repo_url: c",
    '"sha" is given twice in the entry that begins here': '[\n{"sha": "a", "sha": "b"}]',
    "line 2: a second YAML document": "- acme/pay@v1\n---\n- acme/pay@v2",
    'line 2: "sha" is a list, not text': "- repo_url: x\n  sha: [a]",
    'line 1: "sha" is a mapping, not text': "- sha: {a: b}",
    "line 1: a list stands where a commit should": "- - a",
    "a field's name is not text": "- 1: x",
    "a field's name is not text. ": "- {[a]: x}",
    "nested too deeply": '[{"a":' * 100_000,
    "entry 1 (line 1): it is empty, not a mapping": "-",
    'entry 1 (line 1): it is "7", which reads as a number': "[7]",
    "entry 1 (line 1): it is true or false, not a mapping": "[true]",
    "entry 1 (line 2): it is a list": '[\n["a"]]',
    'entry 1 (line 1): "hello" is not like owner/name@SHA': "- hello",
    "entry 1 (line 1): repo_url is missing. Other mistakes: 1.": "- ref: x",
    "entry 2 (line 2): sha is missing": f"- acme/pay@{SHA}\n- repo_url: https://h.example/a/b",
    "entry 1 (line 2): sha is empty, not text": "- repo_url: https://h.example/a/b\n  sha:",
    "entry 1 (line 2): sha is empty.": "- repo_url: https://h.example/a/b\n  sha: ''",
    'entry 1 (line 2): sha: "0000" stands for no commit': "- repo_url: https://h.example/a/b\n"
    "  sha: '0000'",
    'entry 1 (line 2): sha is "1234567e10", which reads as a number (put it in quotes: '
    '"1234567e10"), not text': "- repo_url: https://h.example/a/b\n  sha: 1234567e10",
    'sha is "0123456", which reads as a number': "- repo_url: https://h.example/a/b\n"
    "  sha: 0123456",
    'entry 1 (line 3): sha is "1234567e10", which': '[\n{"repo_url": "https://h.example/a/b",\n'
    ' "sha": 1234567e10}]',
    'ref is "2026-01-01", which reads as a date': "- {repo_url: https://h.example/a/b, "
    f"sha: {SHA}, ref: 2026-01-01}}",
    'message is "yes", which reads as true or false': "- {repo_url: https://h.example/a/b, "
    f"sha: {SHA}, message: yes}}",
    'entry 1 (line 3): "branch" is no field of an entry; the fields are repo_url, sha, ref': (
        f"- repo_url: https://h.example/a/b\n  sha: {SHA}\n  branch: main"
    ),
    'repo_url: "acme" is not the URL of a repository': f"- {{repo_url: acme, sha: {SHA}}}",
    '"HEAD~1" is neither a SHA nor': "- {repo_url: https://h.example/a/b, sha: HEAD~1}",
    "commitSha is missing": '[{"repoUrl": "https://h.example/a/b"}]',
    '"sha" is no field of an entry; the fields are repoUrl, commitSha, refName, commitMsg': (
        f'[{{"repoUrl": "https://h.example/a/b", "commitSha": "{SHA}", "sha": "{SHA}"}}]'
    ),
    "line 2): commitSha is": "- repoUrl: https://h.example/a\n  commitSha: 7",
    "repo_url: what is given (it is not shown, because there may be a password in it) is not the "
    "URL of a repository": "- {repo_url: 'http://[bad]/a/b', sha: x}",
    "sha is longer than the 255": f"- {{repo_url: https://h.example/a/b, sha: {'x' * 256}}}",
    "the name of the commit is longer than 255": f"acme/pay@{'x' * 256}",
    "what is given (501 characters) is not like owner/name@SHA": f"- {'x' * 501}",
    "repo_id is longer than the 255": f"- {{repo_url: https://h.example/a/b, sha: {SHA}, repo_id: "
    f"{'x' * 256}}}",
    "it is longer than the 500": f"- {{repo_url: https://h.example/{'x' * 500}, sha: {SHA}}}",
    '"repo" is not like owner/name@SHA, as the lines before': f"acme/pay@{SHA}\nrepo",
    "name is unreadable, not text": f'[{{"repo_url": "https://h.example/a/b", "sha": "{SHA}", '
    '"name": "\\ud800"}]',
}  # fmt: skip


@pytest.mark.parametrize("says", WRONG)
def test_what_is_wrong_is_named_with_its_entry_field_value_and_line(says):
    assert says.strip() in refused(WRONG[says])


@pytest.mark.parametrize(
    "text",
    [
        "- {repo_url: 'https://me:s3cr3t@h.example/', sha: x}",
        "- {repo_url: 'ftp://h.example/a?token=s3cr3t', sha: x}",
        "- {repo_url: 's3cr3t@h.example', sha: x}",
        "- https://me:s3cr3t@h.example/a/b",
        "- https://me:s3c/r3t@h.example@v1\n- https://me:s3cr3t/x@h.example",
        "acme/pay@v1\nhttps://me:s3cr3t@h.example/a/b",
        "- {repo_url: git@h.example:a/b, sha: x, sha: y} # s3cr3t",
        "- acme/pay@v1: s3cr3t\n  b: c: d",
        "- https://me:s3cr3t@h.example/a/b: v1",
        "- https://me:s3cr3t@h.example/a/b: [v1]",
        '[{"https://me:s3cr3t@h.example": 1, "https://me:s3cr3t@h.example": 1}]',
        "- {repo_url: https://h.example/a, sha: 'https://me:s3cr3t@h.example'}",
        "- {repo_url: https://h.example/a, sha: 'me:s3cr3t@h.example'}",
    ],
)
def test_no_error_gives_a_password_away(text):
    assert "s3cr3t" not in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "-\n" * 10_001,
        "[" + "0," * 10_001 + "0]",
        f"acme/pay@{SHA}\n" * 10_001,
    ],
)
def test_more_than_ten_thousand_commits_are_refused_before_they_are_kept(text):
    assert "more than 10000 commits" in refused(text)


@pytest.mark.parametrize("form", ["{}\n", "- {}\n", '"{}",'])
def test_as_many_commits_as_fit_are_taken(monkeypatch, form):
    monkeypatch.setattr(limits, "MOST_COMMITS", 3)
    most, more = (form.format(f"acme/pay@{SHA}") * number for number in (3, 4))
    if form.endswith(","):
        most, more = f"[{most[:-1]}]", f"[{more[:-1]}]"

    assert len(read(most)) == 3
    assert "commits are given for one deployment" in refused(more)


def test_a_comma_behind_the_last_commit_makes_no_further_one(monkeypatch):
    monkeypatch.setattr(limits, "MOST_COMMITS", 1)

    assert len(read(f'["acme/pay@{SHA}",]')) == 1


def test_a_url_as_long_as_the_column_is_taken():
    url = f"https://h.example/{'x' * 482}"

    assert len(read(json.dumps([{"repo_url": url, "sha": SHA}]))[0].repo_url) == 500


@pytest.mark.parametrize(("count", "too_many"), [(20, False), (21, True)])
def test_an_entry_with_more_than_20_fields_is_refused_before_it_is_kept(count, too_many):
    fields = {f"a{number}": "b" for number in range(count)}

    for text in (json.dumps([fields]), yaml.safe_dump([fields])):
        assert ("far too many fields" in refused(text)) == too_many


LONG = {
    "a tag": f"- !<{'a://' * 300_000}> x",
    "an anchor": f"- &{'a' * 1_000_000} x\n- *{'a' * 1_000_000}",
    "an alias of nothing": f"- *{'a' * 1_000_000}",
    "a URL": f"- {'a://' * 300_000}",
    "a field": f"- ? {'a' * 1_000_000}\n  : b",
    "a field in JSON": json.dumps([{"a" * 1_000_000: "b"}]),
    "a value": f"- {{repo_url: '{'a@' * 500_000}', sha: x}}",
    "a number": f"- {{repo_url: https://h.example/a/b, sha: {'1' * 1_000_000}}}",
    "a name": f"acme/pay@{'x' * 1_000_000}",
    "a repository": f"{'a/' * 500_000}a@v1",
    "a line": f"acme/pay@v1\n{'a' * 1_000_000}",
    "a directive": f"%{'a' * 1_000_000}\n---\n- x",
    "a depth": "- " * 1_000_000,
    "a depth of flow": "- " + "[" * 1_000_000,
    "a depth of mappings": "- " + "{a: " * 300_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
@pytest.mark.parametrize("server", ["https://github.com", None])
def test_whatever_is_long_the_error_is_short(text, server):
    told = attempt(lambda: read(text, server=server), (BadUsageError, MissingError))

    assert told.message.startswith("--commits")
    assert len(told.message + told.hint) < 1500


def test_aliases_that_explode_do_not():
    lines = ["- &a0 [x, x]"] + [f"- &a{n + 1} [*a{n}, *a{n}]" for n in range(60)]

    assert "line 2: aliases are not taken" in refused("\n".join(lines))


ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "repo_url": st.from_regex(r"https://[a-z]{1,5}\.example/[a-z]{1,9}", fullmatch=True),
            "sha": st.from_regex(r"[0-9a-f]{39}[1-9a-f]", fullmatch=True),
        },
        optional={
            name: st.text(st.characters(codec="utf-8"), max_size=20).map(str.strip)
            for name in ("message", "name", "repo_id")
        },
    ),
    max_size=5,
)


@given(entries=ENTRIES)
def test_what_yaml_and_json_write_is_read_back(entries):
    expected = [
        Commit(**{name: value or None for name, value in entry.items()}) for entry in entries
    ]

    assert read(json.dumps(entries)) == expected
    assert read(json.dumps(entries, ensure_ascii=False, indent="\t")) == expected
    assert read(yaml.safe_dump(entries, default_style='"')) == expected


@given(text=st.one_of(
    st.text(),
    st.text(alphabet="-[]{}:,&*!|>'\"#\n\t ab@/01.e\\u"),
    st.recursive(st.one_of(st.none(), st.booleans(), st.floats(), st.text(), st.integers()),
                 lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)).map(json.dumps),
))  # fmt: skip
@example("[")
@example("[1,")
@example('["a",]')
@example("[]x")
@example("%YAML 9.9\n---\n- a")
@settings(max_examples=300)
def test_whatever_is_written_is_read_or_refused_in_words(text):
    told = attempt(lambda: read(text), (BadUsageError, MissingError))

    assert told.message.startswith("--commits") if isinstance(told, Problem) else told is not None


@given(text=st.text(alphabet="-[]{}:,&*!|>'\"#\n\t ab@/01.e\\u"))
def test_entries_know_lines_that_exist(text):
    told = attempt(lambda: manifest_parser.parse(text), ParseError)

    said = [told.line or 1] if isinstance(told, ParseError) else [each.line for each in told]
    assert all(1 <= line <= len(text.splitlines()) + 1 for line in said)
