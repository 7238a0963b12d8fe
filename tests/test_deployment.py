"""From options and context to the deployment."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devlake_ci import deployment as deployments
from devlake_ci.commits.remote import HEAD
from devlake_ci.deployment import Lookups
from devlake_ci.errors import BadUsageError, MissingError, NothingToReport
from devlake_ci.model import Context, Environment, Result
from devlake_ci.options import Options
from devlake_ci.timestamps import parse_past_timestamp, parse_timestamp, rfc3339
from tests.support import NOON, SHA

OTHER_SHA = "1234567890abcdef1234567890abcdef12345678"
CONTEXT = Context(
    provider="github", sha=SHA, ref="main", repo_url="https://github.com/acme/shop", run_id="42",
    attempt="1", job="deploy", message="Sell more\n\nbody", job_id="7",
    sources={"sha": "GITHUB_SHA"},
)  # fmt: skip
OPTIONS = Options(environment="production", result="success")


def lookups(found=None, message=None, times=(None, None), nonce=None):
    return Lookups(
        finders=lambda _: ((found or {}).get,),
        message=lambda _: message,
        times=lambda: times,
        nonce=lambda _: nonce,
    )


def deployment(context=CONTEXT, given=None, **options):
    return deployments.make_deployment(
        replace(OPTIONS, **options), context, given or lookups(), NOON
    )


def test_what_the_ci_says_is_enough():
    made = deployment()

    (commit,) = made.commits
    assert (made.result, made.environment) == (Result.SUCCESS, Environment.PRODUCTION)
    assert (commit.repo_url, commit.sha, commit.ref) == (CONTEXT.repo_url, SHA, "main")
    assert commit.message == "Sell more\n\nbody"
    assert made.title == "Sell more"
    assert made.name == "Deploy acme/shop to production"
    assert (made.created_at, made.started_at, made.finished_at) == (NOON, NOON, NOON)


class TestTheId:
    def test_is_made_of_what_tells_deployments_apart(self):
        assert deployment(service="api").id == ("github:github.com/acme/shop:42:7:api:production")

    def test_names_attempt_and_job_where_the_ci_has_no_id_of_the_job(self):
        context = replace(CONTEXT, job_id=None, matrix_index="3")

        assert deployment(context, service="api").id == (
            "github:github.com/acme/shop:42:1:deploy:3:api:production"
        )

    def test_is_the_same_from_history_which_may_not_know_attempt_and_name(self):
        past = replace(CONTEXT, attempt=None, job="Deploy to prod", ref=None)

        assert deployment(past).id == deployment().id

    def test_is_the_same_when_sent_again(self):
        later = deployments.make_deployment(OPTIONS, CONTEXT, lookups(), NOON + timedelta(hours=1))

        assert later.id == deployment().id

    @pytest.mark.parametrize(
        "other",
        [
            {"context": replace(CONTEXT, provider="gitlab")},
            {"context": replace(CONTEXT, repo_url="https://github.com/acme/pay")},
            {"context": replace(CONTEXT, run_id="43")},
            {"context": replace(CONTEXT, job_id="8")},
            {"context": replace(CONTEXT, job_id=None)},
            {"service": "api"},
            {"environment": "production-eu"},
            {"environment": "Production"},  # DevLake's database takes small and capital for one
        ],
    )
    def test_is_another_for_every_other_deployment(self, other):
        assert deployment(**other).id.lower() != deployment().id.lower()

    @pytest.mark.parametrize(
        "other", [{"attempt": "2"}, {"job": "deploy-eu"}, {"matrix_index": "1"}]
    )
    def test_is_another_for_every_job_that_the_ci_has_no_id_of(self, other):
        context = replace(CONTEXT, job_id=None)

        assert deployment(replace(context, **other)).id != deployment(context).id

    def test_takes_the_nonce_of_the_job_where_the_ci_has_no_id_for_it(self):
        context = replace(CONTEXT, job_id=None, state_dir="/somewhere")

        one, two = (deployment(context, lookups(nonce=nonce)).id for nonce in ("n1", "n2"))

        assert one != two

    def test_parts_cannot_run_into_each_other(self):
        one = deployment(service="a:b", environment="prod")
        two = deployment(context=replace(CONTEXT, job_id="7:a"), service="b", environment="prod")

        assert one.id != two.id

    def test_stays_short_enough_for_every_commits_key(self):
        long = deployment(service="s" * 300, environment="prod")
        other = deployment(service="s" * 300, environment="prod-eu")

        assert len(long.id) <= 185
        assert long.id != other.id

    def test_without_a_ci_is_another_for_two_commits_of_one_second(self):
        plain = Context(provider="plain", sha=SHA, repo_url="https://github.com/acme/shop")

        assert deployment(plain).id == deployment(plain).id
        assert deployment(plain).id != deployment(replace(plain, sha=OTHER_SHA)).id

    def test_without_a_ci_is_made_of_the_time_it_ended(self):
        plain = Context(provider="plain", sha=SHA, repo_url="https://github.com/acme/shop")

        one = deployment(plain, finished_at="2026-03-01T10:00:00Z")
        two = deployment(plain, finished_at="2026-03-01T11:00:00Z")

        assert one.id == deployment(plain, finished_at="2026-03-01T11:00:00+01:00").id
        assert one.id != two.id

    def test_given_by_hand_is_kept_as_it_is(self):
        assert deployment(id="Release 7").id == "Release 7"
        assert len(deployment(id="x" * 200).id) <= 185


class TestTheCommit:
    def test_a_tag_given_as_sha_is_looked_up_and_is_the_ref(self):
        (commit,) = deployment(given=lookups({"v1.2.3": OTHER_SHA}), sha="v1.2.3").commits

        assert (commit.sha, commit.ref) == (OTHER_SHA, "v1.2.3")

    def test_a_ref_given_alone_is_looked_up_not_joined_to_the_cis_sha(self):
        (commit,) = deployment(given=lookups({"v1.2.3": OTHER_SHA}), ref="v1.2.3").commits

        assert (commit.sha, commit.ref) == (OTHER_SHA, "v1.2.3")

    def test_the_cis_own_ref_given_by_hand_needs_no_look_up(self):
        (commit,) = deployment(ref="refs/heads/main").commits

        assert (commit.sha, commit.ref) == (SHA, "main")

    def test_another_sha_does_not_take_the_cis_ref_and_message(self):
        (commit,) = deployment(sha=OTHER_SHA.upper()).commits

        assert (commit.sha, commit.ref, commit.message) == (OTHER_SHA, None, None)

    def test_a_short_sha_is_no_ref(self):
        (commit,) = deployment(given=lookups({OTHER_SHA[:8]: OTHER_SHA}), sha=OTHER_SHA[:8]).commits

        assert (commit.sha, commit.ref) == (OTHER_SHA, None)

    def test_an_unknown_name_is_an_error_that_says_what_to_do(self):
        with pytest.raises(MissingError, match='find the commit that "v9" names') as raised:
            deployment(sha="v9")

        assert "40 characters" in raised.value.hint

    def test_a_repository_given_by_hand_loses_its_password(self):
        (commit,) = deployment(repo_url="https://me:s3cr3t@Git.Example/a/b.git").commits

        assert commit.repo_url == "https://git.example/a/b"

    def test_what_is_no_repository_is_refused_without_showing_it(self):
        with pytest.raises(BadUsageError) as raised:
            deployment(repo_url="s3cr3t@@@")

        assert "s3cr3t" not in raised.value.message + raised.value.hint

    @pytest.mark.parametrize("url", ["https://github.com/acme/pay", "git@h.example:other/shop"])
    def test_the_head_of_another_repository_is_not_the_deployed_commit(self, url):
        ours = replace(CONTEXT, sources={"sha": HEAD})

        with pytest.raises(MissingError, match=r"one of https:.*shop, not of https"):
            deployment(ours, repo_url=url)

    def test_a_mirror_of_the_checkouts_repository_has_the_same_commits(self):
        ours = replace(CONTEXT, sources={"sha": HEAD})

        assert deployment(ours, repo_url="git@mirror.example:acme/shop").commits[0].sha == SHA


class TestTheResult:
    AZURE = replace(CONTEXT, provider="azure", result=None, result_word="partiallySucceeded")

    def test_is_the_users_then_the_cis(self):
        context = replace(CONTEXT, result=Result.FAILURE, result_word="failed")

        assert deployment(context).result == "SUCCESS"
        assert deployment(context, result=None).result == "FAILURE"

    def test_is_what_the_users_map_says_of_the_cis_word(self):
        mapped = {"result": None, "result_map": ("partiallySucceeded=SUCCESS",)}
        failed = replace(self.AZURE, result=Result.FAILURE, result_word="Failed")

        assert deployment(self.AZURE, **mapped).result == "SUCCESS"
        assert deployment(failed, **mapped).result == "FAILURE"

    def test_of_a_job_that_runs_is_not_what_a_pattern_says(self):
        running = replace(CONTEXT, provider="gitlab", result=None, result_word="running")

        with pytest.raises(MissingError, match="gitlab doesn't say it here"):
            deployment(running, result=None, result_map=("*=FAILURE",))

    def test_is_what_the_users_map_says_of_the_users_word(self):
        assert deployment(result="UNSTABLE", result_map=("unstable=FAILURE",)).result == "FAILURE"

    def test_that_the_cis_word_leaves_open_is_asked_for_with_the_map(self):
        with pytest.raises(MissingError, match='azure says "partiallySucceeded"') as raised:
            deployment(self.AZURE, result=None)

        assert '--result-map "partiallySucceeded=SUCCESS"' in raised.value.hint

    def test_of_a_job_that_runs_is_never_offered_to_be_mapped(self):
        running = replace(CONTEXT, result_word="running")

        with pytest.raises(MissingError, match="doesn't say it here") as raised:
            deployment(running, result=None)

        assert "--result-map" not in raised.value.hint

    def test_manual_is_devlakes_word_in_capitals_and_gitlabs_in_small_letters(self):
        assert deployment(result="MANUAL").result == "MANUAL"
        with pytest.raises(NothingToReport):
            deployment(result="manual")


class TestWhatIsMissing:
    @pytest.mark.parametrize(
        ("context", "options", "says"),
        [
            (replace(CONTEXT, sha=None), {}, "--sha"),
            (replace(CONTEXT, repo_url=None), {}, "--repo-url"),
            (CONTEXT, {"environment": None}, "--environment"),
            (CONTEXT, {"result": None}, "--result"),
            (CONTEXT, {"environment": "non-prod"}, "--environment-map"),
        ],
    )
    def test_is_an_error_that_says_how_to_give_it(self, context, options, says):
        with pytest.raises(MissingError) as raised:
            deployment(context, **options)

        assert says in raised.value.hint

    def test_an_environment_is_never_guessed(self):
        with pytest.raises(MissingError, match="Where it was deployed to is not known"):
            deployment(environment=None)


class TestNothingToReport:
    REVIEW = replace(CONTEXT, pull_request="it runs for a pull request", environment="review")

    def test_a_pull_request_deploys_nothing_by_default(self):
        with pytest.raises(NothingToReport, match="it runs for a pull request"):
            deployment(self.REVIEW, environment=None)

    def test_a_pull_request_deploys_where_the_user_says(self):
        assert deployment(self.REVIEW, environment="review").environment == "DEVELOPMENT"

    def test_a_pull_request_never_deploys_to_production_unless_it_is_allowed(self):
        with pytest.raises(NothingToReport, match="doesn't count as a deployment to PRODUCTION"):
            deployment(self.REVIEW, environment="prod-eu")
        allowed = deployment(self.REVIEW, environment="prod-eu", allow_pull_request=True)

        assert allowed.environment == "PRODUCTION"

    def test_a_job_that_only_uses_its_environment_deploys_nothing(self):
        verify = replace(CONTEXT, no_deployment="it is there to verify", environment="production")

        with pytest.raises(NothingToReport, match="it is there to verify"):
            deployment(verify, environment=None)
        assert deployment(verify, environment="production").environment == "PRODUCTION"

    def test_a_skipped_deployment_is_none(self):
        with pytest.raises(NothingToReport, match="skipped"):
            deployment(result="skipped")


class TestTheEnvironment:
    def test_gitlabs_tier_says_what_the_name_is(self):
        context = replace(CONTEXT, environment="emea-7", tier="production")

        made = deployment(context, environment=None)

        assert (made.environment, made.original_environment) == ("PRODUCTION", "emea-7")

    def test_the_users_map_goes_before_the_tier(self):
        context = replace(CONTEXT, environment="emea-7", tier="production")

        made = deployment(context, environment=None, environment_map=("EMEA-7=STAGING",))

        assert made.environment == "STAGING"

    def test_the_tier_other_says_nothing(self):
        context = replace(CONTEXT, environment="staging/eu", tier="other")

        assert deployment(context, environment=None).environment == "STAGING"


class TestTimes:
    def test_come_from_option_ci_and_api_in_this_order(self):
        context = replace(CONTEXT, created_at=NOON - timedelta(minutes=9))
        given = lookups(times=(NOON - timedelta(days=1), NOON - timedelta(minutes=5)))

        made = deployment(context, given, finished_at="2026-03-01T11:59:00Z")

        ago = [NOON - when for when in (made.created_at, made.started_at, made.finished_at)]
        assert ago == [timedelta(minutes=9), timedelta(minutes=5), timedelta(minutes=1)]

    def test_a_start_after_the_end_by_another_clock_is_no_negative_duration(self):
        context = replace(CONTEXT, started_at=NOON + timedelta(seconds=3), created_at=NOON)

        made = deployment(context, finished_at="2026-03-01T11:59:00Z")

        assert made.created_at == made.started_at == made.finished_at

    def test_a_start_by_a_clock_that_is_fast_is_no_contradiction(self):
        made = deployment(started_at="2026-03-01T12:30:00Z")

        assert made.started_at == made.finished_at == NOON

    def test_a_time_may_be_the_first_of_this_century(self):
        first = "2000-01-01T00:00:00Z"

        assert rfc3339(deployment(created_at=first).created_at) == first

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"started_at": "2026-03-01T11:00:01Z", "finished_at": "2026-03-01T11:00:00Z"},
             "--started-at (2026-03-01T11:00:01Z) is after --finished-at"),
            ({"finished_at": "2026-03-02T11:00:00Z"}, "is in the future"),
            ({"finished_at": "2026-03-01T11:00:00"}, "has no time zone"),
            ({"created_at": "yesterday"}, '--created-at: "yesterday" is not a valid timestamp'),
            ({"created_at": "0001-01-01T00:00:00+23:00"}, "not of this century"),
            ({"finished_at": "0000000000"}, "not of this century"),
            ({"finished_at": "1999-12-31T23:59:59Z"}, "not of this century"),
            ({"finished_at": "2100-01-01T00:00:00Z"}, "not of this century"),
        ],
    )  # fmt: skip
    def test_a_contradiction_of_the_users_own_is_an_error(self, options, says):
        with pytest.raises(BadUsageError) as raised:
            deployment(**options)

        assert says in raised.value.message

    @pytest.mark.parametrize(
        "text",
        ["2026-03-01T11:00:00Z", "2026-03-01 12:00:00+01:00", "20260301T110000Z", "1772362800",
         "1772362800000", "1772362800.0"],
    )  # fmt: skip
    def test_are_read_in_the_forms_that_machines_write(self, text):
        assert deployment(finished_at=text).finished_at == NOON - timedelta(hours=1)


@given(st.integers(10**12, 4 * 10**12))
def test_milliseconds_since_1970_are_the_time_that_they_count(count):
    read = parse_timestamp(str(count), "--started-at")

    assert abs(read.timestamp() - count / 1000) < 0.001


@pytest.mark.parametrize("count", [0, 1, 999])
def test_a_time_keeps_its_milliseconds_on_the_wire(count):
    when = NOON + timedelta(milliseconds=count)

    assert parse_timestamp(rfc3339(when), "") == when


@pytest.mark.parametrize(("minutes", "is_taken"), [(59, True), (60, True), (61, False)])
def test_a_time_may_be_an_hour_ahead_of_our_clock_and_no_more(minutes, is_taken):
    text = rfc3339(NOON + timedelta(minutes=minutes))

    try:
        parse_past_timestamp(text, "--finished-at", NOON)
    except BadUsageError:
        assert not is_taken
    else:
        assert is_taken


def test_long_values_are_cut_to_what_devlake_keeps():
    made = deployment(name="n" * 300, title="t" * 5000, ref="main", message="m" * 200_000,
                      environment="prod-" + "x" * 300, environment_map=("prod-" + "x" * 300
                      + "=PRODUCTION",))  # fmt: skip

    assert len(made.name) == len(made.original_environment) == 255
    assert len(made.title or "") <= 1000
    assert len(made.commits[0].message or "") <= 10_000
