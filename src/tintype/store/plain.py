"""Admit requests as nearly all are: one generation each that buys for itself, without files, an order or a cache.

    admitted = await plain.admit(db, requests)

However many there are, each table is written to once, which takes a fifth of what they take one by one.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

from tintype.domain.generation import State
from tintype.store.admission import Admitted, Place, document, pace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tintype.store.admission import Request
    from tintype.store.database import Database, Session


def are_plain(requests: Sequence[Request]) -> bool:
    """Whether all of these can go this way: requests of one account with nothing out of the ordinary."""
    return len({one.upstream_id for one in requests}) == 1 and all(map(_is_plain, requests))


async def admit(on: Database | Session, requests: Sequence[Request]) -> list[Admitted] | None:
    """Admit all of them; None, with nothing done, when they have to be judged one by one."""
    flat = [_flat(request, place) for place, request in enumerate(requests)]
    said: dict[str, Any] | None = await on.value(
        "admit_plain", upstream_id=requests[0].upstream_id, requests=Jsonb(flat)
    )
    if said is None:
        return None
    at, paces = datetime.fromisoformat(said["at"]), said.get("paces") or {}
    return [
        Admitted((Place(one.wanted[0].id, State.QUEUED, None, None),), None, at, pace(paces.get(str(place))))
        for place, one in enumerate(requests)
    ]


def _is_plain(request: Request) -> bool:
    if len(request.wanted) != 1 or request.is_alone or request.order or request.answering or request.asked:
        return False
    [one] = request.wanted
    return not (one.files or one.cache_key)


def _flat(request: Request, place: int) -> dict[str, Any]:
    """Return a request as the SQL function reads it: a row."""
    named = {}
    if request.idempotency is not None:
        named = {
            "name": request.idempotency.name,
            "fingerprint": f"\\x{request.idempotency.fingerprint.hex()}",
            "keep_s": request.idempotency.keep_s,
        }
    actor = request.actor
    return {
        **document(request)["generations"][0],
        **named,
        "place": place,
        "key_id": actor.key,
        "end_user": actor.user,
        "project": actor.project,
        "owner": actor.owner,
        "request_id": actor.request_id,
    }


__all__ = ["admit", "are_plain"]
