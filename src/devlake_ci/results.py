"""How a job ended: what the user says of it, else the CI's word as the user's map reads it."""

from devlake_ci import vocabulary
from devlake_ci.errors import MissingError
from devlake_ci.model import Context, Result
from devlake_ci.options import Options
from devlake_ci.text import quoted


def given(options: Options, name: str) -> Result | None:
    """Read the option `name`, `result` or `incident_result`; None if it isn't given.

    Raises BadUsageError for a word that is no result.
    """
    word: str | None = getattr(options, name)
    if not word:
        return None
    if word == Result.MANUAL:  # in capitals it is DevLake's; GitLab's `manual` was never started
        return Result.MANUAL
    return vocabulary.result(word, options.source(name), _map(options))


def of_job(options: Options, context: Context) -> Result | None:
    """Read what the CI says of the job; None if it doesn't say it, or if its word is ambiguous."""
    word = context.result_word
    return (vocabulary.find(word, _map(options)) if word else None) or context.result


def unknown(what: str, option: str, context: Context) -> MissingError:
    """Make the error for a result that nobody says, or that the CI says in an ambiguous word.

    `what` completes "... is not known", and `option` is the flag that would say it.
    """
    word, ci = context.result_word, context.provider
    if word and vocabulary.has_ended(word):
        return MissingError(
            f"{what} is not known: {ci} says {quoted(word)}, which may be a success or not.",
            f"Say which: --result-map {quoted(f'{word}=SUCCESS')} (or FAILURE), or give {option}.",
        )
    return MissingError(
        f"{what} is not known: {ci} doesn't say it here.",
        f"Give {option}: success, failed or cancelled. On GitHub, use the outcome of the step that "
        "deploys: ${{ steps.deploy.outcome }}.",
    )


def _map(options: Options) -> dict[str, Result]:
    return vocabulary.result_map(options.result_map, options.source("result_map"))
