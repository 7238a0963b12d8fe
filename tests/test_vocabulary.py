"""What any CI's words for results and any team's names for environments are understood as."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.model import Environment, Result
from devlake_ci.vocabulary import (
    DOUBTS,
    ENVIRONMENTS,
    NEGATIONS,
    RESULTS,
    look_up,
    look_up_result,
    parse_environment,
    parse_environment_map,
    parse_result,
    parse_result_map,
)

RESULTS_FROM_THE_FIELD = {
    "SUCCESS": "success Succeeded SUCCESSFUL passed SucceededWithIssues",
    "FAILURE": "failure Failed ERROR timed_out TimedOut timed-out infrastructure_fail",
    "ABORT": "canceled Cancelled ABORTED killed",
    "SKIPPED": "Skipped not_run NOT_BUILT manual blocked",
}
# Not ended, half a success, or a number that means the opposite elsewhere.
REFUSED_RESULTS = """running completed neutral unstable partiallySucceeded
    unknown none 0 1 true no ##[x]"""
ENVIRONMENTS_FROM_THE_FIELD = {
    "PRODUCTION": "PRODUCTION Prod prd live prod-eu eu/production prod_blue prod.eu.example.com"
    " prod2 prod-01 shop/live acme-prd-us-east-1 prd-eu",
    "STAGING": "STAGING stage stg stg-eu uat pre-prod pre_production preproduction uat2 eu-staging",
    "TESTING": "TESTING test qa QA-3 test/eu int int-eu integration",
    "DEVELOPMENT": "development dev review/add-cart review/fix-login sandbox preview preview/7"
    " demo demo-eu dev-preview dev1",
}
AMBIGUOUS = """non-prod nonprod-prod prod/nonprod prod? prelive-prod prodlike-prod production-test
    dev-prod review/prod-fix pre/prod pre-staging copy-of-staging non-dev non-preprod test-plan
    stg-prod prod-int production-preview demo-prod integration-dev preview-stg demo-qa"""

spaces = st.sampled_from(["", " ", "\t"])
anything = st.text(st.characters(codec="utf-8"), max_size=30)
a_word = st.text(string.ascii_lowercase + string.digits + "_-", min_size=1, max_size=12)


def each(table):
    return [(word, kind) for kind, words in table.items() for word in words.split()]


def in_any_case(words):
    """Any of the words, in any mixture of small letters and capitals."""

    def cased(word):
        return st.tuples(*(st.sampled_from([each, each.upper()]) for each in word)).map("".join)

    return st.sampled_from(sorted(words)).flatmap(cased)


class TestAResult:
    def test_is_understood_in_the_words_of_any_ci(self):
        words = each(RESULTS_FROM_THE_FIELD)

        assert [(word, parse_result(word, "--result")) for word, _ in words] == words

    @given(in_any_case(word for words in RESULTS.values() for word in words), spaces)
    def test_is_understood_in_any_case_and_spacing(self, word, space):
        assert parse_result(f"{space}{word}{space}", "x") is parse_result(word.lower(), "x")

    @pytest.mark.parametrize("word", [*REFUSED_RESULTS.split(), ""])
    def test_is_never_made_of_a_word_that_could_mean_two_things(self, word):
        with pytest.raises(BadUsageError):
            parse_result(word, "--result")

    def test_that_is_refused_is_named_with_its_source_and_the_known_words(self):
        with pytest.raises(BadUsageError) as refused:
            parse_result("neutral", "DEVLAKE_RESULT")

        assert 'DEVLAKE_RESULT: "neutral"' in refused.value.message
        assert "passed, pass, SucceededWithIssues; FAILURE: failure" in refused.value.hint
        assert "--result-map" in refused.value.hint

    def test_is_what_the_users_map_says_first(self):
        mapping = parse_result_map(
            ["Unstable=success", "SucceededWithIssues=FAILURE", "failed=ABORT"], ""
        )

        assert parse_result("UNSTABLE", "x", mapping) is Result.SUCCESS
        assert parse_result("succeededWithIssues", "x", mapping) is Result.FAILURE
        assert parse_result("failed", "x", mapping) is Result.ABORT
        assert parse_result("failure", "x", mapping) is Result.FAILURE

    def test_of_a_job_that_has_not_ended_is_none_whatever_a_pattern_takes(self):
        mapping = parse_result_map(["*=FAILURE", "running=SUCCESS"], "")

        assert look_up_result("in_progress", mapping) is None
        assert look_up_result("neutral", mapping) is Result.FAILURE
        assert look_up_result("Running", mapping) is Result.SUCCESS


class TestAnEnvironment:
    def test_is_understood_by_its_name(self):
        names = each(ENVIRONMENTS_FROM_THE_FIELD)

        assert [(name, parse_environment(name, "--environment", {})) for name, _ in names] == names

    @pytest.mark.parametrize(
        "name", ["pre prod", " Staging ", "Production \u2013 my-app", "prod (eu)"]
    )
    def test_may_have_spaces_in_its_name(self, name):
        assert parse_environment(name, "--environment", {})

    @pytest.mark.parametrize("name", [*AMBIGUOUS.split(), "Production (dry run)", "not live"])
    def test_is_never_guessed_from_a_name_that_could_mean_two_things(self, name):
        with pytest.raises(MissingError) as refused:
            parse_environment(name, "--environment", {})

        assert "could be" in refused.value.message or "may not be" in refused.value.message

    @given(
        in_any_case(ENVIRONMENTS[Environment.PRODUCTION]),
        st.sampled_from(sorted(NEGATIONS | DOUBTS)),
        st.sampled_from("-_/. "),
        st.booleans(),
    )
    def test_is_not_production_beside_a_word_of_doubt(self, word, doubt, between, before):
        first, second = (doubt, word) if before else (word, doubt)

        try:
            kind = parse_environment(f"{first}{between}{second}", "x", {})
        except MissingError:
            return
        assert (kind, first.lower()) == (Environment.STAGING, "pre")

    @given(anything, anything)
    def test_of_any_name_is_one_that_a_word_in_it_says(self, before, after):
        for kind, words in ENVIRONMENTS.items():
            try:
                said = parse_environment(f"{before} {words[0]} {after}", "x", {})
            except MissingError:
                continue
            assert said is kind

    @pytest.mark.parametrize("name", ["nonprod", "prodeu", "product", "lively", "canary", "", "1"])
    def test_is_unknown_by_a_name_that_says_nothing(self, name):
        with pytest.raises(MissingError, match="is not a known environment"):
            parse_environment(name, "--environment", {})

    def test_that_is_refused_is_named_with_its_source_and_offered_the_map(self):
        with pytest.raises(MissingError) as refused:
            parse_environment("non-prod", "CI_ENVIRONMENT_NAME", {})

        assert 'CI_ENVIRONMENT_NAME: "non-prod"' in refused.value.message
        assert refused.value.message.endswith('may not be PRODUCTION, because of "non".')
        assert '--environment-map "non-prod=PRODUCTION"' in refused.value.hint
        assert "(or STAGING, TESTING, DEVELOPMENT)" in refused.value.hint

    def test_that_could_be_several_is_refused_with_their_names(self):
        with pytest.raises(MissingError, match="could be PRODUCTION or TESTING"):
            parse_environment("test-live", "x", {})


class TestTheUsersMap:
    def test_goes_before_the_words_that_are_known(self):
        mapping = parse_environment_map(
            ["Canary=production", "prod=STAGING", " non prod = Testing"], ""
        )

        assert parse_environment("canary", "x", mapping) is Environment.PRODUCTION
        assert parse_environment("PROD", "x", mapping) is Environment.STAGING
        assert parse_environment("non prod", "x", mapping) is Environment.TESTING
        assert parse_environment("prod-eu", "x", mapping) is Environment.PRODUCTION

    def test_takes_patterns_after_whole_names_and_the_first_that_fits(self):
        mapping = parse_environment_map(
            ["preview/*=DEVELOPMENT", "*=STAGING", "eu?=PRODUCTION", "preview/live=TESTING"], ""
        )

        assert look_up("Preview/Shop/7", mapping) is Environment.DEVELOPMENT
        assert look_up("preview/live", mapping) is Environment.TESTING
        assert look_up("eu1", mapping) is Environment.STAGING

    def test_takes_an_equals_sign_in_a_name_and_blank_lines(self):
        mapping = parse_environment_map(["", "tier=gold=PRODUCTION", "  "], "")

        assert look_up("Tier=Gold", mapping) is Environment.PRODUCTION

    @pytest.mark.parametrize("entry", ["canary", "canary=", "=PRODUCTION", "canary=prod", "a=b=c"])
    def test_names_an_entry_that_cannot_be_used(self, entry):
        with pytest.raises(BadUsageError) as refused:
            parse_environment_map(["prod=PRODUCTION", entry], "DEVLAKE_ENVIRONMENT_MAP")

        assert f'DEVLAKE_ENVIRONMENT_MAP: "{entry}"' in refused.value.message

    @pytest.mark.parametrize(
        "entries", ["eu1=PRODUCTION,us1=PRODUCTION", "eu1=staging; us1=PRODUCTION", "a=TESTING,"]
    )
    def test_asks_for_one_entry_a_line_where_commas_are_between_them(self, entries):
        with pytest.raises(BadUsageError) as refused:
            parse_environment_map([entries], "--environment-map")

        assert "one entry a line" in refused.value.hint

    def test_refuses_entries_that_contradict_each_other_and_takes_one_twice(self):
        assert parse_environment_map(["a=PRODUCTION", "A=Production"], "") == {"a": "PRODUCTION"}
        with pytest.raises(BadUsageError, match="contradicts"):
            parse_environment_map(["a=PRODUCTION", "A=STAGING"], "")

    @given(a_word, st.sampled_from(Result))
    def test_finds_what_was_put_into_it(self, word, kind):
        assert look_up(word.upper(), parse_result_map([f"{word}={kind}"], "")) is kind
