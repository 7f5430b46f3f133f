"""Proofs in one's own process: asked for small and few, and approved."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from tintype.domain.choosing import Mode
from tintype.domain.money import from_usd
from tintype.service import approving, proofs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from tintype.bootstrap import Core
    from tintype.local.studio import Studio
    from tintype.service.approving import Approved
    from tintype.service.requests import Request


def made(core: Core, asked: Sequence[Request], *, idempotency_key: str | None) -> list[Request]:
    """Return requests as those of proofs. Raises InputError for more pictures than a proof has."""
    lot = secrets.token_bytes(16) if idempotency_key is None else idempotency_key.encode()
    return proofs.made(core.catalogue, asked, final=core.settings.model_of(Mode.FINAL), lot=lot)


async def approve(
    studio: Studio,
    ident: str,
    *,
    pick: int,
    model: str | None,
    max_usd: str | Decimal | None = None,
    idempotency_key: str | None = None,
    inputs: Mapping[str, Any],
) -> Approved:
    """Ask for the final of a proof's picture, without waiting for it; see `Studio.approve`."""
    core = studio.core
    return await approving.approve(
        ident,
        approving.Asked(
            pick=pick,
            model=model or core.settings.model_of(Mode.FINAL),
            input=inputs,
            hold_max_nano_usd=None if max_usd is None else from_usd(max_usd),
        ),
        actor=studio.actor,
        work=approving.Work(core.database, core.generations, core.orders, core.catalogue),
        idempotency_key=idempotency_key,
    )


__all__ = ["approve", "made"]
