"""One tree, drawn as it is, with facts that survive every journey."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from datetime import UTC, datetime

import pytest

from tintype.domain import errors

ALL = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, errors.TintypeError)
]


def test_the_drawing_shows_the_tree() -> None:
    """Each class stands in it, below its parent, with its code."""
    drawing = (errors.__doc__ or "").split("\n\n")[1].splitlines()
    above: list[tuple[int, str]] = []
    drawn: dict[str, str | None] = {}
    for line in drawing:
        name = re.search(r"[A-Z]\w+", line)
        assert name is not None, line
        while above and above[-1][0] >= name.start():
            above.pop()
        drawn[name[0]] = above[-1][1] if above else None
        above.append((name.start(), name[0]))
        kind = getattr(errors, name[0])
        if not kind.__subclasses__():
            assert kind.code in line

    assert drawn == {
        kind.__name__: kind.__mro__[1].__name__ if kind is not errors.TintypeError else None for kind in ALL
    }


def test_every_code_is_its_own() -> None:
    assert len({kind.code for kind in ALL}) == len(ALL) > 20
    assert set(errors.__all__) >= {kind.__name__ for kind in ALL}


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_facts_survive_pickling_and_copying(kind: type[errors.TintypeError]) -> None:
    error = kind("what", status=500, can_retry=True, retry_after_s=2.5, prediction_id="p1")

    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - made a line above
        assert type(other) is kind
        assert vars(other) == vars(error)
        assert str(other) == other.message == "what"


def test_what_was_sent_travels_with_an_unknown_outcome_and_does_not_print() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    error = errors.OutcomeUnknown("what")
    error.sent = errors.SentCreate(
        "/p", "o/n", None, None, {"prompt": "private"}, "https://hook", moment, moment
    )

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made a line above

    assert again.sent == error.sent
    assert "private" not in repr(error.sent)
    assert "hook" not in repr(error.sent)


def test_what_is_wrong_with_arguments_and_settings_is_a_value_error() -> None:
    assert issubclass(errors.ConfigurationError, ValueError)
    assert issubclass(errors.InputError, ValueError)
