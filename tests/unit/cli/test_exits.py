"""Whatever goes wrong becomes one line and an exit code, and no line holds a token."""

from __future__ import annotations

import pytest

from tintype.cli import exits
from tintype.domain import errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError("x"), 2),
        (errors.InputError("x"), 2),
        (errors.InvalidInput("x"), 2),
        (errors.NotFound("x"), 2),
        (errors.NotThere("x"), 2),
        (errors.RetentionPassed("x"), 1),
        (errors.AuthenticationError("x"), 1),
        (errors.PredictionFailed("x"), 1),
        (errors.NetworkError("x"), 1),
        (OSError(28, "No space left on device"), 1),
        (RuntimeError("x"), 1),
    ],
)
def test_bad_input_is_two_and_failure_is_one(error: Exception, code: int) -> None:
    assert exits.of(error).exit_code == code


def test_unforeseen_errors_tell_the_place_and_not_their_words() -> None:
    try:
        raise LookupError("Authorization: Bearer r8_marker")  # noqa: TRY301 - it needs a traceback
    except LookupError as error:
        line = str(exits.of(error))

    assert "LookupError at " in line
    assert "test_exits.py:" in line
    assert "marker" not in line


def test_many_lines_become_one_and_tokens_are_masked() -> None:
    assert exits.one_line("a\n- b r8_abc123\n\n  c whsec_xyz") == "a; - b r8_****; c whsec_****"
