"""What makes two requests under one Idempotency-Key the same."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tintype.domain.access import Actor
from tintype.service import givens, sameness
from tintype.service.requests import Cache, Request
from tintype.store.admission import Wanted

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = Request("someone/model", {"prompt": "a boat", "token": "one"})
WANTED = Wanted(
    id="01k9w3t8m2q7r5v6x0y4z1a2b3",
    model="someone/model",
    input={"prompt": "a boat", "token": givens.MASK},
    secrets=b"sealed",
    estimate_nano_usd=1,
    hold_nano_usd=2,
    price_rule="1",
    deadline_s=600.0,
)


def fingerprint(request: Request, wanted: Wanted = WANTED, said: str | None = None) -> bytes:
    """Return what a request is told by."""
    made = sameness.idempotency(
        "key",
        [request],
        [wanted],
        actor=Actor("local"),
        mark=lambda body: hashlib.sha256(body).digest(),
        said=said,
    )
    assert made is not None
    return made.fingerprint


def test_the_same_again_is_the_same_whatever_it_is_sealed_as_and_costs_by_now() -> None:
    later = replace(WANTED, id="01k9w3t8m2q7r5v6x0y4z1a2b4", secrets=b"sealed anew", hold_nano_usd=3)

    assert fingerprint(REQUEST, later) == fingerprint(REQUEST)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, input={"prompt": "a boat", "token": "two"}),
        replace(REQUEST, cache=Cache.OFF),
        replace(REQUEST, hold_max_nano_usd=5),
    ],
    ids=["secret", "cache", "limit"],
)
def test_another_body_is_another_request(other: Request) -> None:
    """Rule 8: what is sealed, how it may be answered and what it may cost are of the body too."""
    assert fingerprint(other) != fingerprint(REQUEST)


def test_words_count_in_place_of_what_was_made_of_them() -> None:
    chosen_later = replace(WANTED, model="someone/other")

    assert fingerprint(REQUEST, chosen_later, said="a boat") == fingerprint(REQUEST, said="a boat")
    assert fingerprint(REQUEST, said="a fort") != fingerprint(REQUEST, said="a boat")


def test_a_file_counts_by_what_is_in_it(tmp_path: Path) -> None:
    one, equal = tmp_path / "one", tmp_path / "equal"
    one.write_bytes(b"picture")
    equal.write_bytes(b"picture")

    before = sameness.words({"image": one})
    assert sameness.words({"image": equal}) == before == sameness.words({"image": b"picture"})
    one.write_bytes(b"another")
    assert sameness.words({"image": one}) != before
