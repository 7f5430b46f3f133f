"""Who chooses the model: complexity, prior, votes, price and time; and what users with tastes get."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import choosing as bench
from tintype import catalogue
from tintype.domain import choosing, complexity, preference
from tintype.domain.choosing import Candidate, Choice, Mode
from tintype.domain.complexity import Subject
from tintype.domain.errors import InputError
from tintype.domain.preference import Vote
from tintype.service import choices
from tintype.service.wishes import Wish

KNOWN = catalogue.load()
SCHNELL, PRO_ULTRA = "black-forest-labs/flux-schnell", "black-forest-labs/flux-1.1-pro-ultra"
HARD = (
    "a photorealistic, intricate portrait of an old clockmaker holding a brass astrolabe, with three apprentices "
    "behind, and a window with rain, cinematic light, golden hour, reflections on the glass, dust in the air, tools on "
    "the bench and shelves of half-finished clocks with engraved faces, in the style of a Dutch master"
)


def choice(prompt: str, votes: list[Vote] | None = None, **words: Any) -> Choice:
    wish = Wish(model="", prompt=prompt, **words)
    return choices.chosen(wish, known=KNOWN, pool=choosing.POOL, votes=votes or [])


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("a castle", Subject.OTHER),
        ("a studio photo of a shoe", Subject.PHOTO),
        ("a watercolour of a harbour", Subject.DRAWING),
        ("a flat vector logo of a bear", Subject.LOGO),
        ('a logo with "BEAR" in it', Subject.LETTERING),
        ("ein Plakat mit „OFFEN“ in Rot", Subject.LETTERING),
        ("a sign saying hello", Subject.LETTERING),
        ("a dog's bone and a cat's toy", Subject.OTHER),
    ],
)
def test_prompts_are_of_kinds(prompt: str, subject: Subject) -> None:
    assert complexity.kind(prompt) is subject


def test_complexity_is_the_sum_of_its_parts() -> None:
    easy, hard = complexity.of("a castle"), complexity.of(HARD)

    assert easy.score == pytest.approx(sum(easy.parts.values()))
    assert easy.score < 0.05
    assert 0.7 < hard.score <= 1
    assert complexity.of('three "OPEN" signs').parts["lettering"] == complexity.WEIGHTS["lettering"]
    assert complexity.of("three boats").parts["counts"] == complexity.WEIGHTS["counts"]


@given(st.text(max_size=300), st.text(max_size=300))
def test_more_words_never_make_a_prompt_simpler_in_length(one: str, other: str) -> None:
    both = complexity.of(f"{one} {other}")

    assert 0 <= both.score <= 1
    assert both.parts["length"] >= complexity.of(one).parts["length"]


def test_an_easy_prompt_gets_a_cheap_model_and_a_hard_one_the_best() -> None:
    """Chosen by the complexity of the prompt."""
    assert choice("a castle").model.slug == SCHNELL
    assert choice(HARD).model.quality.value == "final"


def test_legible_text_goes_to_a_model_that_can_write() -> None:
    assert choice('a poster that says "OPEN"').model.has_lettering


def test_one_vote_moves_little_and_many_move_much() -> None:
    """The prior weighs as much as four votes."""
    prior, moved = 0.75, []
    for count in (0, 1, 4, 40):
        votes = [Vote(SCHNELL, Subject.OTHER, 0.0)] * count
        known = preference.tallied(votes)
        moved.append(preference.of(known, SCHNELL, Subject.OTHER, prior=prior).mean)

    assert moved == pytest.approx([0.75, 0.6, 0.375, 0.75 * 4 / 44])
    elsewhere = preference.tallied([Vote(SCHNELL, Subject.PHOTO, 0.0)] * 4)
    assert preference.of(elsewhere, SCHNELL, Subject.OTHER, prior=prior).mean == pytest.approx(0.75 * 4 / 4.6)


def test_what_a_user_likes_is_chosen_and_what_they_dislike_is_not() -> None:
    votes = [Vote(SCHNELL, Subject.OTHER, 0.0)] * 5 + [Vote("recraft-ai/recraft-v3", Subject.OTHER, 1.0)] * 5

    found = choice("a castle", votes)

    assert found.model.slug == "recraft-ai/recraft-v3"
    assert "5 votes of yours" in " ".join(found.reasons)


def test_the_reasons_tell_words_and_numbers() -> None:
    found = choice(HARD, hold_max_nano_usd=40_000_000)

    told = "\n".join(found.reasons)
    assert f"the prompt asks for {found.complexity.score:.2f} of 1 (length 0.2" in told
    assert f"{found.chosen.prior:.2f} before any vote, 0 votes of yours" in told
    assert f": {found.chosen.score:.3f}" in told
    assert f"not {PRO_ULTRA}: it may cost $0.06, above the limit of $0.04" in told
    assert found.chosen.score == max(one.score for one in found.judged if one.liking)


@given(
    limit=st.integers(3_000_000, 100_000_000),
    prompt=st.sampled_from(["a castle", HARD, 'a poster that says "OPEN"']),
    votes=st.lists(
        st.builds(Vote, st.sampled_from(choosing.POOL), st.sampled_from(Subject), st.floats(0, 1)),
        max_size=60,
    ),
    is_exploring=st.booleans(),
)
def test_never_above_the_price_limit(
    *, limit: int, prompt: str, votes: list[Vote], is_exploring: bool
) -> None:
    wish = Wish(model="", prompt=prompt, hold_max_nano_usd=limit)

    found = choices.chosen(wish, known=KNOWN, pool=choosing.POOL, votes=votes, is_exploring=is_exploring)

    assert found.chosen.candidate.expected_nano_usd <= limit


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"deadline_s": 5.0}, "longer than the deadline of 5 s"),
        ({"seed": 4}, "has no input 'seed'"),
        ({"aspect_ratio": "21:9"}, "makes no 21:9"),
        ({"input": {"image_prompt": "https://example.com/a.png"}}, "has no input 'image_prompt'"),
    ],
)
def test_what_cannot_do_it_is_not_chosen_and_says_why(words: dict[str, Any], said: str) -> None:
    found = choice(HARD, **words)

    assert found.chosen.candidate.unfit is None
    assert said in "\n".join(found.reasons)


def test_where_the_pool_will_not_do_the_whole_catalogue_is_looked_at() -> None:
    found = choice("make it night", input={"image_input": ["https://example.com/a.png"]})

    assert "image_input" in found.model.inputs


def test_where_nothing_will_do_each_reason_is_told() -> None:
    with pytest.raises(InputError, match=r"flux-schnell: it may cost \$0.003, above the limit of \$0.001"):
        choice("a castle", hold_max_nano_usd=1_000_000)


def test_an_exploring_choice_takes_what_could_turn_out_better() -> None:
    known = preference.tallied([Vote(SCHNELL, Subject.OTHER, 0.9)] * 50)
    among = [Candidate(model=KNOWN.find(name), expected_nano_usd=1) for name in choosing.POOL]

    sure = choosing.choose(among, prompt="a castle", likings=known)
    exploring = choosing.choose(among, prompt="a castle", likings=known, is_exploring=True)

    assert sure is not None
    assert exploring is not None
    assert (sure.model.slug, sure.is_exploring) == (SCHNELL, False)
    assert (exploring.model.slug != SCHNELL, exploring.is_exploring) == (True, True)
    assert "this choice explores" in " ".join(exploring.reasons)


def test_a_mode_that_is_none_is_refused() -> None:
    assert choosing.mode("auto") is Mode.AUTO
    with pytest.raises(InputError, match="there are proof, standard, final, auto"):
        choosing.mode("best")


@pytest.mark.parametrize("favourites", [1, 2])
def test_users_get_their_favourite(favourites: int) -> None:
    """Of users who were not looked at before, four of five choices after the fiftieth are their favourite."""
    users = {"seed": 8086, "users": 60, "choices": 90, "favourites": favourites}

    chosen = bench.outcome(bench.by_tintype(0.05), **users)
    others = [bench.outcome(chooser, **users) for chooser in (bench.by_chance, bench.by_price)]

    assert chosen.favourite_percent >= bench.FAVOURITE_LEAST
    assert chosen.above_limit == 0
    assert max(one.favourite_percent for one in others) < 40


def test_without_exploring_the_same_is_chosen_each_time() -> None:
    users = {"seed": 3, "users": 3, "choices": 60, "favourites": 1}

    assert bench.outcome(bench.by_tintype(0.0), **users) == bench.outcome(bench.by_tintype(0.0), **users)
    assert 0 <= choices.draw(random.Random(1).randbytes(8)) < 1
