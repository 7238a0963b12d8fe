"""DevLake is asked again while that may help; what changes something is sent once."""

import pytest

from devlake_ci.devlake.address import Target
from devlake_ci.devlake.api import Api, ApiError
from devlake_ci.devlake.request import Answer, NotSentError
from devlake_ci.errors import UnreachedError

BUSY = Answer(503, "busy")
FINE = Answer(200, '{"count": 0}')


@pytest.fixture
def api(ticking):
    """Make a way to a DevLake that answers by a script."""

    def made(*script, seconds=60.0):
        answers = list(script)

        def call(_request, _seconds):
            said = answers.pop(0)
            if isinstance(said, Exception):
                raise said
            return said

        target = Target("http://lake", "connections/1", rest=False)
        return Api(target, call, ticking.clock(), lambda: seconds)

    return made


@pytest.mark.parametrize("first", [BUSY, Answer(428, "{}"), NotSentError("no answer in time")])
def test_a_question_is_asked_again(api, ticking, first):
    assert api(first, FINE).fetch("/projects") == {"count": 0}
    assert len(ticking.slept) == 1


def test_a_question_is_not_asked_beyond_its_time(api, ticking):
    with pytest.raises(ApiError):
        api(*[BUSY] * 100, seconds=10).fetch("/projects")

    assert ticking.seconds < 10


def test_what_is_refused_is_not_asked_again(api, ticking):
    with pytest.raises(ApiError, match="403"):
        api(Answer(403, '{"message": "path doesn\'t match api key\'s scope"}')).fetch("/projects")

    assert ticking.slept == []


@pytest.mark.parametrize(
    ("answer", "error"), [(BUSY, ApiError), (NotSentError("no answer in time"), UnreachedError)]
)
def test_a_change_is_sent_once(api, ticking, answer, error):
    with pytest.raises(error):
        api(answer).change("POST", "/projects", {"name": "shop"})

    assert ticking.slept == []


def test_the_causes_of_a_refusal_are_said_too(api):
    text = (
        '{"message": "error creating project (400)\\nWraps: (2) A project with name [shop] already '
        'exists (400)\\nError types: (1) *hintdetail.withDetail"}'
    )

    with pytest.raises(ApiError) as raised:
        api(Answer(400, text)).change("POST", "/projects", {})

    assert raised.value.said == (
        "error creating project: A project with name [shop] already exists"
    )
