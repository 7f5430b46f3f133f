"""What a reading of the list says about attempts of unknown outcome (rule 5)."""

from __future__ import annotations

from tintype.domain import matching
from tintype.domain.matching import Attempt


def _judge(
    *attempts: Attempt, fitting: tuple[str, ...] = (), complete: bool = True, **by_token: str
) -> matching.Verdicts:
    return matching.judge(attempts, by_token=by_token, candidates={"g": fitting}, is_complete=complete)


def _dead(token: str, dead_for_s: float = 0.0, absent_for_s: float | None = None) -> Attempt:
    return Attempt(token, "g", is_dead=True, dead_for_s=dead_for_s, absent_for_s=absent_for_s)


def test_a_token_decides_whatever_else_fits() -> None:
    """Rule 5: the echoed token belongs to its attempt, also when others look the same."""
    verdicts = _judge(_dead("a"), fitting=("p2", "p3"), a="p1")

    assert verdicts.found == {"a": "p1"}
    assert not verdicts.ambiguous


def test_equal_attempts_adopt_one_candidate_each() -> None:
    """Rule 5: k attempts, at most k candidates: in the order of intent and creation."""
    verdicts = _judge(_dead("a"), _dead("b"), _dead("c"), fitting=("p1", "p2"))

    assert verdicts.found == {"a": "p1", "b": "p2"}


def test_more_candidates_than_attempts_are_ambiguous() -> None:
    """Rule 5: nothing is adopted and nothing is proven."""
    verdicts = _judge(_dead("a", 60.0, 55.0), fitting=("p1", "p2"))

    assert verdicts == matching.Verdicts(ambiguous=frozenset({"a"}))


def test_nobody_adopts_by_likeness_while_an_equal_one_may_still_be_answered() -> None:
    """Rule 5: what is listed may be the other's, whose answer is on its way."""
    under_way = Attempt("b", "g", is_dead=False)

    verdicts = _judge(_dead("a", 60.0, 55.0), under_way, fitting=("p1",))

    assert verdicts == matching.Verdicts()


def test_absence_takes_two_complete_readings_5_and_10_seconds_after_death() -> None:
    """Rule 5: not before, not by one, and not by a list that was cut off."""
    assert _judge(_dead("a", 4.9)) == matching.Verdicts()
    assert _judge(_dead("a", 5.0)).first_absence == {"a"}
    assert _judge(_dead("a", 9.9, 4.9)).absent == frozenset()
    assert _judge(_dead("a", 30.0)).absent == frozenset()
    assert _judge(_dead("a", 10.0, 5.0)).absent == {"a"}
    assert _judge(_dead("a", 10.0, 5.0), complete=False).absent == frozenset()
    assert _judge(_dead("a", 10.0, 5.0), complete=False).ambiguous == {"a"}
