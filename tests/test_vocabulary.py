import pytest

from devlake_ci.errors import BadUsageError, MissingError
from devlake_ci.model import Environment, Result
from devlake_ci.vocabulary import environment, environment_map, result

RESULTS = {
    "SUCCESS": "success succeeded Succeeded SUCCESSFUL passed pass",
    "FAILURE": "failure failed Failed fail error errored timed_out TimedOut timed-out timedout"
    " timeout infrastructure_fail",
    "ABORT": "canceled cancelled Canceled ABORTED abort killed stopped",
    "SKIPPED": "skipped Skipped not_run NOT_BUILT manual unauthorized blocked declined",
}
# Not ended, half a success, or a number that means the opposite elsewhere.
REFUSED_RESULTS = """running pending queued in_progress completed canceling created on_hold neutral
    unstable SucceededWithIssues partiallySucceeded action_required stale unknown none
    0 1 true false yes no ok"""

ENVIRONMENTS = {
    "PRODUCTION": "PRODUCTION production prod Prod prd live prod-eu eu/production prod_blue"
    " prod.eu.example.com prod2 prod-2 prod-01 shop/live acme-prd-us-east-1",
    "STAGING": "STAGING staging stage uat preprod pre-prod pre_production pre-production"
    " preproduction pre-prd uat2 eu-staging",
    "TESTING": "TESTING testing test qa QA-3 test/eu",
    "DEVELOPMENT": "DEVELOPMENT development dev review review/add-cart review/fix-login"
    " sandbox dev-preview dev1",
}
AMBIGUOUS = """non-prod not-production nonprod-prod prod/nonprod unprod-prod notlive-prod
    !prod prod? ~prod prelive-prod prodlike-prod prodish-prod production-test prod-qa dev-prod
    live-test review/prod-fix prod-sandbox pre/prod pre-live pre-staging fake-staging
    copy-of-staging test-plan non-dev non-preprod"""
BESIDE_PROD = """no non not never without un isn anti ex former old was post pre near almost like
    alike ish similar pseudo quasi semi fake mock dummy sim simulation copy clone mirror replica
    shadow backup bak snapshot standby passive dr drill archive alpha beta rc nightly canary
    experimental experiment trial poc pilot demo training preview ephemeral temp tmp local localhost
    lab playground sbx sbox devel develop branch pr mr feature feat fix bugfix hotfix tst tests sit
    int integration acc acceptance ci e2e smoke perf performance load loadtest benchmark stg stag
    ppe ppd pprd pprod plan dry dryrun build approval approve gate check checks verify verification
    validate validation destroy teardown cleanup delete stop"""
UNKNOWN = ["nonprod", "prodeu", "product", "lively", "canary", "pypi", "github-pages", "", " ", "1"]


def each(table):
    return [(word, kind) for kind, words in table.items() for word in words.split()]


@pytest.mark.parametrize(("word", "kind"), each(RESULTS))
def test_a_word_for_a_result_is_understood(word, kind):
    assert result(word, "--result") is Result(kind)


@pytest.mark.parametrize("word", [*REFUSED_RESULTS.split(), "", "##[x]"])
def test_a_word_that_is_no_result_is_refused(word):
    with pytest.raises(BadUsageError):
        result(word, "--result")


def test_the_error_names_value_source_and_known_words():
    with pytest.raises(BadUsageError) as refused:
        result("neutral", "DEVLAKE_RESULT")

    assert 'DEVLAKE_RESULT: "neutral"' in refused.value.message
    assert "passed, pass; FAILURE: failure" in refused.value.hint
    assert "SKIPPED: skipped, not_run" in refused.value.hint


@pytest.mark.parametrize(("name", "kind"), each(ENVIRONMENTS))
def test_a_name_of_an_environment_is_understood(name, kind):
    assert environment(name, "--environment", {}) is Environment(kind)


@pytest.mark.parametrize("name", ["pre prod", " Staging ", "Production \u2013 my-app", "prod (eu)"])
def test_a_name_may_have_spaces(name):
    assert environment(name, "--environment", {})


@pytest.mark.parametrize("name", [*AMBIGUOUS.split(), "Production (dry run)", "not live"])
def test_a_name_that_could_mean_two_things_is_refused(name):
    with pytest.raises(MissingError) as refused:
        environment(name, "--environment", {})

    assert "could be" in refused.value.message or "may not be" in refused.value.message


@pytest.mark.parametrize("word", BESIDE_PROD.split())
@pytest.mark.parametrize("form", ["prod-{}", "{}/PRODUCTION_eu"])
def test_a_word_that_puts_production_in_doubt_is_refused_beside_it(form, word):
    with pytest.raises(MissingError):
        environment(form.format(word), "--environment", {})


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_name_that_says_nothing_is_refused(name):
    with pytest.raises(MissingError) as refused:
        environment(name, "--environment", {})

    assert "none of the names that are known" in refused.value.message


def test_the_error_names_value_and_source_and_offers_the_map():
    with pytest.raises(MissingError) as refused:
        environment("non-prod", "CI_ENVIRONMENT_NAME", {})

    assert 'CI_ENVIRONMENT_NAME: the environment "non-prod"' in refused.value.message
    assert refused.value.message.endswith('may not be PRODUCTION, because of "non".')
    assert '--environment-map "non-prod=PRODUCTION"' in refused.value.hint
    assert "(or STAGING, TESTING, DEVELOPMENT)" in refused.value.hint


def test_the_error_names_the_kinds_that_it_could_be():
    with pytest.raises(MissingError, match="could be PRODUCTION or TESTING"):
        environment("test-live", "x", {})


def test_the_map_of_the_user_goes_first_and_knows_whole_names_in_any_case():
    mapping = environment_map(["Canary=production", "prod=STAGING", " non prod = Testing"], "x")

    assert environment("canary", "x", mapping) is Environment.PRODUCTION
    assert environment("PROD", "x", mapping) is Environment.STAGING
    assert environment("non prod", "x", mapping) is Environment.TESTING
    assert environment("prod-eu", "x", mapping) is Environment.PRODUCTION


def test_a_map_from_elsewhere_is_read_in_any_case_too():
    assert environment("canary", "x", {" Canary": Environment.STAGING}) is Environment.STAGING


def test_a_name_in_the_map_may_hold_an_equals_sign_and_blank_lines_are_skipped():
    mapping = environment_map(["", "tier=gold=PRODUCTION", "  "], "x")

    assert environment("Tier=Gold", "x", mapping) is Environment.PRODUCTION


@pytest.mark.parametrize("entry", ["canary", "canary=", "=PRODUCTION", "canary=prod", "a=b=c"])
def test_a_bad_entry_of_the_map_is_refused_by_name(entry):
    with pytest.raises(BadUsageError) as refused:
        environment_map(["prod=PRODUCTION", entry], "DEVLAKE_ENVIRONMENT_MAP")

    assert f'DEVLAKE_ENVIRONMENT_MAP: "{entry}"' in refused.value.message


def test_an_entry_that_contradicts_another_is_refused():
    with pytest.raises(BadUsageError, match="contradicts"):
        environment_map(["canary=PRODUCTION", "CANARY=STAGING"], "x")


def test_an_entry_may_be_repeated():
    mapping = environment_map(["canary=PRODUCTION", "Canary=Production"], "x")

    assert mapping == {"canary": Environment.PRODUCTION}
