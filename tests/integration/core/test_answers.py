"""Whose answer was never written is given what it bought when it asks again; all else is new (rule 8)."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

import pytest

from tests.integration.core import asking
from tintype.domain.access import Actor
from tintype.service.answers import Answers
from tintype.store import admission, answers
from tintype.store.admission import Answering, Asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.integration.core.asking import Asking
    from tintype.service.answers import Hand
    from tintype.store.database import Database

PRINT = "ab" * 32


@pytest.fixture
async def own(db: Database) -> AsyncIterator[Answers]:
    """The answers of this process."""
    async with Answers(db) as made:
        yield made


async def _submit(ask: Asking, answering: Answering, *, key: str = "local") -> admission.Answer:
    answer: admission.Answer = admission.UnderWay()
    while isinstance(answer, admission.UnderWay):
        answer = await admission.admit(
            ask.db,
            admission.Request(
                actor=Actor(key),
                upstream_id=ask.upstream_id,
                wanted=(asking.wanted(),),
                answering=answering,
                asked=Asked("replicate", {"origin": "here"}),
            ),
        )
        answering = dataclasses.replace(answering, has_waited=True)
    return answer


async def _hand(owner: Answers, fingerprint: str, *, repetition: int = 0) -> Hand:
    hand = owner.take(fingerprint, repetition=repetition)
    await owner.ready(hand)
    return hand


async def _new(
    ask: Asking, owner: Answers, *, fingerprint: str = PRINT, key: str = "local"
) -> tuple[str, Hand]:
    """Ask as one does who was admitted anew."""
    hand = await _hand(owner, fingerprint)
    answer = await _submit(ask, hand.answering, key=key)
    assert isinstance(answer, admission.Admitted), answer
    hand.admitted()
    return answer.places[0].id, hand


async def _joined(ask: Asking, owner: Answers, *, repetition: int = 0) -> tuple[str, Hand]:
    """Ask as one does who is given an earlier one's."""
    hand = await _hand(owner, PRINT, repetition=repetition)
    answer = await _submit(ask, hand.answering)
    assert isinstance(answer, admission.Repeated), answer
    hand.admitted()
    return answer.generation_ids[0], hand


async def test_who_hung_up_is_given_the_same(ask: Asking, own: Answers) -> None:
    """However often; and once the answer was written, an equal request is a new one."""
    first, hand = await _new(ask, own)
    hand.leave()

    second, again = await _joined(ask, own)
    again.leave()
    third, last = await _joined(ask, own)
    last.end(is_whole=True)

    assert first == second == third
    fresh, _ = await _new(ask, own)
    assert fresh != first
    (held,) = await ask.row("SELECT count(*) FROM generations")
    assert held == 2


async def test_equal_requests_at_the_same_time_are_two(ask: Asking, own: Answers) -> None:
    """While the answer to one is being made, another of the same words is another wish."""
    several = await asyncio.gather(*(_new(ask, own) for _ in range(5)))

    assert len({ident for ident, _ in several}) == 5


async def test_one_that_left_before_it_was_admitted_counts_as_left(ask: Asking, own: Answers) -> None:
    hand = await _hand(own, PRINT)
    hand.leave()
    answer = await _submit(ask, hand.answering)
    hand.admitted()

    assert isinstance(answer, admission.Admitted)
    assert (await _joined(ask, own))[0] == answer.places[0].id


async def test_what_a_dead_process_was_to_answer_is_joined(ask: Asking, own: Answers) -> None:
    """Its lock went with its connection."""
    async with Answers(ask.db) as other:
        ident, _ = await _new(ask, other)
        beside, _ = await _new(ask, own)

    assert (await _joined(ask, own))[0] == ident
    assert beside != ident


async def test_a_repetition_that_says_so_is_given_any(ask: Asking, own: Answers) -> None:
    """Answered or not: those whose answer is missing first."""
    answered, hand = await _new(ask, own)
    hand.end(is_whole=True)
    under_way, _ = await _new(ask, own)

    assert (await _joined(ask, own, repetition=1))[0] == under_way
    await ask.row("DELETE FROM answers WHERE answered_at IS NULL RETURNING 1")
    assert (await _joined(ask, own, repetition=1))[0] == answered


async def test_repetitions_of_several_callers_are_given_one_each(ask: Asking, own: Answers) -> None:
    """All were answered, and the answers lost on their way: nobody's picture goes to two."""
    made = [await _new(ask, own) for _ in range(3)]
    for _, hand in made:
        hand.end(is_whole=True)
    newest = made[-1][0]

    once = [await _joined(ask, own, repetition=1) for _ in made]
    for _, hand in once:
        hand.end(is_whole=True)
    twice = [await _joined(ask, own, repetition=2) for _ in made]

    assert once[0][0] == newest
    for given in (once, twice):
        assert sorted(ident for ident, _ in given) == sorted(ident for ident, _ in made)


async def test_another_key_another_body_and_two_minutes_later_are_new(ask: Asking, own: Answers) -> None:
    await ask.row("INSERT INTO keys (id, name) VALUES ('other', 'other') RETURNING 1")
    first, hand = await _new(ask, own)
    hand.leave()

    theirs, _ = await _new(ask, own, key="other")
    words, _ = await _new(ask, own, fingerprint="cd" * 32)
    await ask.row(
        "UPDATE answers SET asked_at = now() - interval '121 seconds' WHERE generation_ids = ARRAY[%s] RETURNING 1",
        first,
    )
    later, _ = await _new(ask, own)

    assert len({first, theirs, words, later}) == 4


async def test_an_admission_that_was_cut_off_is_found_by_its_hand(ask: Asking, own: Answers) -> None:
    """The same request sent twice, because nobody knows whether the first was committed, holds once."""
    hand = await _hand(own, PRINT)
    first = await _submit(ask, hand.answering)
    again = await _submit(ask, hand.answering)

    assert isinstance(first, admission.Admitted)
    assert isinstance(again, admission.Repeated)
    assert again.generation_ids == (first.places[0].id,)


async def test_a_refusal_leaves_nothing_to_join(ask: Asking, own: Answers) -> None:
    await ask.limit(1)
    hand = await _hand(own, PRINT)

    assert isinstance(await _submit(ask, hand.answering), admission.Refused)
    hand.leave()

    assert await ask.row("SELECT count(*) FROM answers") == (0,)
    assert await ask.row("SELECT count(*) FROM asked") == (0,)


async def test_many_are_judged_together_each_for_itself(ask: Asking, own: Answers) -> None:
    """In one round trip: joined, new, and new."""
    first, hand = await _new(ask, own)
    hand.leave()
    hands = [await _hand(own, print_) for print_ in (PRINT, "01" * 32, "02" * 32)]
    requests = [
        admission.Request(
            actor=Actor("local"),
            upstream_id=ask.upstream_id,
            wanted=(asking.wanted(),),
            answering=one.answering,
        )
        for one in hands
    ]

    joined, second, third = await admission.admit_several(ask.db, requests)

    assert isinstance(joined, admission.Repeated)
    assert joined.generation_ids == (first,)
    assert isinstance(second, admission.Admitted)
    assert isinstance(third, admission.Admitted)


async def test_how_it_was_asked_for_is_kept_with_it(ask: Asking, own: Answers) -> None:
    ident, _ = await _new(ask, own)
    (plain,) = await ask.admitted()

    found = await answers.asked(ask.db, [ident, plain])

    assert found == {ident: answers.Asked(ident, "replicate", {"origin": "here"})}
