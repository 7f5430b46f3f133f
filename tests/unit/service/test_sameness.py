"""What makes two requests under one Idempotency-Key the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import Field
from starlette.requests import Request as HttpRequest

from tintype.api import asking
from tintype.api.schemas.generations import GenerationAsked
from tintype.domain.access import Actor
from tintype.domain.choosing import Mode
from tintype.service import givens, sameness
from tintype.service.requests import Cache, Request
from tintype.service.rows import Template
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


def test_the_same_words_are_the_same_in_a_release_with_more_to_say() -> None:
    """Rule 8: a key lasts a day, over an upgrade too; whoever changes what is written here breaks all of that day."""

    class LaterAsked(GenerationAsked):
        later: list[str] = Field(default_factory=list)

    at = HttpRequest({"type": "http", "path": "/api/generations"})
    said: dict[str, Any] = {
        "prompt": "a boat",
        "n": 2,
        "transparent": False,
        "tags": ["sea"],
        "input": {"seed": None},
    }

    assert asking.words(at, GenerationAsked(**said), "key") == (
        '["/api/generations", {"input": {"seed": null}, "n": 2, "prompt": "a boat", "tags": ["sea"]}]'
    )
    assert asking.words(at, LaterAsked(**said), "key") == asking.words(at, GenerationAsked(**said), "key")
    assert asking.words(at, LaterAsked(**said, later=["x"]), "key") != asking.words(
        at, LaterAsked(**said), "key"
    )


def test_a_batch_is_told_by_what_its_template_says() -> None:
    @dataclass(frozen=True, slots=True)
    class Later(Template):
        later: int = 0
        more: tuple[str, ...] = field(default=())

    said: dict[str, Any] = {"prompt": "a {what}", "n": 1, "mode": Mode.FINAL, "input": {"seed": 1}}

    assert sameness.stated(Template(**said)) == {"prompt": "a {what}", "mode": "final", "input": {"seed": 1}}
    assert sameness.stated(Later(**said)) == sameness.stated(Template(**said))
    assert sameness.stated(Later(**said, later=1)) != sameness.stated(Template(**said))
