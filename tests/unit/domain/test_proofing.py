"""The final of a proof that has several pictures: which one was picked is kept, or its loss is told."""

from __future__ import annotations

from typing import Any

import pytest

from tintype import catalogue
from tintype.domain import proofing

KNOWN = catalogue.load()


def final(
    model: str, *, among: int, proof: str = "flux-schnell", **values: Any
) -> tuple[dict[str, Any], list[str]]:
    """Return the inputs of a final, and what is told of it."""
    picked = proofing.Picked("picked.webp", 512, 512, among)
    asked = {"prompt": "a boat", "seed": 7, **values}
    return proofing.final(KNOWN.find(model), KNOWN.find(proof), asked, picked, {})


@pytest.mark.parametrize("model", ["flux-schnell", "p-image"])
def test_a_pick_that_cannot_be_kept_is_told(model: str) -> None:
    """Without a picture to go by, the finals of all picks are the same; of one picture there is nothing to lose."""
    _, told = final(model, among=4)
    _, of_one = final(model, among=1)

    assert [words for words in told if "which of 4 was picked is not kept" in words]
    assert not [words for words in of_one if "picked" in words]


def test_a_pick_that_is_kept_needs_no_word() -> None:
    values, told = final("flux-1.1-pro-ultra", among=4)

    assert (values["image_prompt"], told) == ("picked.webp", [])


def test_a_picture_that_the_proof_worked_on_stands_for_all_picks() -> None:
    values, told = final("flux-kontext-pro", among=4, proof="flux-kontext-pro", input_image="mine.png")

    assert values["input_image"] == "mine.png"
    assert [words for words in told if "which of 4 was picked is not kept" in words]
