"""Proofs: cheap looks at what a final would be, small and few, marked with what the finals would cost. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from tintype.domain import errors, pricing, proofing
from tintype.store.admission import Proof

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tintype.domain.catalogue import Catalogue
    from tintype.service.requests import Request
    from tintype.store.admission import Wanted


def made(known: Catalogue, asked: Sequence[Request], *, final: str, lot: bytes) -> list[Request]:
    """Return requests as proofs for finals of a model.

    `lot` decides the seeds where none is given; the same lot gives the same. Raises InputError for too many pictures.
    """
    models = [known.get(one.model) for one in asked]
    count = sum(
        1 if model is None else pricing.outputs(model, one.input)
        for model, one in zip(models, asked, strict=True)
    )
    if count > proofing.PICTURES_MAX:
        raise errors.InputError(f"a proof has 1 to {proofing.PICTURES_MAX} pictures, not {count}")
    return [
        replace(
            one,
            input=one.input if model is None else proofing.small(model, one.input, seed=_seed(lot, place)),
            proof_for=final,
        )
        for place, (model, one) in enumerate(zip(models, asked, strict=True))
    ]


def marked(known: Catalogue, asked: Sequence[Request], wanted: Sequence[Wanted]) -> tuple[Proof, ...]:
    """Say of each proof among what is wanted what all of its pictures would cost as finals."""
    found = []
    for request, one in zip(asked, wanted, strict=True):
        final = None if request.proof_for is None else known.get(request.proof_for)
        if final is None:
            continue
        model = known.get(request.model)
        try:
            values, _ = proofing.final(final, model, one.input, None, {})
        except errors.InputError:
            # What works on a picture has no final by a model that takes none.
            continue
        price = pricing.estimate(final, values).expected_nano_usd
        pictures = 1 if model is None else pricing.outputs(model, one.input)
        found.append(Proof(one.id, final.slug, price * pictures))
    return tuple(found)


def _seed(lot: bytes, place: int) -> int:
    return int.from_bytes(hashlib.sha256(lot + bytes([place])).digest()[:8]) % proofing.SEEDS


__all__ = ["made", "marked"]
